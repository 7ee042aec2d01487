/* A host like the unit tests of WasmEdge: one module with a bit of everything, used in every way that the API has. */
#include "behaviour.h"

enum { OPERATIONS = 4, FUNCTIONS = 11, IMPORTS = 6, MORE_IMPORTS = 8, EXPORTS = 16 };

/* ---- The host module `extern`: the externref is the operation, the data a number ------------------------------- */

typedef int32_t operation(int32_t a, int32_t b);
static int32_t add(int32_t a, int32_t b) { return a + b; }
static int32_t subtract(int32_t a, int32_t b) { return a - b; }
static int32_t multiply(int32_t a, int32_t b) { return a * b; }
static int32_t divide(int32_t a, int32_t b) { return a / b; }
static operation *const operations[OPERATIONS] = {add, subtract, multiply, divide};

static WasmEdge_Result operate(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                               WasmEdge_Value *returns) {
  CHECK(memory != NULL);
  if (WasmEdge_ValueIsNullRef(params[0])) return WasmEdge_Result_Fail;
  operation *const *found = WasmEdge_ValueGetExternRef(params[0]);
  returns[0] = WasmEdge_ValueGenI32((*found)(*(int32_t *)data, WasmEdge_ValueGetI32(params[1])));
  return WasmEdge_Result_Success;
}

static WasmEdge_Result terminate(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                                 WasmEdge_Value *returns) {
  (void)data, (void)memory, (void)params;
  returns[0] = WasmEdge_ValueGenI32(1234);
  return WasmEdge_Result_Terminate;
}

static WasmEdge_Result fail(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                            WasmEdge_Value *returns) {
  (void)data, (void)memory, (void)params, (void)returns;
  return WasmEdge_Result_Fail;
}

static int32_t number = 100;

static WasmEdge_ModuleInstanceContext *host_module(void) {
  WasmEdge_ModuleInstanceContext *module = WasmEdge_ModuleInstanceCreate(NAME("extern"));
  const WasmEdge_String names[] = {NAME("func-add"), NAME("func-sub"), NAME("func-mul"), NAME("func-div")};
  for (int i = 0; i < OPERATIONS; i++)
    WasmEdge_ModuleInstanceAddFunction(module, names[i], host_function("xi:i", operate, &number));
  WasmEdge_ModuleInstanceAddFunction(module, NAME("func-term"), host_function(":i", terminate, NULL));
  WasmEdge_ModuleInstanceAddFunction(module, NAME("func-fail"), host_function(":i", fail, NULL));
  return module;
}

/* ---- Loading --------------------------------------------------------------------------------------------------- */

static void modules(void) {
  WasmEdge_ASTModuleContext *ast = parse_valid("unit");
  CHECK(WasmEdge_ASTModuleListImportsLength(ast) == IMPORTS);
  CHECK(WasmEdge_ASTModuleListExportsLength(ast) == EXPORTS);
  WasmEdge_ASTModuleDelete(ast);
  /* Three memories: loaded, but never valid. */
  ast = parse("unit_imports");
  WasmEdge_ValidatorContext *validator = WasmEdge_ValidatorCreate(NULL);
  CHECK_CODE(WasmEdge_ValidatorValidate(validator, ast), 0x51);
  WasmEdge_ValidatorDelete(validator);
  CHECK(WasmEdge_ASTModuleListImportsLength(ast) == IMPORTS + MORE_IMPORTS);
  CHECK(WasmEdge_ASTModuleListExportsLength(ast) == EXPORTS);
  const WasmEdge_ImportTypeContext *imports[IMPORTS + MORE_IMPORTS];
  WasmEdge_ASTModuleListImports(ast, imports, IMPORTS + MORE_IMPORTS);
  const WasmEdge_ImportTypeContext **more = imports + IMPORTS;
  const enum WasmEdge_ValType types[] = {WasmEdge_ValType_I32, WasmEdge_ValType_I64, WasmEdge_ValType_F32,
                                         WasmEdge_ValType_F64};
  for (int i = 0; i < 4; i++) {
    const WasmEdge_GlobalTypeContext *type = WasmEdge_ImportTypeGetGlobalType(ast, more[i]);
    CHECK(WasmEdge_GlobalTypeGetValType(type) == types[i]);
    CHECK(WasmEdge_GlobalTypeGetMutability(type) == (i == 3 ? WasmEdge_Mutability_Var : WasmEdge_Mutability_Const));
  }
  const WasmEdge_TableTypeContext *functions = WasmEdge_ImportTypeGetTableType(ast, more[4]);
  const WasmEdge_TableTypeContext *objects = WasmEdge_ImportTypeGetTableType(ast, more[5]);
  CHECK(WasmEdge_TableTypeGetRefType(functions) == WasmEdge_RefType_FuncRef);
  CHECK(WasmEdge_TableTypeGetRefType(objects) == WasmEdge_RefType_ExternRef);
  CHECK(is_limit(WasmEdge_TableTypeGetLimit(functions), true, 10, 20));
  CHECK(is_limit(WasmEdge_TableTypeGetLimit(objects), true, 10, 30));
  CHECK(is_limit(WasmEdge_MemoryTypeGetLimit(WasmEdge_ImportTypeGetMemoryType(ast, more[6])), true, 1, 3));
  CHECK(is_limit(WasmEdge_MemoryTypeGetLimit(WasmEdge_ImportTypeGetMemoryType(ast, more[7])), false, 2, 2));
  WasmEdge_ASTModuleDelete(ast);
}

