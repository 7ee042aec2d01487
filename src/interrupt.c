/* Stopping a guest from another thread, at no cost to generated code: a real-time signal whose
 * handler unwinds if the thread is in generated code. Elsewhere the request waits for the return
 * to the guest. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>

#include "internal.h"

static struct sigaction previous;
static int the_signal;
static char marker; /* its address tells our signals from foreign ones */

static void on_interrupt(int signal, siginfo_t *info, void *context) {
  if (info->si_code != SI_QUEUE || info->si_value.sival_ptr != &marker) {
    chain_signal(signal, &previous, info, context);
    return;
  }
  we_thread *thread = we_current;
  we_entry *entry = thread != NULL ? atomic_load_explicit(&thread->entry, memory_order_relaxed) : NULL;
  if (entry == NULL || atomic_load(&thread->interrupt) == 0) return;
  const machine_state state = machine_read_context(context);
  if (thread->in_libc != 0)
    trap_record_exit(thread, TRAP_INTERRUPTED);
  else if (we_code_contains(state.pc))
    trap_record(thread, TRAP_INTERRUPTED, state.pc, state.sp, state.fp, state.sp);
  else
    return;
  atomic_store(&thread->interrupt, 0);
  thread->in_libc = 0;
  machine_divert(context, entry->sp, TRAP_INTERRUPTED);
}

static void install(void) {
  struct sigaction action = {.sa_sigaction = on_interrupt, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
  sigemptyset(&action.sa_mask);
  the_signal = SIGRTMAX - 4;
  sigaction(the_signal, &action, &previous);
}

void we_interrupt(we_thread *thread) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
  atomic_store(&thread->interrupt, 1);
  pthread_mutex_lock(&thread->lock);
  const bool in_guest = atomic_load(&thread->entry) != NULL && atomic_load(&thread->in_host) == 0;
  if (thread->alive && in_guest) pthread_sigqueue(thread->id, the_signal, (union sigval){.sival_ptr = &marker});
  pthread_mutex_unlock(&thread->lock);
  atomic_wait_wake(thread);
}

void we_interrupt_clear(void) {
  we_thread *thread = we_current;
  if (thread != NULL) atomic_store(&thread->interrupt, 0);
}
