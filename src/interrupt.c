/* Stopping a guest from another thread, at no cost to generated code: a real-time signal whose
 * handler unwinds if the thread is in generated code. Elsewhere the request waits for the return
 * to the guest. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"

#define THE_SIGNAL (SIGRTMAX - 4)

static struct sigaction previous;
static char marker; /* its address tells our signals from foreign ones */
static char marker_park; /* the same for the end of the process */

/* Unwinds if the thread is in generated code or in what that called from the C library. */
static bool stop(we_thread *thread, void *context) {
  const machine_state state = machine_read_context(context);
  if (thread->in_libc != 0)
    trap_record_exit(thread, TRAP_INTERRUPTED);
  else if (we_code_contains(state.pc))
    trap_record(thread, TRAP_INTERRUPTED, state.pc, state.sp, state.fp, state.sp);
  else
    return false;
  atomic_store(&thread->interrupt, 0);
  thread->in_libc = 0;
  machine_divert(context, atomic_load_explicit(&thread->entry, memory_order_relaxed)->sp, TRAP_INTERRUPTED);
  return true;
}

/* The calling thread if it is in a guest, or in a helper on the guest's behalf. */
static we_thread *thread_in_guest(void) {
  we_thread *thread = we_current;
  if (thread == NULL || atomic_load_explicit(&thread->entry, memory_order_relaxed) == NULL) return NULL;
  return thread;
}

static void stop_for_sigint(void *context);
static char marker_sigint; /* SIGINT came to another thread */

static void on_interrupt(int signal, siginfo_t *info, void *context) {
  if (info->si_code == SI_QUEUE && info->si_value.sival_ptr == &marker_park) {
    llvm_park(machine_read_context(context).pc);
    return;
  }
  if (info->si_code == SI_QUEUE && info->si_value.sival_ptr == &marker_sigint) {
    stop_for_sigint(context);
    return;
  }
  if (info->si_code != SI_QUEUE || info->si_value.sival_ptr != &marker) {
    chain_signal(signal, &previous, info, context);
    return;
  }
  we_thread *thread = thread_in_guest();
  if (thread != NULL && atomic_load(&thread->interrupt) != 0) stop(thread, context);
}

static void install(void) {
  struct sigaction action = {.sa_sigaction = on_interrupt, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(THE_SIGNAL, &action, &previous);
}

static pthread_once_t installed = PTHREAD_ONCE_INIT;

void interrupt_park(pthread_t thread) {
  pthread_once(&installed, install);
  pthread_sigqueue(thread, THE_SIGNAL, (union sigval){.sival_ptr = &marker_park});
}

void we_interrupt(we_thread *thread) {
  pthread_once(&installed, install);
  atomic_store(&thread->interrupt, STOP_ASKED);
  pthread_mutex_lock(&thread->lock);
  const bool in_guest = atomic_load(&thread->entry) != NULL && atomic_load(&thread->in_host) == 0;
  if (thread->alive && in_guest) pthread_sigqueue(thread->id, THE_SIGNAL, (union sigval){.sival_ptr = &marker});
  pthread_mutex_unlock(&thread->lock);
  atomic_wait_wake(thread);
}

void we_interrupt_unblock(void) {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, THE_SIGNAL);
  pthread_sigmask(SIG_UNBLOCK, &wanted, NULL);
}

/* ---- Interrupts from the terminal -------------------------------------------------------------
 * Python's handler only notes the signal: it is Python's main thread that acts on it, when it runs Python code
 * again. So if that thread is in a guest, the guest is stopped. If it is on its way there, past the last look that
 * Python has taken, it is made to look once more before it goes on. */

static struct sigaction previous_sigint;
static __thread volatile sig_atomic_t sigint_outside __attribute__((tls_model("initial-exec")));

/* On the main thread, after Python's handler. */
static void stop_for_sigint(void *context) {
  we_thread *thread = thread_in_guest();
  if (thread == NULL || atomic_load_explicit(&thread->in_host, memory_order_relaxed) != 0) {
    sigint_outside = 1;
    return;
  }
  if (stop(thread, context)) return;
  atomic_store(&thread->interrupt, STOP_SIGINT); /* at the end of the helper, */
  atomic_wait_wake(thread);                      /* of its wait */
}

/* Tells the main thread, whose number is the process's. */
static void tell_main_thread(void) {
  siginfo_t info = {.si_signo = THE_SIGNAL, .si_code = SI_QUEUE};
  info.si_pid = getpid();
  info.si_uid = getuid();
  info.si_value.sival_ptr = &marker_sigint;
  syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), THE_SIGNAL, &info);
}

static void on_sigint(int signal, siginfo_t *info, void *context) {
  const int error = errno;
  chain_signal(signal, &previous_sigint, info, context);
  if (syscall(SYS_gettid) == getpid())
    stop_for_sigint(context);
  else
    tell_main_thread();
  errno = error;
}

bool interrupt_sigint_came(void) {
  const bool came = sigint_outside != 0;
  if (__builtin_expect(came, 0)) sigint_outside = 0;
  return came;
}

static void install_sigint(void) {
  if (sigaction(SIGINT, NULL, &previous_sigint) != 0) return;
  struct sigaction action = previous_sigint;
  action.sa_sigaction = on_sigint;
  action.sa_flags |= SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGINT, &action, NULL);
}

void we_watch_sigint(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&installed, install);
  pthread_once(&once, install_sigint);
}

void we_interrupt_clear(void) {
  we_thread *thread = we_current;
  if (thread != NULL) atomic_store(&thread->interrupt, 0);
}
