/* Calls of LLVM, the code generator, which works on threads of its own.
 *
 * exit() destroys LLVM's static objects, whatever these threads do. So exit() waits for calls that have
 * begun, and none begins after that. The handler that sees to this is registered twice: before LLVM is
 * loaded, since exit() may come meanwhile, and after that, since the latest handler is the first to run,
 * and LLVM registers the destructors of its static objects while it is loaded. Objects that LLVM makes
 * later are not destroyed at all.
 *
 * A fork waits, too: the child has none of these threads and must not find LLVM halfway through something. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "internal.h"

enum { LONGEST_WAIT_S = 10 }; /* for one call; the process ends with whatever happens then */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static uint32_t calls; /* under way */
static bool forking;
static bool ending;
static __thread bool is_caller __attribute__((tls_model("initial-exec")));

static bool begin(void) {
  pthread_mutex_lock(&lock);
  while (forking) pthread_cond_wait(&changed, &lock);
  const bool allowed = !ending;
  if (allowed) calls++;
  pthread_mutex_unlock(&lock);
  return allowed;
}

static void end(void) {
  pthread_mutex_lock(&lock);
  calls--;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

uint64_t we_llvm_call(we_llvm_function function, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f,
                      uint64_t g, uint64_t h, uint64_t i, uint64_t j) {
  if (!begin()) return 0;
  is_caller = true;
  const uint64_t returned = function(a, b, c, d, e, f, g, h, i, j);
  is_caller = false;
  end();
  return returned;
}

static void at_exit(void) {
  if (is_caller) return; /* LLVM itself gives up */
  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += LONGEST_WAIT_S;
  pthread_mutex_lock(&lock);
  ending = true;
  while (calls > 0 && pthread_cond_timedwait(&changed, &lock, &deadline) == 0) continue;
  pthread_mutex_unlock(&lock);
}

static void register_at_exit(void) { atexit(at_exit); }

/* Destructors of static objects that the library makes from now on are not to run. */
static int register_nothing(void (*function)(void *), void *argument, void *library) {
  (void)function, (void)argument, (void)library;
  return 0;
}

/* Has a library call `to` instead of the function called `name`. */
static void redirect(void *library, const char *name, void *to) {
  struct link_map *map = NULL;
  if (dlinfo(library, RTLD_DI_LINKMAP, &map) != 0) return;
  const ElfW(Sym) *symbols = NULL;
  const ElfW(Rela) *relocations = NULL; /* of calls */
  const char *names = NULL;
  uint64_t bytes = 0;
  for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
    const void *address = (const void *)(uintptr_t)entry->d_un.d_ptr;
    if (entry->d_tag == DT_SYMTAB) symbols = address;
    if (entry->d_tag == DT_STRTAB) names = address;
    if (entry->d_tag == DT_JMPREL) relocations = address;
    if (entry->d_tag == DT_PLTRELSZ) bytes = entry->d_un.d_val;
  }
  if (symbols == NULL || names == NULL || relocations == NULL) return;
  const uint64_t page = pages_round(1);
  for (uint64_t i = 0; i < bytes / sizeof *relocations; i++) {
    const uint64_t symbol = relocations[i].r_info >> 32;
    if (symbol == 0 || strcmp(names + symbols[symbol].st_name, name) != 0) continue;
    const uint64_t place = map->l_addr + relocations[i].r_offset;
    if (mprotect((void *)(uintptr_t)(place & -page), page, PROT_READ | PROT_WRITE) == 0)
      __atomic_store_n((void **)(uintptr_t)place, to, __ATOMIC_RELEASE);
  }
}

bool we_llvm_load(const char *path) {
  if (!begin()) return false;
  is_caller = true;
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library != NULL) redirect(library, "__cxa_atexit", (void *)register_nothing);
  const bool registered = atexit(at_exit) == 0;
  is_caller = false;
  end();
  return registered;
}

void llvm_watch_exit(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, register_at_exit);
}

void llvm_before_fork(void) {
  pthread_mutex_lock(&lock);
  forking = true;
  while (calls > 0) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
}

void llvm_after_fork(bool in_child) {
  if (in_child) { /* those who wait are gone, perhaps with the lock */
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&changed, NULL);
  }
  pthread_mutex_lock(&lock);
  forking = false;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}
