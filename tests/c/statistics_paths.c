/* Statistics through the C API: every way to run something counts, each number, each switch alone.
 * Argument: a module that imports env.host and exports five, call, nested, returns, choose, host. */
#include <math.h>

#include "harness.h"

enum { COUNT = 1, COST = 2, TIME = 4, HOST_COST = 100 };

static int host_calls;

static WasmEdge_Result host(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                            WasmEdge_Value *returns) {
  (void)data, (void)memory, (void)params, (void)returns;
  host_calls++;
  return WasmEdge_Result_Success;
}

static WasmEdge_ModuleInstanceContext *environment(void) {
  WasmEdge_ModuleInstanceContext *module = WasmEdge_ModuleInstanceCreate(NAME("env"));
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(NULL, 0, NULL, 0);
  WasmEdge_ModuleInstanceAddFunction(module, NAME("host"),
                                     WasmEdge_FunctionInstanceCreate(type, host, NULL, HOST_COST));
  WasmEdge_FunctionTypeDelete(type);
  return module;
}

typedef struct world {
  WasmEdge_VMContext *vm;
  WasmEdge_StatisticsContext *statistics;
  WasmEdge_ModuleInstanceContext *env;
} world;

static world make(unsigned switches) {
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureStatisticsSetInstructionCounting(configure, switches & COUNT);
  WasmEdge_ConfigureStatisticsSetCostMeasuring(configure, switches & COST);
  WasmEdge_ConfigureStatisticsSetTimeMeasuring(configure, switches & TIME);
  world w = {.vm = WasmEdge_VMCreate(configure, NULL), .env = environment()};
  WasmEdge_ConfigureDelete(configure);
  w.statistics = WasmEdge_VMGetStatisticsContext(w.vm);
  CHECK(w.statistics != NULL && WasmEdge_VMGetStatisticsContext(w.vm) == w.statistics);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(w.vm, w.env), 0);
  return w;
}

static void instantiate(world *w, const char *path) {
  CHECK_CODE(WasmEdge_VMLoadWasmFromFile(w->vm, path), 0);
  CHECK_CODE(WasmEdge_VMValidate(w->vm), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(w->vm), 0);
}

static void discard(world *w) {
  WasmEdge_VMDelete(w->vm);
  WasmEdge_ModuleInstanceDelete(w->env);
}

static uint32_t execute(world *w, const char *name) {
  const WasmEdge_String text = WasmEdge_StringWrap(name, (uint32_t)strlen(name));
  return WasmEdge_ResultGetCode(WasmEdge_VMExecute(w->vm, text, NULL, 0, NULL, 0));
}

/* Both sums are this; they are 0 afterwards. */
#define CHECK_SUMS(w, expected)                                                  \
  do {                                                                           \
    CHECK(WasmEdge_StatisticsGetInstrCount((w).statistics) == (uint64_t)(expected)); \
    CHECK(WasmEdge_StatisticsGetTotalCost((w).statistics) == (uint64_t)(expected));  \
    WasmEdge_StatisticsClear((w).statistics);                                    \
  } while (0)

static void check_numbers(const char *path) {
  world w = make(COUNT | COST);
  instantiate(&w, path);
  CHECK(execute(&w, "five") == 0);
  CHECK_SUMS(w, 2);
  CHECK(execute(&w, "nested") == 0); /* `call end` and `nop end` */
  CHECK_SUMS(w, 4);
  CHECK(execute(&w, "returns") == 0); /* `i32.const return`, without `end` */
  CHECK_SUMS(w, 2);
  for (int truth = 0; truth <= 1; truth++) {
    const WasmEdge_Value argument = WasmEdge_ValueGenI32(truth);
    WasmEdge_StatisticsSetCostLimit(w.statistics, 6 - (uint64_t)truth); /* just enough */
    CHECK_CODE(WasmEdge_VMExecute(w.vm, NAME("choose"), &argument, 1, NULL, 0), 0);
    CHECK_SUMS(w, 6 - truth);
  }
  discard(&w);
}

