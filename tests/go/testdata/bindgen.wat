;; The conventions of the wasm-bindgen calls: results of more than four bytes go to the address in the
;; first parameter, arrays are address and length, allocated by the host with __wbindgen_malloc.
(module
  (memory (export "memory") 1)
  (global $free (mut i32) (i32.const 1024))
  (global $released (export "released") (mut i32) (i32.const 0))
  (func (export "__wbindgen_malloc") (param i32) (result i32)
    (global.get $free)
    (global.set $free (i32.add (global.get $free) (local.get 0))))
  (func (export "__wbindgen_free") (param i32 i32)
    (global.set $released (i32.add (global.get $released) (local.get 1))))
  (func (export "length") (param i32 i32) (result i32) (local.get 1))
  (func (export "echo") (param $result i32) (param i32 i32)
    (i32.store (local.get $result) (local.get 1))
    (i32.store offset=4 (local.get $result) (local.get 2)))
  (func (export "join") (param $result i32) (param i32 i32)
    (i32.store (local.get $result) (local.get 1))
    (i32.store offset=4 (local.get $result) (local.get 2)))
  (func (export "nothing") (param i32)))
