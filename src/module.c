/* Compiled modules: the code table and the thunks in it. */
#include <stdlib.h>

#include "internal.h"

/* Thunks depend on the function's index only (the module is found from the instance), so one
 * table serves all modules. It grows by whole blocks that are never freed. */
enum { BLOCK_THUNKS = 8190, MAX_BLOCKS = 2048 };

static _Atomic(uint8_t *) blocks[MAX_BLOCKS];
static uint32_t block_count;
static FORK_SAFE_MUTEX(thunk_lock);

static void *thunk(uint32_t index) {
  return atomic_load(&blocks[index / BLOCK_THUNKS]) + THUNK_HEADER + (index % BLOCK_THUNKS) * THUNK_SIZE;
}

static bool have_thunks(uint32_t count) {
  bool ok = true;
  pthread_mutex_lock(&thunk_lock);
  while (ok && (uint64_t)block_count * BLOCK_THUNKS < count) {
    const uint64_t size = THUNK_HEADER + (uint64_t)BLOCK_THUNKS * THUNK_SIZE;
    uint8_t *block = block_count < MAX_BLOCKS ? we_code_alloc(size) : NULL;
    ok = block != NULL;
    if (ok) {
      machine_write_thunks(block, block_count * BLOCK_THUNKS, BLOCK_THUNKS);
      ok = we_code_seal(block, size);
      if (ok)
        atomic_store(&blocks[block_count++], block);
      else
        we_code_free(block, size);
    }
  }
  pthread_mutex_unlock(&thunk_lock);
  return ok;
}

bool module_is_thunk(const void *entry, uint32_t index) { return entry == thunk(index); }

we_module *we_module_new(uint32_t type_count, uint32_t imported_funcs, uint32_t defined_funcs) {
  if (!have_thunks(defined_funcs)) return NULL;
  const uint64_t code = sizeof(we_module);
  const uint64_t type_ids = code + (uint64_t)defined_funcs * sizeof(void *);
  const uint64_t func_types = type_ids + (uint64_t)type_count * sizeof(uint32_t);
  const uint64_t counters = func_types + ((uint64_t)imported_funcs + defined_funcs) * sizeof(uint32_t);
  const uint64_t heat = counters + ((uint64_t)defined_funcs + WE_LOOP_COUNTERS) * sizeof(uint32_t);
  const uint64_t size = heat + defined_funcs;
  uint8_t *block = calloc(1, size);
  if (block == NULL) return NULL;
  we_module *module = (we_module *)block;
  module->code = (void **)(block + code);
  module->type_ids = (uint32_t *)(block + type_ids);
  module->func_types = (uint32_t *)(block + func_types);
  module->counters = (uint32_t *)(block + counters);
  module->heat = block + heat;
  module->references = 1;
  module->type_count = type_count;
  module->imported_funcs = imported_funcs;
  module->defined_funcs = defined_funcs;
  for (uint32_t i = 0; i < defined_funcs; i++) module->code[i] = thunk(i);
  return module;
}

typedef struct we_code_block {
  struct we_code_block *next;
  void *code;
  uint64_t size;
} we_code_block;

bool we_module_own_code(we_module *module, void *code, uint64_t size) {
  we_code_block *block = malloc(sizeof *block);
  if (block == NULL) return false;
  pthread_mutex_lock(&instance_lock);
  *block = (we_code_block){module->blocks, code, size};
  module->blocks = block;
  pthread_mutex_unlock(&instance_lock);
  return true;
}

void module_release(we_module *module) {
  if (__atomic_sub_fetch(&module->references, 1, __ATOMIC_ACQ_REL) > 0) return;
  while (module->blocks != NULL) {
    we_code_block *block = module->blocks;
    module->blocks = block->next;
    we_code_free(block->code, block->size);
    free(block);
  }
  heat_release(module);
  quick_release(module);
  free(module);
}

void we_module_free(we_module *module) {
  if (module != NULL) module_release(module);
}

bool we_module_has_code(we_module *module, uint32_t index) {
  return !module_is_thunk(__atomic_load_n(&module->code[index], __ATOMIC_ACQUIRE), index);
}

/* Called with instance_lock held. */
static void publish(we_module *module, const uint32_t *indices, const uint64_t *entries, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    __atomic_store_n(&module->code[indices[i]], (void *)(uintptr_t)entries[i], __ATOMIC_RELEASE);
  we_instance *instance = module->instances;
  while (instance != NULL) {
    for (uint32_t i = 0; i < count; i++) {
      we_func *func = instance->funcs[module->imported_funcs + indices[i]];
      if (func != NULL) __atomic_store_n(&func->native, (void *)(uintptr_t)entries[i], __ATOMIC_RELEASE);
    }
    instance = instance->next_of_module == module->instances ? NULL : instance->next_of_module;
  }
}

bool module_publish_first(we_module *module, uint32_t index, uint64_t entry) {
  pthread_mutex_lock(&instance_lock);
  const bool first = module_is_thunk(__atomic_load_n(&module->code[index], __ATOMIC_ACQUIRE), index);
  if (first) publish(module, &index, &entry, 1);
  pthread_mutex_unlock(&instance_lock);
  return first;
}

void we_module_publish_one(we_module *module, uint32_t index, uint64_t entry) {
  we_module_publish(module, &index, &entry, 1);
}

void we_module_publish(we_module *module, const uint32_t *indices, const uint64_t *entries, uint32_t count) {
  pthread_mutex_lock(&instance_lock);
  publish(module, indices, entries, count);
  pthread_mutex_unlock(&instance_lock);
}
