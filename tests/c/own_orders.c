/* Deleting contexts in any order, and while others still need them.
 * Arguments: guest.wasm, own_importer.wasm, what to try. */
#include "own_guest.h"

static guest file, importer_file;
static WasmEdge_ExecutorContext *executor;

static WasmEdge_ModuleInstanceContext *instance_of(const guest *from, WasmEdge_StoreContext *store) {
  WasmEdge_ModuleInstanceContext *made = NULL;
  WasmEdge_ASTModuleContext *ast = guest_ast(from);
  CHECK_CODE(WasmEdge_ExecutorInstantiate(executor, &made, store, ast), 0);
  WasmEdge_ASTModuleDelete(ast);
  return made;
}

static WasmEdge_ModuleInstanceContext *registered(const guest *from, WasmEdge_StoreContext *store, WasmEdge_String name) {
  WasmEdge_ModuleInstanceContext *made = NULL;
  WasmEdge_ASTModuleContext *ast = guest_ast(from);
  CHECK_CODE(WasmEdge_ExecutorRegister(executor, &made, store, ast, name), 0);
  WasmEdge_ASTModuleDelete(ast);
  return made;
}

static WasmEdge_StoreContext *store_with(const WasmEdge_ModuleInstanceContext *module) {
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, module), 0);
  return store;
}

/* Calls an export with i32 parameters; returns its first result. */
static int32_t invoke(const WasmEdge_ModuleInstanceContext *module, const char *name, uint32_t count, int32_t a,
                      int32_t b) {
  const WasmEdge_Value params[] = {WasmEdge_ValueGenI32(a), WasmEdge_ValueGenI32(b)};
  WasmEdge_Value returned = WasmEdge_ValueGenI32(0);
  const WasmEdge_String found = WasmEdge_StringWrap(name, (uint32_t)strlen(name));
  WasmEdge_FunctionInstanceContext *function = WasmEdge_ModuleInstanceFindFunction(module, found);
  CHECK(function != NULL);
  CHECK_CODE(WasmEdge_ExecutorInvoke(executor, function, params, count, &returned, 1), 0);
  return WasmEdge_ValueGetI32(returned);
}

/* ---- What made an instance goes before it ------------------------------------------------------------------- */

static void makers_first(void) {
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureStatisticsSetInstructionCounting(configure, true);
  WasmEdge_StatisticsContext *statistics = WasmEdge_StatisticsCreate();
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(configure);
  WasmEdge_ValidatorContext *validator = WasmEdge_ValidatorCreate(configure);
  WasmEdge_ExecutorContext *own = WasmEdge_ExecutorCreate(configure, statistics);
  WasmEdge_ModuleInstanceContext *host = host_module(give_back, NULL), *made = NULL;
  WasmEdge_StoreContext *store = store_with(host);
  WasmEdge_ASTModuleContext *ast = NULL;
  WasmEdge_ConfigureDelete(configure);
  CHECK_CODE(WasmEdge_LoaderParseFromBuffer(loader, &ast, file.bytes, file.size), 0);
  WasmEdge_LoaderDelete(loader);
  CHECK_CODE(WasmEdge_ValidatorValidate(validator, ast), 0);
  WasmEdge_ValidatorDelete(validator);
  CHECK_CODE(WasmEdge_ExecutorRegister(own, &made, store, ast, NAME("guest")), 0);
  WasmEdge_ASTModuleDelete(ast);
  WasmEdge_ExecutorDelete(own);
  WasmEdge_StatisticsDelete(statistics);
  CHECK(invoke(made, "add", 2, 20, 3) == 23); /* compiled only now */
  CHECK(WasmEdge_StoreFindModule(store, NAME("guest")) == made);
  WasmEdge_StoreDelete(store);
  CHECK(invoke(made, "call", 1, 5, 0) == 5);
  WasmEdge_ModuleInstanceDelete(made);
  WasmEdge_ModuleInstanceDelete(host);
}

