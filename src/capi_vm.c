/* VM contexts: what executing needs, without Python. The mutex guards changes of the active module; a
 * call keeps its module alive, so instantiating or cleaning up never waits for it. */
#include <stdlib.h>

#include "bridge.h"
#include "capi.h"

enum { HOSTS = 2 };

struct WasmEdge_VMContext {
  pthread_mutex_t lock;
  _Atomic(WasmEdge_ModuleInstanceContext *) active;
  WasmEdge_StoreContext *store;
  we_statistics *statistics;
  we_measuring measuring;
  _Atomic(WasmEdge_ModuleInstanceContext *) hosts[HOSTS]; /* by enum WasmEdge_HostRegistration */
};

WasmEdge_VMContext *capi_vm_new(WasmEdge_StoreContext *store, uint32_t switches) {
  WasmEdge_VMContext *vm = calloc(1, sizeof *vm);
  if (vm == NULL) return NULL;
  vm->statistics = we_statistics_new();
  if (vm->statistics == NULL) {
    free(vm);
    return NULL;
  }
  pthread_mutex_init(&vm->lock, NULL);
  capi_store_acquire(store);
  vm->store = store;
  if (switches != 0) vm->measuring = (we_measuring){vm->statistics, switches};
  return vm;
}

we_statistics *capi_vm_statistics(WasmEdge_VMContext *vm) { return vm->statistics; }

void capi_vm_set_active(WasmEdge_VMContext *vm, WasmEdge_ModuleInstanceContext *module) {
  if (module != NULL) capi_module_acquire(module);
  pthread_mutex_lock(&vm->lock);
  WasmEdge_ModuleInstanceContext *before = atomic_exchange(&vm->active, module);
  pthread_mutex_unlock(&vm->lock);
  if (before != NULL) capi_module_release(before);
}

void capi_vm_set_host(WasmEdge_VMContext *vm, uint32_t registration, WasmEdge_ModuleInstanceContext *module) {
  if (registration < HOSTS) atomic_store(&vm->hosts[registration], module);
}

void capi_vm_free(WasmEdge_VMContext *vm) {
  capi_vm_set_active(vm, NULL);
  capi_store_release(vm->store);
  we_statistics_free(vm->statistics);
  pthread_mutex_destroy(&vm->lock);
  free(vm);
}

static capi_use use_active(WasmEdge_VMContext *vm) { return capi_module_use(&vm->active, &vm->lock); }

/* ---- Executing --------------------------------------------------------------------------------------- */

WasmEdge_Result capi_vm_run(WasmEdge_VMContext *vm, WasmEdge_ModuleInstanceContext *module, WasmEdge_String name,
                            const WasmEdge_Value *params, uint32_t param_count, WasmEdge_Value *returns,
                            uint32_t return_count) {
  we_func *func = capi_find_function(module, name);
  if (UNLIKELY(func == NULL)) return capi_fail(WasmEdge_ErrCode_FuncNotFound);
  return capi_invoke(&vm->measuring, func, params, param_count, returns, return_count);
}

WasmEdge_Result WasmEdge_VMExecute(WasmEdge_VMContext *Cxt, const WasmEdge_String FuncName,
                                   const WasmEdge_Value *Params, const uint32_t ParamLen, WasmEdge_Value *Returns,
                                   const uint32_t ReturnLen) {
  if (Cxt == NULL) return capi_fail(WasmEdge_ErrCode_WrongVMWorkflow);
  const capi_use use = use_active(Cxt);
  if (use.module == NULL) return capi_fail(WasmEdge_ErrCode_WrongInstanceAddress);
  const WasmEdge_Result ended = capi_vm_run(Cxt, use.module, FuncName, Params, ParamLen, Returns, ReturnLen);
  capi_module_unuse(use);
  return ended;
}

WasmEdge_Result WasmEdge_VMExecuteRegistered(WasmEdge_VMContext *Cxt, const WasmEdge_String ModuleName,
                                             const WasmEdge_String FuncName, const WasmEdge_Value *Params,
                                             const uint32_t ParamLen, WasmEdge_Value *Returns,
                                             const uint32_t ReturnLen) {
  if (Cxt == NULL) return capi_fail(WasmEdge_ErrCode_WrongVMWorkflow);
  WasmEdge_ModuleInstanceContext *module = capi_store_find(Cxt->store, ModuleName);
  if (module == NULL) return capi_fail(WasmEdge_ErrCode_WrongInstanceAddress);
  const WasmEdge_Result ended = capi_vm_run(Cxt, module, FuncName, Params, ParamLen, Returns, ReturnLen);
  capi_module_release(module);
  return ended;
}