/* ---- Step by step ---------------------------------------------------------------------------------------------- */

static int32_t call(WasmEdge_ExecutorContext *executor, const WasmEdge_ModuleInstanceContext *module,
                    const char *name, uint32_t count, int32_t param, uint32_t code) {
  const WasmEdge_Value value = WasmEdge_ValueGenI32(param);
  WasmEdge_Value returned = WasmEdge_ValueGenI32(-1);
  const WasmEdge_String found = WasmEdge_StringWrap(name, (uint32_t)strlen(name));
  CHECK_CODE(WasmEdge_ExecutorInvoke(executor, WasmEdge_ModuleInstanceFindFunction(module, found), &value, count,
                                     &returned, 1), code);
  return WasmEdge_ValueGetI32(returned);
}

static void step_by_step(void) {
  WasmEdge_ExecutorContext *executor = WasmEdge_ExecutorCreate(NULL, NULL);
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  WasmEdge_ModuleInstanceContext *host = host_module(), *second = host_module(), *module = NULL;
  WasmEdge_ASTModuleContext *ast = parse_valid("unit");
  CHECK_CODE(WasmEdge_ExecutorInstantiate(executor, &module, store, ast), 0x62);
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, host), 0);
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, second), 0x60);
  WasmEdge_ModuleInstanceDelete(second); /* the other one stays */
  CHECK(WasmEdge_StoreFindModule(store, NAME("extern")) == host);
  CHECK_CODE(WasmEdge_ExecutorRegister(executor, &module, store, ast, NAME("module")), 0);
  WasmEdge_ASTModuleDelete(ast);

  WasmEdge_TableInstanceContext *objects = WasmEdge_ModuleInstanceFindTable(module, NAME("objects"));
  const char *const calls[] = {"host add", "host sub", "host mul", "host div"};
  const int32_t results[] = {107, 93, 700, 14};
  for (uint32_t i = 0; i < OPERATIONS; i++) {
    CHECK(call(executor, module, calls[i], 1, 7, 0x8D) == -1);
    CHECK_CODE(WasmEdge_TableInstanceSetData(objects, WasmEdge_ValueGenExternRef((void *)&operations[i]), i), 0);
    CHECK(call(executor, module, calls[i], 1, 7, 0) == results[i]);
  }
  CHECK(call(executor, module, "through table", 1, 2, 0) == 7);
  CHECK(call(executor, module, "through table", 1, 3, 0) == 8);
  call(executor, module, "through table", 1, 4, 0x8C);
  call(executor, module, "through table", 1, 5, 0x8A);
  call(executor, module, "through table", 1, 10, 0x8B);
  CHECK(call(executor, module, "terminate", 0, 0, 0x01) == 0);
  CHECK(call(executor, module, "fail", 0, 0, 0x8D) == -1);
  CHECK(call(executor, module, "seven", 0, 0, 0) == 7);

  WasmEdge_Value twins[3] = {{0}}, given[] = {WasmEdge_ValueGenI32(6), WasmEdge_ValueGenI32(7)};
  const WasmEdge_FunctionInstanceContext *twin = WasmEdge_ModuleInstanceFindFunction(module, NAME("twin"));
  CHECK_CODE(WasmEdge_ExecutorInvoke(executor, twin, given, 2, twins, 3), 0);
  CHECK(WasmEdge_ValueGetI32(twins[0]) == 13 && WasmEdge_ValueGetI32(twins[1]) == 42 && twins[2].Type == 0);
  WasmEdge_GlobalInstanceContext *variable = WasmEdge_ModuleInstanceFindGlobal(module, NAME("variable"));
  WasmEdge_GlobalInstanceContext *constant = WasmEdge_ModuleInstanceFindGlobal(module, NAME("constant"));
  CHECK(WasmEdge_ValueGetI32(WasmEdge_GlobalInstanceGetValue(variable)) == 142);
  WasmEdge_GlobalInstanceSetValue(constant, WasmEdge_ValueGenF32(1));
  CHECK(WasmEdge_ValueGetF32(WasmEdge_GlobalInstanceGetValue(constant)) == 73.5f);

  WasmEdge_ExecutorDelete(executor);
  WasmEdge_StoreDelete(store);
  WasmEdge_ModuleInstanceDelete(host);
  WasmEdge_ModuleInstanceDelete(module);
}

