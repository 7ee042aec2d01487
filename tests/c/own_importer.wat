;; Imports something of every kind from guest.wat; made by: wat2wasm own_importer.wat
(module
  (import "guest" "add" (func $add (param i32 i32) (result i32)))
  (import "host" "call" (func $call (param i32) (result i32)))
  (import "guest" "memory" (memory 1))
  (import "guest" "table" (table 2 10 funcref))
  (import "guest" "counter" (global $counter (mut i32)))
  (elem (i32.const 1) $subtract)  ;; the guest can call it then

  (func $subtract (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))
  (func (export "add") (param i32 i32) (result i32) (call $add (local.get 0) (local.get 1)))
  (func (export "call") (param i32) (result i32) (call $call (local.get 0)))
  (func (export "bump") (result i32)
    (global.set $counter (i32.add (global.get $counter) (i32.const 1)))
    (global.get $counter))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "first") (param i32 i32) (result i32)
    (call_indirect (param i32 i32) (result i32) (local.get 0) (local.get 1) (i32.const 0))))
