/* Per-thread state: bounds of the stack, alternate signal stack, life time. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "internal.h"

__thread we_thread *we_current;

enum {
  SIGNAL_STACK = 64 * 1024,
  STACK_COPY_SIZE = 64 * 1024,
  C_RESERVE = 16 * 1024,    /* stack that the kernel's own code can count on when a guest calls it */
  HOST_MINIMUM = 32 * 1024, /* stack without which no host function is called */
  GUEST_DEPTH = 512 * 1024, /* how deep a guest may at least be when it calls the host, if that is not */
                            /* more than half of the stack; a quarter of a large one is more */
};
/* A stack without a limit would eat all memory before anything noticed: it gets a guard. */
static const uint64_t STACK_TOO_BIG = 4ull << 30, OWN_LIMIT = 512ull << 20, OWN_GUARD = 64 << 10;

static we_thread *all_threads;
static FORK_SAFE_MUTEX(all_threads_lock);

static void list_thread(we_thread *thread) {
  pthread_mutex_lock(&all_threads_lock);
  thread->next = all_threads;
  all_threads = thread;
  pthread_mutex_unlock(&all_threads_lock);
}

static void unlist_thread(we_thread *thread) {
  pthread_mutex_lock(&all_threads_lock);
  we_thread **link = &all_threads;
  while (*link != thread) link = &(*link)->next;
  *link = thread->next;
  pthread_mutex_unlock(&all_threads_lock);
}

bool we_guests_running(void) {
  bool running = false;
  pthread_mutex_lock(&all_threads_lock);
  for (we_thread *thread = all_threads; thread != NULL && !running; thread = thread->next)
    running = atomic_load(&thread->entry) != NULL;
  pthread_mutex_unlock(&all_threads_lock);
  return running;
}

bool thread_any_uses(const void *object) {
  bool found = false;
  pthread_mutex_lock(&all_threads_lock);
  for (we_thread *thread = all_threads; thread != NULL && !found; thread = thread->next)
    for (int i = 0; i < THREAD_USES && !found; i++) found = atomic_load(&thread->uses[i]) == object;
  pthread_mutex_unlock(&all_threads_lock);
  return found;
}

void thread_after_fork(void) {
  we_thread *next;
  for (we_thread *thread = all_threads; thread != NULL; thread = next) {
    next = thread->next;
    if (thread == we_current) continue;
    pthread_mutex_init(&thread->lock, NULL); /* its holder may be gone */
    thread->alive = false;
  }
  all_threads = we_current;
  if (we_current != NULL) we_current->next = NULL;
}

static pthread_key_t at_exit;
static bool have_key;

static void release(we_thread *thread) {
  if (atomic_fetch_sub(&thread->references, 1) != 1) return;
  pthread_mutex_destroy(&thread->lock);
  free(thread);
}

static void thread_exit(void *arg) {
  we_thread *thread = arg;
  unlist_thread(thread);
  pthread_mutex_lock(&thread->lock);
  thread->alive = false;
  pthread_mutex_unlock(&thread->lock);
  we_current = NULL;
  stack_t current;
  if (thread->own_signal_stack && sigaltstack(NULL, &current) == 0 && current.ss_sp == thread->signal_stack) {
    const stack_t off = {.ss_flags = SS_DISABLE};
    sigaltstack(&off, NULL);
  }
  pages_release(thread->block, thread->block_size);
  release(thread);
}

static void make_key(void) { have_key = pthread_key_create(&at_exit, thread_exit) == 0; }

/* Fills in the bounds of the calling thread's stack, and the limits derived from them. */
static void find_stack(we_thread *thread) {
  pthread_attr_t attributes;
  void *low = NULL;
  size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    if (pthread_attr_getstack(&attributes, &low, &size) != 0) low = NULL;
    pthread_attr_destroy(&attributes);
  }
  if (low == NULL) return;
  const uint64_t here = (uint64_t)(uintptr_t)__builtin_frame_address(0);
  const uint64_t high = (uint64_t)(uintptr_t)low + size;
  uint64_t start = (uint64_t)(uintptr_t)low;
  if (size > STACK_TOO_BIG && here > high - OWN_LIMIT + OWN_GUARD) {
    void *guard = (void *)(uintptr_t)((high - OWN_LIMIT) & ~(OWN_GUARD - 1));
    void *got = mmap(guard, OWN_GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == guard)
      start = (uint64_t)(uintptr_t)guard + OWN_GUARD;
    else if (got != MAP_FAILED)
      munmap(got, OWN_GUARD);
  }
  if (here < start || here >= high) return; /* on a stack of somebody's own making */
  thread->stack_start = start;
  thread->stack_limit = start + C_RESERVE;
}

void thread_share_stack(we_thread *thread, uint64_t here) {
  const uint64_t start = thread->stack_start;
  if (start == 0 || here < start) {
    thread->host_limit = 0;
    return;
  }
  const uint64_t left = here - start;
  uint64_t guest = left / 2;
  if (guest > GUEST_DEPTH) guest = left / 4 > GUEST_DEPTH ? left / 4 : GUEST_DEPTH;
  const uint64_t least = start + HOST_MINIMUM;
  thread->host_limit = here - guest > least ? here - guest : least;
}

static bool set_up_signals(we_thread *thread) {
  const uint64_t guard = pages_round(1);
  thread->block_size = guard + SIGNAL_STACK + STACK_COPY_SIZE;
  thread->block = pages_reserve(thread->block_size);
  if (thread->block == NULL) return false;
  uint8_t *start = (uint8_t *)thread->block + guard;
  if (!pages_commit(start, SIGNAL_STACK + STACK_COPY_SIZE)) {
    pages_release(thread->block, thread->block_size);
    return false;
  }
  thread->stack_copy = start + SIGNAL_STACK;
  stack_t old;
  if (sigaltstack(NULL, &old) == 0 && (old.ss_flags & SS_DISABLE)) {
    thread->signal_stack = start;
    const stack_t own = {.ss_sp = start, .ss_size = SIGNAL_STACK};
    thread->own_signal_stack = sigaltstack(&own, NULL) == 0;
  }
  /* A blocked fault kills the process. */
  sigset_t faults;
  sigemptyset(&faults);
  sigaddset(&faults, SIGSEGV);
  sigaddset(&faults, SIGBUS);
  sigaddset(&faults, SIGILL);
  pthread_sigmask(SIG_UNBLOCK, &faults, NULL);
  return true;
}

we_thread *thread_attach(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_key);
  we_thread *thread = have_key ? calloc(1, sizeof *thread) : NULL;
  if (thread == NULL) return NULL;
  fault_install();
  if (!set_up_signals(thread)) {
    free(thread);
    return NULL;
  }
  find_stack(thread);
  pthread_mutex_init(&thread->lock, NULL);
  thread->id = pthread_self();
  thread->alive = true;
  atomic_init(&thread->references, 1);
  pthread_setspecific(at_exit, thread);
  list_thread(thread);
  we_current = thread;
  return thread;
}

we_thread *we_thread_ref(void) {
  we_thread *thread = thread_self();
  if (thread != NULL) atomic_fetch_add(&thread->references, 1);
  return thread;
}

void we_thread_unref(we_thread *thread) {
  if (thread != NULL) release(thread);
}
