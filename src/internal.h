/* What the kernel's C files share with each other. */
#ifndef PYWASMEDGE_INTERNAL_H
#define PYWASMEDGE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "kernel.h"

/* Codes of WasmEdge_ErrCode the kernel raises by itself (base/errors.py has them all). */
enum {
  TRAP_RUNTIME_ERROR = 0x02,
  TRAP_COST_LIMIT = 0x03,
  TRAP_INTERRUPTED = 0x07,
  TRAP_TABLE_OUT_OF_BOUNDS = 0x87,
  TRAP_MEMORY_OUT_OF_BOUNDS = 0x88,
  TRAP_UNINITIALIZED_ELEMENT = 0x8A,
  TRAP_UNALIGNED_ATOMIC_ACCESS = 0x8F,
  TRAP_EXPECTED_SHARED_MEMORY = 0x90,
};

/* Flags of a we_func: its host function is Python's, or was made through the C API; in the latter case,
 * it is not the C host's to delete any more; or is the kernel's own, which can be interrupted like a helper. */
enum { FUNC_PYTHON = 1, FUNC_C_API = 2, FUNC_OWNED = 4, FUNC_HELPER = 8 };

#define WASM_PAGE 65536u
#define MAX_WASM_PAGES 65536u

/* ---- pages.c: address space ------------------------------------------------------------------- */

uint64_t pages_round(uint64_t bytes);                 /* up to whole pages of the machine */
/* 1/part of the address space the process may use; the highest number if that is not limited. */
uint64_t pages_share(uint32_t part);
void *pages_reserve(uint64_t bytes);                  /* inaccessible address space, or NULL */
void *pages_map(uint64_t bytes);                      /* zeroed read-write memory, or NULL */
bool pages_commit(void *start, uint64_t bytes);       /* make read-write */
bool pages_make_code(void *start, uint64_t bytes);    /* make read-execute */
/* Replaces pages by read-execute ones of a file; what is written to them stays in the process. */
bool pages_of_file(void *start, uint64_t bytes, int file, uint64_t offset);
/* Replaces pages by new read-execute ones that can never be made writable, and maps the same memory elsewhere,
 * read-write: NULL (and errno) if the system does not allow that, and the pages are inaccessible. */
void *pages_map_twice(void *start, uint64_t bytes);
bool pages_discard(void *start, uint64_t bytes);      /* make inaccessible, give memory back */
void pages_release(void *start, uint64_t bytes);

/* ---- thread.c: what the kernel knows about a thread ------------------------------------------- */

/* One host -> guest transition; lives in the C frame of the call. */
typedef struct we_entry {
  uint64_t sp; /* where the landing routine continues; set by machine_enter */
  struct we_entry *previous;
  uint64_t exit_sp; /* the thread's values before this transition */
  uint64_t exit_fp;
  we_func *func; /* what is called */
  uint32_t depth;
} we_entry;

enum { STOP_ASKED = 1, STOP_SIGINT = 2 };

enum { THREAD_USES = 8 };

struct we_thread {
  /* Read and written by the assembly in machine_*.c: keep the order. */
  _Atomic(we_entry *) entry; /* innermost transition, NULL outside of guests */
  uint64_t exit_sp;          /* stack pointer at the latest guest -> C transition, 0 if none */
  uint64_t exit_fp;          /* frame pointer then */
  uint64_t stack_limit;      /* C code needs the stack pointer above this; 0: not known */
  uint32_t in_libc;          /* generated code called a C library function */

  _Atomic uint32_t interrupt; /* a request to stop is pending: STOP_*, or 0 */
  _Atomic uint32_t in_host;   /* a host function runs, requests will be seen at its end */
  uint64_t stack_start;  /* lowest address of the stack; 0: not known */
  uint64_t host_limit;   /* like stack_limit, for code of hosts; set by thread_share_stack */
  we_trap_record record;
  uint8_t *stack_copy;
  void *block; /* alternate signal stack and stack copy */
  uint64_t block_size;
  void *signal_stack;
  bool own_signal_stack;

  pthread_t id;
  pthread_mutex_t lock; /* guards alive */
  bool alive;
  _Atomic uint32_t references;
  _Atomic uint32_t wakes; /* counts what may end a wait (atomic_wait.c) */
  _Atomic(void *) uses[THREAD_USES]; /* what must not be freed as long as it stands here */
  uint32_t use_count;
  we_thread *next; /* of all threads, see thread.c */
  uint32_t watched; /* how many may end its waits, see wasi.h */
  we_measure *measure; /* what measures the thread's guests, see statistics.c; NULL for nothing */
};

extern __thread we_thread *we_current __attribute__((tls_model("initial-exec"), visibility("hidden")));

