/* VMs: stages, active module, registering, what is seen of it. */
#include "behaviour.h"

static WasmEdge_VMContext *vm;
static binary provider, seven;

static const uint8_t INVALID[] = "\0asm\1\0\0\0" "\x03\x02\x01\x05" "\x0a\x04\x01\x02\x00\x0b"; /* unknown type */

static void begin(void) {
  vm = WasmEdge_VMCreate(NULL, NULL);
  provider = read_binary("../wat/provider"); /* exports functions call, double, peek */
  seven = read_binary("seven");              /* and none, turn */
}

static void end(void) {
  WasmEdge_VMDelete(vm);
  free(provider.bytes);
  free(seven.bytes);
}

static WasmEdge_Result load(const binary *from) { return WasmEdge_VMLoadWasmFromBuffer(vm, from->bytes, from->size); }

/* Whether `double` can be called. */
static WasmEdge_Result twice(int32_t number, int32_t *result) {
  const WasmEdge_Value param = WasmEdge_ValueGenI32(number);
  WasmEdge_Value returned = WasmEdge_ValueGenI32(0);
  const WasmEdge_Result ended = WasmEdge_VMExecute(vm, NAME("double"), &param, 1, &returned, 1);
  *result = WasmEdge_ValueGetI32(returned);
  return ended;
}

static void check_provider(void) {
  int32_t result;
  CHECK_CODE(twice(21, &result), 0);
  CHECK(result == 42);
}

static void check_seven(void) { CHECK_CODE(WasmEdge_VMExecute(vm, NAME("none"), NULL, 0, NULL, 0), 0); }

static void start(const binary *from) {
  CHECK_CODE(load(from), 0);
  CHECK_CODE(WasmEdge_VMValidate(vm), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
}

/* ---- Stages ---------------------------------------------------------------------------------------------------- */

static void stages(void) {
  begin();
  int32_t result;
  CHECK_CODE(WasmEdge_VMValidate(vm), 0x04);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0x04);
  CHECK_CODE(twice(1, &result), 0x80);
  CHECK_CODE(load(&provider), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0x04);
  CHECK_CODE(twice(1, &result), 0x80);
  CHECK_CODE(WasmEdge_VMValidate(vm), 0);
  CHECK_CODE(WasmEdge_VMValidate(vm), 0);
  CHECK_CODE(twice(1, &result), 0x80);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
  check_provider();
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
  CHECK_CODE(WasmEdge_VMValidate(vm), 0); /* back to validated */
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
  check_provider();
  /* Loading goes back to the second stage, the active module stays. */
  CHECK_CODE(load(&seven), 0);
  check_provider();
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0x04);
  check_provider();
  CHECK_CODE(WasmEdge_VMValidate(vm), 0);
  check_provider();
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
  check_seven();
  CHECK_CODE(twice(1, &result), 0x05);
  end();
}

/* A failing step changes nothing. */
static void failing_steps(void) {
  begin();
  start(&provider);
  CHECK_CODE(WasmEdge_VMLoadWasmFromFile(vm, "no/such/file"), 0x20);
  CHECK_CODE(WasmEdge_VMLoadWasmFromBuffer(vm, NULL, 0), 0x22);
  CHECK_CODE(WasmEdge_VMLoadWasmFromBuffer(vm, provider.bytes, provider.size - 1), 0x27);
  check_provider();
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0); /* still the module before */
  check_provider();
  CHECK_CODE(WasmEdge_VMLoadWasmFromBuffer(vm, INVALID, sizeof INVALID - 1), 0);
  CHECK_CODE(WasmEdge_VMValidate(vm), 0x44);
  CHECK_CODE(WasmEdge_VMValidate(vm), 0x44);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0x04);
  check_provider();
  CHECK_CODE(WasmEdge_VMLoadWasmFromASTModule(vm, NULL), 0x04);
  binary partial = read_binary("../wat/partial");
  CHECK_CODE(load(&partial), 0);
  CHECK_CODE(WasmEdge_VMValidate(vm), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0x62);
  check_provider();
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0x62); /* still validated */
  CHECK_CODE(WasmEdge_VMRegisterModuleFromFile(vm, NAME("provider"), provider.path), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0x87);
  check_provider();
  free(partial.bytes);
  end();
}