/* ---- What an instance imports goes before it ---------------------------------------------------------------- */

static void provider_first(void) {
  WasmEdge_ModuleInstanceContext *host = host_module(give_back, NULL);
  WasmEdge_StoreContext *store = store_with(host);
  WasmEdge_ModuleInstanceContext *guest = registered(&file, store, NAME("guest"));
  WasmEdge_ModuleInstanceContext *importer = instance_of(&importer_file, store);
  CHECK(invoke(importer, "bump", 0, 0, 0) == 6);
  WasmEdge_ModuleInstanceDelete(host);
  WasmEdge_ModuleInstanceDelete(guest);
  CHECK(WasmEdge_StoreListModuleLength(store) == 0);
  WasmEdge_StoreDelete(store);
  CHECK(invoke(importer, "add", 2, 20, 3) == 23);
  CHECK(invoke(importer, "first", 2, 20, 3) == 23);
  CHECK(invoke(importer, "call", 1, 5, 0) == 5);
  CHECK(invoke(importer, "bump", 0, 0, 0) == 7);
  invoke(importer, "store", 2, 65535, 9);
  CHECK(invoke(importer, "grow", 1, 1, 0) == 1);
  CHECK(invoke(importer, "load", 1, 65535, 0) == 9);
  WasmEdge_ModuleInstanceDelete(importer);
}

/* The guest reaches the importer's function through its own table. */
static void importer_first(void) {
  WasmEdge_ModuleInstanceContext *host = host_module(give_back, NULL);
  WasmEdge_StoreContext *store = store_with(host);
  WasmEdge_ModuleInstanceContext *guest = registered(&file, store, NAME("guest"));
  WasmEdge_ModuleInstanceContext *importer = instance_of(&importer_file, store);
  WasmEdge_ModuleInstanceDelete(importer);
  const WasmEdge_Value params[] = {WasmEdge_ValueGenI32(20), WasmEdge_ValueGenI32(3), WasmEdge_ValueGenI32(1)};
  WasmEdge_Value returned = params[0];
  WasmEdge_FunctionInstanceContext *through = WasmEdge_ModuleInstanceFindFunction(guest, NAME("through_table"));
  CHECK_CODE(WasmEdge_ExecutorInvoke(executor, through, params, 3, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 17);
  WasmEdge_ModuleInstanceDelete(guest);
  WasmEdge_ModuleInstanceDelete(host);
  WasmEdge_StoreDelete(store);
}

/* A module like the guest, made by the host: what the importer needs, in objects of the host. */
static WasmEdge_ModuleInstanceContext *imitation(void) {
  const WasmEdge_Limit limit = {.HasMax = true, .Min = 2, .Max = 3};
  const enum WasmEdge_ValType i32[] = {WasmEdge_ValType_I32, WasmEdge_ValType_I32};
  WasmEdge_ModuleInstanceContext *module = WasmEdge_ModuleInstanceCreate(NAME("guest"));
  WasmEdge_TableTypeContext *table = WasmEdge_TableTypeCreate(WasmEdge_RefType_FuncRef, limit);
  WasmEdge_MemoryTypeContext *memory = WasmEdge_MemoryTypeCreate(limit);
  WasmEdge_GlobalTypeContext *global = WasmEdge_GlobalTypeCreate(WasmEdge_ValType_I32, WasmEdge_Mutability_Var);
  WasmEdge_FunctionTypeContext *function = WasmEdge_FunctionTypeCreate(i32, 2, i32, 1);
  WasmEdge_FunctionInstanceContext *add = WasmEdge_FunctionInstanceCreate(function, give_back, NULL, 0);
  WasmEdge_TableInstanceContext *functions = WasmEdge_TableInstanceCreate(table);
  CHECK_CODE(WasmEdge_TableInstanceSetData(functions, WasmEdge_ValueGenFuncRef(add), 0), 0);
  WasmEdge_ModuleInstanceAddFunction(module, NAME("add"), add);
  WasmEdge_ModuleInstanceAddTable(module, NAME("table"), functions);
  WasmEdge_ModuleInstanceAddMemory(module, NAME("memory"), WasmEdge_MemoryInstanceCreate(memory));
  WasmEdge_ModuleInstanceAddGlobal(module, NAME("counter"),
                                   WasmEdge_GlobalInstanceCreate(global, WasmEdge_ValueGenI32(5)));
  WasmEdge_TableTypeDelete(table);
  WasmEdge_MemoryTypeDelete(memory);
  WasmEdge_GlobalTypeDelete(global);
  WasmEdge_FunctionTypeDelete(function);
  return module;
}

static void use_imitation(const WasmEdge_ModuleInstanceContext *importer, int32_t count) {
  CHECK(invoke(importer, "add", 2, 20, 3) == 20);
  CHECK(invoke(importer, "first", 2, 30, 3) == 30);
  CHECK(invoke(importer, "bump", 0, 0, 0) == count);
  invoke(importer, "store", 2, 131071, 9);
  CHECK(invoke(importer, "load", 1, 131071, 0) == 9);
}

static void host_objects_first(void) {
  WasmEdge_ModuleInstanceContext *host = host_module(give_back, NULL), *guest = imitation();
  WasmEdge_StoreContext *store = store_with(host);
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, guest), 0);
  WasmEdge_ModuleInstanceContext *importer = instance_of(&importer_file, store);
  use_imitation(importer, 6);
  /* A name gets a new meaning: what it meant stays usable. */
  WasmEdge_FunctionInstanceContext *before = WasmEdge_ModuleInstanceFindFunction(guest, NAME("add"));
  WasmEdge_FunctionInstanceContext *after = host_function(give_back, NULL);
  WasmEdge_ModuleInstanceAddFunction(guest, NAME("add"), after);
  CHECK(WasmEdge_ModuleInstanceFindFunction(guest, NAME("add")) == after);
  CHECK(WasmEdge_ModuleInstanceListFunctionLength(guest) == 1);
  CHECK(WasmEdge_FunctionTypeGetParametersLength(WasmEdge_FunctionInstanceGetFunctionType(before)) == 2);
  use_imitation(importer, 7);
  WasmEdge_ModuleInstanceDelete(guest);
  WasmEdge_ModuleInstanceDelete(host);
  WasmEdge_StoreDelete(store);
  use_imitation(importer, 8);
  WasmEdge_ModuleInstanceDelete(importer);
}