we_thread *thread_attach(void); /* NULL when memory is exhausted */
bool thread_any_uses(const void *object); /* whether it stands in the uses of any thread */
void thread_after_fork(void); /* in the child: the other threads are gone */
/* Sets host_limit: of the stack below `here`, where the host calls a guest, how much is always the host's. */
void thread_share_stack(we_thread *thread, uint64_t here);

static inline we_thread *thread_self(void) {
  we_thread *thread = we_current;
  return __builtin_expect(thread != NULL, 1) ? thread : thread_attach();
}

/* ---- trap.c ------------------------------------------------------------------------------------ */

/* Ends the guest's run: unwinds to the innermost transition. For code called from a guest. */
_Noreturn void trap_raise(int32_t code);
/* Traps with 0x02 unless the host's share of the stack is left: asked before code that is not the kernel's runs. */
bool thread_has_stack_for_host(const we_thread *thread);
void trap_unless_stack_for_host(we_thread *thread);
/* Traps with 0x07 if that was asked for. */
void trap_if_interrupted(we_thread *thread);
/* Fills the thread's record; `stack_start` is the first address that can be read. */
void trap_record(we_thread *thread, int32_t code, uint64_t pc, uint64_t sp, uint64_t fp, uint64_t stack_start);
/* The same for a trap in something a guest called: taken from the thread's exit_sp. */
void trap_record_exit(we_thread *thread, int32_t code);

/* ---- hash.c ------------------------------------------------------------------------------------- */

/* Hash of some bytes; values of different kinds have nothing to do with each other. */
uint64_t keyed_hash(uint64_t kind, const void *bytes, uint32_t length);

/* ---- fault.c, interrupt.c ---------------------------------------------------------------------- */

/* Whether SIGINT has come to the calling thread, which is Python's main thread, since the latest question, when it was
 * not in a guest. */
bool interrupt_sigint_came(void);
/* Installs the handlers of SIGSEGV and SIGBUS, once per process. */
void fault_install(void);
/* A handler that was there before ours; calls it as the system would have. */
struct sigaction;
void chain_signal(int signal, const struct sigaction *previous, void *info, void *context);

/* ---- atomic_wait.c ----------------------------------------------------------------------------- */

/* Has a thread that waits look again whether it is to go on. For signal handlers, too. */
void atomic_wait_wake(we_thread *thread);
void atomic_wait_after_fork(void); /* in the child: nobody waits any more */

/* ---- code.c ------------------------------------------------------------------------------------ */

void code_after_fork(bool in_child); /* with its mutex held */

/* ---- llvm.c ------------------------------------------------------------------------------------- */

void llvm_watch_exit(void); /* from now on the end of the process is looked after */
void llvm_park(uint64_t pc); /* stops the calling thread for good if it is in LLVM's own code */
void interrupt_park(pthread_t thread); /* has a thread call llvm_park */
void llvm_before_fork(void);
void llvm_after_fork(bool in_child);

/* ---- fork.c ------------------------------------------------------------------------------------ */

/* Defines a mutex that nobody holds, so that what it guards is whole, when the process forks. The thread
 * that forks must not hold one. */
#define FORK_SAFE_MUTEX(name)                        \
  pthread_mutex_t name = PTHREAD_MUTEX_INITIALIZER;  \
  static pthread_mutex_t *const name##_at_fork __attribute__((used, section("we_mutexes"))) = &name
void fork_watch(void); /* from now on forks are looked after */

/* ---- quick.c ---------------------------------------------------------------------------------------- */

/* Compiles and publishes a function that is still a thunk; false: Python has to do it. */
bool quick_compile(we_module *module, uint32_t index);
void quick_release(we_module *module);

/* ---- statistics.c -------------------------------------------------------------------------------- */

/* Run the clock and hand out a budget while the thread is in a guest. */
void measure_start(we_measure *measure);
void measure_stop(we_measure *measure); /* no effect if stopped */

/* To be called where a thread enters or returns to its guest, and where it leaves it. */
static inline void guest_begins(we_thread *thread) {
  if (__builtin_expect(thread->measure != NULL, 0)) measure_start(thread->measure);
}
static inline void guest_ends(we_thread *thread) {
  if (__builtin_expect(thread->measure != NULL, 0)) measure_stop(thread->measure);
}

uint64_t meter_offset(void); /* of the thread's we_meter from the thread pointer */
void segments_remove(const void *code, uint64_t size); /* of all code that begins within these bytes */

/* ---- artifact.c --------------------------------------------------------------------------------- */

/* we_checksum of `size` bytes in parts, all but the last one a multiple of 32 bytes long. */
typedef struct {
  uint64_t lanes[4];
} checksum_state;
checksum_state checksum_begin(uint64_t size);
void checksum_add(checksum_state *state, const void *part, uint64_t size);
void checksum_end(const checksum_state *state, uint64_t result[2]);

/* ---- helpers of generated code; each has a gate in machine_*.c ---------------------------------- */

