/* Module instances and function instances. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "callbacks.h"

FORK_SAFE_MUTEX(instance_lock);

/* Takes `count` items of `size` bytes from a block that is being laid out. */
static uint64_t place(uint64_t *end, uint64_t count, uint64_t size) {
  const uint64_t at = *end;
  *end += count * size;
  return at;
}

we_instance *we_instance_new(we_module *module, uint32_t memories, uint32_t tables, uint32_t globals,
                             uint32_t own_globals, uint32_t elements, uint32_t datas) {
  const uint64_t funcs = (uint64_t)module->imported_funcs + module->defined_funcs;
  uint64_t end = sizeof(we_instance);
  place(&end, own_globals, sizeof(we_global));
  const uint64_t at_imports = place(&end, module->imported_funcs, sizeof(we_import));
  const uint64_t at_elements = place(&end, elements, sizeof(we_segment));
  const uint64_t at_datas = place(&end, datas, sizeof(we_segment));
  const uint64_t at_memories = place(&end, memories, sizeof(we_memory *));
  const uint64_t at_tables = place(&end, tables, sizeof(we_table *));
  const uint64_t at_globals = place(&end, globals, sizeof(we_global *));
  const uint64_t at_funcs = place(&end, funcs, sizeof(we_func *));
  if (end < module->type_count) end = module->type_count; /* we_func.key lies within the block */
  uint8_t *block = calloc(1, end);
  if (block == NULL) return NULL;
  we_instance *instance = (we_instance *)block;
  instance->code = module->code;
  instance->counters = module->counters;
  instance->runtime = &gate_runtime;
  instance->memories = (we_memory **)(block + at_memories);
  instance->tables = (we_table **)(block + at_tables);
  instance->globals = (we_global **)(block + at_globals);
  instance->imports = (we_import *)(block + at_imports);
  instance->type_ids = module->type_ids;
  instance->funcs = (we_func **)(block + at_funcs);
  instance->elements = (we_segment *)(block + at_elements);
  instance->datas = (we_segment *)(block + at_datas);
  instance->module = module;
  instance->func_count = (uint32_t)funcs;
  instance->imported_funcs = module->imported_funcs;
  instance->memory_count = memories;
  instance->table_count = tables;
  instance->element_count = elements;
  instance->data_count = datas;
  for (uint32_t i = 0; i < own_globals; i++)
    instance->globals[globals - own_globals + i] = &instance->own_globals[i];

  __atomic_add_fetch(&module->references, 1, __ATOMIC_RELAXED);
  pthread_mutex_lock(&instance_lock);
  we_instance *first = module->instances;
  if (first == NULL) {
    instance->next_of_module = instance->prev_of_module = instance;
    module->instances = instance;
  } else {
    instance->next_of_module = first;
    instance->prev_of_module = first->prev_of_module;
    first->prev_of_module->next_of_module = instance;
    first->prev_of_module = instance;
  }
  pthread_mutex_unlock(&instance_lock);
  return instance;
}

/* Defined functions that somebody refers to: few of the functions of a big module. */
typedef struct we_func_block {
  struct we_func_block *next;
  uint32_t used, count;
  we_func funcs[];
} func_block;

static we_func *new_func(we_instance *instance) {
  enum { FIRST = 16, MOST = 512 };
  func_block *block = instance->own_funcs;
  if (block == NULL || block->used == block->count) {
    const uint32_t wanted = block == NULL ? FIRST : 2 * block->count;
    const uint32_t count = wanted < MOST ? wanted : MOST;
    func_block *made = calloc(1, sizeof *made + count * sizeof(we_func));
    if (made == NULL) return NULL;
    made->next = block;
    made->count = count;
    instance->own_funcs = block = made;
  }
  return &block->funcs[block->used++];
}

static void unlist_copies(const we_func *start);

void we_instance_free(we_instance *instance) {
  if (instance == NULL) return;
  we_module *module = instance->module;
  pthread_mutex_lock(&instance_lock);
  if (instance->next_of_module == instance) {
    module->instances = NULL;
  } else {
    instance->next_of_module->prev_of_module = instance->prev_of_module;
    instance->prev_of_module->next_of_module = instance->next_of_module;
    if (module->instances == instance) module->instances = instance->next_of_module;
  }
  if (instance->host_copies != NULL) unlist_copies(instance->host_copies);
  pthread_mutex_unlock(&instance_lock);
  for (uint32_t i = 0; i < instance->element_count; i++) free(instance->elements[i].owned);
  while (instance->own_funcs != NULL) {
    func_block *block = instance->own_funcs;
    instance->own_funcs = block->next;
    free(block);
  }
  free(instance->host_copies);
  free(instance);
  module_release(module);
}