/* ---- One VM, everything in a row ------------------------------------------------------------------------------- */

static WasmEdge_VMContext *vm;
static binary file;
static WasmEdge_ASTModuleContext *tree;

enum { FROM_FILE, FROM_BUFFER, FROM_TREE, SOURCES };

/* Makes a call in one of the ways, synchronously or not. */
static WasmEdge_Result run(int source, bool async, WasmEdge_String name, const WasmEdge_Value *params, uint32_t count,
                           WasmEdge_Value *returns, uint32_t length) {
  WasmEdge_Async *running = NULL;
  if (!async) {
    switch (source) {
      case FROM_FILE: return WasmEdge_VMRunWasmFromFile(vm, file.path, name, params, count, returns, length);
      case FROM_BUFFER:
        return WasmEdge_VMRunWasmFromBuffer(vm, file.bytes, file.size, name, params, count, returns, length);
      case FROM_TREE: return WasmEdge_VMRunWasmFromASTModule(vm, tree, name, params, count, returns, length);
      default: return WasmEdge_VMExecute(vm, name, params, count, returns, length);
    }
  }
  switch (source) {
    case FROM_FILE: running = WasmEdge_VMAsyncRunWasmFromFile(vm, file.path, name, params, count); break;
    case FROM_BUFFER:
      running = WasmEdge_VMAsyncRunWasmFromBuffer(vm, file.bytes, file.size, name, params, count);
      break;
    case FROM_TREE: running = WasmEdge_VMAsyncRunWasmFromASTModule(vm, tree, name, params, count); break;
    default: running = WasmEdge_VMAsyncExecute(vm, name, params, count);
  }
  CHECK(running != NULL);
  WasmEdge_AsyncWait(running);
  const WasmEdge_Result ended = WasmEdge_AsyncGet(running, returns, length);
  CHECK(WasmEdge_AsyncGetReturnsLength(running) == (ended.Code == 0 ? 1u : 0u));
  WasmEdge_AsyncDelete(running);
  return ended;
}

