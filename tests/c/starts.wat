;; Its start function counts, then ends in a host function; the count can be read afterwards.
(module
  (import "host" "end" (func $end))
  (global $count (mut i32) (i32.const 0))
  (func $start
    (global.set $count (i32.const 5))
    (call $end)
    (global.set $count (i32.const 6)))
  (func (export "count") (result i32) (global.get $count))
  (start $start))