/* ---- VMs and stores ----------------------------------------------------------------------------------------------- */

static const WasmEdge_ConfigureContext *with_wasi(void) {
  static WasmEdge_ConfigureContext *made;
  if (made == NULL) made = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureAddHostRegistration(made, WasmEdge_HostRegistration_Wasi);
  return made;
}

static void vms_on_one_store(void) {
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  WasmEdge_ModuleInstanceContext *host = host_module(give_back, NULL);
  for (int round = 0; round < 4; round++) {
    WasmEdge_VMContext *vm = WasmEdge_VMCreate(round % 2 ? with_wasi() : NULL, store);
    CHECK(WasmEdge_VMGetStoreContext(vm) == store);
    CHECK(WasmEdge_StoreListModuleLength(store) == (round % 2 ? 1 : 0));
    CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, host), 0);
    CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, NAME("guest"), file.bytes, file.size), 0);
    start_guest(vm, &file);
    CHECK(call_guest(vm, "call", 1, 5, 0) == 5);
    WasmEdge_VMDelete(vm);
    CHECK(WasmEdge_StoreListModuleLength(store) == 1); /* what the VM owned is gone */
    CHECK(WasmEdge_StoreFindModule(store, NAME("host")) == host);
    WasmEdge_ModuleInstanceDelete(host);
    CHECK(WasmEdge_StoreListModuleLength(store) == 0);
    host = host_module(give_back, NULL);
  }
  /* Two at once: the second has its own WASI module, which is not registered. */
  WasmEdge_VMContext *first = WasmEdge_VMCreate(with_wasi(), store), *second = WasmEdge_VMCreate(with_wasi(), store);
  const WasmEdge_ModuleInstanceContext *wasi = WasmEdge_StoreFindModule(store, NAME("wasi_snapshot_preview1"));
  CHECK(wasi == WasmEdge_VMGetImportModuleContext(first, WasmEdge_HostRegistration_Wasi));
  CHECK(wasi != WasmEdge_VMGetImportModuleContext(second, WasmEdge_HostRegistration_Wasi));
  WasmEdge_VMDelete(second);
  CHECK(WasmEdge_StoreFindModule(store, NAME("wasi_snapshot_preview1")) == wasi);
  WasmEdge_VMDelete(first);
  CHECK(WasmEdge_StoreListModuleLength(store) == 0);
  WasmEdge_ModuleInstanceDelete(host);
  WasmEdge_StoreDelete(store);
}

