/* wordcount.wasm FILE: lines, words and bytes of a file, its SHA-256, its most frequent words. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sha256 {
  uint32_t state[8];
  uint64_t length;
  uint8_t block[64];
};

static const uint32_t round_constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, int by) { return x >> by | x << (32 - by); }

static void mix(struct sha256 *hash) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)hash->block[4 * i] << 24 | (uint32_t)hash->block[4 * i + 1] << 16 |
           (uint32_t)hash->block[4 * i + 2] << 8 | hash->block[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) +
           (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
  }
  memcpy(v, hash->state, sizeof v);
  for (int i = 0; i < 64; i++) {
    uint32_t e = v[4], a = v[0];
    uint32_t first = v[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
                     ((e & v[5]) ^ (~e & v[6])) + round_constant[i] + w[i];
    uint32_t second =
        (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 7 * sizeof *v);
    v[4] += first;
    v[0] = first + second;
  }
  for (int i = 0; i < 8; i++)
    hash->state[i] += v[i];
}

static void hash_byte(struct sha256 *hash, int byte) {
  hash->block[hash->length++ % 64] = (uint8_t)byte;
  if (hash->length % 64 == 0)
    mix(hash);
}

static void hash_end(struct sha256 *hash) {
  uint64_t bits = hash->length * 8;
  hash_byte(hash, 0x80);
  while (hash->length % 64 != 56)
    hash_byte(hash, 0);
  for (int shift = 56; shift >= 0; shift -= 8)
    hash_byte(hash, (int)(bits >> shift & 0xff));
}

struct word {
  struct word *next;
  unsigned count;
  char text[];
};

static struct word *table[4096];
static unsigned distinct;

static void count_word(const char *text, size_t length) {
  uint32_t key = 2166136261u;
  for (size_t i = 0; i < length; i++)
    key = (key ^ (uint8_t)text[i]) * 16777619u;
  struct word **at = &table[key % 4096];
  while (*at && strcmp((*at)->text, text) != 0)
    at = &(*at)->next;
  if (!*at) {
    *at = calloc(1, sizeof **at + length + 1);
    if (!*at) {
      fprintf(stderr, "wordcount: out of memory\n");
      exit(1);
    }
    memcpy((*at)->text, text, length + 1);
    distinct++;
  }
  (*at)->count++;
}

static int by_count(const void *a, const void *b) {
  const struct word *x = *(struct word *const *)a, *y = *(struct word *const *)b;
  return x->count != y->count ? (x->count < y->count) - (x->count > y->count)
                              : strcmp(x->text, y->text);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: wordcount FILE\n");
    return 2;
  }
  FILE *file = fopen(argv[1], "rb");
  if (!file) {
    perror(argv[1]);
    return 1;
  }
  struct sha256 hash = {.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                  0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
  unsigned long lines = 0, words = 0, bytes = 0;
  char letters[64];
  size_t length = 0;
  int inside = 0;
  for (int c; (c = getc(file)) != EOF; bytes++) {
    hash_byte(&hash, c);
    lines += c == '\n';
    words += !isspace(c) && !inside;
    inside = !isspace(c);
    if (isalpha(c) && length < sizeof letters - 1) {
      letters[length++] = (char)tolower(c);
    } else if (length) {
      letters[length] = 0;
      count_word(letters, length);
      length = 0;
    }
  }
  if (ferror(file)) {
    perror(argv[1]);
    return 1;
  }
  fclose(file);
  if (length) {
    letters[length] = 0;
    count_word(letters, length);
  }
  hash_end(&hash);

  printf("%s: %lu lines, %lu words, %lu bytes\nsha256 ", argv[1], lines, words, bytes);
  for (int i = 0; i < 8; i++)
    printf("%08x", (unsigned)hash.state[i]);
  struct word **sorted = malloc((distinct + 1) * sizeof *sorted);
  if (!sorted) {
    fprintf(stderr, "wordcount: out of memory\n");
    return 1;
  }
  size_t filled = 0;
  for (int i = 0; i < 4096; i++)
    for (struct word *word = table[i]; word; word = word->next)
      sorted[filled++] = word;
  qsort(sorted, filled, sizeof *sorted, by_count);
  printf("\nmost frequent:");
  for (size_t i = 0; i < filled && i < 5; i++)
    printf(" %s %u%s", sorted[i]->text, sorted[i]->count, i < 4 && i + 1 < filled ? "," : "");
  printf("\n");
  return 0;
}
