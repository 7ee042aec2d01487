/* Decoding and validating UTF-8: branchy byte loop. n = passes over 32 KiB. */
#include "kernel.h"

#define BYTES (32 * 1024)
static uint8_t text[BYTES];

static uint32_t encode(uint8_t *to, uint32_t c) {
  if (c < 0x80) return to[0] = (uint8_t)c, 1;
  if (c < 0x800) return to[0] = (uint8_t)(0xC0 | c >> 6), to[1] = 0x80 | (c & 63), 2;
  if (c < 0x10000) {
    to[0] = (uint8_t)(0xE0 | c >> 12);
    to[1] = 0x80 | (c >> 6 & 63);
    to[2] = 0x80 | (c & 63);
    return 3;
  }
  to[0] = (uint8_t)(0xF0 | c >> 18);
  to[1] = 0x80 | (c >> 12 & 63);
  to[2] = 0x80 | (c >> 6 & 63);
  to[3] = 0x80 | (c & 63);
  return 4;
}

static inline int continues(uint8_t c) { return (c & 0xC0) == 0x80; }

/* Code point at s, and how many bytes it takes; 0 bytes if it is malformed. */
static inline uint32_t decode(const uint8_t *s, const uint8_t *end, uint32_t *taken) {
  uint8_t c = s[0];
  *taken = 0;
  if (c < 0x80) return *taken = 1, c;
  if (c < 0xC2) return 0;
  if (c < 0xE0) {
    if (end - s < 2 || !continues(s[1])) return 0;
    return *taken = 2, (uint32_t)(c & 31) << 6 | (s[1] & 63);
  }
  if (c < 0xF0) {
    if (end - s < 3 || !continues(s[1]) || !continues(s[2])) return 0;
    uint32_t point = (uint32_t)(c & 15) << 12 | (uint32_t)(s[1] & 63) << 6 | (s[2] & 63);
    if (point < 0x800 || (point >= 0xD800 && point < 0xE000)) return 0;
    return *taken = 3, point;
  }
  if (c > 0xF4 || end - s < 4 || !continues(s[1]) || !continues(s[2]) || !continues(s[3])) return 0;
  uint32_t point = (uint32_t)(c & 7) << 18 | (uint32_t)(s[1] & 63) << 12 |
                   (uint32_t)(s[2] & 63) << 6 | (s[3] & 63);
  if (point < 0x10000 || point > 0x10FFFF) return 0;
  return *taken = 4, point;
}

KERNEL {
  uint64_t state = 17, sum = 0;
  uint32_t length = 0;
  while (length < BYTES - 4) {
    uint64_t r = next_random(&state);
    uint32_t limit = r % 8 < 5 ? 0x80 : r % 8 == 5 ? 0x800 : r % 8 == 6 ? 0xD800 : 0x110000;
    uint32_t point = (uint32_t)(r >> 20) % limit;
    if (point >= 0xD800 && point < 0xE000) point = '?';
    length += encode(text + length, point);
  }
  for (uint32_t pass = 0; pass < n; pass++) {
    const uint8_t *at = text, *end = text + length;
    uint32_t points = 0, errors = 0;
    uint64_t digest = 0;
    text[pass * 37 % length] ^= pass & 1 ? 0x80 : 0;
    while (at < end) {
      uint32_t taken, point = decode(at, end, &taken);
      if (!taken) {
        errors++;
        at++;
      } else {
        points++;
        digest += point;
        at += taken;
      }
    }
    sum = mix(sum, digest + ((uint64_t)points << 32) + errors);
  }
  return sum;
}