static int32_t variable(void) {
  WasmEdge_GlobalInstanceContext *found =
      WasmEdge_ModuleInstanceFindGlobal(WasmEdge_VMGetActiveModule(vm), NAME("var"));
  const int32_t value = WasmEdge_ValueGetI32(WasmEdge_GlobalInstanceGetValue(found));
  WasmEdge_GlobalInstanceSetValue(found, WasmEdge_ValueGenI32(value + 1));
  return value;
}

static void fresh_instances(void) {
  begin();
  start(&provider);
  const WasmEdge_ModuleInstanceContext *first = WasmEdge_VMGetActiveModule(vm);
  CHECK(variable() == 1 && variable() == 2 && is_empty(WasmEdge_ModuleInstanceGetModuleName(first)));
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
  CHECK(variable() == 1);
  end();
}

static void cleanup(void) {
  begin();
  int32_t result;
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, NAME("seven"), seven.bytes, seven.size), 0);
  start(&provider);
  WasmEdge_VMCleanup(vm);
  CHECK(WasmEdge_VMGetActiveModule(vm) == NULL && WasmEdge_VMGetFunctionListLength(vm) == 0);
  CHECK(WasmEdge_VMGetFunctionType(vm, NAME("double")) == NULL);
  CHECK_CODE(twice(1, &result), 0x80);
  CHECK_CODE(WasmEdge_VMValidate(vm), 0x04);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0x04);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, NAME("seven"), NAME("none"), NULL, 0, NULL, 0), 0); /* stays */
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, NAME("seven"), seven.bytes, seven.size), 0x60);
  WasmEdge_VMCleanup(vm);
  start(&provider);
  check_provider();
  end();
}

/* ---- All at once ----------------------------------------------------------------------------------------------- */

static WasmEdge_Result run(const binary *from, WasmEdge_String name) {
  return WasmEdge_VMRunWasmFromBuffer(vm, from->bytes, from->size, name, NULL, 0, NULL, 0);
}

static void running(void) {
  begin();
  int32_t result;
  CHECK_CODE(run(&seven, NAME("none")), 0);
  check_seven(); /* the new active module */
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0x04); /* but nothing is loaded */
  CHECK_CODE(WasmEdge_VMValidate(vm), 0x04);
  start(&provider);
  CHECK_CODE(run(&seven, NAME("none")), 0);
  CHECK_CODE(twice(1, &result), 0x05);
  check_seven();
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0); /* the loaded module is that of before */
  check_provider();
  /* An error before there is an instance leaves the active module, a later one does not. */
  CHECK_CODE(WasmEdge_VMRunWasmFromFile(vm, "no/such/file", NAME("none"), NULL, 0, NULL, 0), 0x20);
  CHECK_CODE(WasmEdge_VMRunWasmFromBuffer(vm, NULL, 0, NAME("none"), NULL, 0, NULL, 0), 0x22);
  binary partial = read_binary("../wat/partial");
  CHECK_CODE(run(&partial, NAME("none")), 0x62);
  CHECK_CODE(WasmEdge_VMRunWasmFromBuffer(vm, INVALID, sizeof INVALID - 1, NAME("none"), NULL, 0, NULL, 0), 0x44);
  check_provider();
  CHECK_CODE(run(&seven, NAME("nobody")), 0x05);
  check_seven();
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
  CHECK_CODE(run(&seven, NAME("turn")), 0x83);
  check_seven();
  CHECK_CODE(load(&provider), 0);
  CHECK_CODE(run(&seven, NAME("none")), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0x04); /* stage as before */
  CHECK_CODE(WasmEdge_VMValidate(vm), 0);
  CHECK_CODE(run(&seven, NAME("none")), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
  check_provider();
  free(partial.bytes);
  end();
}

