/* Greatest common divisors by Euclid's algorithm: integer division. n = pairs. */
#include "kernel.h"

static uint32_t gcd(uint32_t a, uint32_t b) {
  while (b) {
    uint32_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

KERNEL {
  uint64_t state = 42, sum = 0;
  for (uint32_t i = 0; i < n; i++) {
    uint64_t pair = next_random(&state);
    sum = mix(sum, gcd((uint32_t)pair, (uint32_t)(pair >> 32)));
  }
  return sum;
}
