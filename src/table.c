/* Tables. Room for all elements is mapped once, so elems never moves; untouched room costs nothing. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Most elements of a table whose type states no smaller maximum (its minimum may be larger, if the host made it or
 * its room is larger). */
static const uint32_t DEFAULT_LIMIT = 10000000;

static FORK_SAFE_MUTEX(grow_lock);

static uint64_t mapped_bytes(const we_table *table) {
  const uint64_t bytes = (uint64_t)table->capacity * sizeof *table->elems;
  return bytes > 65536 ? pages_round(bytes) : 0; /* 0: small, from malloc */
}

struct we_table_room {
  uint64_t left; /* guarded by grow_lock, like the references */
  uint32_t references;
};

we_table_room *we_table_room_new(uint64_t elements) {
  we_table_room *room = malloc(sizeof *room);
  if (room != NULL) *room = (we_table_room){elements, 1};
  return room;
}

/* Gives back elements and one reference. */
static void leave_room(we_table_room *room, uint64_t elements) {
  pthread_mutex_lock(&grow_lock);
  room->left += elements;
  const bool last = --room->references == 0;
  pthread_mutex_unlock(&grow_lock);
  if (last) free(room);
}

void we_table_room_release(we_table_room *room) {
  if (room != NULL) leave_room(room, 0);
}

we_table *we_table_new(uint8_t type, uint32_t min, bool has_max, uint32_t max, uint64_t init) {
  if (has_max && min > max) return NULL;
  we_table *table = calloc(1, sizeof *table);
  if (table == NULL) return NULL;
  uint32_t limit = min > DEFAULT_LIMIT ? min : DEFAULT_LIMIT;
  if (has_max && max < limit) limit = max;
  table->capacity = limit;
  const uint64_t mapped = mapped_bytes(table);
  table->elems = mapped > 0 ? pages_map(mapped) : calloc(limit > 0 ? limit : 1, sizeof *table->elems);
  if (table->elems == NULL) {
    free(table);
    return NULL;
  }
  for (uint32_t i = 0; init != 0 && i < min; i++) table->elems[i] = init;
  table->size = min;
  table->max_size = limit;
  table->type = type;
  table->has_max = has_max;
  table->declared_max = has_max ? max : 0;
  table->declared_min = min;
  return table;
}

we_table *we_table_new_in(we_table_room *room, uint8_t type, uint32_t min, bool has_max, uint32_t max) {
  pthread_mutex_lock(&grow_lock);
  const bool fits = min <= room->left;
  if (fits) {
    room->left -= min;
    room->references++;
  }
  pthread_mutex_unlock(&grow_lock);
  if (!fits) return NULL;
  we_table *table = we_table_new(type, min, has_max, max, 0);
  if (table != NULL)
    table->room = room;
  else
    leave_room(room, min);
  return table;
}

void we_table_free(we_table *table) {
  if (table == NULL) return;
  if (table->room != NULL) leave_room(table->room, table->size);
  const uint64_t mapped = mapped_bytes(table);
  if (mapped > 0)
    pages_release(table->elems, mapped);
  else
    free(table->elems);
  free(table);
}

static uint32_t size_of(const we_table *table) { return __atomic_load_n(&table->size, __ATOMIC_ACQUIRE); }

int64_t we_table_grow(we_table *table, uint32_t count, uint64_t init) {
  int64_t before = -1;
  pthread_mutex_lock(&grow_lock);
  const uint32_t size = table->size;
  if (count <= table->max_size - size && (table->room == NULL || count <= table->room->left)) {
    if (table->room != NULL) table->room->left -= count;
    for (uint32_t i = 0; init != 0 && i < count; i++) table->elems[size + i] = init;
    __atomic_store_n(&table->size, size + count, __ATOMIC_RELEASE);
    before = size;
  }
  pthread_mutex_unlock(&grow_lock);
  return before;
}

int32_t we_table_get(we_table *table, uint32_t index, uint64_t *value) {
  if (index >= size_of(table)) return TRAP_TABLE_OUT_OF_BOUNDS;
  *value = __atomic_load_n(&table->elems[index], __ATOMIC_RELAXED);
  return 0;
}

int32_t we_table_set(we_table *table, uint32_t index, uint64_t value) {
  if (index >= size_of(table)) return TRAP_TABLE_OUT_OF_BOUNDS;
  __atomic_store_n(&table->elems[index], value, __ATOMIC_RELAXED);
  return 0;
}

/* Whether [start, start + length) lies within `limit` elements, without overflow. */
static bool fits(uint64_t start, uint64_t length, uint64_t limit) { return length <= limit && start <= limit - length; }

int32_t we_table_write(we_table *table, uint64_t offset, const uint64_t *values, uint64_t count) {
  if (!fits(offset, count, size_of(table))) return TRAP_TABLE_OUT_OF_BOUNDS;
  if (count > 0) memcpy(table->elems + offset, values, count * sizeof *values);
  return 0;
}

/* ---- Helpers of generated code ---------------------------------------------------------------- */

int32_t rt_table_grow(we_instance *instance, uint32_t table, uint64_t init, uint32_t count) {
  return (int32_t)we_table_grow(instance->tables[table], count, init);
}

void rt_table_fill(we_instance *instance, uint32_t table, uint32_t start, uint64_t value, uint32_t len) {
  we_table *target = instance->tables[table];
  if (!fits(start, len, size_of(target))) trap_raise(TRAP_TABLE_OUT_OF_BOUNDS);
  for (uint32_t i = 0; i < len; i++) target->elems[start + i] = value;
}

void rt_table_copy(we_instance *instance, uint32_t dst_table, uint32_t src_table, uint32_t dst, uint32_t src,
                   uint32_t len) {
  we_table *to = instance->tables[dst_table];
  const we_table *from = instance->tables[src_table];
  if (!fits(dst, len, size_of(to)) || !fits(src, len, size_of(from))) trap_raise(TRAP_TABLE_OUT_OF_BOUNDS);
  memmove(to->elems + dst, from->elems + src, (uint64_t)len * sizeof *to->elems);
}

void rt_table_init(we_instance *instance, uint32_t table, uint32_t segment, uint32_t dst, uint32_t src,
                   uint32_t len) {
  we_table *target = instance->tables[table];
  const we_segment *element = &instance->elements[segment];
  const uint64_t length = __atomic_load_n(&element->length, __ATOMIC_ACQUIRE);
  if (!fits(dst, len, size_of(target)) || !fits(src, len, length)) trap_raise(TRAP_TABLE_OUT_OF_BOUNDS);
  if (len > 0) memcpy(target->elems + dst, (const uint64_t *)element->data + src, (uint64_t)len * 8);
}
