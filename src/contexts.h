/* What the C part and the Python part of the C API (pywasmedge/capi) share: the contexts' structs
 * and what Python does with them. Read by the C compiler and, like kernel.h, by cffi.
 *
 * Some contexts are objects of the kernel under another name:
 *   WasmEdge_FunctionTypeContext      we_type (kernel.h): immutable, one per type, never freed
 *   WasmEdge_FunctionInstanceContext  we_func
 *   WasmEdge_TableInstanceContext     we_table
 *   WasmEdge_MemoryInstanceContext    we_memory
 *   WasmEdge_StatisticsContext        we_statistics
 * Loader, validator and AST module contexts are Python objects; their address is a cffi handle.
 */
#ifndef PYWASMEDGE_CONTEXTS_H
#define PYWASMEDGE_CONTEXTS_H

#include "kernel.h"
#include "wasmedge/plugin.h"
#include "wasmedge/text.h"

/* ---- Configuration (capi_configure.c) ----------------------------------------------------------- */

typedef struct we_configuration {
  uint32_t proposals; /* bit n: enum WasmEdge_Proposal n is on */
  uint32_t hosts;     /* bit n: enum WasmEdge_HostRegistration n is on */
  uint32_t max_memory_page;
  uint8_t optimization_level; /* enum WasmEdge_CompilerOptimizationLevel */
  uint8_t output_format;      /* enum WasmEdge_CompilerOutputFormat */
  bool dump_ir;
  bool generic_binary;
  bool interruptible;
  bool instruction_counting;
  bool cost_measuring;
  bool time_measuring;
  bool text;
} we_configuration;

/* A copy of a configuration; the default configuration for NULL. */
void capi_configuration(const WasmEdge_ConfigureContext *configure, we_configuration *copy);

/* ---- Types (capi_type.c) ------------------------------------------------------------------------ */

/* A type with `live` set is the type_view of a table or memory (instance.h): the limit is the object's. */
struct WasmEdge_TableTypeContext {
  uint8_t type; /* enum WasmEdge_RefType */
  bool live;
  WasmEdge_Limit limit;
};

struct WasmEdge_MemoryTypeContext {
  bool live;
  WasmEdge_Limit limit;
};

struct WasmEdge_GlobalTypeContext {
  uint8_t type;       /* enum WasmEdge_ValType */
  uint8_t mutability; /* enum WasmEdge_Mutability */
};

/* Made and owned by the AST module. `type` is the type context of the kind. */
struct WasmEdge_ImportTypeContext {
  WasmEdge_String module;
  WasmEdge_String name;
  uint8_t kind; /* enum WasmEdge_ExternalType */
  const void *type;
};

struct WasmEdge_ExportTypeContext {
  WasmEdge_String name;
  uint8_t kind;
  const void *type; /* NULL for an import that is exported again */
};

/* Another context of the same AST module, for WasmEdge_ASTModuleDelete; NULL on failure. Asks Python. */
const WasmEdge_ASTModuleContext *capi_ast_hold(const WasmEdge_ASTModuleContext *module);

/* ---- Instances (capi_global.c, capi_module.c) ------------------------------------------------------ */

struct WasmEdge_GlobalInstanceContext {
  we_global *storage; /* &own, or the global of a module instance */
  WasmEdge_GlobalTypeContext type;
  bool owned; /* not the C host's to delete */
  WasmEdge_ModuleInstanceContext *module; /* the one whose instance it is of, or NULL */
  we_global own;
};

/* Python's part of freeing what the host made and then gave to a module: called with the address. */
void capi_function_free(we_func *func);
void capi_global_free(WasmEdge_GlobalInstanceContext *global);
/* Whether a function context was made by the host (WasmEdge_FunctionInstanceCreate*), which cannot
 * delete it from now on. */
bool capi_function_take(we_func *func);

/* A module instance with one reference, the owner's; NULL when memory is exhausted. `instance` is
 * NULL for a host module. */
