;; Calls an imported host function through a table.
(module $host_table
  (import "env" "size" (func $size (result i32)))
  (memory (export "memory") 3)
  (table (export "table") 2 funcref)
  (elem (i32.const 0) $size)
  (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
  (func (export "ref") (result funcref) (ref.func $size))
  (elem declare func $size)
)
