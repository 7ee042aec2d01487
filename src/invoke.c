/* Calls: host to guest, guest to host, and entries that are made at their first use. */
#include <stdlib.h>
#include <string.h>

#include "bridge.h"
#include "internal.h"

/* ---- Host to guest --------------------------------------------------------------------------- */

/* How the latest call of the thread ended. */
static __thread int32_t last_trap __attribute__((tls_model("initial-exec")));

/* Takes the request to stop that is pending. One that SIGINT made is for the guest that ran then: it
 * is out of date if that has ended. */
static bool must_stop(we_thread *thread, const we_entry *previous) {
  const uint32_t request = atomic_exchange(&thread->interrupt, 0);
  return request == STOP_ASKED || (request == STOP_SIGINT && previous != NULL);
}

static __thread bool python_raised __attribute__((tls_model("initial-exec")));

bool thread_python_raised(void) {
  const bool raised = python_raised;
  python_raised = false;
  return raised;
}

/* Python has got SIGINT, too, if it came, and acts on it. */
static void forget_sigint(we_thread *thread) {
  uint32_t by_sigint = STOP_SIGINT;
  atomic_compare_exchange_strong(&thread->interrupt, &by_sigint, 0);
}

/* Has Python look at the signal that has come: 0, or the code of what its handler has raised. */
static int32_t look_at_signals(we_thread *thread) {
  if (!thread_has_stack_for_host(thread)) return 0;
  const int32_t code = we_bound_python.we_py_signals();
  if (code != 0) {
    forget_sigint(thread);
    python_raised = true;
  }
  return code;
}

static int32_t enter(we_func *func, uint64_t *frame) {
  we_thread *thread = thread_self();
  if (thread == NULL) return last_trap = TRAP_RUNTIME_ERROR;
  we_entry *previous = atomic_load_explicit(&thread->entry, memory_order_relaxed);
  we_entry entry = {
      .previous = previous,
      .exit_sp = thread->exit_sp,
      .exit_fp = thread->exit_fp,
      .func = func,
      .depth = previous != NULL ? previous->depth + 1 : 1,
  };
  int32_t code;
  const uint64_t here = (uint64_t)(uintptr_t)__builtin_frame_address(0);
  thread->exit_sp = 0;
  if (previous == NULL) thread_share_stack(thread, here);
  if (here < thread->stack_limit) {
    code = TRAP_RUNTIME_ERROR;
    trap_record_exit(thread, code);
    thread->record.stack_overflow = true;
  } else if (atomic_load_explicit(&thread->interrupt, memory_order_relaxed) != 0 && must_stop(thread, previous)) {
    code = TRAP_INTERRUPTED;
    trap_record_exit(thread, code);
  } else {
    /* The handlers run on this thread: only the compiler must keep the order. */
    const uint32_t in_host = atomic_load_explicit(&thread->in_host, memory_order_relaxed);
    atomic_store_explicit(&thread->in_host, 0, memory_order_relaxed);
    atomic_store_explicit(&thread->entry, &entry, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    code = interrupt_sigint_came() ? look_at_signals(thread) : 0;
    if (__builtin_expect(code == 0, 1)) {
      guest_begins(thread);
      code = machine_enter(func, frame, &entry);
      guest_ends(thread);
    } else {
      trap_record_exit(thread, code);
    }
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&thread->entry, previous, memory_order_relaxed);
    atomic_store_explicit(&thread->in_host, in_host, memory_order_relaxed);
  }
  thread->exit_sp = entry.exit_sp;
  thread->exit_fp = entry.exit_fp;
  return last_trap = code;
}

int32_t we_call(we_func *func, uint64_t *frame) { return enter(func, frame); }

enum { STACK_SLOTS = 16 };

/* Calls with a frame of its own; leaves slot 0 in *result. */
static int32_t call_packed(we_func *func, const uint8_t *args, uint32_t size, uint64_t *result) {
  uint64_t slots[STACK_SLOTS];
  uint64_t *frame = slots;
  if (__builtin_expect(func->frame_slots > STACK_SLOTS, 0)) {
    frame = malloc((uint64_t)func->frame_slots * 8);
    if (frame == NULL) return last_trap = TRAP_RUNTIME_ERROR;
  }
  memcpy(frame, args, size);
  const int32_t code = enter(func, frame);
  *result = frame[0];
  if (__builtin_expect(frame != slots, 0)) free(frame);
  return code;
}

int32_t we_call_void(we_func *func, const uint8_t *args, uint32_t size) {
  uint64_t slot;
  return call_packed(func, args, size, &slot);
}

int32_t we_call_i32(we_func *func, const uint8_t *args, uint32_t size) {
  uint64_t slot;
  return call_packed(func, args, size, &slot) == 0 ? (int32_t)slot : WE_TRAPPED_I32;
}

int64_t we_call_i64(we_func *func, const uint8_t *args, uint32_t size) {
  uint64_t slot;
  return call_packed(func, args, size, &slot) == 0 ? (int64_t)slot : WE_TRAPPED_I64;
}

