/* Statistics through the C API: NULL, counters, cost table, limits, host functions' cost, start functions. */
#include <math.h>

#include "harness.h"

/* (module (import "env" "host" (func)) (func $start nop) (start $start)
 *   (func (export "f") (result i32) i32.const 5)
 *   (func (export "g") call 0)
 *   (func (export "spin") (loop br 0))) */
static const uint8_t MODULE[] = {
    0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x60, 0x00, 0x00, 0x60, 0x00,
    0x01, 0x7F, 0x02, 0x0C, 0x01, 0x03, 'e',  'n',  'v',  0x04, 'h',  'o',  's',  't',  0x00, 0x00,
    0x03, 0x05, 0x04, 0x00, 0x01, 0x00, 0x00, 0x07, 0x10, 0x03, 0x01, 'f',  0x00, 0x02, 0x01, 'g',
    0x00, 0x03, 0x04, 's',  'p',  'i',  'n',  0x00, 0x04, 0x08, 0x01, 0x01, 0x0A, 0x17, 0x04, 0x03,
    0x00, 0x01, 0x0B, 0x04, 0x00, 0x41, 0x05, 0x0B, 0x04, 0x00, 0x10, 0x00, 0x0B, 0x07, 0x00, 0x03,
    0x40, 0x0C, 0x00, 0x0B, 0x0B,
};

static WasmEdge_Result host(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                            WasmEdge_Value *returns) {
  (void)memory, (void)params, (void)returns;
  ++*(int *)data;
  return WasmEdge_Result_Success;
}

static void check_null(void) {
  CHECK(WasmEdge_StatisticsGetInstrCount(NULL) == 0);
  CHECK(WasmEdge_StatisticsGetInstrPerSecond(NULL) == 0.0);
  CHECK(WasmEdge_StatisticsGetTotalCost(NULL) == 0);
  uint64_t costs[1] = {1};
  WasmEdge_StatisticsSetCostTable(NULL, costs, 1);
  WasmEdge_StatisticsSetCostLimit(NULL, 1);
  WasmEdge_StatisticsClear(NULL);
  WasmEdge_StatisticsDelete(NULL);
  WasmEdge_StatisticsContext *fresh = WasmEdge_StatisticsCreate();
  WasmEdge_StatisticsSetCostTable(fresh, NULL, 0);
  WasmEdge_StatisticsSetCostTable(fresh, NULL, 3);
  CHECK(WasmEdge_StatisticsGetInstrCount(fresh) == 0 && WasmEdge_StatisticsGetTotalCost(fresh) == 0);
  CHECK(isnan(WasmEdge_StatisticsGetInstrPerSecond(fresh)));
  WasmEdge_StatisticsDelete(fresh);
}

static WasmEdge_ModuleInstanceContext *environment(int *calls) {
  WasmEdge_String name = WasmEdge_StringCreateByCString("env"), function = WasmEdge_StringCreateByCString("host");
  WasmEdge_ModuleInstanceContext *module = WasmEdge_ModuleInstanceCreate(name);
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(NULL, 0, NULL, 0);
  WasmEdge_ModuleInstanceAddFunction(module, function, WasmEdge_FunctionInstanceCreate(type, host, calls, 100));
  WasmEdge_FunctionTypeDelete(type);
  WasmEdge_StringDelete(function);
  WasmEdge_StringDelete(name);
  return module;
}

static uint32_t execute(WasmEdge_VMContext *vm, const char *name) {
  const WasmEdge_String text = WasmEdge_StringWrap(name, (uint32_t)strlen(name));
  return WasmEdge_ResultGetCode(WasmEdge_VMExecute(vm, text, NULL, 0, NULL, 0));
}