/* Module, then store, then VM; or the store first. */
static void store_before_vm(bool module_first) {
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  WasmEdge_ModuleInstanceContext *host = host_module(give_back, NULL);
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(with_wasi(), store);
  const WasmEdge_Value five = WasmEdge_ValueGenI32(5);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, host), 0);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, NAME("guest"), file.bytes, file.size), 0);
  start_guest(vm, &file);
  if (module_first) WasmEdge_ModuleInstanceDelete(host);
  WasmEdge_StoreDelete(store);
  if (!module_first) WasmEdge_ModuleInstanceDelete(host);
  CHECK(call_guest(vm, "call", 1, 5, 0) == 5);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, NAME("host"), NAME("call"), &five, 1, NULL, 0), 0x80);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, NAME("guest"), NAME("bump"), NULL, 0, NULL, 0), 0x80);
  CHECK(WasmEdge_VMGetFunctionTypeRegistered(vm, NAME("host"), NAME("call")) == NULL);
  WasmEdge_VMCleanup(vm);
  WasmEdge_VMDelete(vm);
}

static void import_before_vm(void) {
  WasmEdge_ModuleInstanceContext *host = host_module(give_back, NULL);
  WasmEdge_VMContext *vm = guest_vm(&file, host);
  const WasmEdge_Value five = WasmEdge_ValueGenI32(5);
  WasmEdge_ModuleInstanceDelete(host);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, NAME("host"), NAME("call"), &five, 1, NULL, 0), 0x80);
  CHECK(call_guest(vm, "call", 1, 5, 0) == 5);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0x62);
  host = host_module(give_back, NULL); /* the name is free */
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, host), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
  WasmEdge_VMDelete(vm);
  WasmEdge_ModuleInstanceDelete(host);
}

/* ---- While a call is under way --------------------------------------------------------------------------------------- */

static WasmEdge_VMContext *own_vm;
static WasmEdge_ModuleInstanceContext *own_module;

/* Parameter 1: another instance becomes active. 2: cleanup. 3: the module is deleted. 4: another run. */
static WasmEdge_Result pull_rug(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                                WasmEdge_Value *returns) {
  (void)data;
  CHECK(memory != NULL);
  const int32_t what = WasmEdge_ValueGetI32(params[0]);
  if (what == 1) CHECK_CODE(WasmEdge_VMInstantiate(own_vm), 0);
  if (what == 2) WasmEdge_VMCleanup(own_vm);
  if (what == 3) WasmEdge_ModuleInstanceDelete(own_module);
  if (what == 4) CHECK_CODE(WasmEdge_VMRunWasmFromBuffer(own_vm, file.bytes, file.size, NAME("bump"), NULL, 0, NULL, 0), 0);
  if (what < 3) CHECK(WasmEdge_MemoryInstanceGetPageSize(memory) == 1);
  returns[0] = params[0];
  return WasmEdge_Result_Success;
}

