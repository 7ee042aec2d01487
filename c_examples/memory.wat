;; Works on a memory and two globals that the host provides.
(module
  (import "host" "memory" (memory 1 4))
  (import "host" "base" (global $base i32))
  (import "host" "bytes" (global $bytes (mut i64)))
  (export "base" (global $base))

  ;; Reverses `length` bytes at the base address and adds to the count of bytes.
  (func (export "reverse") (param $length i32)
    (local $low i32) (local $high i32) (local $byte i32)
    (global.set $bytes (i64.add (global.get $bytes) (i64.extend_i32_u (local.get $length))))
    (local.set $low (global.get $base))
    (local.set $high (i32.add (local.get $low) (local.get $length)))
    (block $done
      (loop $next
        (local.set $high (i32.sub (local.get $high) (i32.const 1)))
        (br_if $done (i32.ge_s (local.get $low) (local.get $high)))
        (local.set $byte (i32.load8_u (local.get $low)))
        (i32.store8 (local.get $low) (i32.load8_u (local.get $high)))
        (i32.store8 (local.get $high) (local.get $byte))
        (local.set $low (i32.add (local.get $low) (i32.const 1)))
        (br $next))))

  ;; Appends pages; returns the old size, or -1.
  (func (export "grow") (param $pages i32) (result i32)
    (memory.grow (local.get $pages))))
