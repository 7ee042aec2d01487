/* Traps: recording where they happened, and unwinding to the innermost host -> guest transition. */
#include <string.h>

#include "internal.h"

enum { STACK_COPY = 64 * 1024 };

void trap_record(we_thread *thread, int32_t code, uint64_t pc, uint64_t sp, uint64_t fp, uint64_t stack_start) {
  const we_entry *entry = atomic_load_explicit(&thread->entry, memory_order_relaxed);
  we_trap_record *record = &thread->record;
  uint64_t size = 0;
  if (entry != NULL && stack_start != 0 && stack_start < entry->sp) {
    size = entry->sp - stack_start;
    if (size > STACK_COPY) size = STACK_COPY;
    memcpy(thread->stack_copy, (const void *)(uintptr_t)stack_start, size);
  }
  *record = (we_trap_record){
      .code = code,
      .depth = entry != NULL ? entry->depth : 0,
      .pc = pc,
      .sp = sp,
      .fp = fp,
      .stack_start = stack_start,
      .stack_size = size,
      .stack = thread->stack_copy,
  };
}

void trap_record_exit(we_thread *thread, int32_t code) {
  const uint64_t sp = thread->exit_sp;
  if (sp == 0) {
    trap_record(thread, code, 0, 0, 0, 0);
  } else {
    trap_record(thread, code, *(const uint64_t *)(uintptr_t)sp, sp + 8, thread->exit_fp, sp + 8);
    thread->record.in_helper = true;
  }
}

void trap_raise(int32_t code) {
  we_thread *thread = we_current;
  trap_record_exit(thread, code);
  machine_unwind(atomic_load_explicit(&thread->entry, memory_order_relaxed)->sp, code);
}

bool thread_has_stack_for_host(const we_thread *thread) {
  return (uint64_t)(uintptr_t)__builtin_frame_address(0) >= thread->host_limit;
}

void trap_unless_stack_for_host(we_thread *thread) {
  if (thread_has_stack_for_host(thread)) return;
  trap_record_exit(thread, TRAP_RUNTIME_ERROR);
  thread->record.stack_overflow = true;
  machine_unwind(atomic_load_explicit(&thread->entry, memory_order_relaxed)->sp, TRAP_RUNTIME_ERROR);
}

void trap_if_interrupted(we_thread *thread) {
  if (__builtin_expect(atomic_load_explicit(&thread->interrupt, memory_order_relaxed) == 0, 1)) return;
  atomic_store(&thread->interrupt, 0);
  trap_raise(TRAP_INTERRUPTED);
}

const we_trap_record *we_trap_latest(void) {
  we_thread *thread = we_current;
  return thread != NULL && thread->record.code != 0 ? &thread->record : NULL;
}