/* ---- Looking around ------------------------------------------------------------------------------------ */

/* Type of a function of a module; stops using the module. */
static const WasmEdge_FunctionTypeContext *type_in(capi_use use, WasmEdge_String name) {
  const we_func *func = use.module != NULL ? capi_find_function(use.module, name) : NULL;
  const we_type *type = func != NULL ? we_type_get(func->type_id) : NULL;
  capi_module_unuse(use);
  return function_type_context(type);
}

const WasmEdge_FunctionTypeContext *WasmEdge_VMGetFunctionType(WasmEdge_VMContext *Cxt,
                                                               const WasmEdge_String FuncName) {
  return Cxt != NULL ? type_in(use_active(Cxt), FuncName) : NULL;
}

const WasmEdge_FunctionTypeContext *WasmEdge_VMGetFunctionTypeRegistered(WasmEdge_VMContext *Cxt,
                                                                         const WasmEdge_String ModuleName,
                                                                         const WasmEdge_String FuncName) {
  return Cxt != NULL ? type_in((capi_use){capi_store_find(Cxt->store, ModuleName), true}, FuncName) : NULL;
}

uint32_t WasmEdge_VMGetFunctionListLength(WasmEdge_VMContext *Cxt) {
  return WasmEdge_VMGetFunctionList(Cxt, NULL, NULL, 0);
}

static void list_types(WasmEdge_ModuleInstanceContext *module, const WasmEdge_String *names,
                       const WasmEdge_FunctionTypeContext **types, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    const we_func *func = capi_find_function(module, names[i]);
    types[i] = func != NULL ? function_type_context(we_type_get(func->type_id)) : NULL;
  }
}

uint32_t WasmEdge_VMGetFunctionList(WasmEdge_VMContext *Cxt, WasmEdge_String *Names,
                                    const WasmEdge_FunctionTypeContext **FuncTypes, const uint32_t Len) {
  const capi_use use = Cxt != NULL ? use_active(Cxt) : (capi_use){NULL, false};
  WasmEdge_ModuleInstanceContext *module = use.module;
  if (module == NULL) return 0;
  uint32_t count = capi_module_list(module, WasmEdge_ExternalType_Function, NULL, 0);
  const uint32_t wanted = Len < count ? Len : count;
  if (wanted > 0 && (Names != NULL || FuncTypes != NULL)) {
    WasmEdge_String *names = Names != NULL ? Names : malloc(wanted * sizeof *names);
    if (names != NULL) {
      capi_module_list(module, WasmEdge_ExternalType_Function, names, wanted);
      if (FuncTypes != NULL) list_types(module, names, FuncTypes, wanted);
      if (names != Names) free(names);
    } else {
      count = 0;
    }
  }
  capi_module_unuse(use);
  return count;
}

const WasmEdge_ModuleInstanceContext *WasmEdge_VMGetActiveModule(const WasmEdge_VMContext *Cxt) {
  return Cxt != NULL ? atomic_load(&Cxt->active) : NULL;
}

WasmEdge_ModuleInstanceContext *WasmEdge_VMGetImportModuleContext(WasmEdge_VMContext *Cxt,
                                                                  const enum WasmEdge_HostRegistration Reg) {
  return Cxt != NULL && (uint32_t)Reg < HOSTS ? atomic_load(&Cxt->hosts[Reg]) : NULL;
}

WasmEdge_StoreContext *WasmEdge_VMGetStoreContext(WasmEdge_VMContext *Cxt) { return Cxt != NULL ? Cxt->store : NULL; }

WasmEdge_StatisticsContext *WasmEdge_VMGetStatisticsContext(WasmEdge_VMContext *Cxt) {
  return Cxt != NULL ? (WasmEdge_StatisticsContext *)Cxt->statistics : NULL;
}

const WasmEdge_ASTModuleContext *capi_ast_hold(const WasmEdge_ASTModuleContext *module) {
  return python_ready() ? we_bound_python.we_py_ast_hold(module) : NULL;
}
