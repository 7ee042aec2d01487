/* What files of generated code are checked with: a checksum, and what this processor can do. */
#include <string.h>

#include "internal.h"

/* Four lanes, each a chain of steps that are bijective in the lane and in the word: a change within one
 * word of the data always changes the result. No protection against intent. */
static inline uint64_t step(uint64_t lane, uint64_t word) {
  lane = (lane ^ word) * 0x9E3779B97F4A7C15u;
  return lane ^ lane >> 29;
}

checksum_state checksum_begin(uint64_t size) {
  return (checksum_state){{size, ~size, size << 1, ~(size << 1)}};
}

void checksum_add(checksum_state *state, const void *data, uint64_t size) {
  const uint8_t *bytes = data;
  uint64_t a = state->lanes[0], b = state->lanes[1], c = state->lanes[2], d = state->lanes[3], words[4];
  uint64_t left = size;
  for (; left > 0; left -= left < sizeof words ? left : sizeof words) {
    if (left >= sizeof words) {
      memcpy(words, bytes, sizeof words);
    } else {
      memset(words, 0, sizeof words);
      memcpy(words, bytes, left);
    }
    bytes += sizeof words;
    a = step(a, words[0]);
    b = step(b, words[1]);
    c = step(c, words[2]);
    d = step(d, words[3]);
  }
  *state = (checksum_state){{a, b, c, d}};
}

void checksum_end(const checksum_state *state, uint64_t result[2]) {
  uint64_t a = state->lanes[0], b = state->lanes[1], c = state->lanes[2], d = state->lanes[3];
  for (int turn = 0; turn < 2; turn++) a = step(a, 1), b = step(b, 2), c = step(c, 3), d = step(d, 4);
  result[0] = a + (b << 7 | b >> 57);
  result[1] = c + (d << 7 | d >> 57);
}

void we_checksum(const void *data, uint64_t size, uint64_t result[2]) {
  checksum_state state = checksum_begin(size);
  checksum_add(&state, data, size);
  checksum_end(&state, result);
}

#ifdef __x86_64__
#include <cpuid.h>

/* Bits of CPUID that generated code may depend on. */
enum {
  LEAF1_ECX = 1 << 0 | 1 << 1 | 1 << 9 | 1 << 13 | 1 << 19 | 1 << 20 | 1 << 22 | 1 << 23 | 1 << 25 | 1 << 30,
  LEAF1_ECX_YMM = 1 << 12 | 1 << 28 | 1 << 29,
  LEAF7_EBX = 1 << 3 | 1 << 8 | 1 << 18 | 1 << 19 | 1 << 29,
  LEAF7_EBX_YMM = 1 << 5,
  LEAF7_ECX = 1 << 8,
  LEAF7_ECX_YMM = 1 << 9 | 1 << 10,
  LEAF7_ECX_ZMM = 1 << 1 | 1 << 6 | 1 << 11 | 1 << 12 | 1 << 14,
  LEAF7_EDX_ZMM = 1 << 8 | 1 << 23,
  LEAF7_1_EAX_YMM = 1 << 4,
  LEAF7_1_EAX_ZMM = 1 << 5,
  EXTENDED_ECX = 1 << 0 | 1 << 5 | 1 << 6 | 1 << 21,
  EXTENDED_ECX_YMM = 1 << 11 | 1 << 16,
  XCR0_YMM = 0x6,
  XCR0_ZMM = 0xE6,
};
static const uint32_t LEAF7_EBX_ZMM = 1u << 16 | 1u << 17 | 1u << 21 | 1u << 28 | 1u << 30 | 1u << 31;

void we_processor(uint32_t features[8]) {
  uint32_t a, b, c, d, xcr0 = 0, high;
  memset(features, 0, 8 * sizeof *features);
  if (!__get_cpuid(1, &a, &b, &c, &d)) return;
  if (c & 1u << 27) __asm__("xgetbv" : "=a"(xcr0), "=d"(high) : "c"(0));
  const bool ymm = (xcr0 & XCR0_YMM) == XCR0_YMM, zmm = (xcr0 & XCR0_ZMM) == XCR0_ZMM;
  features[0] = c & (LEAF1_ECX | (ymm ? LEAF1_ECX_YMM : 0u));
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
    features[1] = b & (LEAF7_EBX | (ymm ? LEAF7_EBX_YMM : 0u) | (zmm ? LEAF7_EBX_ZMM : 0u));
    features[2] = c & (LEAF7_ECX | (ymm ? LEAF7_ECX_YMM : 0u) | (zmm ? LEAF7_ECX_ZMM : 0u));
    features[3] = d & (zmm ? LEAF7_EDX_ZMM : 0u);
    const uint32_t last = a;
    if (last >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d))
      features[4] = a & ((ymm ? LEAF7_1_EAX_YMM : 0u) | (zmm ? LEAF7_1_EAX_ZMM : 0u));
  }
  if (__get_cpuid(0x80000001, &a, &b, &c, &d)) features[5] = c & (EXTENDED_ECX | (ymm ? EXTENDED_ECX_YMM : 0u));
}
#else
void we_processor(uint32_t features[8]) { memset(features, 0, 8 * sizeof *features); }
#endif