/* No state leaks from a failed call. */
static void in_a_row(void) {
  vm = WasmEdge_VMCreate(NULL, NULL);
  file = read_binary("unit");
  tree = parse("unit");
  WasmEdge_ModuleInstanceContext *host = host_module();
  const WasmEdge_Value good[] = {WasmEdge_ValueGenI32(20), WasmEdge_ValueGenI32(3)};
  const WasmEdge_Value wrong[] = {WasmEdge_ValueGenI32(20), WasmEdge_ValueGenI64(3)};
  const WasmEdge_String name = NAME("sum"), unknown = NAME("summ");
  for (int async = 0; async < 2; async++)
    for (int source = 0; source < SOURCES; source++) CHECK_CODE(run(source, async, name, good, 2, NULL, 0), 0x62);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, host), 0);
  for (int round = 0; round < 2; round++) {
    for (int source = 0; source <= SOURCES; source++) {
      for (int async = 0; async < 2; async++) {
        WasmEdge_Value returned = WasmEdge_ValueGenI64(0);
        CHECK_CODE(run(source, async, name, good, 2, &returned, 1), 0);
        CHECK(WasmEdge_ValueGetI32(returned) == 23 && returned.Type == WasmEdge_ValType_I32);
        CHECK_CODE(run(source, async, name, wrong, 2, &returned, 1), 0x83);
        CHECK_CODE(run(source, async, name, good, 2, NULL, 0), 0);
        CHECK_CODE(run(source, async, name, NULL, 2, &returned, 1), 0x83);
        CHECK_CODE(run(source, async, name, good, 1, &returned, 1), 0x83);
        CHECK_CODE(run(source, async, unknown, good, 2, &returned, 1), 0x05);
        CHECK_CODE(run(source, async, name, good, 2, &returned, 0), 0);
        CHECK(WasmEdge_ValueGetI32(returned) == 23);
        CHECK(WasmEdge_VMGetFunctionListLength(vm) == FUNCTIONS);
      }
    }
  }
  WasmEdge_VMCleanup(vm);
  CHECK_CODE(run(SOURCES, false, name, good, 2, NULL, 0), 0x80);
  CHECK_CODE(run(SOURCES, true, name, good, 2, NULL, 0), 0x80);
  WasmEdge_ASTModuleDelete(tree);
  WasmEdge_VMDelete(vm);
  WasmEdge_ModuleInstanceDelete(host);
  free(file.bytes);
}

/* ---- Statistics ------------------------------------------------------------------------------------------------ */

static void statistics(void) {
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureStatisticsSetInstructionCounting(configure, true);
  WasmEdge_ConfigureStatisticsSetCostMeasuring(configure, true);
  WasmEdge_ConfigureStatisticsSetTimeMeasuring(configure, true);
  WasmEdge_StatisticsContext *measured = WasmEdge_StatisticsCreate();
  WasmEdge_ExecutorContext *executor = WasmEdge_ExecutorCreate(configure, measured);
  WasmEdge_ConfigureDelete(configure);
  uint64_t costs[512];
  for (int i = 0; i < 512; i++) costs[i] = 20;
  WasmEdge_StatisticsSetCostTable(measured, costs, 512);
  memset(costs, 0, sizeof costs); /* copied */
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  WasmEdge_ModuleInstanceContext *host = host_module(), *module = NULL;
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, host), 0);
  WasmEdge_ASTModuleContext *ast = parse_valid("unit");
  CHECK_CODE(WasmEdge_ExecutorInstantiate(executor, &module, store, ast), 0);
  WasmEdge_ASTModuleDelete(ast);
  CHECK(call(executor, module, "seven", 0, 0, 0) == 7);
  call(executor, module, "fail", 0, 0, 0x8D);
  CHECK(WasmEdge_StatisticsGetInstrCount(measured) > 0);
  CHECK(WasmEdge_StatisticsGetInstrPerSecond(measured) > 0);
  CHECK(WasmEdge_StatisticsGetTotalCost(measured) == 20 * WasmEdge_StatisticsGetInstrCount(measured));
  WasmEdge_ExecutorDelete(executor);
  WasmEdge_StatisticsDelete(measured);
  WasmEdge_StoreDelete(store);
  WasmEdge_ModuleInstanceDelete(host);
  WasmEdge_ModuleInstanceDelete(module);
}

int main(int argc, char **argv) {
  static const part parts[] = {
      {"modules", modules},
      {"step_by_step", step_by_step},
      {"in_a_row", in_a_row},
      {"statistics", statistics},
  };
  return run_parts(argc, argv, parts, sizeof parts / sizeof *parts);
}
