/* Stores: module instances by name, sorted. A mutex per store guards the names. Stores and the
 * modules they find are counted references, so that a call can go on while they are deleted. */
#include <stdlib.h>

#include "capi.h"

typedef struct {
  WasmEdge_String name; /* malloc'ed */
  WasmEdge_ModuleInstanceContext *module;
} entry;

struct WasmEdge_StoreContext {
  _Atomic uint32_t references;
  pthread_mutex_t lock;
  entry *entries;
  uint32_t count;
  uint32_t capacity;
};

WasmEdge_StoreContext *capi_store_new(void) {
  WasmEdge_StoreContext *store = calloc(1, sizeof *store);
  if (store == NULL) return NULL;
  atomic_init(&store->references, 1);
  pthread_mutex_init(&store->lock, NULL);
  return store;
}

void capi_store_acquire(WasmEdge_StoreContext *store) { atomic_fetch_add(&store->references, 1); }

void capi_store_release(WasmEdge_StoreContext *store) {
  if (atomic_fetch_sub(&store->references, 1) != 1) return;
  for (uint32_t i = 0; i < store->count; i++) free((char *)store->entries[i].name.Buf);
  free(store->entries);
  pthread_mutex_destroy(&store->lock);
  free(store);
}

/* The first entry that is not before `name`; *found tells whether it has that name. */
static uint32_t search(const WasmEdge_StoreContext *store, WasmEdge_String name, bool *found) {
  uint32_t low = 0, high = store->count;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (capi_compare_names(store->entries[middle].name, name) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  *found = low < store->count && capi_compare_names(store->entries[low].name, name) == 0;
  return low;
}

static bool insert(WasmEdge_StoreContext *store, uint32_t at, WasmEdge_String name,
                   WasmEdge_ModuleInstanceContext *module) {
  if (store->count == store->capacity) {
    const uint32_t capacity = store->capacity > 0 ? store->capacity * 2 : 8;
    entry *bigger = realloc(store->entries, capacity * sizeof *bigger);
    if (bigger == NULL) return false;
    store->entries = bigger;
    store->capacity = capacity;
  }
  char *copy = malloc((uint64_t)name.Length + 1);
  if (copy == NULL) return false;
  if (name.Length > 0) memcpy(copy, name.Buf, name.Length);
  copy[name.Length] = 0;
  memmove(&store->entries[at + 1], &store->entries[at], (store->count - at) * sizeof(entry));
  store->entries[at] = (entry){{name.Length, copy}, module};
  store->count++;
  return true;
}

bool capi_store_set(WasmEdge_StoreContext *store, const char *name, uint32_t length,
                    WasmEdge_ModuleInstanceContext *module) {
  const WasmEdge_String key = {length, name};
  bool found, ok = true;
  pthread_mutex_lock(&store->lock);
  const uint32_t at = search(store, key, &found);
  if (found && module != NULL) {
    store->entries[at].module = module;
  } else if (module != NULL) {
    ok = insert(store, at, key, module);
  } else if (found) {
    free((char *)store->entries[at].name.Buf);
    store->count--;
    memmove(&store->entries[at], &store->entries[at + 1], (store->count - at) * sizeof(entry));
  }
  pthread_mutex_unlock(&store->lock);
  return ok;
}

WasmEdge_ModuleInstanceContext *capi_store_find(WasmEdge_StoreContext *store, WasmEdge_String name) {
  WasmEdge_ModuleInstanceContext *module = NULL;
  bool found;
  if (store == NULL || (name.Buf == NULL && name.Length > 0)) return NULL;
  pthread_mutex_lock(&store->lock);
  const uint32_t at = search(store, name, &found);
  if (found) {
    module = store->entries[at].module;
    capi_module_acquire(module);
  }
  pthread_mutex_unlock(&store->lock);
  return module;
}

const WasmEdge_ModuleInstanceContext *WasmEdge_StoreFindModule(WasmEdge_StoreContext *Cxt,
                                                               const WasmEdge_String Name) {
  WasmEdge_ModuleInstanceContext *module = capi_store_find(Cxt, Name);
  if (module != NULL) capi_module_release(module);
  return module;
}

uint32_t WasmEdge_StoreListModuleLength(const WasmEdge_StoreContext *Cxt) {
  return WasmEdge_StoreListModule(Cxt, NULL, 0);
}

uint32_t WasmEdge_StoreListModule(const WasmEdge_StoreContext *Cxt, WasmEdge_String *Names, const uint32_t Len) {
  WasmEdge_StoreContext *store = (WasmEdge_StoreContext *)Cxt;
  if (store == NULL) return 0;
  pthread_mutex_lock(&store->lock);
  const uint32_t count = store->count;
  for (uint32_t i = 0; Names != NULL && i < count && i < Len; i++) Names[i] = store->entries[i].name;
  pthread_mutex_unlock(&store->lock);
  return count;
}
