/* Counting the solutions of the n queens problem with bit masks: recursion and branches. */
#include "kernel.h"

static uint32_t place(uint32_t all, uint32_t columns, uint32_t left, uint32_t right) {
  if (columns == all) return 1;
  uint32_t count = 0;
  for (uint32_t open = all & ~(columns | left | right); open;) {
    uint32_t bit = open & -open;
    open ^= bit;
    count += place(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return count;
}

KERNEL { return place((1u << n) - 1, 0, 0, 0); }
