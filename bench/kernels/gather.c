/* Random reads and writes in a 1 MiB array with computed addresses. n = accesses. */
#include "kernel.h"

#define WORDS (256 * 1024)
static uint32_t words[WORDS];

KERNEL {
  uint64_t state = 5;
  uint32_t carry = 0;
  for (uint32_t i = 0; i < WORDS; i++) words[i] = i * 2654435761u;
  for (uint32_t i = 0; i < n; i++) {
    uint64_t r = next_random(&state);
    uint32_t *from = &words[r % WORDS], *to = &words[(r >> 32) % WORDS];
    carry += *from;
    *to ^= carry;
  }
  uint64_t sum = 0;
  for (uint32_t i = 0; i < WORDS; i++) sum = mix(sum, words[i]);
  return sum;
}
