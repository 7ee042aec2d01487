(module
  ;; 1 + 2 + ... + n
  (func (export "sum") (param $n i64) (result i64) (local $total i64)
    (loop $next
      (local.set $total (i64.add (local.get $total) (local.get $n)))
      (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (br_if $next (i64.gt_s (local.get $n) (i64.const 0))))
    (local.get $total))

  ;; Never ends.
  (func (export "spin")
    (loop $forever (br $forever))))
