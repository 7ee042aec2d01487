(module
  ;; says every 10,000 turns whether to go on
  (import "env" "more" (func $more (result i32)))
  (memory (export "memory") 1)
  (global $turns (export "turns") (mut i64) (i64.const 0))

  (func $wait (param $n i32) (result i32) ;; every 10,000th time asks the host
    (global.set $turns (i64.add (global.get $turns) (i64.const 1)))
    (if (result i32) (i32.rem_u (local.get $n) (i32.const 10000))
      (then (i32.const 1))
      (else (call $more))))

  ;; all types of locals, a loop in a loop; (a + turns, 2b * turns, c + turns)
  (func (export "sums") (param $a i64) (param $b f64) (param $c f32) (result i64 f64 f32)
    (local $n i32) (local $inner i32) (local $x i64) (local $y f64)
    (local.set $x (local.get $a))
    (block $done
      (loop $outer
        (local.set $inner (i32.const 0))
        (loop $again
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (local.set $x (i64.add (local.get $x) (i64.const 1)))
          (local.set $y (f64.add (local.get $y) (f64.add (local.get $b) (local.get $b))))
          (br_if $done (i32.eqz (call $wait (local.get $n))))
          (local.set $inner (i32.add (local.get $inner) (i32.const 1)))
          (br_if $again (i32.lt_u (local.get $inner) (i32.const 777))))
        (br $outer)))
    (local.get $x)
    (local.get $y)
    (f32.add (local.get $c) (f32.convert_i32_u (local.get $n))))

  ;; the same with nothing between the loop and the function's end
  (func (export "count") (param $step i32) (result i32)
    (local $n i32)
    (loop $again
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $again (call $wait (local.get $n))))
    (i32.mul (local.get $n) (local.get $step)))

  ;; operands below the loop
  (func (export "below") (param $a i32) (result i32)
    (local $n i32)
    (i32.sub
      (local.get $a)
      (loop $again (result i32)
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $again (call $wait (local.get $n)))
        (local.get $n))))

  (func $fails (export "fails") (param $address i32)
    (local $n i32)
    (loop $again
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $again (call $wait (local.get $n))))
    (i32.store (local.get $address) (local.get $n))))
