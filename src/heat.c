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

/* A loop for which better code has been asked; never freed before the module. */
typedef struct we_loop {
  struct we_loop *next;
  uint32_t index, loop;
  void *entry; /* NULL until there is code */
} we_loop;

static FORK_SAFE_MUTEX(loop_lock);

/* Called with the lock held, or to look only. */
static we_loop *find_loop(we_module *module, uint32_t index, uint32_t loop) {
  we_loop *known = __atomic_load_n(&module->loops, __ATOMIC_ACQUIRE);
  while (known != NULL && (known->index != index || known->loop != loop)) known = known->next;
  return known;
}

/* True if the loop is new. */
static bool add_loop(we_module *module, uint32_t index, uint32_t loop) {
  pthread_mutex_lock(&loop_lock);
  we_loop *fresh = find_loop(module, index, loop) == NULL ? malloc(sizeof *fresh) : NULL;
  if (fresh != NULL) {
    *fresh = (we_loop){module->loops, index, loop, NULL};
    __atomic_store_n(&module->loops, fresh, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&loop_lock);
  return fresh != NULL;
}

void we_module_set_loop(we_module *module, uint32_t index, uint32_t loop, uint64_t entry) {
  we_loop *known = find_loop(module, index, loop);
  if (known != NULL) __atomic_store_n(&known->entry, (void *)(uintptr_t)entry, __ATOMIC_RELEASE);
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
    we_loop *known = find_loop(module, index, loop);
    if (known != NULL) return __atomic_load_n(&known->entry, __ATOMIC_ACQUIRE);
  }
  we_thread *thread = we_current;
  if (!thread_has_stack_for_python(thread)) return NULL;
  const bool news = loop != 0 ? add_loop(module, index, loop)
                              : !(__atomic_fetch_or(&module->heat[index], ASKED, __ATOMIC_RELAXED) & ASKED);
  if (!news) return NULL;
  guest_ends(thread);
  we_bound_python.we_py_hot(module->self, index, loop);
  guest_begins(thread);
  return NULL;
}
