/* Module instance contexts: exports by name. Finding takes no lock: a table of entries is published
 * as a whole, entries are never removed, and replaced tables live as long as the module. Adding and
 * listing take the module's mutex. */
#include <stdlib.h>

#include "bridge.h"
#include "capi.h"

enum { KINDS = 4, FIRST_PLACES = 8 };

typedef struct entry {
  uint64_t hash;
  _Atomic(void *) object; /* the context, NULL until first wanted */
  uint32_t index;         /* in the instance's index space, or WE_ASK_PYTHON */
  uint32_t length;
  uint8_t kind;
  uint8_t type; /* of a global of the instance */
  uint8_t mutability;
  char name[];
} entry;

typedef struct table {
  struct table *older;
  uint64_t mask;
  _Atomic(entry *) places[];
} table;

struct WasmEdge_ModuleInstanceContext {
  _Atomic uint64_t references;
  _Atomic(table *) exports;
  we_instance *instance;
  pthread_mutex_t lock;
  uint32_t counts[KINDS];
  WasmEdge_String name;
  WasmEdge_ModuleInstanceContext *next_retired;
};

/* The place of a name in a table: where it is, or where it would have to go. */
static _Atomic(entry *) *place_of(table *in, uint64_t hash, uint8_t kind, const char *name, uint32_t length) {
  for (uint64_t at = hash;; at++) {
    _Atomic(entry *) *place = &in->places[at & in->mask];
    const entry *found = atomic_load_explicit(place, memory_order_acquire);
    if (found == NULL || (found->hash == hash && found->length == length && found->kind == kind &&
                          memcmp(found->name, name, length) == 0))
      return place;
  }
}

static table *new_table(uint64_t places, table *older) {
  table *made = calloc(1, sizeof *made + places * sizeof made->places[0]);
  if (made == NULL) return NULL;
  made->older = older;
  made->mask = places - 1;
  return made;
}

WasmEdge_ModuleInstanceContext *capi_module_new(const char *name, uint32_t length, we_instance *instance) {
  WasmEdge_ModuleInstanceContext *module = calloc(1, sizeof *module + length + 1);
  if (module == NULL) return NULL;
  table *exports = new_table(FIRST_PLACES, NULL);
  if (exports == NULL) {
    free(module);
    return NULL;
  }
  atomic_init(&module->references, 1);
  atomic_init(&module->exports, exports);
  module->instance = instance;
  pthread_mutex_init(&module->lock, NULL);
  char *copy = (char *)(module + 1);
  if (length > 0) memcpy(copy, name, length);
  module->name = (WasmEdge_String){length, copy};
  return module;
}

void capi_module_acquire(WasmEdge_ModuleInstanceContext *module) {
  atomic_fetch_add_explicit(&module->references, 1, memory_order_relaxed);
}

/* ---- Life time ----------------------------------------------------------------------------------------
 *
 * References are counted. A call of an export does not count: it marks the module in its thread's
 * `uses`, which costs no write to memory that other threads write. Whoever gives back the last
 * reference while a thread uses the module leaves it in `retired`, and threads look there when they
 * stop using something. Mark, then check the place; clear the mark, then look for retired modules;
 * retire, then look for marks: with full barriers between, somebody always frees it. */

static WasmEdge_ModuleInstanceContext *retired;
static _Atomic uint32_t retired_count;
static FORK_SAFE_MUTEX(retired_lock);

capi_use capi_module_use(_Atomic(WasmEdge_ModuleInstanceContext *) *place, pthread_mutex_t *lock) {
  we_thread *thread = thread_self();
  if (UNLIKELY(thread == NULL || thread->use_count == THREAD_USES)) {
    pthread_mutex_lock(lock);
    WasmEdge_ModuleInstanceContext *module = atomic_load(place);
    if (module != NULL) capi_module_acquire(module);
    pthread_mutex_unlock(lock);
    return (capi_use){module, true};
  }
  _Atomic(void *) *mark = &thread->uses[thread->use_count];
  for (;;) {
    WasmEdge_ModuleInstanceContext *module = atomic_load_explicit(place, memory_order_acquire);
    atomic_store(mark, module);
    if (atomic_load(place) == module) {
      if (module != NULL) thread->use_count++;
      return (capi_use){module, false};
    }
  }
}

