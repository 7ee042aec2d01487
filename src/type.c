/* Function types: one entry per list of parameters and results, with its adapters. Entries never
 * move or go, so reading one needs no lock. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { CHUNK = 1024, CHUNKS = 8192, VALTYPE_V128 = 0x7B };

static _Atomic(we_type *) chunks[CHUNKS];
static uint32_t next_id = 1;
static uint32_t *buckets; /* ids by hash, 0 for a free place */
static uint32_t bucket_count;
static FORK_SAFE_MUTEX(type_lock); /* guards the above but chunks */

we_type *type_get(uint32_t type_id) { return &atomic_load(&chunks[type_id / CHUNK])[type_id % CHUNK]; }

const we_type *we_type_get(uint32_t type_id) { return type_get(type_id); }

static uint64_t hash_types(const uint8_t *params, uint32_t param_count, const uint8_t *results, uint32_t result_count) {
  return keyed_hash(keyed_hash(param_count, params, param_count), results, result_count);
}

static bool same(const uint8_t *a, const uint8_t *b, uint32_t count) { return count == 0 || memcmp(a, b, count) == 0; }

/* The place of a type, or the free one where it belongs. */
static uint32_t *find(const uint8_t *params, uint32_t param_count, const uint8_t *results, uint32_t result_count) {
  uint64_t at = hash_types(params, param_count, results, result_count);
  for (;; at++) {
    uint32_t *place = &buckets[at & (bucket_count - 1)];
    if (*place == 0) return place;
    const we_type *type = type_get(*place);
    if (type->param_count == param_count && type->result_count == result_count &&
        same(type->params, params, param_count) && same(type->results, results, result_count))
      return place;
  }
}

static bool make_room(void) {
  if ((uint64_t)next_id * 2 < bucket_count) return true;
  const uint32_t count = bucket_count > 0 ? bucket_count * 2 : 256;
  uint32_t *bigger = calloc(count, sizeof *bigger);
  if (bigger == NULL) return false;
  free(buckets);
  buckets = bigger;
  bucket_count = count;
  for (uint32_t id = 1; id < next_id; id++) {
    const we_type *type = type_get(id);
    *find(type->params, type->param_count, type->results, type->result_count) = id;
  }
  return true;
}

static uint32_t count_slots(const uint8_t *types, uint32_t count) {
  uint32_t slots = count;
  for (uint32_t i = 0; i < count; i++) slots += types[i] == VALTYPE_V128;
  return slots;
}

static bool is_value_type(uint8_t type) { return (type >= 0x7B && type <= 0x7F) || type == 0x70 || type == 0x6F; }

/* Fills in the next entry; its id, or 0. */
static uint32_t add(const uint8_t *params, uint32_t param_count, const uint8_t *results, uint32_t result_count) {
  if (next_id == CHUNK * CHUNKS) return 0;
  we_type *chunk = atomic_load(&chunks[next_id / CHUNK]);
  if (chunk == NULL) {
    chunk = calloc(CHUNK, sizeof *chunk);
    if (chunk == NULL) return 0;
    atomic_store(&chunks[next_id / CHUNK], chunk);
  }
  uint8_t *types = malloc((uint64_t)param_count + result_count + 1);
  if (types == NULL) return 0;
  if (param_count > 0) memcpy(types, params, param_count);
  if (result_count > 0) memcpy(types + param_count, results, result_count);
  const uint32_t in = count_slots(params, param_count), out = count_slots(results, result_count);
  we_type *type = &chunk[next_id % CHUNK];
  type->id = next_id;
  type->slots = in > out ? in : out;
  if (type->slots == 0) type->slots = 1;
  type->param_count = param_count;
  type->result_count = result_count;
  type->params = types;
  type->results = types + param_count;
  type->all_single = in == param_count && out == result_count;
  type->is_real = true;
  for (uint64_t i = 0; i < (uint64_t)param_count + result_count; i++) type->is_real &= is_value_type(types[i]);
  return next_id++;
}

const we_type *we_type_intern(const uint8_t *params, uint32_t param_count, const uint8_t *results,
                              uint32_t result_count) {
  uint32_t id = 0;
  pthread_mutex_lock(&type_lock);
  if (make_room()) {
    uint32_t *place = find(params, param_count, results, result_count);
    if (*place == 0) *place = add(params, param_count, results, result_count);
    id = *place;
  }
  pthread_mutex_unlock(&type_lock);
  return id != 0 ? type_get(id) : NULL;
}

void we_type_set_adapters(uint32_t type_id, void *frame_entry, void *host_entry) {
  we_type *type = type_get(type_id);
  __atomic_store_n(&type->host_entry, host_entry, __ATOMIC_RELEASE);
  __atomic_store_n(&type->frame_entry, frame_entry, __ATOMIC_RELEASE);
}

bool we_type_has_adapters(uint32_t type_id) {
  return __atomic_load_n(&type_get(type_id)->frame_entry, __ATOMIC_ACQUIRE) != NULL;
}
