/* Calls of LLVM, the code generator, which works on threads of its own.
 *
 * exit() destroys LLVM's static objects, whatever these threads do. So exit() stops them where they are,
 * which is no harm in LLVM's own code, where they have no lock of the C library, and otherwise waits until they get
 * there; no call begins after that. The handler that sees to this is registered twice: before LLVM is
 * loaded, since exit() may come meanwhile, and after that, since the latest handler is the first to run,
 * and LLVM registers the destructors of its static objects while it is loaded. Objects that LLVM makes
 * later are not destroyed at all.
 *
 * The child of a fork has none of these threads, and LLVM may be halfway through something there. A fork waits
 * for them, but not for long: what a guest has made hot must not decide how long its host's fork takes. If one is
 * not done then, LLVM is lost to the child: no call begins there any more, and quick code serves alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

enum {
  LONGEST_WAIT_MS = 10000, /* the process ends with whatever happens then */
  LONGEST_FORK_MS = 80,    /* the same for a fork */
  MOST_CALLS = 16,         /* calls at a time that exit() can stop; for others it waits */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static uint32_t calls; /* under way */
static pthread_t callers[MOST_CALLS];
static bool used[MOST_CALLS];
static _Atomic uint32_t parked;
static _Atomic uint64_t text_start, text_end; /* LLVM's own code */
static bool loading; /* LLVM's library, which takes no guest's time, and half of it would be no use to anybody */
static bool forking;
static bool ending;
static bool lost; /* in a child: a call was under way when it was forked */
static __thread bool is_caller __attribute__((tls_model("initial-exec")));

static bool begin(void) {
  pthread_mutex_lock(&lock);
  while (forking) pthread_cond_wait(&changed, &lock);
  const bool allowed = !ending && !lost;
  if (allowed) calls++;
  pthread_mutex_unlock(&lock);
  return allowed;
}

/* Notes that the calling thread works for LLVM; where, or -1. */
static int enter_caller(void) {
  int place = -1;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < MOST_CALLS && place < 0; i++)
    if (!used[i]) place = i;
  if (place >= 0) {
    used[place] = true;
    callers[place] = pthread_self();
  }
  pthread_mutex_unlock(&lock);
  return place;
}

static void leave_caller(int place) {
  if (place < 0) return;
  pthread_mutex_lock(&lock);
  used[place] = false;
  pthread_mutex_unlock(&lock);
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
  const int place = enter_caller();
  is_caller = true;
  const uint64_t returned = function(a, b, c, d, e, f, g, h, i, j);
  is_caller = false;
  leave_caller(place);
  end();
  return returned;
}

void llvm_park(uint64_t pc) {
  if (!is_caller || pc < atomic_load(&text_start) || pc >= atomic_load(&text_end)) return;
  atomic_fetch_add(&parked, 1);
  for (;;) pause();
}

/* Waits a millisecond at most. Called with the lock held. */
static void wait_for_change(void) {
  struct timespec next;
  clock_gettime(CLOCK_REALTIME, &next);
  next.tv_nsec += 1000000;
  if (next.tv_nsec >= 1000000000) {
    next.tv_nsec -= 1000000000;
    next.tv_sec++;
  }
  pthread_cond_timedwait(&changed, &lock, &next);
}

static int64_t milliseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void at_exit(void) {
  if (is_caller) return; /* LLVM itself gives up */
  pthread_mutex_lock(&lock);
  ending = true;
  for (int wait = 0; wait < LONGEST_WAIT_MS && calls > atomic_load(&parked); wait++) {
    for (int i = 0; i < MOST_CALLS; i++)
      if (used[i]) interrupt_park(callers[i]);
    wait_for_change();
  }
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

/* Notes where the code of the library at `map` is. */
static int find_text(struct dl_phdr_info *info, size_t size, void *map) {
  (void)size;
  if (info->dlpi_addr != ((const struct link_map *)map)->l_addr) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
    atomic_store(&text_start, info->dlpi_addr + part->p_vaddr);
    atomic_store(&text_end, info->dlpi_addr + part->p_vaddr + part->p_memsz);
  }
  return 1;
}

static void set_loading(bool now) {
  pthread_mutex_lock(&lock);
  loading = now;
  pthread_mutex_unlock(&lock);
}

bool we_llvm_lost(void) {
  pthread_mutex_lock(&lock);
  const bool is_lost = lost;
  pthread_mutex_unlock(&lock);
  return is_lost;
}

bool we_llvm_load(const char *path) {
  if (!begin()) return false;
  set_loading(true);
  is_caller = true;
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library != NULL) {
    struct link_map *map = NULL;
    redirect(library, "__cxa_atexit", (void *)register_nothing);
    if (dlinfo(library, RTLD_DI_LINKMAP, &map) == 0) dl_iterate_phdr(find_text, map);
  }
  const bool registered = atexit(at_exit) == 0;
  is_caller = false;
  set_loading(false);
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
  const int64_t deadline = milliseconds_now() + LONGEST_FORK_MS;
  while (calls > 0 && (loading || milliseconds_now() < deadline)) wait_for_change();
  pthread_mutex_unlock(&lock);
}

void llvm_after_fork(bool in_child) {
  if (in_child) { /* those who wait are gone, perhaps with the lock */
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&changed, NULL);
    lost |= calls > 0;
    calls = 0;
    memset(used, 0, sizeof used);
  }
  pthread_mutex_lock(&lock);
  forking = false;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}
