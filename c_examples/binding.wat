;; Uses four imports of different types; the host has one C function for all of them.
(module
  (import "math" "length" (func $length (param f64 f64 f64) (result f64)))
  (import "math" "clamp" (func $clamp (param i32 i32 i32) (result i32)))
  (import "math" "mean" (func $mean (param i32 i64 f32 f64) (result f64)))
  (import "math" "order" (func $order (param i64 i64) (result i64 i64)))

  (func (export "diagonal") (param $edge f64) (result f64)
    (call $length (local.get $edge) (local.get $edge) (local.get $edge)))
  (func (export "byte") (param $value i32) (result i32)
    (call $clamp (local.get $value) (i32.const 0) (i32.const 255)))
  (func (export "mixed") (result f64)
    (call $mean (i32.const 1) (i64.const 2) (f32.const 3.5) (f64.const 5.5)))
  (func (export "distance") (param $a i64) (param $b i64) (result i64)
    (call $order (local.get $b) (local.get $a))
    (i64.sub)))
