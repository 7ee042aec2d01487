;; What the benchmark of the C API's calls runs.
(module
  (import "env" "tick" (func $tick (param i32) (result i32)))
  (memory (export "memory") 1)
  (global (export "global") (mut i32) (i32.const 0))
  (table (export "table") 4 funcref)
  (elem (i32.const 0) $add)
  ;; two instructions of work
  (func $add (export "add") (param i32 i32) (result i32)
    local.get 0
    local.get 1
    i32.add)
  ;; calls the host n times
  (func (export "ticks") (param $n i32) (result i32)
    (local $value i32)
    loop
      local.get $value
      call $tick
      local.set $value
      local.get $n
      i32.const 1
      i32.sub
      local.tee $n
      br_if 0
    end
    local.get $value)
  ;; n rounds of a linear congruential generator: work that cannot be folded
  (func (export "work") (param $n i32) (result i32)
    (local $value i32)
    loop
      local.get $value
      i32.const 1664525
      i32.mul
      i32.const 1013904223
      i32.add
      local.set $value
      local.get $n
      i32.const 1
      i32.sub
      local.tee $n
      br_if 0
    end
    local.get $value))