/* From the loaded copy of an AST module, and from one that is validated by the way. */
static void ast_modules(void) {
  begin();
  WasmEdge_ASTModuleContext *ast = parse("../wat/provider");
  CHECK_CODE(WasmEdge_VMLoadWasmFromASTModule(vm, ast), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0x04);
  WasmEdge_ASTModuleDelete(ast);
  CHECK_CODE(WasmEdge_VMValidate(vm), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
  check_provider();
  ast = parse_valid("../wat/provider");
  CHECK_CODE(WasmEdge_VMLoadWasmFromASTModule(vm, ast), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0x04); /* the stage counts, not the module's mark */
  WasmEdge_ASTModuleDelete(ast);

  WasmEdge_ExecutorContext *executor = WasmEdge_ExecutorCreate(NULL, NULL);
  WasmEdge_ModuleInstanceContext *made = NULL;
  for (int way = 0; way < 2; way++) {
    ast = parse("seven");
    CHECK_CODE(WasmEdge_ExecutorInstantiate(executor, &made, WasmEdge_VMGetStoreContext(vm), ast), 0x08);
    for (int again = 0; again < 2; again++) {
      if (way == 0)
        CHECK_CODE(WasmEdge_VMRunWasmFromASTModule(vm, ast, NAME("none"), NULL, 0, NULL, 0), 0);
      else
        CHECK_CODE(WasmEdge_VMRegisterModuleFromASTModule(vm, again ? NAME("b") : NAME("a"), ast), 0);
    }
    CHECK_CODE(WasmEdge_ExecutorInstantiate(executor, &made, WasmEdge_VMGetStoreContext(vm), ast), 0);
    WasmEdge_ModuleInstanceDelete(made);
    WasmEdge_ASTModuleDelete(ast);
  }
  WasmEdge_ExecutorDelete(executor);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, NAME("b"), NAME("none"), NULL, 0, NULL, 0), 0);
  end();
}

/* ---- Calls ----------------------------------------------------------------------------------------------------- */

/* First the module, then the function, then its parameters. */
static void order_of_checks(void) {
  begin();
  const WasmEdge_Value wrong = WasmEdge_ValueGenI64(1), one = WasmEdge_ValueGenI32(1), two[] = {one, one};
  const WasmEdge_Value untouched = WasmEdge_ValueGenF64(3);
  WasmEdge_Value returned = untouched;
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("nobody"), &wrong, 1, &returned, 1), 0x80);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromFile(vm, NAME("provider"), provider.path), 0);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("double"), &one, 1, &returned, 1), 0x80);
  start(&provider);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("nobody"), &wrong, 1, &returned, 1), 0x05);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("memory"), NULL, 0, &returned, 1), 0x05);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("double"), &wrong, 1, &returned, 1), 0x83);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("double"), two, 2, &returned, 1), 0x83);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("double"), NULL, 1, &returned, 1), 0x83);
  const WasmEdge_Value far = WasmEdge_ValueGenI32(65536);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("peek"), &far, 1, &returned, 1), 0x88);
  const WasmEdge_String module = NAME("provider");
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, NAME("none"), NAME("nobody"), &wrong, 1, &returned, 1), 0x80);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, module, NAME("nobody"), &wrong, 1, &returned, 1), 0x05);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, module, NAME("double"), &wrong, 1, &returned, 1), 0x83);
  CHECK(returned.Value == untouched.Value && returned.Type == untouched.Type);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, module, NAME("double"), &one, 1, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 2 && returned.Type == WasmEdge_ValType_I32);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, module, NAME("double"), &one, 1, NULL, 1), 0);
  returned = untouched;
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("double"), &one, 1, &returned, 0), 0);
  CHECK(returned.Value == untouched.Value);
  end();
}

/* ---- Registering ----------------------------------------------------------------------------------------------- */

