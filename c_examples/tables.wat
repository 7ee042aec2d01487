;; A table of binary operations, called by index.
(module
  (type $binary (func (param i32 i32) (result i32)))
  (table $operations (export "operations") 5 8 funcref)
  (elem (table $operations) (i32.const 0) func $add $subtract)

  (func $add (export "add") (type $binary) (i32.add (local.get 0) (local.get 1)))
  (func $subtract (type $binary) (i32.sub (local.get 0) (local.get 1)))
  (func (export "negate") (param i32) (result i32) (i32.sub (i32.const 0) (local.get 0)))

  ;; Applies the operation at an index.
  (func (export "apply") (param $index i32) (param $a i32) (param $b i32) (result i32)
    (call_indirect $operations (type $binary) (local.get $a) (local.get $b) (local.get $index)))

  ;; Returns the operation at an index.
  (func (export "operation") (param $index i32) (result funcref)
    (table.get $operations (local.get $index))))
