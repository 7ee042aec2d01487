(module
  (import "host" "tick" (func $tick))

  ;; 1 + 2 + ... + n: 10 instructions for each number, and 3.
  (func (export "sum") (param $n i32) (result i32) (local $total i32)
    (loop $next
      (local.set $total (i32.add (local.get $total) (local.get $n)))
      (br_if $next
        (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $total))

  ;; Calls the host n times.
  (func (export "ticks") (param $n i32)
    (loop $next
      (call $tick)
      (br_if $next
        (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
