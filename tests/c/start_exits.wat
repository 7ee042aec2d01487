;; Its start function counts, then exits with 3; the count can be read afterwards.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $end (param i32)))
  (global $count (mut i32) (i32.const 0))
  (func $start
    (global.set $count (i32.const 5))
    (call $end (i32.const 3))
    (global.set $count (i32.const 6)))
  (func (export "count") (result i32) (global.get $count))
  (start $start))
