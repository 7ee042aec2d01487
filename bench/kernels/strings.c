/* C string functions as byte loops (length, search, compare, copy) over 16 KiB of words. n = passes. */
#include "kernel.h"

#define BYTES (16 * 1024)
static char text[BYTES + 1], copy[BYTES + 1];

static NOINLINE uint32_t length_of(const char *s) {
  const char *end = s;
  while (*end) end++;
  return (uint32_t)(end - s);
}

static NOINLINE const char *find_byte(const char *s, char wanted, uint32_t length) {
  for (; length; length--, s++) {
    if (*s == wanted) return s;
  }
  return 0;
}

static NOINLINE int compare(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return (unsigned char)*a - (unsigned char)*b;
}

static NOINLINE char *copy_upper(char *to, const char *from) {
  char c;
  while ((c = *from++)) *to++ = c >= 'a' && c <= 'z' ? c - 32 : c;
  *to = 0;
  return to;
}

KERNEL {
  uint64_t state = 9, sum = 0;
  for (uint32_t i = 0; i < BYTES; i++) {
    uint64_t r = next_random(&state);
    text[i] = r % 300 == 0 ? '\n' : (char)('a' + r % 26);
  }
  for (uint32_t pass = 0; pass < n; pass++) {
    uint32_t length = length_of(text), lines = 0;
    const char *at = text, *end = text + length;
    while ((at = find_byte(at, '\n', (uint32_t)(end - at)))) at++, lines++;
    char *stop = copy_upper(copy, text);
    copy[pass % BYTES] = text[pass % BYTES]; /* compare() stops where case differs */
    int order = compare(text + pass % BYTES, copy + pass % BYTES);
    int equal = compare(text, text);
    sum = mix(sum, (uint64_t)(length + lines + (uint32_t)(stop - copy)) + (uint32_t)(order + equal));
  }
  return sum;
}