static void registering(void) {
  begin();
  start(&seven);
  const WasmEdge_String name = NAME("taken");
  WasmEdge_ModuleInstanceContext *host = WasmEdge_ModuleInstanceCreate(name);
  WasmEdge_ASTModuleContext *ast = parse("../wat/provider");
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, host), 0);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, host), 0x60);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromFile(vm, name, provider.path), 0x60);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, name, provider.bytes, provider.size), 0x60);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromASTModule(vm, name, ast), 0x60);
  /* Errors of the earlier steps come first. */
  CHECK_CODE(WasmEdge_VMRegisterModuleFromFile(vm, name, "no/such/file"), 0x20);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, name, NULL, 0), 0x22);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, name, INVALID, sizeof INVALID - 1), 0x44);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromFile(vm, NAME("free"), "no/such/file"), 0x20);
  CHECK(WasmEdge_StoreListModuleLength(WasmEdge_VMGetStoreContext(vm)) == 1);
  CHECK(WasmEdge_StoreFindModule(WasmEdge_VMGetStoreContext(vm), name) == host);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromASTModule(vm, NAME("provider"), ast), 0);
  WasmEdge_ASTModuleDelete(ast);
  check_seven(); /* the active module stays */
  const WasmEdge_ModuleInstanceContext *made =
      WasmEdge_StoreFindModule(WasmEdge_VMGetStoreContext(vm), NAME("provider"));
  CHECK(IS(WasmEdge_ModuleInstanceGetModuleName(made), "provider"));
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
  check_seven();
  WasmEdge_ModuleInstanceDelete(host);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, name, provider.bytes, provider.size), 0); /* free again */
  end();
}

/* Start functions that end the guest: with a code of its own, that is success. */
static void start_functions(void) {
  begin();
  WasmEdge_ModuleInstanceContext *wasi = WasmEdge_ModuleInstanceCreateWASI(NULL, 0, NULL, 0, NULL, 0);
  binary exits = read_binary("start_exits");
  WasmEdge_Value returned;
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, wasi), 0);
  start(&exits);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("count"), NULL, 0, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 5 && WasmEdge_ModuleInstanceWASIGetExitCode(wasi) == 3);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, NAME("exits"), exits.bytes, exits.size), 0);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, NAME("exits"), NAME("count"), NULL, 0, &returned, 1), 0);
  CHECK_CODE(WasmEdge_VMRunWasmFromBuffer(vm, exits.bytes, exits.size, NAME("count"), NULL, 0, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 5);
  free(exits.bytes);
  WasmEdge_VMDelete(vm);
  vm = NULL;
  WasmEdge_ModuleInstanceDelete(wasi);
  end();
}

/* ---- Looking around -------------------------------------------------------------------------------------------- */

static void lists(void) {
  begin();
  WasmEdge_String names[5];
  const WasmEdge_FunctionTypeContext *types[5], *no_type = (const WasmEdge_FunctionTypeContext *)&types;
  CHECK(WasmEdge_VMGetActiveModule(vm) == NULL);
  CHECK(WasmEdge_VMGetFunctionListLength(vm) == 0 && WasmEdge_VMGetFunctionList(vm, names, types, 5) == 0);
  start(&provider);
  const char *sorted[] = {"call", "double", "peek"};
  CHECK(WasmEdge_VMGetFunctionListLength(vm) == 3 && WasmEdge_VMGetFunctionList(vm, NULL, NULL, 7) == 3);
  for (uint32_t length = 0; length <= 5; length++) {
    for (int mode = 1; mode <= 3; mode++) {
      for (int i = 0; i < 5; i++) names[i] = NAME("marker"), types[i] = no_type;
      CHECK(WasmEdge_VMGetFunctionList(vm, mode & 1 ? names : NULL, mode & 2 ? types : NULL, length) == 3);
      for (uint32_t i = 0; i < 5; i++) {
        const bool written = i < length && i < 3;
        const char *expected = written && mode & 1 ? sorted[i] : "marker";
        CHECK(names[i].Length == strlen(expected) && memcmp(names[i].Buf, expected, names[i].Length) == 0);
        CHECK((types[i] != no_type) == (written && mode & 2));
        if (written && mode & 2) CHECK(has_type(types[i], "i:i"));
      }
    }
  }
  CHECK(has_type(WasmEdge_VMGetFunctionType(vm, NAME("double")), "i:i"));
  CHECK(WasmEdge_VMGetFunctionType(vm, NAME("memory")) == NULL);
  CHECK(WasmEdge_VMGetFunctionType(vm, NAME("nobody")) == NULL);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, NAME("seven"), seven.bytes, seven.size), 0);
  CHECK(has_type(WasmEdge_VMGetFunctionTypeRegistered(vm, NAME("seven"), NAME("turn")), "iIfFvrx:xrvFfIi"));
  CHECK(WasmEdge_VMGetFunctionTypeRegistered(vm, NAME("seven"), NAME("double")) == NULL);
  CHECK(WasmEdge_VMGetFunctionTypeRegistered(vm, NAME("provider"), NAME("double")) == NULL);
  CHECK(WasmEdge_VMGetFunctionType(vm, NAME("turn")) == NULL);
  end();
}

