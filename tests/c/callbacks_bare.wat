;; Calls what a module with a memory exports, itself without one.
(module
  (import "callbacks" "again" (func $again))
  (import "callbacks" "call nullary" (func $inside))
  (import "callbacks" "table" (table 2 funcref))
  (func (export "call again") (call $again))
  (func (export "call inside") (call $inside))
  (func (export "call through table") (call_indirect (i32.const 0))))
