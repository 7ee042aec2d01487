;; One import and one export of each kind.
(module
  (import "environment" "log" (func $log (param i32 i64) (result f32 f64)))
  (import "environment" "callbacks" (table 4 funcref))
  (import "environment" "heap" (memory 2 16))
  (import "environment" "stack pointer" (global (mut i32)))

  (func $first (export "first") (param externref funcref) (result v128) (v128.const i64x2 0 0))
  (func (export "start"))
  (table (export "objects") 1 10 externref)
  (global (export "version") i64 (i64.const 3))
  (export "log again" (func $log)))