static void configured_host_modules(void) {
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  begin();
  CHECK(WasmEdge_VMGetImportModuleContext(vm, WasmEdge_HostRegistration_Wasi) == NULL);
  CHECK(WasmEdge_VMGetImportModuleContext(vm, WasmEdge_HostRegistration_WasmEdge_Process) == NULL);
  CHECK(WasmEdge_StoreListModuleLength(WasmEdge_VMGetStoreContext(vm)) == 0);
  CHECK(WasmEdge_VMGetStatisticsContext(vm) != NULL);
  end();
  WasmEdge_ConfigureAddHostRegistration(configure, WasmEdge_HostRegistration_Wasi);
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  vm = WasmEdge_VMCreate(configure, store);
  WasmEdge_ConfigureDelete(configure); /* copied */
  CHECK(WasmEdge_VMGetStoreContext(vm) == store);
  const WasmEdge_ModuleInstanceContext *wasi = WasmEdge_VMGetImportModuleContext(vm, WasmEdge_HostRegistration_Wasi);
  CHECK(wasi != NULL && WasmEdge_StoreFindModule(store, NAME("wasi_snapshot_preview1")) == wasi);
  CHECK(IS(WasmEdge_ModuleInstanceGetModuleName(wasi), "wasi_snapshot_preview1"));
  CHECK(WasmEdge_VMGetImportModuleContext(vm, WasmEdge_HostRegistration_WasmEdge_Process) == NULL);
  CHECK(WasmEdge_VMGetImportModuleContext(vm, (enum WasmEdge_HostRegistration)2) == NULL);
  WasmEdge_VMCleanup(vm);
  CHECK(WasmEdge_VMGetImportModuleContext(vm, WasmEdge_HostRegistration_Wasi) == wasi);
  WasmEdge_VMDelete(vm);
  CHECK(WasmEdge_StoreListModuleLength(store) == 0);
  WasmEdge_StoreDelete(store);
}

/* VMs on one store see each other's modules. */
static void shared_store(void) {
  begin();
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  WasmEdge_VMContext *first = WasmEdge_VMCreate(NULL, store), *second = WasmEdge_VMCreate(NULL, store);
  WasmEdge_ModuleInstanceContext *host = WasmEdge_ModuleInstanceCreate(NAME("host"));
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(first, host), 0);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(second, host), 0x60);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(first, NAME("seven"), seven.bytes, seven.size), 0);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(second, NAME("seven"), seven.bytes, seven.size), 0x60);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(second, NAME("seven"), NAME("none"), NULL, 0, NULL, 0), 0);
  WasmEdge_VMDelete(first); /* takes what it made, not what it was given */
  CHECK(WasmEdge_StoreListModuleLength(store) == 1 && WasmEdge_StoreFindModule(store, NAME("host")) == host);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(second, NAME("seven"), NAME("none"), NULL, 0, NULL, 0), 0x80);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(second, NAME("seven"), seven.bytes, seven.size), 0);
  WasmEdge_VMDelete(second);
  CHECK(IS(WasmEdge_ModuleInstanceGetModuleName(host), "host"));
  WasmEdge_ModuleInstanceDelete(host);
  CHECK(WasmEdge_StoreListModuleLength(store) == 0);
  WasmEdge_StoreDelete(store);
  end();
}

int main(int argc, char **argv) {
  static const part parts[] = {
      {"stages", stages},
      {"failing_steps", failing_steps},
      {"fresh_instances", fresh_instances},
      {"cleanup", cleanup},
      {"running", running},
      {"ast_modules", ast_modules},
      {"order_of_checks", order_of_checks},
      {"registering", registering},
      {"start_functions", start_functions},
      {"lists", lists},
      {"configured_host_modules", configured_host_modules},
      {"shared_store", shared_store},
  };
  return run_parts(argc, argv, parts, sizeof parts / sizeof *parts);
}
