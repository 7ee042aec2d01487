/* Takeuchi function: calls with three arguments. n = repetitions. */
#include "kernel.h"

static NOINLINE int32_t tak(int32_t x, int32_t y, int32_t z) {
  if (y >= x) return z;
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

KERNEL {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < n; i++) sum = mix(sum, (uint64_t)tak(16 + (i & 1), 10, 5));
  return sum;
}
