/* ChaCha20 key stream (RFC 8439): 32-bit additions and rotations on 16 words. n = 64-byte blocks. */
#include "kernel.h"

static inline uint32_t rotl(uint32_t x, int by) { return x << by | x >> (32 - by); }

#define QUARTER(a, b, c, d)                    \
  x[a] += x[b], x[d] = rotl(x[d] ^ x[a], 16); \
  x[c] += x[d], x[b] = rotl(x[b] ^ x[c], 12); \
  x[a] += x[b], x[d] = rotl(x[d] ^ x[a], 8);  \
  x[c] += x[d], x[b] = rotl(x[b] ^ x[c], 7)

KERNEL {
  uint32_t key[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, 1, 2,  3,  4,
                      5,          6,          7,          8,          0, 10, 11, 12};
  uint64_t sum = 0;
  for (uint32_t block = 0; block < n; block++) {
    uint32_t x[16];
    key[12] = block;
    for (int i = 0; i < 16; i++) x[i] = key[i];
    for (int round = 0; round < 10; round++) {
      QUARTER(0, 4, 8, 12);
      QUARTER(1, 5, 9, 13);
      QUARTER(2, 6, 10, 14);
      QUARTER(3, 7, 11, 15);
      QUARTER(0, 5, 10, 15);
      QUARTER(1, 6, 11, 12);
      QUARTER(2, 7, 8, 13);
      QUARTER(3, 4, 9, 14);
    }
    for (int i = 0; i < 16; i++) sum += (uint64_t)(x[i] + key[i]) << (i & 15);
  }
  return sum;
}
