/* Bit counting, scanning, rotating and reversal. n = 64-bit words. (gcc -O2 may not assume a popcnt
 * instruction.) */
#include "kernel.h"

static inline uint32_t reverse(uint32_t x) {
  x = (x >> 1 & 0x55555555) | (x & 0x55555555) << 1;
  x = (x >> 2 & 0x33333333) | (x & 0x33333333) << 2;
  x = (x >> 4 & 0x0F0F0F0F) | (x & 0x0F0F0F0F) << 4;
  return x >> 24 | (x >> 8 & 0xFF00) | (x & 0xFF00) << 8 | x << 24;
}

KERNEL {
  uint64_t state = 43, sum = 0;
  for (uint32_t i = 0; i < n; i++) {
    uint64_t r = next_random(&state) | 1;
    sum += (uint32_t)__builtin_clzll(r) + (uint32_t)__builtin_ctzll(r << 7 | 1ULL << 63);
    if (r & 64) sum += (uint32_t)__builtin_popcountll(r);
    sum += (uint64_t)reverse((uint32_t)r) << (r & 15);
    sum ^= r >> (r >> 58) | r << ((64 - (r >> 58)) & 63);
    for (uint32_t rest = (uint32_t)(r >> 48) & 0xFF; rest; rest &= rest - 1) {
      sum += (uint32_t)__builtin_ctz(rest);
    }
  }
  return sum;
}
