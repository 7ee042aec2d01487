;; descend(n): n frames of the guest, then the host function once; made by: wat2wasm deep.wat
(module
  (import "host" "call" (func $call (param i32) (result i32)))
  (func $descend (export "descend") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0))
      (then (call $call (i32.const 7)))
      (else (i32.add (i32.const 1) (call $descend (i32.sub (local.get 0) (i32.const 1))))))))
