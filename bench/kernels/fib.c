/* Recursive Fibonacci: call and return cost. Work grows as 1.6^n. */
#include "kernel.h"

static NOINLINE uint32_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

KERNEL { return fib(n); }
