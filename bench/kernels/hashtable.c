/* Open-addressing hash table: insert, look up, delete 64-bit keys. n = operations. */
#include "kernel.h"

#define SLOTS (64 * 1024)
static struct {
  uint64_t key; /* 0: empty, 1: deleted */
  uint64_t value;
} slots[SLOTS];

static inline uint32_t home(uint64_t key) { return (uint32_t)(key * 0x9E3779B97F4A7C15ULL >> 48); }

static int find(uint64_t key, uint32_t *at) {
  uint32_t i = home(key), grave = SLOTS;
  for (;; i = (i + 1) % SLOTS) {
    if (slots[i].key == key) return *at = i, 1;
    if (slots[i].key == 1 && grave == SLOTS) grave = i;
    if (slots[i].key == 0) return *at = grave < SLOTS ? grave : i, 0;
  }
}

KERNEL {
  uint64_t state = 31, sum = 0;
  for (uint32_t i = 0; i < SLOTS; i++) slots[i].key = 0;
  for (uint32_t i = 0; i < n; i++) {
    uint64_t r = next_random(&state), key = (r >> 20) % 30000 + 2;
    uint32_t at;
    int found = find(key, &at);
    if (r % 8 < 4) {
      if (found) sum += slots[at].value;
    } else if (r % 8 < 7) {
      slots[at].key = key;
      slots[at].value = r;
    } else if (found) {
      slots[at].key = 1;
      sum ^= key;
    }
  }
  return sum;
}
