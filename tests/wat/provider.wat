;; Exports what other modules in this directory import.
(module $provider
  (memory (export "memory") 1 2)
  (table (export "table") 10 20 funcref)
  (global (export "const") i32 (i32.const 40))
  (global (export "var") (mut i32) (i32.const 1))
  (global (export "slot") (mut funcref) (ref.null func))
  (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func (export "call") (param i32) (result i32)
    (call_indirect (param) (result i32) (local.get 0)))
  (func (export "peek") (param i32) (result i32) (i32.load8_u (local.get 0)))
)
