/* Linking several modules: what one exports under a name, others import. */
#include "example.h"

/* report(index, value) */
static WasmEdge_Result report(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                              WasmEdge_Value *returns) {
  (void)data, (void)memory, (void)returns;
  printf("  [%d] = %d\n", WasmEdge_ValueGetI32(params[0]), WasmEdge_ValueGetI32(params[1]));
  return WasmEdge_Result_Success;
}

int main(void) {
  /* A store of our own; it has to outlive the VM. Several VMs could share it. */
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, store);
  CHECK(WasmEdge_VMGetStoreContext(vm) == store);

  WasmEdge_Value params[2] = {WasmEdge_ValueGenI32(7), WasmEdge_ValueGenI32(3)}, returns[1];
  FAILS("without the library", WasmEdge_ErrCode_UnknownImport,
        WasmEdge_VMRunWasmFromFile(vm, "linking.wasm", name("main"), params, 2, returns, 1));

  /* A WebAssembly module under a name: the VM instantiates and owns it. */
  MUST(WasmEdge_VMRegisterModuleFromFile(vm, name("library"), "linking_library.wasm"));
  FAILS("the same name again", WasmEdge_ErrCode_ModuleNameConflict,
        WasmEdge_VMRegisterModuleFromFile(vm, name("library"), "linking_library.wasm"));

  /* A module of the host, which has its own name. It stays ours. */
  const enum WasmEdge_ValType words[2] = {WasmEdge_ValType_I32, WasmEdge_ValType_I32};
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(words, 2, NULL, 0);
  WasmEdge_ModuleInstanceContext *host = WasmEdge_ModuleInstanceCreate(name("host"));
  WasmEdge_ModuleInstanceAddFunction(host, name("report"), WasmEdge_FunctionInstanceCreate(type, report, NULL, 0));
  WasmEdge_FunctionTypeDelete(type);
  MUST(WasmEdge_VMRegisterModuleFromImport(vm, host));

  /* Now the imports of the main module resolve. */
  printf("main(7, 3):\n");
  MUST(WasmEdge_VMRunWasmFromFile(vm, "linking.wasm", name("main"), params, 2, returns, 1));
  CHECK(WasmEdge_ValueGetI32(returns[0]) == 3);

  /* Registered modules live on: they can be called by name, and their state is still there. */
  params[0] = WasmEdge_ValueGenI32(1000);
  MUST(WasmEdge_VMExecuteRegistered(vm, name("library"), name("store"), params, 1, NULL, 0));
  printf("main(5, 1):\n");
  params[0] = WasmEdge_ValueGenI32(5);
  params[1] = WasmEdge_ValueGenI32(1);
  MUST(WasmEdge_VMExecute(vm, name("main"), params, 2, returns, 1));
  CHECK(WasmEdge_ValueGetI32(returns[0]) == 5);

  /* The store lists its modules by name; each lists what it exports. The names are borrowed. */
  WasmEdge_String modules[8];
  uint32_t count = WasmEdge_StoreListModule(store, modules, 8);
  for (uint32_t i = 0; i < count; i++) {
    const WasmEdge_ModuleInstanceContext *module = WasmEdge_StoreFindModule(store, modules[i]);
    WasmEdge_String functions[8];
    uint32_t function_count = WasmEdge_ModuleInstanceListFunction(module, functions, 8);
    printf("module %.*s:", TEXT(WasmEdge_ModuleInstanceGetModuleName(module)));
    for (uint32_t j = 0; j < function_count; j++)
      printf(" %.*s", TEXT(functions[j]));
    printf("\n");
  }
  CHECK(WasmEdge_StoreFindModule(store, name("host")) == host);

  /* What the VM registered goes with it; the host module leaves the store when it is deleted. */
  WasmEdge_VMDelete(vm);
  CHECK(WasmEdge_StoreListModuleLength(store) == 1);
  WasmEdge_ModuleInstanceDelete(host);
  CHECK(WasmEdge_StoreListModuleLength(store) == 0);
  WasmEdge_StoreDelete(store);
  return 0;
}
