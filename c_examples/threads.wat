(module
  (import "host" "found" (func $found (param i32)))

  (func $is_prime (param $n i32) (result i32) (local $d i32)
    (if (i32.lt_s (local.get $n) (i32.const 2)) (then (return (i32.const 0))))
    (local.set $d (i32.const 2))
    (block $prime
      (loop $next
        (br_if $prime (i32.gt_s (i32.mul (local.get $d) (local.get $d)) (local.get $n)))
        (if (i32.eqz (i32.rem_s (local.get $n) (local.get $d))) (then (return (i32.const 0))))
        (local.set $d (i32.add (local.get $d) (i32.const 1)))
        (br $next)))
    (i32.const 1))

  ;; Counts the primes in [from, to) and tells the host each.
  (func (export "primes") (param $from i32) (param $to i32) (result i32) (local $count i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_s (local.get $from) (local.get $to)))
        (if (call $is_prime (local.get $from))
          (then
            (call $found (local.get $from))
            (local.set $count (i32.add (local.get $count) (i32.const 1)))))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (br $next)))
    (local.get $count)))
