/* Segments of metered code. Each has a number, its index in the cost arrays. A piece of code brings its
 * segments as a list in its read-only data and gets a range of numbers for as long as it exists. */
#include <stdlib.h>
#include <string.h>

#include "segments.h"

enum { MAX_SEGMENTS = 1 << 21 };

uint64_t segments_free_of_charge[MAX_SEGMENTS];
uint64_t segments_plain[MAX_SEGMENTS];

/* The segments of a piece of code: for each its number of opcodes, then these. */
typedef struct {
  const void *code;
  uint64_t size; /* of the code */
  const uint16_t **lists;
  uint32_t first, count;
} block;

static FORK_SAFE_MUTEX(lock); /* guards what follows, and all cost tables */
static block *blocks; /* sorted by first */
static uint32_t block_count, block_capacity;
static cost_table *tables;

/* ---- Cost tables ------------------------------------------------------------------------------- */

static uint64_t cost_of(const cost_table *table, const uint16_t *list) {
  uint64_t sum = 0;
  for (uint32_t i = 1; i <= list[0]; i++)
    if (__builtin_add_overflow(sum, table->opcodes[list[i]], &sum)) return UINT64_MAX;
  return sum;
}

static void price(const cost_table *table, const block *some) {
  for (uint32_t i = 0; i < some->count; i++)
    __atomic_store_n(&table->segments[some->first + i], cost_of(table, some->lists[i]), __ATOMIC_RELAXED);
}

static void set(cost_table *table, const uint64_t *opcodes, uint32_t count) {
  for (uint32_t i = 0; i < WE_OPCODES; i++)
    __atomic_store_n(&table->opcodes[i], i < count ? opcodes[i] : 0, __ATOMIC_RELAXED);
  for (uint32_t i = 0; i < block_count; i++) price(table, &blocks[i]);
}

cost_table *cost_table_new(const uint64_t *opcodes, uint32_t count) {
  cost_table *table = malloc(sizeof *table);
  if (table == NULL) return NULL;
  table->segments = pages_map(MAX_SEGMENTS * sizeof(uint64_t));
  if (table->segments == NULL) {
    free(table);
    return NULL;
  }
  pthread_mutex_lock(&lock);
  table->previous = NULL;
  table->next = tables;
  if (tables != NULL) tables->previous = table;
  tables = table;
  set(table, opcodes, count);
  pthread_mutex_unlock(&lock);
  return table;
}

void cost_table_set(cost_table *table, const uint64_t *opcodes, uint32_t count) {
  pthread_mutex_lock(&lock);
  set(table, opcodes, count);
  pthread_mutex_unlock(&lock);
}

void cost_table_free(cost_table *table) {
  if (table == NULL) return;
  pthread_mutex_lock(&lock);
  *(table->previous != NULL ? &table->previous->next : &tables) = table->next;
  if (table->next != NULL) table->next->previous = table->previous;
  pthread_mutex_unlock(&lock);
  pages_release(table->segments, MAX_SEGMENTS * sizeof(uint64_t));
  free(table);
}

/* ---- Numbers of segments ------------------------------------------------------------------------ */

/* Finds `count` free numbers: the first of them and the position in `blocks`; false if there are none. */
static bool find_room(uint32_t count, uint32_t *first, uint32_t *position) {
  const block *last = block_count > 0 ? &blocks[block_count - 1] : NULL;
  uint32_t end = last != NULL ? last->first + last->count : 0;
  *position = block_count;
  if (count > MAX_SEGMENTS - end) {
    end = 0;
    for (*position = 0; *position < block_count && count > blocks[*position].first - end; ++*position)
      end = blocks[*position].first + blocks[*position].count;
    if (*position == block_count) return false;
  }
  *first = end;
  return true;
}

/* Enters a block that is complete but for its numbers. */
static bool enter(block *some) {
  uint32_t position;
  if (block_count == block_capacity) {
    const uint32_t capacity = block_capacity > 0 ? block_capacity * 2 : 16;
    block *bigger = realloc(blocks, capacity * sizeof *bigger);
    if (bigger == NULL) return false;
    blocks = bigger;
    block_capacity = capacity;
  }
  if (!find_room(some->count, &some->first, &position)) return false;
  memmove(&blocks[position + 1], &blocks[position], (block_count - position) * sizeof(block));
  blocks[position] = *some;
  block_count++;
  for (uint32_t i = 0; i < some->count; i++) segments_plain[some->first + i] = some->lists[i][0];
  for (const cost_table *table = tables; table != NULL; table = table->next) price(table, some);
  return true;
}

int64_t we_segments_add(const void *code, uint64_t size, const void *start, const void *end) {
  block some = {.code = code, .size = size};
  for (const uint16_t *list = start; (const void *)list < end; list += list[0] + 1) some.count++;
  some.lists = malloc((some.count > 0 ? some.count : 1) * sizeof *some.lists);
  if (some.lists == NULL) return -1;
  const uint16_t *list = start;
  for (uint32_t i = 0; i < some.count; i++, list += list[0] + 1) some.lists[i] = list;
  pthread_mutex_lock(&lock);
  const bool entered = enter(&some);
  pthread_mutex_unlock(&lock);
  if (!entered) free(some.lists);
  return entered ? (int64_t)some.first * (int64_t)sizeof(uint64_t) : -1;
}

void segments_remove(const void *code, uint64_t size) {
  uint32_t kept = 0;
  pthread_mutex_lock(&lock);
  for (uint32_t i = 0; i < block_count; i++) {
    if ((uint64_t)((uintptr_t)blocks[i].code - (uintptr_t)code) < size)
      free(blocks[i].lists);
    else
      blocks[kept++] = blocks[i];
  }
  block_count = kept;
  pthread_mutex_unlock(&lock);
}

const uint16_t *segment_opcodes(uint64_t pc, uint32_t number, uint32_t *count) {
  pthread_mutex_lock(&lock);
  const block *some = blocks;
  while (pc - (uint64_t)(uintptr_t)some->code >= some->size) some++;
  const uint16_t *list = some->lists[number];
  pthread_mutex_unlock(&lock);
  *count = list[0];
  return list + 1;
}