static void check_tables(const char *path) {
  world w = make(COST);
  instantiate(&w, path);
  uint64_t costs[0x42];
  for (int i = 0; i < 0x42; i++) costs[i] = 7;
  WasmEdge_StatisticsSetCostTable(w.statistics, costs, 0x42); /* i32.const is the last one */
  for (int i = 0; i < 0x42; i++) costs[i] = 1000;              /* a copy was taken */
  CHECK(execute(&w, "five") == 0);
  CHECK(WasmEdge_StatisticsGetTotalCost(w.statistics) == 14);
  WasmEdge_StatisticsSetCostTable(w.statistics, costs, 0x0C); /* without i32.const: 0 */
  CHECK(execute(&w, "five") == 0);
  CHECK(WasmEdge_StatisticsGetTotalCost(w.statistics) == 1014);
  WasmEdge_StatisticsSetCostTable(w.statistics, NULL, 0);
  WasmEdge_StatisticsClear(w.statistics);
  WasmEdge_StatisticsSetCostLimit(w.statistics, 0);
  const WasmEdge_Value argument = WasmEdge_ValueGenI32(1);
  CHECK_CODE(WasmEdge_VMExecute(w.vm, NAME("choose"), &argument, 1, NULL, 0), 0);
  CHECK(WasmEdge_StatisticsGetTotalCost(w.statistics) == 0);
  discard(&w);
}

static void check_sums_grow(const char *path) {
  world w = make(COUNT | COST);
  instantiate(&w, path);
  CHECK(execute(&w, "five") == 0);
  instantiate(&w, path);
  CHECK(execute(&w, "five") == 0);
  CHECK(WasmEdge_StatisticsGetInstrCount(w.statistics) == 4);
  uint64_t costs[256];
  for (int i = 0; i < 256; i++) costs[i] = 5;
  WasmEdge_StatisticsSetCostTable(w.statistics, costs, 256);
  WasmEdge_StatisticsSetCostLimit(w.statistics, 9);
  WasmEdge_VMCleanup(w.vm); /* sums go, table and limit stay */
  CHECK(WasmEdge_StatisticsGetInstrCount(w.statistics) == 0);
  CHECK(WasmEdge_StatisticsGetTotalCost(w.statistics) == 0);
  instantiate(&w, path);
  CHECK(execute(&w, "five") == 0x03);
  CHECK(WasmEdge_StatisticsGetTotalCost(w.statistics) == 5);
  discard(&w);
}

static void check_switches(const char *path) {
  for (unsigned switches = 0; switches < 8; switches++) {
    world w = make(switches);
    instantiate(&w, path);
    CHECK(execute(&w, "five") == 0);
    CHECK(WasmEdge_StatisticsGetInstrCount(w.statistics) == (switches & COUNT ? 2u : 0u));
    CHECK(WasmEdge_StatisticsGetTotalCost(w.statistics) == (switches & COST ? 2u : 0u));
    const double speed = WasmEdge_StatisticsGetInstrPerSecond(w.statistics);
    if (switches & TIME)
      CHECK(isfinite(speed) && (speed > 0) == ((switches & COUNT) != 0));
    else
      CHECK(switches & COUNT ? isinf(speed) : isnan(speed));

    /* A host function has its cost as soon as anything is measured. */
    WasmEdge_StatisticsClear(w.statistics);
    WasmEdge_StatisticsSetCostLimit(w.statistics, HOST_COST - 1);
    host_calls = 0;
    CHECK(execute(&w, "host") == (switches != 0 ? 0x03 : 0));
    CHECK(host_calls == (switches == 0));
    WasmEdge_StatisticsSetCostLimit(w.statistics, HOST_COST + 2);
    WasmEdge_StatisticsClear(w.statistics);
    CHECK(execute(&w, "host") == 0);
    const unsigned own = switches & COST ? 2 : 0;
    CHECK(WasmEdge_StatisticsGetTotalCost(w.statistics) == (switches != 0 ? HOST_COST + own : 0));
    discard(&w);
  }
}

