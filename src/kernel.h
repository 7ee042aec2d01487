/* What Python (and later the C library) calls in the native kernel. Like instance.h this file is
 * read by the C compiler and, with its preprocessor lines dropped, by cffi: plain declarations only.
 *
 * Unless said otherwise: functions that create return NULL when memory is exhausted, functions
 * returning int32_t return 0 or the WasmEdge_ErrCode of a trap, and everything may be called from
 * any thread. Freeing is the owner's business: nothing may use the object any more.
 */
#ifndef PYWASMEDGE_KERNEL_H
#define PYWASMEDGE_KERNEL_H

#include "instance.h"
#include "statistics.h"
#include "wasi.h"

/* ---- Function types (type.c) ---------------------------------------------------------------- */

/* A function type. There is one per list of parameters and results; it never moves or goes. */
typedef struct we_type {
  void *frame_entry; /* adapters, NULL until needed; read and written atomically */
  void *host_entry;
  uint32_t id;           /* process-wide number, from 1 */
  uint32_t slots;        /* 8-byte slots of a frame for parameters or results, at least 1 */
  uint32_t param_count;
  uint32_t result_count;
  const uint8_t *params; /* ValType bytes */
  const uint8_t *results;
  uint8_t all_single; /* no value takes two slots */
  uint8_t is_real;    /* all value types exist */
} we_type;

/* The type with these parameters and results; NULL when memory is exhausted. */
const we_type *we_type_intern(const uint8_t *params, uint32_t param_count, const uint8_t *results,
                              uint32_t result_count);
const we_type *we_type_get(uint32_t type_id);
/* Installs the adapters of a type: frame -> native entry, and native entry of a host function. */
void we_type_set_adapters(uint32_t type_id, void *frame_entry, void *host_entry);
bool we_type_has_adapters(uint32_t type_id);

/* ---- Compiled modules (module.c) -------------------------------------------------------------- */

/* What all instances of a compiled module share. Python fills type_ids, func_types and self;
 * code[] starts out as thunks that compile a function at its first call. */
typedef struct we_module {
  void **code;           /* native entry of every defined function */
  uint32_t *type_ids;    /* process-wide number of each type */
  uint32_t *func_types;  /* index in type_ids of every function, imports first; of equal types the first */
  void *self;            /* Python handle, passed to we_py_compile */
  uint32_t type_count;
  uint32_t imported_funcs;
  uint32_t defined_funcs;
  uint32_t references;    /* the owner's and one per instance */
  we_instance *instances; /* live instances, linked by next_of_module */
  struct we_code_block *blocks; /* code that lives as long as the module */
  uint32_t *counters;     /* calls left of every defined function, then turns left of loops (heat.c) */
  uint8_t *heat;          /* per defined function: what has been made of that */
  struct we_loop *loops;  /* loops that are entered in optimised code */
  struct quick_module *quick; /* what first calls are compiled with, or NULL (quick.c) */
} we_module;

/* Counters for loops; that of the loop at an offset of the module is the remainder of a division by this. */
enum { WE_LOOP_COUNTERS = 1021 };

we_module *we_module_new(uint32_t type_count, uint32_t imported_funcs, uint32_t defined_funcs);
void we_module_free(we_module *module); /* the owner's part; goes when its last instance has gone */
/* Makes the module the owner of code from we_code_alloc; false when memory is exhausted. */
bool we_module_own_code(we_module *module, void *code, uint64_t size);
/* Makes `count` defined functions (indices without imports) start at `entries` from now on. */
void we_module_publish(we_module *module, const uint32_t *indices, const uint64_t *entries, uint32_t count);
void we_module_publish_one(we_module *module, uint32_t index, uint64_t entry);
/* Makes quick code of defined function `index` that is in its loop at offset `loop` of the module go on at
 * `entry` (native convention, parameters ctx and frame). */
void we_module_set_loop(we_module *module, uint32_t index, uint32_t loop, uint64_t entry);
/* Whether defined function `index` has code (is not a thunk). */
bool we_module_has_code(we_module *module, uint32_t index);

/* ---- Quick code (quick.c) --------------------------------------------------------------------- */