int32_t rt_memory_grow(we_instance *, uint32_t mem, int32_t pages);
void rt_memory_copy(we_instance *, uint32_t dst_mem, uint32_t src_mem, uint32_t dst, uint32_t src, uint32_t len);
void rt_memory_fill(we_instance *, uint32_t mem, uint32_t dst, int32_t byte, uint32_t len);
void rt_memory_init(we_instance *, uint32_t mem, uint32_t segment, uint32_t dst, uint32_t src, uint32_t len);
void rt_data_drop(we_instance *, uint32_t segment);
int32_t rt_table_grow(we_instance *, uint32_t table, uint64_t init, uint32_t count);
void rt_table_fill(we_instance *, uint32_t table, uint32_t start, uint64_t value, uint32_t len);
void rt_table_copy(we_instance *, uint32_t dst_table, uint32_t src_table, uint32_t dst, uint32_t src, uint32_t len);
void rt_table_init(we_instance *, uint32_t table, uint32_t segment, uint32_t dst, uint32_t src, uint32_t len);
void rt_elem_drop(we_instance *, uint32_t segment);
uint64_t rt_ref_func(we_instance *, uint32_t func);
int32_t rt_atomic_wait32(we_instance *, uint32_t mem, uint64_t addr, int32_t expected, int64_t timeout_ns);
int32_t rt_atomic_wait64(we_instance *, uint32_t mem, uint64_t addr, int64_t expected, int64_t timeout_ns);
int32_t rt_atomic_notify(we_instance *, uint32_t mem, uint64_t addr, uint32_t count);
/* Pays for segment `number` of the code that calls, for which the budget does not suffice, or traps with
 * 0x03. Its gate, we_spend, preserves all general registers but r11 (LLVM's preserve_mostcc). */
void rt_spend(uint32_t number);
void rt_refund(we_instance *, uint32_t number, uint32_t done);
void *rt_hot(we_instance *, uint32_t index, uint32_t loop, uint32_t around);
void rt_host_enter(we_hostref *, uint64_t *frame);
void *rt_lazy_compile(we_instance *, uint32_t index);
void *rt_lazy_host(we_hostref *);

extern const we_runtime gate_runtime; /* the helpers behind their gates */

/* ---- type.c, module.c, instance.c, invoke.c ------------------------------------------------------ */

we_type *type_get(uint32_t type_id);
void module_release(we_module *module); /* gives back one reference */
void heat_release(we_module *module);   /* frees what heat.c has put there */
/* Whether the entry of a defined function is the thunk that compiles it. */
bool module_is_thunk(const void *entry, uint32_t index);
/* Publishes the code of a function that has none yet; false if it has. */
bool module_publish_first(we_module *module, uint32_t index, uint64_t entry);
/* Frame entries that are not adapters. */
void frame_lazy(we_func *func, uint64_t *frame);
void frame_host(we_func *func, uint64_t *frame);
/* The imported host function of which `func` is an instance's copy, NULL if it is anything else, even
 * something that is no function. */
we_func *instance_original(const we_func *func);
/* Whether a Python host function has raised in the thread's latest call; reading clears it. */
bool thread_python_raised(void);
/* For a host function with FUNC_HELPER that leaves a call to Python: calls we_py_host. */
int32_t host_ask_python(void *data, we_instance *caller, uint64_t *frame);
/* Fills in a zeroed host function. */
void func_set_host(we_func *func, uint32_t type_id, we_hostfn host, void *data);
extern pthread_mutex_t instance_lock; /* lists of instances, creation of functions */

/* ---- machine_*.c: all that depends on the processor ---------------------------------------------- */

/* Calls func->frame(func, frame) so that machine_unwind can return from here. 0 or a code. */
int32_t machine_enter(we_func *func, uint64_t *frame, we_entry *entry);
_Noreturn void machine_unwind(uint64_t sp, int32_t code);
void machine_host_stub(void); /* native entry of a host function without adapter */
void machine_host_enter(void); /* gate of rt_host_enter, called by adapters */
uint64_t machine_gate(const char *name); /* gate of a C library function, or 0 */

enum { THUNK_SIZE = 12, THUNK_HEADER = 16 };
/* Writes a block of thunks for functions first .. first + count - 1; returns the bytes used. */
void machine_write_thunks(uint8_t *block, uint32_t first, uint32_t count);

/* Tells a simulator that runs the process that other code will be there; processors see it by themselves. */
void machine_code_changes(const void *start, uint64_t size);

/* The registers in a signal context. */
typedef struct {
  uint64_t pc, sp, fp;
} machine_state;
machine_state machine_read_context(const void *context);
int32_t machine_trap_code(uint64_t pc); /* code of the trap instruction of generated code at pc, or 0 */
/* Makes the interrupted thread continue by unwinding to `sp` with `code`. */
void machine_divert(void *context, uint64_t sp, int32_t code);
/* Whether this is where gates go when the stack is exhausted. */
bool machine_is_exhausted(uint64_t pc);

#endif