float we_call_f32(we_func *func, const uint8_t *args, uint32_t size) {
  uint64_t slot;
  float value;
  if (call_packed(func, args, size, &slot) != 0) return __builtin_nanf("");
  memcpy(&value, &slot, sizeof value);
  return value;
}

double we_call_f64(we_func *func, const uint8_t *args, uint32_t size) {
  uint64_t slot;
  double value;
  if (call_packed(func, args, size, &slot) != 0) return __builtin_nan("");
  memcpy(&value, &slot, sizeof value);
  return value;
}

uint64_t we_call1(we_func *func, const uint8_t *args, uint32_t size) {
  return (uint64_t)we_call_i64(func, args, size);
}

int32_t we_last_trap(void) {
  const int32_t code = last_trap;
  last_trap = 0;
  return code;
}

uint32_t we_call_depth(void) {
  we_thread *thread = we_current;
  we_entry *entry = thread != NULL ? atomic_load(&thread->entry) : NULL;
  return entry != NULL ? entry->depth : 0;
}

/* ---- Guest to host --------------------------------------------------------------------------- */

static void run_host(we_func *func, we_instance *caller, uint64_t *frame) {
  we_thread *thread = we_current;
  if (!(func->flags & FUNC_HELPER)) trap_unless_stack_for_host(thread);
  guest_ends(thread);
  atomic_store_explicit(&thread->in_host, !(func->flags & FUNC_HELPER), memory_order_relaxed);
  int32_t code = func->host(func->data, caller, frame);
  atomic_store_explicit(&thread->in_host, 0, memory_order_relaxed);
  atomic_signal_fence(memory_order_seq_cst);
  if (code == 0 && interrupt_sigint_came()) code = look_at_signals(thread);
  if (code != 0) {
    if (func->flags & FUNC_PYTHON) python_raised = true;
    trap_raise(code);
  }
  guest_begins(thread);
}

int32_t host_ask_python(void *data, we_instance *caller, uint64_t *frame) {
  we_thread *thread = we_current;
  trap_unless_stack_for_host(thread);
  atomic_store_explicit(&thread->in_host, 1, memory_order_relaxed);
  forget_sigint(thread);
  trap_if_interrupted(thread);
  const int32_t code = we_bound_python.we_py_host(data, caller, frame);
  if (code != 0) python_raised = true;
  return code;
}

void rt_host_enter(we_hostref *ref, uint64_t *frame) { run_host(ref->func, ref->caller, frame); }

void frame_host(we_func *func, uint64_t *frame) { run_host(func, NULL, frame); }

/* ---- Made at first use ----------------------------------------------------------------------- */

static const we_type *type_with_adapters(uint32_t type_id) {
  const we_type *type = type_get(type_id);
  if (__atomic_load_n(&type->frame_entry, __ATOMIC_ACQUIRE) == NULL) {
    we_thread *thread = we_current;
    trap_unless_stack_for_host(thread);
    guest_ends(thread);
    const int32_t code = we_bound_python.we_py_adapt(type_id);
    if (code != 0) trap_raise(code);
    guest_begins(thread);
    if (__atomic_load_n(&type->frame_entry, __ATOMIC_ACQUIRE) == NULL) trap_raise(TRAP_RUNTIME_ERROR);
  }
  return type;
}

void frame_lazy(we_func *func, uint64_t *frame) {
  void *adapter = __atomic_load_n(&type_with_adapters(func->type_id)->frame_entry, __ATOMIC_ACQUIRE);
  void (*entry)(we_func *, uint64_t *) = (void (*)(we_func *, uint64_t *))adapter;
  __atomic_store_n(&func->frame, entry, __ATOMIC_RELEASE);
  entry(func, frame);
}

void *rt_lazy_host(we_hostref *ref) {
  void *adapter = __atomic_load_n(&type_with_adapters(ref->func->type_id)->host_entry, __ATOMIC_ACQUIRE);
  __atomic_store_n(&ref->func->native, adapter, __ATOMIC_RELEASE);
  const we_instance *caller = ref->caller;
  if (caller != NULL && caller->host_copies != NULL) {
    const uint64_t at = (uint64_t)(uintptr_t)ref - (uint64_t)(uintptr_t)caller->host_copies;
    if (at / sizeof(we_func) < caller->imported_funcs)
      __atomic_store_n(&caller->host_copies[at / sizeof(we_func)].native, adapter, __ATOMIC_RELEASE);
  }
  return adapter;
}

void *rt_lazy_compile(we_instance *instance, uint32_t index) {
  we_module *module = instance->module;
  void *entry = __atomic_load_n(&module->code[index], __ATOMIC_ACQUIRE);
  if (module_is_thunk(entry, index)) {
    we_thread *thread = we_current;
    guest_ends(thread);
    if (!quick_compile(module, index)) {
      trap_unless_stack_for_host(thread);
      const int32_t code = we_bound_python.we_py_compile(module->self, index);
      if (code != 0) {
        python_raised = true;
        trap_raise(code);
      }
    }
    guest_begins(thread);
    entry = __atomic_load_n(&module->code[index], __ATOMIC_ACQUIRE);
    if (module_is_thunk(entry, index)) trap_raise(TRAP_RUNTIME_ERROR);
    trap_if_interrupted(thread);
  }
  return entry;
}