/* What the emitter in C needs to know of a module. Python keeps what it points to as long as guests may run. */
typedef struct we_quick_source {
  const uint8_t *tables;        /* of compiler/baseline/tables.py */
  const uint8_t *data;          /* the module's bytes */
  const uint32_t *marks;        /* in them: where the size before each body is, and the last body's end */
  const uint32_t *canonical;    /* of every type the first one that equals it */
  const uint8_t *globals;       /* types; bit 7: mutable */
  const uint8_t *table_types;   /* types of elements */
  const uint8_t *element_types; /* of element segments */
  uint8_t *checked;             /* gets a 1 for every body found to be valid, or NULL */
  uint64_t value_types[2];      /* the bits of those that are enabled */
  uint32_t proposals;           /* the bits of those that are enabled */
  uint32_t imported_globals;
  uint32_t global_count;
  uint32_t memory_count;
  uint32_t table_count;
  uint32_t element_count;
  uint32_t data_count; /* of which instructions may speak */
  bool guarded;        /* every memory has guard pages */
  bool counting;       /* the code asks for better code where it runs often */
  bool vectors;        /* types or globals have vectors */
} we_quick_source;

/* Has first calls compiled without Python, as far as possible; false when memory is exhausted. Once. */
bool we_module_set_quick(we_module *module, const we_quick_source *source);
/* From now on all code is made by Python, which tells others of it. */
void we_quick_stop(void);
/* The code of a defined function with its call frame information, for comparison: its size, which may be more than
 * `room`; -1: Python makes it. Nothing is published. */
int64_t we_quick_emit(we_module *module, uint32_t index, uint8_t *to, uint64_t room);
/* Functions that were compiled and published, from number `first` on: index, address, size of the code and of all;
 * how many were written to `made`, four words each. */
uint32_t we_quick_made(we_module *module, uint32_t first, uint64_t *made, uint32_t count);

/* ---- Instances (instance.c) ------------------------------------------------------------------- */

/* A zeroed instance of `module` with room for what the counts say (index spaces, imports
 * included; own_globals is the number of globals the module defines). `globals` points to the
 * storage of own globals from index globals - own_globals on. */
we_instance *we_instance_new(we_module *module, uint32_t memories, uint32_t tables, uint32_t globals,
                             uint32_t own_globals, uint32_t elements, uint32_t datas);
void we_instance_free(we_instance *instance);
/* Imports number `index` of the function index space. */
void we_instance_import(we_instance *instance, uint32_t index, we_func *func);
void we_instance_set_memory(we_instance *instance, uint32_t index, we_memory *memory);
void we_instance_set_table(we_instance *instance, uint32_t index, we_table *table);
/* Function instance number `index` (imports first), created at first use. */
we_func *we_instance_func(we_instance *instance, uint32_t index);
/* Makes element segment `index` hold `count` words and returns them, zeroed, to be filled. */
uint64_t *we_instance_element(we_instance *instance, uint32_t index, uint32_t count);
/* Writes the funcrefs of `count` function indices to `refs`. */
int32_t we_instance_funcrefs(we_instance *instance, const uint32_t *indices, uint32_t count, uint64_t *refs);
/* Makes data segment `index` these bytes, which the caller keeps alive as long as the instance. */
void we_instance_data(we_instance *instance, uint32_t index, const uint8_t *bytes, uint64_t length);
/* Lets segment `index` be dropped from outside of guest code. */
void we_instance_elem_drop(we_instance *instance, uint32_t index);
void we_instance_data_drop(we_instance *instance, uint32_t index);

/* ---- Functions (instance.c) ------------------------------------------------------------------- */

/* A host function of C: `host` is called with `data`. */
we_func *we_func_new_host(uint32_t type_id, we_hostfn host, void *data);
/* A host function of Python: we_py_host is called with `data`. */
we_func *we_func_new_python(uint32_t type_id, void *data);
void we_func_free(we_func *func); /* host functions only; the others belong to their instance */

/* ---- Calls (invoke.c) ------------------------------------------------------------------------- */

/* Calls `func` with a frame of at least func->frame_slots slots: arguments in, results out. */
int32_t we_call(we_func *func, uint64_t *frame);
/* The same for arguments packed as a frame (8-byte slots) and at most one result. When the result
 * equals WE_TRAPPED of its type (a NaN for floats), ask we_last_trap() whether it was a trap. */
