/* LZ77-like compression with a hash of 4-byte groups, and decompression. n = passes over 64 KiB. */
#include "kernel.h"

#define BYTES (64 * 1024)
#define BUCKETS 8192
static uint8_t input[BYTES + 8], output[BYTES + 8], packed[BYTES * 2];
static uint32_t latest[BUCKETS];

static inline uint32_t group(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint8_t *put_literals(uint8_t *to, const uint8_t *from, uint32_t count) {
  while (count) {
    uint32_t run = count < 127 ? count : 127;
    *to++ = (uint8_t)run;
    for (uint32_t i = 0; i < run; i++) *to++ = *from++;
    count -= run;
  }
  return to;
}

static NOINLINE uint32_t compress(void) {
  uint8_t *to = packed;
  uint32_t at = 0, literals = 0;
  for (uint32_t i = 0; i < BUCKETS; i++) latest[i] = 0;
  while (at + 4 <= BYTES) {
    uint32_t word = group(input + at), *bucket = &latest[word * 2654435761u >> 19];
    uint32_t candidate = *bucket;
    *bucket = at;
    if (candidate < at && at - candidate < 65536 && group(input + candidate) == word) {
      uint32_t length = 4;
      while (at + length < BYTES && length < 131 && input[candidate + length] == input[at + length]) length++;
      to = put_literals(to, input + literals, at - literals);
      *to++ = (uint8_t)(0x80 | (length - 4));
      *to++ = (uint8_t)(at - candidate);
      *to++ = (uint8_t)((at - candidate) >> 8);
      at += length;
      literals = at;
    } else {
      at++;
    }
  }
  to = put_literals(to, input + literals, BYTES - literals);
  return (uint32_t)(to - packed);
}

static NOINLINE uint32_t decompress(uint32_t length) {
  const uint8_t *from = packed, *end = packed + length;
  uint8_t *to = output;
  while (from < end) {
    uint32_t control = *from++;
    if (control & 0x80) {
      uint32_t count = (control & 0x7F) + 4;
      const uint8_t *source = to - ((uint32_t)from[0] | (uint32_t)from[1] << 8);
      from += 2;
      while (count--) *to++ = *source++;
    } else {
      while (control--) *to++ = *from++;
    }
  }
  return (uint32_t)(to - output);
}

KERNEL {
  uint64_t state = 53, sum = 0;
  static const char words[] = "the quick brown fox jumps over the lazy dog and then it sleeps for a while ";
  for (uint32_t i = 0; i < BYTES;) {
    uint64_t r = next_random(&state);
    uint32_t start = r % 60, count = 3 + (r >> 8) % 12;
    for (uint32_t k = 0; k < count && i < BYTES; k++) input[i++] = (uint8_t)words[start + k];
    if (r >> 61 == 0 && i < BYTES) input[i++] = (uint8_t)(r >> 20);
  }
  for (uint32_t pass = 0; pass < n; pass++) {
    input[pass * 101 % BYTES] ^= 1;
    uint32_t length = compress();
    uint32_t restored = decompress(length);
    for (uint32_t i = 0; i < BYTES; i++) sum += input[i] != output[i];
    sum = mix(sum, (uint64_t)length << 32 | restored);
  }
  return sum;
}
