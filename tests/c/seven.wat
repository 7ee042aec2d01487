;; A function with one parameter of each type and the same results, the other way round.
(module
  (func (export "turn") (param i32 i64 f32 f64 v128 funcref externref)
      (result externref funcref v128 f64 f32 i64 i32)
    (local.get 6) (local.get 5) (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func (export "none")))
