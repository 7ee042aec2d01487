;; A library: other modules import its function and its memory.
(module
  (memory (export "memory") 1)
  (global $stored (mut i32) (i32.const 0))

  ;; Appends a number to the array at address 0.
  (func (export "store") (param $value i32)
    (i32.store (i32.shl (global.get $stored) (i32.const 2)) (local.get $value))
    (global.set $stored (i32.add (global.get $stored) (i32.const 1))))
  (func (export "stored") (result i32)
    (global.get $stored)))
