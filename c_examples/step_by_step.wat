;; Division with remainder; counts its calls.
(module
  (global $calls (export "calls") (mut i32) (i32.const 0))
  (func (export "divide") (param $a i32) (param $b i32) (result i32 i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.div_s (local.get $a) (local.get $b))
    (i32.rem_s (local.get $a) (local.get $b))))
