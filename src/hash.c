/* The hash of every table in C that guests can fill: SipHash-1-3 with a key of this process, so that nobody can
 * choose names or types that meet in one place (Aumasson and Bernstein, "SipHash", 2012). */
#define _GNU_SOURCE
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

static uint64_t key[2];

__attribute__((constructor)) static void make_key(void) {
  if (getrandom(key, sizeof key, GRND_NONBLOCK) == (ssize_t)sizeof key) return;
  /* The system has just started and has no random numbers yet. */
  struct timespec now = {0, 0};
  clock_gettime(CLOCK_MONOTONIC, &now);
  key[0] = (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^ (uint64_t)(uintptr_t)&now;
  key[1] = (uint64_t)(uintptr_t)make_key << 16 ^ (uint64_t)getpid();
}

typedef struct {
  uint64_t a, b, c, d;
} state;

static inline uint64_t left(uint64_t word, int bits) { return word << bits | word >> (64 - bits); }

static inline void turn(state *s) {
  s->a += s->b, s->c += s->d;
  s->b = left(s->b, 13) ^ s->a, s->d = left(s->d, 16) ^ s->c;
  s->a = left(s->a, 32);
  s->c += s->b, s->a += s->d;
  s->b = left(s->b, 17) ^ s->c, s->d = left(s->d, 21) ^ s->a;
  s->c = left(s->c, 32);
}

static inline void take(state *s, uint64_t word) {
  s->d ^= word;
  turn(s);
  s->a ^= word;
}

uint64_t keyed_hash(uint64_t kind, const void *bytes, uint32_t length) {
  const uint8_t *at = bytes;
  uint64_t word;
  state s = {key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull, key[0] ^ 0x6c7967656e657261ull,
             key[1] ^ 0x7465646279746573ull};
  take(&s, kind);
  for (uint32_t left_over = length; left_over >= 8; left_over -= 8, at += 8) {
    memcpy(&word, at, 8);
    take(&s, word);
  }
  word = 0;
  if ((length & 7) > 0) memcpy(&word, at, length & 7);
  take(&s, word | (uint64_t)length << 56); /* on a little-endian machine the length is on top of the last bytes */
  s.c ^= 0xFF;
  turn(&s), turn(&s), turn(&s);
  return s.a ^ s.b ^ s.c ^ s.d;
}
