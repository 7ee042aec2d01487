;; Uses a library (another WebAssembly module) and the host.
(module
  (import "library" "store" (func $store (param i32)))
  (import "library" "stored" (func $stored (result i32)))
  (import "library" "memory" (memory 1))
  (import "host" "report" (func $report (param i32 i32)))

  ;; Stores first, 2 * first, ... n * first and reports what lies in the library's memory.
  (func (export "main") (param $first i32) (param $n i32) (result i32) (local $i i32)
    (loop $next
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (call $store (i32.mul (local.get $i) (local.get $first)))
      (br_if $next (i32.lt_s (local.get $i) (local.get $n))))
    (local.set $i (i32.const 0))
    (loop $next
      (call $report (local.get $i) (i32.load (i32.shl (local.get $i) (i32.const 2))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_s (local.get $i) (call $stored))))
    (call $stored)))
