;; Loads whose value nobody uses trap all the same.
(module
  (memory 1)
  (func $int (param i32) (result i32) (i32.load (local.get 0)))
  (func $float (param i32) (result f64) (f64.load (local.get 0)))
  (func $vector (param i32) (result v128) (v128.load (local.get 0)))
  (func (export "drop_load") (param i32) (drop (i64.load (local.get 0))))
  (func (export "drop_int_call") (param i32) (drop (call $int (local.get 0))))
  (func (export "drop_float_call") (param i32) (drop (call $float (local.get 0))))
  (func (export "drop_vector_call") (param i32) (drop (call $vector (local.get 0))))
  (func (export "dead_local") (param i32) (local i32)
    (local.set 1 (i32.add (i32.load8_u (local.get 0)) (i32.const 1))))
  (func (export "dead_intrinsic") (param i32)
    (drop (f32.sqrt (f32.convert_i32_s (i32.clz (i32.load (local.get 0))))))))