static void during_a_call(void) {
  WasmEdge_ModuleInstanceContext *host = host_module(pull_rug, NULL);
  for (int what = 1; what <= 4; what++) {
    if (what == 3) continue;
    own_vm = guest_vm(&file, host);
    CHECK(call_guest(own_vm, "call", 1, what, 0) == what);
    CHECK((WasmEdge_VMGetActiveModule(own_vm) == NULL) == (what == 2));
    if (what != 2) CHECK(call_guest(own_vm, "add", 2, 20, 3) == 23);
    WasmEdge_VMDelete(own_vm);
  }
  WasmEdge_StoreContext *store = store_with(host);
  own_module = registered(&file, store, NAME("guest"));
  CHECK(invoke(own_module, "bump", 0, 0, 0) == 6);
  own_vm = WasmEdge_VMCreate(NULL, store);
  const WasmEdge_Value three = WasmEdge_ValueGenI32(3);
  WasmEdge_Value returned = three;
  CHECK_CODE(WasmEdge_VMExecuteRegistered(own_vm, NAME("guest"), NAME("call"), &three, 1, &returned, 1), 0);
  CHECK(WasmEdge_StoreListModuleLength(store) == 1);
  WasmEdge_VMDelete(own_vm);
  WasmEdge_StoreDelete(store);
  WasmEdge_ModuleInstanceDelete(host);
}

/* The context of a run goes while it runs; so does what it was given. */
static void async_forgotten(void) {
  WasmEdge_ModuleInstanceContext *host = host_module(give_back, NULL);
  WasmEdge_VMContext *vm = guest_vm(&file, host);
  WasmEdge_Value params[] = {WasmEdge_ValueGenI32(20), WasmEdge_ValueGenI32(3)};
  WasmEdge_Value returned = params[0];
  WasmEdge_ASTModuleContext *ast = guest_ast(&file);
  WasmEdge_String name = WasmEdge_StringCreateByCString("add");
  WasmEdge_Async *run = WasmEdge_VMAsyncRunWasmFromASTModule(vm, ast, name, params, 2);
  WasmEdge_ASTModuleDelete(ast);
  WasmEdge_StringDelete(name);
  memset(params, 0xFF, sizeof params);
  CHECK_CODE(WasmEdge_AsyncGet(run, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 23);
  WasmEdge_AsyncDelete(run);
  for (int i = 0; i < 50; i++) {
    run = WasmEdge_VMAsyncExecute(vm, NAME("bump"), NULL, 0);
    WasmEdge_AsyncCancel(run);
    WasmEdge_AsyncDelete(run);
  }
  run = WasmEdge_VMAsyncExecute(vm, NAME("spin"), NULL, 0);
  CHECK(!WasmEdge_AsyncWaitFor(run, 1));
  WasmEdge_AsyncCancel(run);
  CHECK_CODE(WasmEdge_AsyncGet(run, NULL, 0), 0x07);
  WasmEdge_AsyncDelete(run);
  /* The last of them may still be ending, so the VM stays. */
}

/* ---- Functions made by the host ------------------------------------------------------------------------------------- */

static WasmEdge_Result wrapper(void *binding, void *data, WasmEdge_MemoryInstanceContext *memory,
                               const WasmEdge_Value *params, const uint32_t param_count, WasmEdge_Value *returns,
                               const uint32_t return_count) {
  CHECK(binding == &file && param_count == 1 && return_count == 1);
  return give_back(data, memory, params, returns);
}

static void types_first(void) {
  const enum WasmEdge_ValType i32 = WasmEdge_ValType_I32;
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(&i32, 1, &i32, 1);
  WasmEdge_FunctionInstanceContext *function = WasmEdge_FunctionInstanceCreateBinding(type, wrapper, &file, NULL, 0);
  WasmEdge_FunctionTypeDelete(type);
  const WasmEdge_Value five = WasmEdge_ValueGenI32(5);
  WasmEdge_Value returned = WasmEdge_ValueGenI32(0);
  CHECK_CODE(WasmEdge_ExecutorInvoke(executor, function, &five, 1, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 5);
  WasmEdge_FunctionInstanceDelete(function);
}

/* One object in two modules: it lives as long as either, and is freed once. */
static void in_two_modules(void) {
  WasmEdge_ModuleInstanceContext *one = imitation(), *two = WasmEdge_ModuleInstanceCreate(NAME("guest"));
  WasmEdge_ModuleInstanceAddFunction(two, NAME("add"), WasmEdge_ModuleInstanceFindFunction(one, NAME("add")));
  WasmEdge_ModuleInstanceAddTable(two, NAME("table"), WasmEdge_ModuleInstanceFindTable(one, NAME("table")));
  WasmEdge_ModuleInstanceAddMemory(two, NAME("memory"), WasmEdge_ModuleInstanceFindMemory(one, NAME("memory")));
  WasmEdge_ModuleInstanceAddGlobal(two, NAME("counter"), WasmEdge_ModuleInstanceFindGlobal(one, NAME("counter")));
  WasmEdge_ModuleInstanceDelete(one);
  WasmEdge_ModuleInstanceContext *host = host_module(give_back, NULL);
  WasmEdge_StoreContext *store = store_with(host);
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, two), 0);
  WasmEdge_ModuleInstanceContext *importer = instance_of(&importer_file, store);
  WasmEdge_ModuleInstanceDelete(two);
  use_imitation(importer, 6);
  WasmEdge_ModuleInstanceDelete(importer);
  WasmEdge_ModuleInstanceDelete(host);
  WasmEdge_StoreDelete(store);
}

