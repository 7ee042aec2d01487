;; Exports what it imports, and a global of its own.
(module
  (import "h" "g" (global (mut i32)))
  (import "h" "t" (table 1 funcref))
  (import "h" "m" (memory 1))
  (import "h" "f" (func))
  (global (mut i32) (i32.const 9))
  (export "g" (global 0))
  (export "t" (table 0))
  (export "m" (memory 0))
  (export "f" (func 0))
  (export "own" (global 1)))
