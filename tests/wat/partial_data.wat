;; Its second data segment does not fit; segments before it take effect.
(module $partial_data
  (import "provider" "memory" (memory 1))
  (import "provider" "table" (table 5 funcref))
  (elem (i32.const 2) $ninety)
  (data (i32.const 9) "\ff")
  (data (i32.const 65535) "\01\02")
  (func $ninety (result i32) (i32.const 90))
)