static void free_module(WasmEdge_ModuleInstanceContext *module);

/* Frees the retired modules that no thread uses any more. */
static void free_retired(void) {
  WasmEdge_ModuleInstanceContext *unused = NULL;
  pthread_mutex_lock(&retired_lock);
  WasmEdge_ModuleInstanceContext **link = &retired;
  while (*link != NULL) {
    WasmEdge_ModuleInstanceContext *module = *link;
    if (thread_any_uses(module)) {
      link = &module->next_retired;
    } else {
      *link = module->next_retired;
      module->next_retired = unused;
      unused = module;
      atomic_fetch_sub(&retired_count, 1);
    }
  }
  pthread_mutex_unlock(&retired_lock);
  while (unused != NULL) {
    WasmEdge_ModuleInstanceContext *module = unused;
    unused = module->next_retired;
    free_module(module);
  }
}

void capi_module_unuse(capi_use use) {
  if (use.counted) {
    if (use.module != NULL) capi_module_release(use.module);
    return;
  }
  if (use.module == NULL) return;
  we_thread *thread = we_current;
  atomic_store(&thread->uses[--thread->use_count], NULL);
  if (UNLIKELY(atomic_load(&retired_count) != 0)) free_retired();
}

void capi_module_release(WasmEdge_ModuleInstanceContext *module) {
  if (atomic_fetch_sub(&module->references, 1) != 1) return;
  pthread_mutex_lock(&retired_lock);
  module->next_retired = retired;
  retired = module;
  atomic_fetch_add(&retired_count, 1);
  pthread_mutex_unlock(&retired_lock);
  free_retired();
}

static void free_entry(entry *one) {
  if (one->kind == WasmEdge_ExternalType_Global && one->index != WE_ASK_PYTHON) free(atomic_load(&one->object));
  free(one);
}

static void free_module(WasmEdge_ModuleInstanceContext *module) {
  we_bound_python.we_py_module_end(module);
  table *exports = atomic_load(&module->exports);
  for (uint64_t i = 0; i <= exports->mask; i++) {
    entry *one = atomic_load(&exports->places[i]);
    if (one != NULL) free_entry(one);
  }
  while (exports != NULL) {
    table *older = exports->older;
    free(exports);
    exports = older;
  }
  pthread_mutex_destroy(&module->lock);
  free(module);
}

/* ---- Adding ---------------------------------------------------------------------------------------- */

/* A table with room for one more entry. Called with the lock held. */
static table *with_room(WasmEdge_ModuleInstanceContext *module) {
  table *now = atomic_load(&module->exports);
  uint64_t used = 1;
  for (int kind = 0; kind < KINDS; kind++) used += module->counts[kind];
  if (used * 2 <= now->mask + 1) return now;
  table *bigger = new_table((now->mask + 1) * 2, now);
  if (bigger == NULL) return NULL;
  for (uint64_t i = 0; i <= now->mask; i++) {
    entry *one = atomic_load(&now->places[i]);
    if (one != NULL) atomic_store(place_of(bigger, one->hash, one->kind, one->name, one->length), one);
  }
  atomic_store_explicit(&module->exports, bigger, memory_order_release);
  return bigger;
}

static bool add(WasmEdge_ModuleInstanceContext *module, const entry *values, const char *name, void *object) {
  const uint64_t hash = keyed_hash(values->kind, name, values->length);
  bool ok = false;
  pthread_mutex_lock(&module->lock);
  table *exports = with_room(module);
  if (exports != NULL) {
    _Atomic(entry *) *place = place_of(exports, hash, values->kind, name, values->length);
    entry *known = atomic_load(place);
    if (known != NULL) {
      known->index = values->index;
      atomic_store(&known->object, object);
      ok = true;
    } else {
      entry *made = malloc(sizeof *made + values->length + 1);
      ok = made != NULL;
      if (ok) {
        *made = *values;
        made->hash = hash;
        atomic_init(&made->object, object);
        if (values->length > 0) memcpy(made->name, name, values->length);
        made->name[values->length] = 0;
        atomic_store_explicit(place, made, memory_order_release);
        module->counts[values->kind]++;
      }
    }
  }
  pthread_mutex_unlock(&module->lock);
  return ok;
}

