/* Quicksort with a comparison function pointer, as qsort has. n = sorts of 16,384 records. */
#include "kernel.h"

typedef struct {
  uint32_t key, tag;
} record;

typedef int (*comparator)(const record *, const record *);

static int by_key(const record *a, const record *b) { return (a->key > b->key) - (a->key < b->key); }
static int by_tag(const record *a, const record *b) { return (a->tag > b->tag) - (a->tag < b->tag); }
static comparator comparators[2] = {by_key, by_tag};

static NOINLINE void sort(record *low, record *high, comparator compare) {
  while (high - low > 12) {
    record pivot = low[(high - low) / 2], *i = low, *j = high;
    while (i <= j) {
      while (compare(i, &pivot) < 0) i++;
      while (compare(&pivot, j) < 0) j--;
      if (i > j) break;
      record kept = *i;
      *i++ = *j;
      *j-- = kept;
    }
    if (j - low < high - i) {
      sort(low, j, compare);
      low = i;
    } else {
      sort(i, high, compare);
      high = j;
    }
  }
  for (record *i = low + 1; i <= high; i++) {
    record moving = *i, *j = i;
    for (; j > low && compare(&moving, j - 1) < 0; j--) *j = j[-1];
    *j = moving;
  }
}

#define RECORDS 16384
static record records[RECORDS];

KERNEL {
  uint64_t state = 37, sum = 0;
  for (uint32_t round = 0; round < n; round++) {
    for (uint32_t i = 0; i < RECORDS; i++) {
      uint64_t r = next_random(&state);
      records[i].key = (uint32_t)r;
      records[i].tag = (uint32_t)(r >> 32);
    }
    comparator compare = comparators[round & 1];
    sort(records, records + RECORDS - 1, compare);
    for (uint32_t i = 1; i < RECORDS; i++) sum += compare(&records[i - 1], &records[i]) > 0;
    sum = mix(sum, records[RECORDS / 3].key);
  }
  return sum;
}