void we_instance_import(we_instance *instance, uint32_t index, we_func *func) {
  we_import *import = &instance->imports[index];
  import->func = func;
  import->host = (we_hostref){func, instance};
  import->ctx = func->instance != NULL ? (void *)func->instance : (void *)&import->host;
  if (func->instance != NULL) instance->funcs[index] = func;
}

void we_instance_set_memory(we_instance *instance, uint32_t index, we_memory *memory) {
  instance->memories[index] = memory;
  memory->owned = true;
  if (index == 0) {
    instance->mem0 = memory;
    instance->memory0 = memory->base;
  }
}

void we_instance_set_table(we_instance *instance, uint32_t index, we_table *table) {
  instance->tables[index] = table;
  table->owned = true;
  if (index == 0) {
    instance->tab0 = table;
    instance->table0 = table->elems;
  }
}

/* ---- Functions ------------------------------------------------------------------------------- */

/* Blocks of copies, sorted by address, so that a copy can be told from any other word. */
typedef struct {
  const we_func *start;
  uint32_t count;
} copy_block;
static copy_block *copy_blocks;
static _Atomic uint32_t copy_block_count;
static uint32_t copy_block_capacity;

/* The first block that ends after `func`. */
static uint32_t search_copies(const we_func *func) {
  uint32_t low = 0, high = atomic_load(&copy_block_count);
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (copy_blocks[middle].start + copy_blocks[middle].count <= func)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static bool list_copies(const we_func *start, uint32_t count) {
  const uint32_t used = atomic_load(&copy_block_count);
  if (used == copy_block_capacity) {
    const uint32_t capacity = used > 0 ? used * 2 : 16;
    copy_block *bigger = realloc(copy_blocks, capacity * sizeof *bigger);
    if (bigger == NULL) return false;
    copy_blocks = bigger;
    copy_block_capacity = capacity;
  }
  const uint32_t at = search_copies(start);
  memmove(&copy_blocks[at + 1], &copy_blocks[at], (used - at) * sizeof(copy_block));
  copy_blocks[at] = (copy_block){start, count};
  atomic_store(&copy_block_count, used + 1);
  return true;
}

static void unlist_copies(const we_func *start) {
  const uint32_t at = search_copies(start), used = atomic_load(&copy_block_count);
  memmove(&copy_blocks[at], &copy_blocks[at + 1], (used - at - 1) * sizeof(copy_block));
  atomic_store(&copy_block_count, used - 1);
}

we_func *instance_original(const we_func *func) {
  if (atomic_load_explicit(&copy_block_count, memory_order_relaxed) == 0) return NULL;
  we_func *original = NULL;
  pthread_mutex_lock(&instance_lock);
  const uint32_t at = search_copies(func);
  if (at < atomic_load(&copy_block_count) && copy_blocks[at].start <= func &&
      ((uint64_t)(uintptr_t)func - (uint64_t)(uintptr_t)copy_blocks[at].start) % sizeof(we_func) == 0)
    original = func->self.func;
  pthread_mutex_unlock(&instance_lock);
  return original;
}

/* What references to an imported host function point to: a copy that knows the instance, so that
 * the host function learns who calls it through a table. */
static we_func *create_copy(we_instance *instance, uint32_t index) {
  if (instance->host_copies == NULL) {
    instance->host_copies = calloc(instance->imported_funcs, sizeof(we_func));
    if (instance->host_copies == NULL) return NULL;
    if (!list_copies(instance->host_copies, instance->imported_funcs)) {
      free(instance->host_copies);
      instance->host_copies = NULL;
      return NULL;
    }
  }
  we_func *func = &instance->host_copies[index];
  *func = *instance->imports[index].func;
  func->self = instance->imports[index].host;
  func->ctx = &func->self;
  __atomic_store_n(&instance->funcs[index], func, __ATOMIC_RELEASE);
  return func;
}

/* Creates function `index` unless that happened meanwhile. Called with the lock held. */
static we_func *create_func(we_instance *instance, uint32_t index) {
  if (instance->funcs[index] != NULL) return instance->funcs[index];
  if (index < instance->imported_funcs) return create_copy(instance, index);
  const we_module *module = instance->module;
  const uint32_t defined = index - instance->imported_funcs;
  we_func *func = new_func(instance);
  if (func == NULL) return NULL;
  func->type_id = module->type_ids[module->func_types[index]];
  const we_type *type = type_get(func->type_id);
  void *adapter = __atomic_load_n(&type->frame_entry, __ATOMIC_ACQUIRE);
  func->native = __atomic_load_n(&module->code[defined], __ATOMIC_ACQUIRE);
  func->ctx = instance;
  func->frame = adapter != NULL ? (void (*)(we_func *, uint64_t *))adapter : frame_lazy;
  func->index = index;
  func->instance = instance;
  func->frame_slots = type->slots;
  func->key = (uint64_t)(uintptr_t)instance + module->func_types[index];
  __atomic_store_n(&instance->funcs[index], func, __ATOMIC_RELEASE);
  return func;
}

we_func *we_instance_func(we_instance *instance, uint32_t index) {
  we_func *func = __atomic_load_n(&instance->funcs[index], __ATOMIC_ACQUIRE);
  if (func != NULL) return func;
  pthread_mutex_lock(&instance_lock);
  func = create_func(instance, index);
  pthread_mutex_unlock(&instance_lock);
  return func;
}

int32_t we_instance_funcrefs(we_instance *instance, const uint32_t *indices, uint32_t count, uint64_t *refs) {
  int32_t code = 0;
  pthread_mutex_lock(&instance_lock);
  for (uint32_t i = 0; i < count && code == 0; i++) {
    refs[i] = (uint64_t)(uintptr_t)create_func(instance, indices[i]);
    if (refs[i] == 0) code = TRAP_RUNTIME_ERROR;
  }
  pthread_mutex_unlock(&instance_lock);
  return code;
}

uint64_t rt_ref_func(we_instance *instance, uint32_t index) {
  we_func *func = we_instance_func(instance, index);
  if (func == NULL) trap_raise(TRAP_RUNTIME_ERROR);
  return (uint64_t)(uintptr_t)func;
}

void func_set_host(we_func *func, uint32_t type_id, we_hostfn host, void *data) {
  const we_type *type = type_get(type_id);
  void *adapter = __atomic_load_n(&type->host_entry, __ATOMIC_ACQUIRE);
  func->native = adapter != NULL ? adapter : (void *)machine_host_stub;
  func->ctx = &func->self;
  func->frame = frame_host;
  func->type_id = type_id;
  func->host = host;
  func->data = data;
  func->self = (we_hostref){func, NULL};
  func->frame_slots = type->slots;
}

we_func *we_func_new_host(uint32_t type_id, we_hostfn host, void *data) {
  we_func *func = calloc(1, sizeof *func);
  if (func != NULL) func_set_host(func, type_id, host, data);
  return func;
}

we_func *we_func_new_python(uint32_t type_id, void *data) {
  we_func *func = we_func_new_host(type_id, we_py_host, data);
  if (func != NULL) func->flags = FUNC_PYTHON;
  return func;
}

void we_func_free(we_func *func) { free(func); }

/* ---- Segments -------------------------------------------------------------------------------- */

uint64_t *we_instance_element(we_instance *instance, uint32_t index, uint32_t count) {
  uint64_t *words = calloc(count > 0 ? count : 1, sizeof *words);
  if (words != NULL) instance->elements[index] = (we_segment){words, count, words};
  return words;
}

void we_instance_data(we_instance *instance, uint32_t index, const uint8_t *bytes, uint64_t length) {
  instance->datas[index] = (we_segment){bytes, length, NULL};
}

/* Dropping only sets the length: another thread may be reading the contents. */
void we_instance_elem_drop(we_instance *instance, uint32_t index) {
  __atomic_store_n(&instance->elements[index].length, 0, __ATOMIC_RELEASE);
}

void we_instance_data_drop(we_instance *instance, uint32_t index) {
  __atomic_store_n(&instance->datas[index].length, 0, __ATOMIC_RELEASE);
}

void rt_elem_drop(we_instance *instance, uint32_t segment) { we_instance_elem_drop(instance, segment); }

void rt_data_drop(we_instance *instance, uint32_t segment) { we_instance_data_drop(instance, segment); }
