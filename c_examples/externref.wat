;; Handles objects of the host without being able to look into them.
(module
  (import "list" "append" (func $append (param $list externref) (param $value i32)))
  (import "list" "length" (func $length (param $list externref) (result i32)))
  (table $kept 2 externref)

  ;; Appends the squares 1, 4, ... n * n; returns the list's length.
  (func (export "squares") (param $list externref) (param $n i32) (result i32) (local $i i32)
    (loop $next
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (call $append (local.get $list) (i32.mul (local.get $i) (local.get $i)))
      (br_if $next (i32.lt_s (local.get $i) (local.get $n))))
    (call $length (local.get $list)))

  ;; The longer of two lists.
  (func (export "longer") (param $a externref) (param $b externref) (result externref)
    (select (result externref) (local.get $a) (local.get $b)
      (i32.ge_s (call $length (local.get $a)) (call $length (local.get $b)))))

  ;; Keeps a reference for later.
  (func (export "keep") (param $index i32) (param $object externref)
    (table.set $kept (local.get $index) (local.get $object)))
  (func (export "kept") (param $index i32) (result externref)
    (table.get $kept (local.get $index)))

  (func (export "is_null") (param $object externref) (result i32)
    (ref.is_null (local.get $object))))
