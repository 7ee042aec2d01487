;; Talks to its host through functions that take addresses in the exported memory.
(module
  (import "console" "print" (func $print (param $address i32) (param $length i32)))
  (import "console" "read" (func $read (param $address i32) (param $capacity i32) (result i32)))
  (import "console" "quit" (func $quit))
  (memory (export "memory") 1)
  (data (i32.const 0) "Hello, ")

  ;; Reads a name to address 7, behind "Hello, ", and prints all of it.
  (func $greet (export "greet") (result i32) (local $length i32)
    (local.set $length (call $read (i32.const 7) (i32.const 100)))
    (call $print (i32.const 0) (i32.add (i32.const 7) (local.get $length)))
    (local.get $length))

  ;; Greets until the host has no more names.
  (func (export "greet_all")
    (loop $next
      (drop (call $greet))
      (br $next)))

  ;; Passes a text that ends 16 bytes behind the memory.
  (func (export "overrun")
    (call $print (i32.const 65520) (i32.const 32)))

  (func (export "quit") (result i32)
    (call $quit)
    (i32.const 1)))
