/* Ackermann function A(2, 1000): deep recursion with tail positions. n = repetitions. */
#include "kernel.h"

static NOINLINE uint32_t ackermann(uint32_t m, uint32_t n) {
  if (m == 0) return n + 1;
  if (n == 0) return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}

KERNEL {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < n; i++) sum = mix(sum, ackermann(2, 1000 + (i & 1)));
  return sum;
}