/* The exports of an instance, offered by a module of the host as well. */
static void exports_again(void) {
  WasmEdge_ModuleInstanceContext *host = host_module(give_back, NULL), *again = WasmEdge_ModuleInstanceCreate(NAME("guest"));
  WasmEdge_StoreContext *store = store_with(host);
  WasmEdge_ModuleInstanceContext *guest = instance_of(&file, store);
  WasmEdge_ModuleInstanceAddFunction(again, NAME("add"), WasmEdge_ModuleInstanceFindFunction(guest, NAME("add")));
  WasmEdge_ModuleInstanceAddTable(again, NAME("table"), WasmEdge_ModuleInstanceFindTable(guest, NAME("table")));
  WasmEdge_ModuleInstanceAddMemory(again, NAME("memory"), WasmEdge_ModuleInstanceFindMemory(guest, NAME("memory")));
  WasmEdge_ModuleInstanceAddGlobal(again, NAME("counter"), WasmEdge_ModuleInstanceFindGlobal(guest, NAME("counter")));
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, again), 0);
  WasmEdge_ModuleInstanceContext *importer = instance_of(&importer_file, store);
  CHECK(invoke(importer, "add", 2, 20, 3) == 23);
  CHECK(invoke(importer, "bump", 0, 0, 0) == 6);
  WasmEdge_ModuleInstanceDelete(again);
  CHECK(invoke(guest, "bump", 0, 0, 0) == 7);
  CHECK(invoke(importer, "first", 2, 20, 3) == 23);
  WasmEdge_ModuleInstanceDelete(guest);
  CHECK(invoke(importer, "bump", 0, 0, 0) == 8);
  WasmEdge_ModuleInstanceDelete(importer);
  WasmEdge_ModuleInstanceDelete(host);
  WasmEdge_StoreDelete(store);
}