static void check_vm(void) {
  int calls = 0;
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureStatisticsSetInstructionCounting(configure, true);
  WasmEdge_ConfigureStatisticsSetCostMeasuring(configure, true);
  WasmEdge_ConfigureStatisticsSetTimeMeasuring(configure, true);
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(configure, NULL);
  WasmEdge_StatisticsContext *statistics = WasmEdge_VMGetStatisticsContext(vm);
  WasmEdge_ModuleInstanceContext *env = environment(&calls);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, env), 0);
  CHECK_CODE(WasmEdge_VMLoadWasmFromBuffer(vm, MODULE, sizeof MODULE), 0);
  CHECK_CODE(WasmEdge_VMValidate(vm), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
  CHECK(WasmEdge_StatisticsGetInstrCount(statistics) == 2); /* the start function */
  CHECK(execute(vm, "f") == 0);
  CHECK(WasmEdge_StatisticsGetInstrCount(statistics) == 4);
  CHECK(WasmEdge_StatisticsGetTotalCost(statistics) == 4);
  CHECK(WasmEdge_StatisticsGetInstrPerSecond(statistics) > 0.0);

  WasmEdge_StatisticsSetCostLimit(statistics, 1);
  WasmEdge_StatisticsClear(statistics);
  CHECK(execute(vm, "f") == 0x03);
  CHECK(WasmEdge_StatisticsGetTotalCost(statistics) == 1);

  uint64_t costs[512];
  for (int i = 0; i < 512; i++) costs[i] = 20;
  WasmEdge_StatisticsSetCostTable(statistics, costs, 512);
  WasmEdge_StatisticsSetCostLimit(statistics, 20 + 100 + 20);
  WasmEdge_StatisticsClear(statistics);
  CHECK(execute(vm, "g") == 0 && calls == 1);
  CHECK(WasmEdge_StatisticsGetTotalCost(statistics) == 140);
  WasmEdge_StatisticsClear(statistics);
  WasmEdge_StatisticsSetCostLimit(statistics, 119);
  CHECK(execute(vm, "g") == 0x03 && calls == 1);
  CHECK(WasmEdge_StatisticsGetTotalCost(statistics) == 20);
  CHECK(execute(vm, "spin") == 0x03);
  CHECK(WasmEdge_StatisticsGetTotalCost(statistics) == 100);
  WasmEdge_VMCleanup(vm);
  CHECK(WasmEdge_StatisticsGetInstrCount(statistics) == 0 && WasmEdge_StatisticsGetTotalCost(statistics) == 0);
  WasmEdge_VMDelete(vm);
  WasmEdge_ModuleInstanceDelete(env);
  WasmEdge_ConfigureDelete(configure);
}

static void check_executor(void) {
  int calls = 0;
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureStatisticsSetCostMeasuring(configure, true);
  WasmEdge_StatisticsContext *statistics = WasmEdge_StatisticsCreate();
  WasmEdge_StatisticsSetCostLimit(statistics, 0); /* taken back by the next line */
  WasmEdge_ExecutorContext *executor = WasmEdge_ExecutorCreate(configure, statistics);
  WasmEdge_ExecutorContext *plain = WasmEdge_ExecutorCreate(NULL, statistics);
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  WasmEdge_ValidatorContext *validator = WasmEdge_ValidatorCreate(NULL);
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  WasmEdge_ModuleInstanceContext *env = environment(&calls), *instance = NULL;
  WasmEdge_ASTModuleContext *ast = NULL;
  CHECK_CODE(WasmEdge_LoaderParseFromBuffer(loader, &ast, MODULE, sizeof MODULE), 0);
  CHECK_CODE(WasmEdge_ValidatorValidate(validator, ast), 0);
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, env), 0);
  CHECK_CODE(WasmEdge_ExecutorInstantiate(executor, &instance, store, ast), 0);
  CHECK(WasmEdge_StatisticsGetTotalCost(statistics) == 2);
  const WasmEdge_String name = WasmEdge_StringWrap("f", 1);
  WasmEdge_FunctionInstanceContext *function = WasmEdge_ModuleInstanceFindFunction(instance, name);
  WasmEdge_Value result;
  CHECK_CODE(WasmEdge_ExecutorInvoke(executor, function, NULL, 0, &result, 1), 0);
  CHECK(WasmEdge_StatisticsGetTotalCost(statistics) == 4);
  CHECK(WasmEdge_StatisticsGetInstrCount(statistics) == 0);
  CHECK_CODE(WasmEdge_ExecutorInvoke(plain, function, NULL, 0, &result, 1), 0);
  CHECK(WasmEdge_ValueGetI32(result) == 5);
  CHECK(WasmEdge_StatisticsGetTotalCost(statistics) == 4);
  WasmEdge_StatisticsSetCostLimit(statistics, 5);
  const WasmEdge_Result failed = WasmEdge_ExecutorInvoke(executor, function, NULL, 0, &result, 1);
  CHECK(WasmEdge_ResultGetCode(failed) == 0x03);
  CHECK(WasmEdge_StatisticsGetTotalCost(statistics) == 5);
  WasmEdge_ExecutorDelete(plain);
  WasmEdge_ExecutorDelete(executor);
  WasmEdge_StatisticsDelete(statistics);
  WasmEdge_ModuleInstanceDelete(instance);
  WasmEdge_ModuleInstanceDelete(env);
  WasmEdge_StoreDelete(store);
  WasmEdge_ASTModuleDelete(ast);
  WasmEdge_ValidatorDelete(validator);
  WasmEdge_LoaderDelete(loader);
  WasmEdge_ConfigureDelete(configure);
}

int main(void) {
  check_null();
  check_vm();
  check_executor();
  puts("passed");
  return 0;
}