int32_t we_call_void(we_func *func, const uint8_t *args, uint32_t size); /* 0 or the trap code */
int32_t we_call_i32(we_func *func, const uint8_t *args, uint32_t size);  /* WE_TRAPPED_I32 */
int64_t we_call_i64(we_func *func, const uint8_t *args, uint32_t size);  /* WE_TRAPPED_I64 */
float we_call_f32(we_func *func, const uint8_t *args, uint32_t size);    /* NaN */
double we_call_f64(we_func *func, const uint8_t *args, uint32_t size);   /* NaN */
uint64_t we_call1(we_func *func, const uint8_t *args, uint32_t size);    /* slot 0; WE_TRAPPED_I64 */
enum { WE_TRAPPED_I32 = -1640531527 };
static const int64_t WE_TRAPPED_I64 = -7046029254386353131;
/* Code of the trap that ended the latest call of this thread, or 0; reading clears it. */
int32_t we_last_trap(void);

/* ---- Traps (trap.c) --------------------------------------------------------------------------- */

/* Where the latest trap of this thread happened. */
typedef struct we_trap_record {
  int32_t code;
  uint32_t depth;          /* host -> guest entries that were on the stack */
  uint64_t pc;             /* in guest code; a return address if `in_helper` */
  uint64_t sp;             /* stack pointer that belongs to pc */
  uint64_t fp;             /* frame pointer register */
  uint64_t fault_address;  /* 0 if the trap was not a fault */
  uint64_t stack_start;    /* address of the first byte in `stack`: sp or a little above */
  uint64_t stack_size;     /* bytes in `stack` */
  const uint8_t *stack;    /* copy of the innermost part of the stack */
  bool in_helper;
  bool stack_overflow;     /* the code 0x02 means: call stack exhausted */
} we_trap_record;

const we_trap_record *we_trap_latest(void); /* NULL before the first trap of the thread */

/* ---- Interruption (interrupt.c) --------------------------------------------------------------- */

typedef struct we_thread we_thread;

/* A counted reference to the calling thread; stays valid after the thread's end. */
we_thread *we_thread_ref(void);
void we_thread_unref(we_thread *thread);
/* Asks the guest that runs on `thread`, or runs there next, to stop with trap 0x07. A guest that is
 * just on its way back from a helper can miss the request until the next one, so repeat it every
 * few milliseconds until the call has ended, then have that thread call we_interrupt_clear. */
void we_interrupt(we_thread *thread);
/* Lets requests reach the calling thread although it may have all signals blocked. */
void we_interrupt_unblock(void);
/* Withdraws a request for the calling thread that was not served. */
void we_interrupt_clear(void);
/* From now on SIGINT, after its present handler has run, also stops the guest of the thread that
 * gets it, with trap 0x07. Replacing the handler ends this. */
void we_watch_sigint(void);
/* Host -> guest entries on the calling thread's stack. */
uint32_t we_call_depth(void);
/* Whether any thread has a host -> guest entry on its stack. */
bool we_guests_running(void);
/* Compiler and C library that the library was built with; for people. */
const char *we_build(void);

/* ---- Memories (memory.c) ---------------------------------------------------------------------- */

/* A zeroed memory of min_pages; it can grow up to limit_pages (at most 65536), declared maximum
 * included. With `guard`, tries to reserve so much address space that no check is needed
 * (memory->guarded tells); otherwise, or failing that, as much as it can grow to if possible. */
we_memory *we_memory_new(uint32_t min_pages, bool has_max, uint32_t max_pages, bool shared, uint32_t limit_pages,
                         bool guard);
void we_memory_free(we_memory *memory);
int64_t we_memory_grow(we_memory *memory, uint32_t pages); /* pages before, or -1 */
/* Copies into the memory: 0, or 0x88 and nothing written. */
int32_t we_memory_write(we_memory *memory, uint64_t offset, const uint8_t *bytes, uint64_t length);
/* Copies bytes[starts[i]] up to bytes[ends[i]] to offsets[i], for one i after the other until one does not
 * fit; returns how many were copied. */
uint32_t we_memory_write_all(we_memory *memory, const uint32_t *offsets, const uint8_t *bytes, const uint32_t *starts,
                             const uint32_t *ends, uint32_t count);

/* ---- Tables (table.c) ------------------------------------------------------------------------- */

