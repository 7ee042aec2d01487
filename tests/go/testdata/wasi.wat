;; A command whose exit code is arguments + 10 * variables of the environment + 100 if fd 3 is a preopen.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $code (export "code") (result i32)
    (if (call $args (i32.const 0) (i32.const 4)) (then unreachable))
    (if (call $environ (i32.const 8) (i32.const 12)) (then unreachable))
    (i32.add
      (i32.add (i32.load (i32.const 0)) (i32.mul (i32.const 10) (i32.load (i32.const 8))))
      (i32.mul (i32.const 100) (i32.eqz (call $prestat (i32.const 3) (i32.const 16))))))
  (func (export "_start") (call $exit (call $code)) unreachable))
