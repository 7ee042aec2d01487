/* Which quick code is worth being replaced: calls and turns of loops are counted down in
 * we_module.counters, and when a counter has run out, generated code comes here. */
#include <stdlib.h>

#include "bridge.h"
#include "internal.h"

enum {
  WARM = 50000,    /* calls or turns before better code is asked for */
  AGAIN = 10000,   /* turns between looks for it */
  PATIENCE = 3000, /* looks before code that begins farther inside is asked for */
};
enum { SEEN = 1, ASKED = 2 };

/* A loop of quick code; never freed before the module. Threads may overwrite each other's counts. */
typedef struct we_loop {
  struct we_loop *next;
  uint32_t index, loop; /* the function, and the loop's offset in the module */
  struct we_loop *around;
  struct we_loop *wanted; /* the loop, this one or one around it, at which code shall begin that is asked for from here */
  void *entry;            /* NULL until there is code */
  bool asked;
  uint32_t looks;
} we_loop;

static FORK_SAFE_MUTEX(loop_lock);

static we_loop *find_loop(we_module *module, uint32_t index, uint32_t loop) {
  we_loop *known = __atomic_load_n(&module->loops, __ATOMIC_ACQUIRE);
  while (known != NULL && (known->index != index || known->loop != loop)) known = known->next;
  return known;
}

static uint32_t *counter_of(we_module *module, uint32_t loop) {
  return &module->counters[module->defined_funcs + loop % WE_LOOP_COUNTERS];
}

/* Called at a loop's first turn. */
static void add_loop(we_module *module, uint32_t index, uint32_t loop, uint32_t around) {
  pthread_mutex_lock(&loop_lock);
  we_loop *fresh = find_loop(module, index, loop) == NULL ? calloc(1, sizeof *fresh) : NULL;
  if (fresh != NULL) {
    we_loop *outer = around != 0 ? find_loop(module, index, around) : NULL;
    *fresh = (we_loop){.next = module->loops, .index = index, .loop = loop, .around = outer, .wanted = fresh};
    while (fresh->wanted->around != NULL) fresh->wanted = fresh->wanted->around;
    __atomic_store_n(&module->loops, fresh, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&loop_lock);
}

void we_module_set_loop(we_module *module, uint32_t index, uint32_t loop, uint64_t entry) {
  we_loop *known = find_loop(module, index, loop);
  if (known == NULL) return;
  __atomic_store_n(&known->entry, (void *)(uintptr_t)entry, __ATOMIC_RELEASE);
  *counter_of(module, loop) = 0;
}

void heat_release(we_module *module) {
  while (module->loops != NULL) {
    we_loop *loop = module->loops;
    module->loops = loop->next;
    free(loop);
  }
}

/* Asks Python for better code: 0 if it comes, or after how many more turns to ask again. */
static uint32_t ask(we_module *module, uint32_t index, uint32_t loop) {
  we_thread *thread = we_current;
  if (!thread_has_stack_for_host(thread)) return AGAIN;
  guest_ends(thread);
  const uint32_t later = we_bound_python.we_py_hot(module->self, index, loop);
  guest_begins(thread);
  return later;
}

/* Code that begins at an inner loop knows less of that loop than code that comes to it from outside: where it
 * starts. So the outermost loop is asked for first, and the next one only when that has not had a turn for long. */
static void *from_loop(we_module *module, uint32_t index, uint32_t loop, uint32_t around) {
  uint32_t *counter = counter_of(module, loop);
  we_loop *here = find_loop(module, index, loop);
  *counter = here == NULL ? WARM : AGAIN;
  if (here == NULL) {
    add_loop(module, index, loop, around);
    return NULL;
  }
  void *entry = __atomic_load_n(&here->entry, __ATOMIC_ACQUIRE);
  if (entry != NULL) return entry;
  we_loop *wanted = here->wanted;
  if (!wanted->asked) {
    const uint32_t later = ask(module, index, wanted->loop);
    wanted->asked = later == 0;
    if (later != 0) *counter = later;
  } else if (wanted != here && ++here->looks % PATIENCE == 0) {
    we_loop *next = here;
    while (next->around != wanted) next = next->around;
    here->wanted = next;
  }
  return NULL;
}

void *rt_hot(we_instance *instance, uint32_t index, uint32_t loop, uint32_t around) {
  we_module *module = instance->module;
  if (loop != 0) return from_loop(module, index, loop, around);
  uint8_t *heat = &module->heat[index];
  module->counters[index] = *heat == 0 ? WARM : AGAIN;
  if (*heat == 0) {
    *heat = SEEN;
  } else if (!(__atomic_load_n(heat, __ATOMIC_RELAXED) & ASKED)) {
    const uint32_t later = ask(module, index, 0);
    if (later == 0)
      __atomic_fetch_or(heat, ASKED, __ATOMIC_RELAXED);
    else
      module->counters[index] = later;
  }
  return NULL;
}