static void wait_for(WasmEdge_Async *run) {
  CHECK(run != NULL);
  CHECK_CODE(WasmEdge_AsyncGet(run, NULL, 0), 0);
  WasmEdge_AsyncDelete(run);
}

/* The same AST module is used by a VM that measures nothing first. */
static void check_ways(const char *path, const uint8_t *bytes, uint32_t size) {
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  WasmEdge_ValidatorContext *validator = WasmEdge_ValidatorCreate(NULL);
  WasmEdge_ASTModuleContext *ast = NULL;
  CHECK_CODE(WasmEdge_LoaderParseFromFile(loader, &ast, path), 0);
  CHECK_CODE(WasmEdge_ValidatorValidate(validator, ast), 0);
  const WasmEdge_String five = NAME("five");
  world plain = make(0), w = make(COUNT | COST);
  for (int again = 0; again < 2; again++) {
    CHECK_CODE(WasmEdge_VMRunWasmFromASTModule(plain.vm, ast, five, NULL, 0, NULL, 0), 0);
    CHECK_CODE(WasmEdge_VMRunWasmFromASTModule(w.vm, ast, five, NULL, 0, NULL, 0), 0);
    CHECK_SUMS(plain, 0);
    CHECK_SUMS(w, 2);
  }
  CHECK_CODE(WasmEdge_VMRunWasmFromFile(w.vm, path, five, NULL, 0, NULL, 0), 0);
  CHECK_SUMS(w, 2);
  CHECK_CODE(WasmEdge_VMRunWasmFromBuffer(w.vm, bytes, size, five, NULL, 0, NULL, 0), 0);
  CHECK_SUMS(w, 2);
  wait_for(WasmEdge_VMAsyncRunWasmFromASTModule(w.vm, ast, five, NULL, 0));
  CHECK_SUMS(w, 2);
  wait_for(WasmEdge_VMAsyncRunWasmFromFile(w.vm, path, five, NULL, 0));
  CHECK_SUMS(w, 2);
  wait_for(WasmEdge_VMAsyncRunWasmFromBuffer(w.vm, bytes, size, five, NULL, 0));
  CHECK_SUMS(w, 2);

  CHECK_CODE(WasmEdge_VMRegisterModuleFromFile(w.vm, NAME("file"), path), 0);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(w.vm, NAME("buffer"), bytes, size), 0);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromASTModule(w.vm, NAME("ast"), ast), 0);
  const WasmEdge_String names[3] = {NAME("file"), NAME("buffer"), NAME("ast")};
  for (int i = 0; i < 3; i++) {
    CHECK_CODE(WasmEdge_VMExecuteRegistered(w.vm, names[i], five, NULL, 0, NULL, 0), 0);
    CHECK_SUMS(w, 2);
    wait_for(WasmEdge_VMAsyncExecuteRegistered(w.vm, names[i], five, NULL, 0));
    CHECK_SUMS(w, 2);
  }
  instantiate(&w, path);
  wait_for(WasmEdge_VMAsyncExecute(w.vm, five, NULL, 0));
  CHECK_SUMS(w, 2);
  discard(&w);
  discard(&plain);
  WasmEdge_ASTModuleDelete(ast);
  WasmEdge_ValidatorDelete(validator);
  WasmEdge_LoaderDelete(loader);
}

int main(int count, char **arguments) {
  static uint8_t bytes[4096];
  CHECK(count == 2);
  FILE *file = fopen(arguments[1], "rb");
  CHECK(file != NULL);
  const size_t size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  CHECK(size < sizeof bytes);
  check_numbers(arguments[1]);
  check_tables(arguments[1]);
  check_sums_grow(arguments[1]);
  check_switches(arguments[1]);
  check_ways(arguments[1], bytes, (uint32_t)size);
  puts("passed");
  return 0;
}
