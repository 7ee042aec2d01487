/* Sieve of Eratosthenes over 256 KiB: byte stores with a stride. n = rounds. */
#include "kernel.h"

#define LIMIT (256 * 1024)
static uint8_t composite[LIMIT];

KERNEL {
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) {
    for (uint32_t i = 0; i < LIMIT; i++) composite[i] = 0;
    uint32_t count = 0;
    for (uint32_t i = 2 + (round & 1); i < LIMIT; i++) {
      if (composite[i]) continue;
      count++;
      for (uint64_t j = (uint64_t)i * i; j < LIMIT; j += i) composite[j] = 1;
    }
    sum = mix(sum, count);
  }
  return sum;
}