bool capi_module_export(WasmEdge_ModuleInstanceContext *module, uint8_t kind, const char *name, uint32_t length,
                        void *object, uint32_t index) {
  const entry values = {.kind = kind, .length = length, .index = object != NULL ? WE_ASK_PYTHON : index};
  return add(module, &values, name, object);
}

bool capi_module_export_global(WasmEdge_ModuleInstanceContext *module, const char *name, uint32_t length,
                               uint32_t index, uint8_t type, uint8_t mutability) {
  const entry values = {.kind = WasmEdge_ExternalType_Global,
                        .length = length,
                        .index = index,
                        .type = type,
                        .mutability = mutability};
  return add(module, &values, name, NULL);
}

/* ---- Finding --------------------------------------------------------------------------------------- */

static void *make_global(WasmEdge_ModuleInstanceContext *module, entry *one) {
  void *made = NULL;
  pthread_mutex_lock(&module->lock);
  made = atomic_load(&one->object);
  if (made == NULL) {
    WasmEdge_GlobalInstanceContext *global = calloc(1, sizeof *global);
    if (global != NULL) {
      global->storage = module->instance->globals[one->index];
      global->type = (WasmEdge_GlobalTypeContext){one->type, one->mutability};
      global->module = module;
    }
    made = global;
    atomic_store(&one->object, made);
  }
  pthread_mutex_unlock(&module->lock);
  return made;
}

/* The object of an entry that has none yet. */
static void *make_object(WasmEdge_ModuleInstanceContext *module, entry *one) {
  if (one->kind == WasmEdge_ExternalType_Global && one->index != WE_ASK_PYTHON) return make_global(module, one);
  void *made = NULL;
  if (one->index == WE_ASK_PYTHON) {
    if (python_ready()) made = we_bound_python.we_py_find(module, one->kind, one->name, one->length);
  } else if (one->kind == WasmEdge_ExternalType_Function) {
    made = we_instance_func(module->instance, one->index);
  } else if (one->kind == WasmEdge_ExternalType_Table) {
    made = module->instance->tables[one->index];
  } else {
    made = module->instance->memories[one->index];
  }
  void *nothing = NULL;
  if (made == NULL || atomic_compare_exchange_strong(&one->object, &nothing, made)) return made;
  return nothing; /* another thread's; or the host has replaced it meanwhile */
}

static inline void *find(const WasmEdge_ModuleInstanceContext *context, uint8_t kind, WasmEdge_String name) {
  WasmEdge_ModuleInstanceContext *module = (WasmEdge_ModuleInstanceContext *)context;
  if (UNLIKELY(module == NULL)) return NULL;
  if (UNLIKELY(name.Buf == NULL)) {
    if (name.Length > 0) return NULL;
    name.Buf = "";
  }
  table *exports = atomic_load_explicit(&module->exports, memory_order_acquire);
  const uint64_t hash = keyed_hash(kind, name.Buf, name.Length);
  entry *one = atomic_load_explicit(place_of(exports, hash, kind, name.Buf, name.Length), memory_order_acquire);
  if (one == NULL) return NULL;
  void *object = atomic_load_explicit(&one->object, memory_order_acquire);
  return UNLIKELY(object == NULL) ? make_object(module, one) : object;
}

we_func *capi_find_function(WasmEdge_ModuleInstanceContext *module, WasmEdge_String name) {
  return find(module, WasmEdge_ExternalType_Function, name);
}

WasmEdge_FunctionInstanceContext *WasmEdge_ModuleInstanceFindFunction(const WasmEdge_ModuleInstanceContext *Cxt,
                                                                      const WasmEdge_String Name) {
  return find(Cxt, WasmEdge_ExternalType_Function, Name);
}

WasmEdge_TableInstanceContext *WasmEdge_ModuleInstanceFindTable(const WasmEdge_ModuleInstanceContext *Cxt,
                                                                const WasmEdge_String Name) {
  return find(Cxt, WasmEdge_ExternalType_Table, Name);
}

WasmEdge_MemoryInstanceContext *WasmEdge_ModuleInstanceFindMemory(const WasmEdge_ModuleInstanceContext *Cxt,
                                                                  const WasmEdge_String Name) {
  return find(Cxt, WasmEdge_ExternalType_Memory, Name);
}

