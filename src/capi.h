/* What the C files of the C API share; Python does not read this. */
#ifndef PYWASMEDGE_CAPI_H
#define PYWASMEDGE_CAPI_H

#include <string.h>

#include "contexts.h"
#include "internal.h"

#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* A result; only for codes that the API has (capi_fail takes all). */
static inline WasmEdge_Result result(uint32_t code) { return (WasmEdge_Result){(uint8_t)code}; }

/* A value, written as two halves of 16 bytes: hosts copy it in these portions at once, and a processor
 * can hand only a whole store on to a load. */
static inline WasmEdge_Value make_value(uint128_t bits, enum WasmEdge_ValType type) {
  typedef uint64_t half __attribute__((vector_size(16)));
  union {
    half halves[2];
    WasmEdge_Value value;
  } made = {.halves = {{(uint64_t)bits, (uint64_t)(bits >> 64)}, {(uint32_t)type, 0}}};
  return made.value;
}

/* ---- Kernel objects under their public names ------------------------------------------------------ */

static inline const we_type *function_type(const WasmEdge_FunctionTypeContext *context) {
  return (const we_type *)context;
}
static inline const WasmEdge_FunctionTypeContext *function_type_context(const we_type *type) {
  return (const WasmEdge_FunctionTypeContext *)type;
}
static inline we_func *function_of(const WasmEdge_FunctionInstanceContext *context) { return (we_func *)context; }
static inline we_table *table_of(const WasmEdge_TableInstanceContext *context) { return (we_table *)context; }
static inline we_memory *memory_of(const WasmEdge_MemoryInstanceContext *context) { return (we_memory *)context; }

/* The word of a funcref as the host knows it: the guest's copy of an imported host function becomes
 * the function itself. Any other word stays as it is. (capi_function.c) */
uint64_t capi_funcref(uint64_t word);

/* ---- Calls and exports (capi_invoke.c, capi_module.c) -------------------------------------------------------------------------- */

/* Calls a function with checked parameters; failures are logged. */
WasmEdge_Result capi_invoke(const we_measuring *measuring, we_func *func, const WasmEdge_Value *params,
                            uint32_t param_count, WasmEdge_Value *returns, uint32_t return_count);
/* Where the thread's next call that succeeds or is ended leaves all its results, as malloc'ed memory; NULL for nowhere.
 * Calls that host functions make do not count. For the thread of an asynchronous run, which cannot know how
 * many there will be. */
typedef struct capi_sink {
  WasmEdge_Value *values;
  uint32_t count;
} capi_sink;
extern __thread capi_sink *capi_result_sink __attribute__((tls_model("initial-exec"), visibility("hidden")));
/* Export `name` of a module, or NULL. */
we_func *capi_find_function(WasmEdge_ModuleInstanceContext *module, WasmEdge_String name);
/* What a place holds, which stays alive for the calling thread until capi_module_unuse; NULL if it holds
 * nothing. `lock` guards changes of the place. Takes no lock and writes nothing that threads share,
 * unless it is nested deeply. */
typedef struct capi_use {
  WasmEdge_ModuleInstanceContext *module;
  bool counted; /* a reference instead of a mark of the thread */
} capi_use;
capi_use capi_module_use(_Atomic(WasmEdge_ModuleInstanceContext *) *place, pthread_mutex_t *lock);
void capi_module_unuse(capi_use use);
/* The order of names in lists: byte by byte, unsigned. */
int capi_compare_names(WasmEdge_String a, WasmEdge_String b);
/* Writes the sorted names of the exports of a kind; returns how many there are. */
uint32_t capi_module_list(const WasmEdge_ModuleInstanceContext *module, uint8_t kind, WasmEdge_String *names,
                          uint32_t length);
/* A reference to the module registered in a store under `name`, or NULL. (capi_store.c) */
WasmEdge_ModuleInstanceContext *capi_store_find(WasmEdge_StoreContext *store, WasmEdge_String name);

/* ---- Logging (capi_value.c) --------------------------------------------------------------------------- */

/* Logs "<phase> failed: <message>, Code: 0x.." at error level and gives the code back. */
WasmEdge_Result capi_fail(uint32_t code);
/* Writes one line to standard error unless its level (0 debug, 1 info, 2 error) is below the threshold. */
void capi_log(int32_t level, const char *text);
/* Logs what a call has measured at info level. (capi_statistics.c) */
void capi_log_statistics(const we_measuring *measuring);

/* ---- Python (python_start.c and generated code) --------------------------------------------------------- */

/* Starts Python if necessary and imports pywasmedge.capi. False, with a message on standard error the
 * first time, if that cannot be done. Cheap once it has succeeded. */
bool python_ready(void);
/* Around fork(), for an interpreter that was started here: makes it usable in the child. */
void python_before_fork(void);
void python_after_fork(bool in_child);

#endif
