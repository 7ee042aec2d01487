/* Base64 encoding and decoding of 24 KiB through byte tables. n = round trips. */
#include "kernel.h"

#define BYTES (24 * 1024)
static uint8_t plain[BYTES], back[BYTES];
static char coded[BYTES / 3 * 4];
static uint8_t value_of[256];
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode(void) {
  char *to = coded;
  for (uint32_t i = 0; i < BYTES; i += 3) {
    uint32_t group = (uint32_t)plain[i] << 16 | (uint32_t)plain[i + 1] << 8 | plain[i + 2];
    *to++ = digits[group >> 18];
    *to++ = digits[group >> 12 & 63];
    *to++ = digits[group >> 6 & 63];
    *to++ = digits[group & 63];
  }
}

static uint32_t decode(void) {
  uint8_t *to = back;
  uint32_t bad = 0;
  for (uint32_t i = 0; i < sizeof coded; i += 4) {
    uint8_t a = value_of[(uint8_t)coded[i]], b = value_of[(uint8_t)coded[i + 1]];
    uint8_t c = value_of[(uint8_t)coded[i + 2]], d = value_of[(uint8_t)coded[i + 3]];
    if ((a | b | c | d) & 0xC0) {
      bad++;
      continue;
    }
    *to++ = (uint8_t)(a << 2 | b >> 4);
    *to++ = (uint8_t)(b << 4 | c >> 2);
    *to++ = (uint8_t)(c << 6 | d);
  }
  return bad;
}

KERNEL {
  uint64_t state = 19, sum = 0;
  for (uint32_t i = 0; i < BYTES; i++) plain[i] = (uint8_t)next_random(&state);
  for (int i = 0; i < 256; i++) value_of[i] = 0xFF;
  for (int i = 0; i < 64; i++) value_of[(uint8_t)digits[i]] = (uint8_t)i;
  for (uint32_t pass = 0; pass < n; pass++) {
    plain[pass % BYTES] += 3;
    encode();
    coded[pass % sizeof coded] ^= pass % 7 == 0 ? 0x80 : 0;
    uint32_t bad = decode();
    sum = mix(sum, (uint64_t)coded[pass * 5 % sizeof coded] << 32 | back[pass % BYTES] | bad << 8);
  }
  return sum;
}
