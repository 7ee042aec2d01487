;; Calls the host, which calls back; the depth is counted down on both sides.
(module $recursive
  (import "env" "descend" (func $descend (param i32) (result i32)))
  (memory 1)
  (func $down (export "down") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $descend (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0))))
  (func (export "trap") unreachable)
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
)
