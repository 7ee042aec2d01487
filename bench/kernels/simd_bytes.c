/* Explicit 128-bit vectors, bytes: letter case and counting over 64 KiB of text. n = passes. */
#include "kernel.h"

typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef int8_t i8x16 __attribute__((vector_size(16)));
typedef uint64_t u64x2 __attribute__((vector_size(16)));

#define BYTES (64 * 1024)
static u8x16 text[BYTES / 16];

static inline u8x16 splat(uint8_t x) {
  return (u8x16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

KERNEL {
  uint64_t state = 3, sum = 0;
  uint8_t *bytes = (uint8_t *)text;
  for (int i = 0; i < BYTES; i++) bytes[i] = 32 + next_random(&state) % 95;
  u8x16 flip = splat(0x20);
  for (uint32_t pass = 0; pass < n; pass++) {
    u8x16 spaces = splat(0);
    u64x2 digest = {0, 0};
    for (int i = 0; i < BYTES / 16; i++) {
      u8x16 c = text[i];
      u8x16 letter = (u8x16)((c | flip) - splat('a') < splat(26));
      c ^= letter & flip;
      spaces -= (u8x16)(c == splat(' '));
      text[i] = c;
      digest += (u64x2)c;
    }
    for (int i = 0; i < 16; i++) sum += spaces[i];
    sum = mix(sum, digest[0] ^ digest[1]);
  }
  return sum;
}
