/* SIGSEGV, SIGBUS and SIGILL: a fault in generated code becomes a trap, every other one goes to the
 * handler that was there before. The handler only edits the context, so the signal mask is restored
 * by the system and nothing is jumped over. */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

static struct sigaction previous_segv, previous_bus, previous_ill;

enum {
  NULL_PAGE = 64 * 1024,  /* below: a null reference was used */
  NEAR_STACK = 32 * 1024, /* distance from the stack pointer within which a fault is the stack's */
};

/* Whether a fault at `address` means that the stack ran out. Generated code touches its stack page
 * by page, so the stack pointer is close; and what a guest can address ends a page of WebAssembly
 * before its memory's reservation does, so no stack is that close to it. */
static bool is_stack_fault(uint64_t address, uint64_t sp) {
  return address < sp + NEAR_STACK && address + NEAR_STACK >= sp;
}

static const struct sigaction *previous_of(int signal) {
  return signal == SIGSEGV ? &previous_segv : signal == SIGBUS ? &previous_bus : &previous_ill;
}

/* Whether a handler that was installed after ours (Python's faulthandler does this) has put ours
 * back and raises the signal again. Returning makes it return, and the fault comes to us. */
static bool is_passed_on(const siginfo_t *info, uint64_t sp) {
  stack_t stack;
  if (info->si_code != SI_TKILL || info->si_pid != getpid() || sigaltstack(NULL, &stack) != 0) return false;
  const uint64_t start = (uint64_t)(uintptr_t)stack.ss_sp;
  return sp >= start && sp < start + stack.ss_size;
}

static void on_fault(int signal, siginfo_t *info, void *context) {
  we_thread *thread = we_current;
  we_entry *entry = thread != NULL ? atomic_load_explicit(&thread->entry, memory_order_relaxed) : NULL;
  const machine_state state = machine_read_context(context);
  const bool exhausted = machine_is_exhausted(state.pc);
  const bool from_system = info->si_code > 0; /* not sent by a process */
  if (entry != NULL && is_passed_on(info, state.sp)) return;
  if (entry == NULL || !from_system || !(exhausted || thread->in_libc != 0 || we_code_contains(state.pc))) {
    chain_signal(signal, previous_of(signal), info, context);
    return;
  }
  if (signal == SIGILL) {
    const int32_t trap = machine_trap_code(state.pc);
    if (trap == 0) {
      chain_signal(signal, previous_of(signal), info, context);
      return;
    }
    trap_record(thread, trap, state.pc, state.sp, state.fp, state.sp);
    machine_divert(context, entry->sp, trap);
    return;
  }
  const uint64_t address = (uint64_t)(uintptr_t)info->si_addr;
  const bool stack = exhausted || is_stack_fault(address, state.sp);
  int32_t code = TRAP_MEMORY_OUT_OF_BOUNDS;
  if (stack)
    code = TRAP_RUNTIME_ERROR;
  else if (address < NULL_PAGE)
    code = TRAP_UNINITIALIZED_ELEMENT;
  if (exhausted || thread->in_libc != 0) {
    trap_record_exit(thread, code);
  } else {
    uint64_t start = state.sp;
    if (stack && start <= address) start = address + 1;
    if (stack) start = pages_round(start); /* what lies below may be the guard */
    trap_record(thread, code, state.pc, state.sp, state.fp, start);
  }
  thread->record.fault_address = exhausted ? 0 : address;
  thread->record.stack_overflow = stack;
  thread->in_libc = 0;
  machine_divert(context, entry->sp, code);
}

void chain_signal(int signal, const struct sigaction *previous, void *info, void *context) {
  siginfo_t *details = info;
  if (previous->sa_handler == SIG_IGN && details->si_code <= 0) return;
  if (previous->sa_handler == SIG_DFL || previous->sa_handler == SIG_IGN) {
    /* A fault happens again on return; a signal sent by a process has to be sent again. */
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(signal, &standard, NULL);
    if (details->si_code <= 0) raise(signal);
    return;
  }
  sigset_t blocked = previous->sa_mask, before;
  if (!(previous->sa_flags & SA_NODEFER)) sigaddset(&blocked, signal);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  if (previous->sa_flags & SA_SIGINFO)
    previous->sa_sigaction(signal, info, context);
  else
    previous->sa_handler(signal);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void install(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, &previous_segv);
  sigaction(SIGBUS, &action, &previous_bus);
  sigaction(SIGILL, &action, &previous_ill);
}

void fault_install(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
}
