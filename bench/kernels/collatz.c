/* Collatz sequences of the numbers below n: 64-bit integers, unpredictable branches. */
#include "kernel.h"

KERNEL {
  uint64_t sum = 0;
  for (uint32_t i = 1; i < n; i++) {
    uint64_t x = i;
    uint32_t steps = 0;
    while (x != 1) {
      x = x & 1 ? 3 * x + 1 : x >> 1;
      steps++;
    }
    sum += (uint64_t)steps * i;
  }
  return sum;
}