/* What belongs to a module or instance is not the host's to delete: nothing happens. */
static void borrowed(void) {
  WasmEdge_ModuleInstanceContext *host = host_module(give_back, NULL), *made = imitation();
  WasmEdge_StoreContext *store = store_with(host);
  WasmEdge_ModuleInstanceContext *guest = instance_of(&file, store);
  const WasmEdge_ModuleInstanceContext *owners[] = {guest, made};
  for (int i = 0; i < 2; i++) {
    WasmEdge_FunctionInstanceDelete(WasmEdge_ModuleInstanceFindFunction(owners[i], NAME("add")));
    WasmEdge_TableInstanceDelete(WasmEdge_ModuleInstanceFindTable(owners[i], NAME("table")));
    WasmEdge_MemoryInstanceDelete(WasmEdge_ModuleInstanceFindMemory(owners[i], NAME("memory")));
    WasmEdge_GlobalInstanceDelete(WasmEdge_ModuleInstanceFindGlobal(owners[i], NAME("counter")));
    CHECK(WasmEdge_TableInstanceGetSize(WasmEdge_ModuleInstanceFindTable(owners[i], NAME("table"))) == 2);
    CHECK(WasmEdge_ModuleInstanceFindFunction(owners[i], NAME("add")) != NULL);
  }
  CHECK(invoke(guest, "bump", 0, 0, 0) == 6);
  CHECK(invoke(guest, "load", 1, 65535, 0) == 0);
  WasmEdge_ModuleInstanceDelete(guest);
  WasmEdge_ModuleInstanceDelete(made);
  WasmEdge_ModuleInstanceDelete(host);
  WasmEdge_StoreDelete(store);
}

static void borrowed_modules(void) {
  WasmEdge_ModuleInstanceContext *host = host_module(give_back, NULL);
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(with_wasi(), NULL);
  WasmEdge_StoreContext *store = WasmEdge_VMGetStoreContext(vm);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, host), 0);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, NAME("guest"), file.bytes, file.size), 0);
  start_guest(vm, &file);
  WasmEdge_ModuleInstanceContext *wasi = WasmEdge_VMGetImportModuleContext(vm, WasmEdge_HostRegistration_Wasi);
  WasmEdge_ModuleInstanceDelete(wasi);
  WasmEdge_ModuleInstanceDelete((WasmEdge_ModuleInstanceContext *)WasmEdge_VMGetActiveModule(vm));
  WasmEdge_ModuleInstanceDelete((WasmEdge_ModuleInstanceContext *)WasmEdge_StoreFindModule(store, NAME("guest")));
  CHECK(WasmEdge_StoreListModuleLength(store) == 3);
  CHECK(WasmEdge_ModuleInstanceWASIGetExitCode(wasi) == 0);
  CHECK(call_guest(vm, "call", 1, 5, 0) == 5);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, NAME("guest"), NAME("bump"), NULL, 0, NULL, 0), 0);
  WasmEdge_VMDelete(vm);
  WasmEdge_ModuleInstanceDelete(host);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void store_after_module(void) { store_before_vm(true); }
static void store_before_module(void) { store_before_vm(false); }

static const struct {
  const char *name;
  void (*try)(void);
} orders[] = {
    {"makers_first", makers_first},
    {"provider_first", provider_first},
    {"importer_first", importer_first},
    {"host_objects_first", host_objects_first},
    {"vms_on_one_store", vms_on_one_store},
    {"store_after_module", store_after_module},
    {"store_before_module", store_before_module},
    {"import_before_vm", import_before_vm},
    {"during_a_call", during_a_call},
    {"async_forgotten", async_forgotten},
    {"types_first", types_first},
    {"in_two_modules", in_two_modules},
    {"exports_again", exports_again},
    {"borrowed", borrowed},
    {"borrowed_modules", borrowed_modules},
};

int main(int argc, char **argv) {
  CHECK(argc == 4);
  file = read_guest(argv[1]);
  importer_file = read_guest(argv[2]);
  executor = WasmEdge_ExecutorCreate(NULL, NULL);
  bool found = false;
  for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
    if (strcmp(argv[3], orders[i].name) != 0) continue;
    found = true;
    for (int round = 0; round < 3; round++) orders[i].try();
  }
  WasmEdge_ExecutorDelete(executor);
  return found ? 0 : 2;
}
