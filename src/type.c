/* Function types: numbers, frame sizes, adapters. Entries never move, so reading needs no lock. */
#include <stdlib.h>

#include "internal.h"

enum { CHUNK = 1024, CHUNKS = 8192 };

static _Atomic(type_entry *) chunks[CHUNKS];
static _Atomic uint32_t next_id = 1;
static pthread_mutex_t chunk_lock = PTHREAD_MUTEX_INITIALIZER;

type_entry *type_get(uint32_t type_id) { return &atomic_load(&chunks[type_id / CHUNK])[type_id % CHUNK]; }

uint32_t we_type_new(uint32_t slots) {
  uint32_t id = 0;
  pthread_mutex_lock(&chunk_lock);
  const uint32_t candidate = atomic_load(&next_id);
  if (candidate < CHUNK * CHUNKS) {
    type_entry *chunk = atomic_load(&chunks[candidate / CHUNK]);
    if (chunk == NULL) {
      chunk = calloc(CHUNK, sizeof *chunk);
      atomic_store(&chunks[candidate / CHUNK], chunk);
    }
    if (chunk != NULL) {
      id = candidate;
      chunk[id % CHUNK].slots = slots > 0 ? slots : 1;
      atomic_store(&next_id, id + 1);
    }
  }
  pthread_mutex_unlock(&chunk_lock);
  return id;
}

uint32_t we_type_slots(uint32_t type_id) { return type_get(type_id)->slots; }

void we_type_set_adapters(uint32_t type_id, void *frame_entry, void *host_entry) {
  type_entry *type = type_get(type_id);
  atomic_store(&type->host_entry, host_entry);
  atomic_store(&type->frame_entry, frame_entry);
}

bool we_type_has_adapters(uint32_t type_id) { return atomic_load(&type_get(type_id)->frame_entry) != NULL; }
