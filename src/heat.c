/* Which quick code is worth being replaced: calls and turns of loops are counted down in
 * we_module.counters, and when a counter has run out, generated code comes here. */
#include <stdlib.h>

#include "bridge.h"
#include "internal.h"

enum {
  WARM = 50000,  /* calls and turns before better code is asked for */
  AGAIN = 10000, /* turns between looks for it */
};
enum { SEEN = 1, ASKED = 2 };

/* A loop for which better code has been asked or made; never freed before the module. */
typedef struct we_loop {
  struct we_loop *next;
  uint32_t index, loop;
  void *entry; /* NULL until there is code */
} we_loop;

static FORK_SAFE_MUTEX(loop_lock);

static we_loop *find_loop(we_module *module, uint32_t index, uint32_t loop) {
  we_loop *known = __atomic_load_n(&module->loops, __ATOMIC_ACQUIRE);
  while (known != NULL && (known->index != index || known->loop != loop)) known = known->next;
  return known;
}

void we_module_set_loop(we_module *module, uint32_t index, uint32_t loop, uint64_t entry) {
  pthread_mutex_lock(&loop_lock);
  we_loop *known = find_loop(module, index, loop);
  if (known == NULL && (known = malloc(sizeof *known)) != NULL) {
    *known = (we_loop){module->loops, index, loop, NULL};
    __atomic_store_n(&module->loops, known, __ATOMIC_RELEASE);
  }
  if (known != NULL) __atomic_store_n(&known->entry, (void *)(uintptr_t)entry, __ATOMIC_RELEASE);
  pthread_mutex_unlock(&loop_lock);
}

void heat_release(we_module *module) {
  while (module->loops != NULL) {
    we_loop *loop = module->loops;
    module->loops = loop->next;
    free(loop);
  }
}

void *rt_hot(we_instance *instance, uint32_t index, uint32_t loop) {
  we_module *module = instance->module;
  if (module->heat[index] == 0) { /* the counter was 0 from the start */
    module->heat[index] = SEEN;
    module->counters[index] = WARM;
    return NULL;
  }
  module->counters[index] = AGAIN;
  if (loop != 0) {
    const we_loop *known = find_loop(module, index, loop);
    if (known != NULL) return __atomic_load_n(&known->entry, __ATOMIC_ACQUIRE);
  } else if (__atomic_load_n(&module->heat[index], __ATOMIC_RELAXED) & ASKED) {
    return NULL;
  }
  we_thread *thread = we_current;
  if (!thread_has_stack_for_python(thread)) return NULL;
  guest_ends(thread);
  const uint32_t later = we_bound_python.we_py_hot(module->self, index, loop);
  guest_begins(thread);
  if (later != 0)
    module->counters[index] = later;
  else if (loop == 0)
    __atomic_fetch_or(&module->heat[index], ASKED, __ATOMIC_RELAXED);
  return NULL;
}
