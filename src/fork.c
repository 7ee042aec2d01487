/* fork(): the child has one thread and must find every lock free. Before the fork all mutexes of the
 * kernel are taken, in whatever order they are to be had, so none is held halfway through a change.
 *
 * Mutexes of contexts are not: a context that another thread uses during the fork must not be used in
 * the child (docs/DEPLOYMENT.md).
 */
#include "capi.h"

/* Set by the linker: what FORK_SAFE_MUTEX has collected. */
extern pthread_mutex_t *const __start_we_mutexes[] __attribute__((visibility("hidden")));
extern pthread_mutex_t *const __stop_we_mutexes[] __attribute__((visibility("hidden")));

static void unlock_all(void) {
  for (pthread_mutex_t *const *mutex = __start_we_mutexes; mutex < __stop_we_mutexes; mutex++)
    pthread_mutex_unlock(*mutex);
}

/* Holds several only when all the others were free, so no order of locking elsewhere can deadlock. */
static void lock_all(void) {
  pthread_mutex_t *busy = NULL;
  for (;;) {
    if (busy != NULL) pthread_mutex_lock(busy);
    pthread_mutex_t *const *at = __start_we_mutexes;
    while (at < __stop_we_mutexes && (*at == busy || pthread_mutex_trylock(*at) == 0)) at++;
    if (at == __stop_we_mutexes) return;
    bool held = false;
    for (pthread_mutex_t *const *mutex = __start_we_mutexes; mutex < at; mutex++) {
      held |= *mutex == busy;
      pthread_mutex_unlock(*mutex);
    }
    if (busy != NULL && !held) pthread_mutex_unlock(busy);
    busy = *at;
  }
}

static void before(void) {
  python_before_fork();
  llvm_before_fork(); /* after that: locks of Python are held during calls of LLVM */
  lock_all();
}

static void after_in_parent(void) {
  code_after_fork(false);
  unlock_all();
  llvm_after_fork(false);
  python_after_fork(false);
}

static void after_in_child(void) {
  thread_after_fork();
  atomic_wait_after_fork();
  code_after_fork(true);
  unlock_all();
  llvm_after_fork(true);
  python_after_fork(true);
}

static void install(void) { pthread_atfork(before, after_in_parent, after_in_child); }

void fork_watch(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
}