we_table *we_table_new(uint8_t type, uint32_t min, bool has_max, uint32_t max, uint64_t init);
/* How many more elements some tables may have together; counted references, the maker's and one per table. */
typedef struct we_table_room we_table_room;
we_table_room *we_table_room_new(uint64_t elements);
void we_table_room_release(we_table_room *room);
/* A table of null references, which takes its elements from `room` now and when it grows; NULL, too, if
 * there are not enough. */
we_table *we_table_new_in(we_table_room *room, uint8_t type, uint32_t min, bool has_max, uint32_t max);
void we_table_free(we_table *table);
int64_t we_table_grow(we_table *table, uint32_t count, uint64_t init); /* elements before, or -1 */
int32_t we_table_get(we_table *table, uint32_t index, uint64_t *value); /* 0 or 0x87 */
int32_t we_table_set(we_table *table, uint32_t index, uint64_t value);  /* 0 or 0x87 */
int32_t we_table_write(we_table *table, uint64_t offset, const uint64_t *values, uint64_t count); /* 0 or 0x87 */

/* ---- Executable memory (code.c) --------------------------------------------------------------- */

/* Code in executable memory. It must not run before it is sealed, nor change afterwards. */
/* A copy of code, at a multiple of `alignment` (a power of 2, at most 4096), sealed or not; 0 if memory is
 * exhausted. */
uint64_t we_code_place(const uint8_t *bytes, uint64_t size, uint64_t alignment, bool seal);
/* Adds to 8 bytes of code from we_code_place that is not sealed. */
void we_code_patch(uint64_t code, uint64_t offset, uint64_t value);
/* Writable pages for `size` bytes of code. */
void *we_code_alloc(uint64_t size);
bool we_code_seal(void *code, uint64_t size);
void we_code_free(void *code, uint64_t size);
/* The same pages with `size` bytes of a file from `offset` on, still to be sealed; NULL if they cannot be read,
 * have another checksum (we_checksum; NULL: any), or memory is exhausted. With `map` (offset: whole pages) they are the
 * file's own pages, copied where the process writes to them; NULL, too, if the system does not allow that.
 * Nobody may change these bytes of the file. */
void *we_code_from_file(int32_t file, uint64_t offset, uint64_t size, const uint64_t checksum[2], bool map);
/* Whether bytes of a file have this checksum. */
bool we_code_verify(int32_t file, uint64_t offset, uint64_t size, const uint64_t checksum[2]);
bool we_code_contains(uint64_t address);
/* From now on all code is in anonymous pages of its own, which is what profilers know how to name. */
void we_code_stay_anonymous(void);
/* What is to be written where generated code refers to `name`, or 0: the address of a C function it may
 * call, or for "we_meter" the distance of a thread's we_meter from its thread pointer. */
uint64_t we_symbol(const char *name);

/* ---- Debuggers (debugger.c) ------------------------------------------------------------------- */

typedef struct we_symbol_file we_symbol_file;

/* Tells a debugger, present or future, of an ELF file with symbols of generated code; it is copied. */
we_symbol_file *we_debugger_add(const uint8_t *file, uint64_t size);
void we_debugger_remove(we_symbol_file *symbols);

/* ---- Files of generated code (artifact.c) ------------------------------------------------------ */

/* A checksum of bytes that detects damage, not intent. */
void we_checksum(const void *data, uint64_t size, uint64_t result[2]);
/* Bits for what this processor can do and generated code may need; code runs where all bits are set
 * that were set where it was made. */
void we_processor(uint32_t features[8]);

/* ---- The code generator (llvm.c) -------------------------------------------------------------- */

typedef uint64_t (*we_llvm_function)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                     uint64_t, uint64_t);
/* Calls a function of LLVM with words as arguments; those it does not take are 0. Once exit() has begun
 * it does nothing but return 0. */
uint64_t we_llvm_call(we_llvm_function function, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f,
                      uint64_t g, uint64_t h, uint64_t i, uint64_t j);
/* Loads LLVM's library, for good, and has exit() wait for such calls before it destroys LLVM's static objects.
 * To be called once. False if exit() has begun or memory is exhausted; true also if it cannot be loaded. */
bool we_llvm_load(const char *path);
/* Whether this process was forked while LLVM was at work, longer than a fork may wait: nothing of it is called
 * here any more. */
bool we_llvm_lost(void);

#endif