WasmEdge_ModuleInstanceContext *capi_module_new(const char *name, uint32_t length, we_instance *instance);
/* Gives an export a name, replacing one of the same kind and name. `object` is the context, or NULL:
 * then it is `index` in the index space of the instance, or, if `index` is WE_ASK_PYTHON, Python is
 * asked at the first find (we_py_find). False when memory is exhausted. */
bool capi_module_export(WasmEdge_ModuleInstanceContext *module, uint8_t kind, const char *name, uint32_t length,
                        void *object, uint32_t index);
/* The same for a global of the instance, whose type C does not know. */
bool capi_module_export_global(WasmEdge_ModuleInstanceContext *module, const char *name, uint32_t length,
                               uint32_t index, uint8_t type, uint8_t mutability);
enum { WE_ASK_PYTHON = 0xFFFFFFFF };
/* Another reference, and giving one back; the last one calls we_py_module_end and frees. */
void capi_module_acquire(WasmEdge_ModuleInstanceContext *module);
void capi_module_release(WasmEdge_ModuleInstanceContext *module);

/* ---- Stores (capi_store.c) ---------------------------------------------------------------------------- */

/* An empty store with one reference. */
WasmEdge_StoreContext *capi_store_new(void);
/* Enters or (with NULL) removes a name. False when memory is exhausted. */
bool capi_store_set(WasmEdge_StoreContext *store, const char *name, uint32_t length,
                    WasmEdge_ModuleInstanceContext *module);
void capi_store_acquire(WasmEdge_StoreContext *store);
void capi_store_release(WasmEdge_StoreContext *store);

/* ---- Execution (capi_invoke.c, capi_vm.c) --------------------------------------------------------------- */

/* What an executor or a VM measures; `statistics` is NULL when no switch is on. */
typedef struct we_measuring {
  we_statistics *statistics;
  uint32_t switches; /* WE_COUNT | WE_COST | WE_TIME */
} we_measuring;

WasmEdge_ExecutorContext *capi_executor_new(const we_measuring *measuring);
void capi_executor_free(WasmEdge_ExecutorContext *executor);

/* A VM that refers to (and holds) `store`; its statistics are new. */
WasmEdge_VMContext *capi_vm_new(WasmEdge_StoreContext *store, uint32_t switches);
void capi_vm_free(WasmEdge_VMContext *vm);
we_statistics *capi_vm_statistics(WasmEdge_VMContext *vm);
/* Makes `module` (or nothing, for NULL) the active one; the VM holds a reference. */
void capi_vm_set_active(WasmEdge_VMContext *vm, WasmEdge_ModuleInstanceContext *module);
/* What WasmEdge_VMGetImportModuleContext gives for a host registration; not a reference. */
void capi_vm_set_host(WasmEdge_VMContext *vm, uint32_t registration, WasmEdge_ModuleInstanceContext *module);
/* Calls an export of `module` as WasmEdge_VMExecute does with the active module's. */
WasmEdge_Result capi_vm_run(WasmEdge_VMContext *vm, WasmEdge_ModuleInstanceContext *module, WasmEdge_String name,
                            const WasmEdge_Value *params, uint32_t param_count, WasmEdge_Value *returns,
                            uint32_t return_count);

/* ---- Asynchronous runs (capi_async.c) ---------------------------------------------------------------------- */

/* For host functions that wait: descriptor that becomes readable when the asynchronous run on the calling
 * thread is cancelled; -1 if there is no such run. It is closed with the run. */
int32_t capi_async_handle(void);

/* ---- Plugins (capi_plugin.c) ------------------------------------------------------------------------------- */

/* Loads a shared library, for good, and asks it for its descriptor. NULL on failure: `*error` says why and is
 * valid until the thread's next call. */
const WasmEdge_PluginDescriptor *capi_plugin_open(const char *path, const char **error);

/* ---- Logging (capi_value.c) ------------------------------------------------------------------------------- */

/* Lines below this level are dropped: 0 debug, 1 info, 2 error. */
int32_t capi_log_level(void);

#endif
