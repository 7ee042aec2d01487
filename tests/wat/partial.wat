;; Its second element segment does not fit: the first one and nothing else takes effect.
(module $partial
  (import "provider" "memory" (memory 1))
  (import "provider" "table" (table 5 funcref))
  (elem (i32.const 1) $ninety)
  (elem (i32.const 10) $ninety)
  (data (i32.const 9) "\ff")
  (func $ninety (result i32) (i32.const 90))
)