WasmEdge_GlobalInstanceContext *WasmEdge_ModuleInstanceFindGlobal(const WasmEdge_ModuleInstanceContext *Cxt,
                                                                  const WasmEdge_String Name) {
  return find(Cxt, WasmEdge_ExternalType_Global, Name);
}

/* ---- Listing --------------------------------------------------------------------------------------- */

int capi_compare_names(WasmEdge_String a, WasmEdge_String b) {
  const uint32_t common = a.Length < b.Length ? a.Length : b.Length;
  const int order = common > 0 ? memcmp(a.Buf, b.Buf, common) : 0;
  return order != 0 ? order : (a.Length > b.Length) - (a.Length < b.Length);
}

static int compare(const void *a, const void *b) {
  return capi_compare_names(*(const WasmEdge_String *)a, *(const WasmEdge_String *)b);
}

uint32_t capi_module_list(const WasmEdge_ModuleInstanceContext *context, uint8_t kind, WasmEdge_String *names,
                          uint32_t length) {
  WasmEdge_ModuleInstanceContext *module = (WasmEdge_ModuleInstanceContext *)context;
  if (module == NULL) return 0;
  pthread_mutex_lock(&module->lock);
  uint32_t count = module->counts[kind];
  if (names != NULL && length > 0 && count > 0) {
    WasmEdge_String *all = malloc(count * sizeof *all);
    if (all != NULL) {
      const table *exports = atomic_load(&module->exports);
      uint32_t end = 0;
      for (uint64_t i = 0; i <= exports->mask; i++) {
        const entry *one = atomic_load(&exports->places[i]);
        if (one != NULL && one->kind == kind) all[end++] = (WasmEdge_String){one->length, one->name};
      }
      qsort(all, count, sizeof *all, compare);
      memcpy(names, all, (length < count ? length : count) * sizeof *all);
      free(all);
    } else {
      count = 0;
    }
  }
  pthread_mutex_unlock(&module->lock);
  return count;
}

uint32_t WasmEdge_ModuleInstanceListFunctionLength(const WasmEdge_ModuleInstanceContext *Cxt) {
  return capi_module_list(Cxt, WasmEdge_ExternalType_Function, NULL, 0);
}

uint32_t WasmEdge_ModuleInstanceListFunction(const WasmEdge_ModuleInstanceContext *Cxt, WasmEdge_String *Names,
                                             const uint32_t Len) {
  return capi_module_list(Cxt, WasmEdge_ExternalType_Function, Names, Len);
}

uint32_t WasmEdge_ModuleInstanceListTableLength(const WasmEdge_ModuleInstanceContext *Cxt) {
  return capi_module_list(Cxt, WasmEdge_ExternalType_Table, NULL, 0);
}

uint32_t WasmEdge_ModuleInstanceListTable(const WasmEdge_ModuleInstanceContext *Cxt, WasmEdge_String *Names,
                                          const uint32_t Len) {
  return capi_module_list(Cxt, WasmEdge_ExternalType_Table, Names, Len);
}

uint32_t WasmEdge_ModuleInstanceListMemoryLength(const WasmEdge_ModuleInstanceContext *Cxt) {
  return capi_module_list(Cxt, WasmEdge_ExternalType_Memory, NULL, 0);
}

uint32_t WasmEdge_ModuleInstanceListMemory(const WasmEdge_ModuleInstanceContext *Cxt, WasmEdge_String *Names,
                                           const uint32_t Len) {
  return capi_module_list(Cxt, WasmEdge_ExternalType_Memory, Names, Len);
}

uint32_t WasmEdge_ModuleInstanceListGlobalLength(const WasmEdge_ModuleInstanceContext *Cxt) {
  return capi_module_list(Cxt, WasmEdge_ExternalType_Global, NULL, 0);
}

uint32_t WasmEdge_ModuleInstanceListGlobal(const WasmEdge_ModuleInstanceContext *Cxt, WasmEdge_String *Names,
                                           const uint32_t Len) {
  return capi_module_list(Cxt, WasmEdge_ExternalType_Global, Names, Len);
}

WasmEdge_String WasmEdge_ModuleInstanceGetModuleName(const WasmEdge_ModuleInstanceContext *Cxt) {
  return Cxt != NULL ? Cxt->name : (WasmEdge_String){0, NULL};
}
