/* 64-bit arithmetic: high halves of products from 32-bit parts, modular powers. n = steps. */
#include "kernel.h"

static inline uint64_t mul_high(uint64_t a, uint64_t b) {
  uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
  uint64_t low = al * bl, mid = ah * bl + (low >> 32), mid2 = al * bh + (uint32_t)mid;
  return ah * bh + (mid >> 32) + (mid2 >> 32);
}

/* a * b modulo 2^61 - 1 */
static inline uint64_t mul_mod(uint64_t a, uint64_t b) {
  const uint64_t prime = (1ULL << 61) - 1;
  uint64_t low = a * b, high = mul_high(a, b);
  uint64_t r = (low & prime) + (low >> 61 | high << 3);
  return r >= prime ? r - prime : r;
}

KERNEL {
  uint64_t state = 41, power = 3, sum = 0;
  for (uint32_t i = 0; i < n; i++) {
    uint64_t r = next_random(&state);
    power = mul_mod(power, r >> 3);
    sum += mul_high(r, power ^ sum);
  }
  return mix(sum, power);
}
