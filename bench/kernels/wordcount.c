/* Lines, words and bytes of a text, one byte at a time. n = passes over 64 KiB. */
#include "kernel.h"

#define BYTES (64 * 1024)
static uint8_t text[BYTES];

static inline int is_space(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

KERNEL {
  uint64_t state = 13, sum = 0;
  for (uint32_t i = 0; i < BYTES; i++) {
    uint64_t r = next_random(&state) >> 8;
    text[i] = r % 6 == 0 ? ' ' : r % 61 == 0 ? '\n' : (uint8_t)('a' + r % 26);
  }
  for (uint32_t pass = 0; pass < n; pass++) {
    uint32_t lines = 0, words = 0;
    int inside = 0;
    text[pass % BYTES] ^= 1;
    for (uint32_t i = 0; i < BYTES; i++) {
      uint8_t c = text[i];
      if (c == '\n') lines++;
      if (is_space(c)) {
        inside = 0;
      } else if (!inside) {
        inside = 1;
        words++;
      }
    }
    sum = mix(sum, (uint64_t)lines << 32 | words);
  }
  return sum;
}
