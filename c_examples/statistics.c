/* Statistics: count instructions, give them costs, and stop a run that costs too much. */
#include "example.h"

/* Opcodes, by which the cost table is indexed. */
enum { BR_IF = 0x0D, CALL = 0x10, I32_ADD = 0x6A, OPCODES = 256 };

static WasmEdge_Result tick(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                            WasmEdge_Value *returns) {
  (void)memory, (void)params, (void)returns;
  ++*(uint32_t *)data;
  return WasmEdge_Result_Success;
}

static WasmEdge_Result execute(WasmEdge_VMContext *vm, const char *function, int32_t n) {
  WasmEdge_Value params[1] = {WasmEdge_ValueGenI32(n)};
  return WasmEdge_VMExecute(vm, name(function), params, 1, NULL, 0);
}

static void print(const char *title, const WasmEdge_StatisticsContext *statistics) {
  printf("%s: %" PRIu64 " instructions, cost %" PRIu64 "\n", title, WasmEdge_StatisticsGetInstrCount(statistics),
         WasmEdge_StatisticsGetTotalCost(statistics));
}

int main(void) {
  /* Nothing is measured unless it is switched on; code that measures is slower. */
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureStatisticsSetInstructionCounting(configure, true);
  WasmEdge_ConfigureStatisticsSetCostMeasuring(configure, true);
  WasmEdge_ConfigureStatisticsSetTimeMeasuring(configure, true);
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(configure, NULL);
  WasmEdge_ConfigureDelete(configure);

  /* A host function has a cost of its own, here 50 for each call. */
  uint32_t ticks = 0;
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(NULL, 0, NULL, 0);
  WasmEdge_ModuleInstanceContext *host = WasmEdge_ModuleInstanceCreate(name("host"));
  WasmEdge_ModuleInstanceAddFunction(host, name("tick"), WasmEdge_FunctionInstanceCreate(type, tick, &ticks, 50));
  WasmEdge_FunctionTypeDelete(type);
  MUST(WasmEdge_VMRegisterModuleFromImport(vm, host));
  MUST(WasmEdge_VMLoadWasmFromFile(vm, "statistics.wasm"));
  MUST(WasmEdge_VMValidate(vm));
  MUST(WasmEdge_VMInstantiate(vm));

  /* At first each instruction costs 1. */
  WasmEdge_StatisticsContext *statistics = WasmEdge_VMGetStatisticsContext(vm);
  MUST(execute(vm, "sum", 100));
  print("sum(100)", statistics);
  CHECK(WasmEdge_StatisticsGetInstrPerSecond(statistics) > 0);

  /* Figures add up over runs until they are cleared. */
  MUST(execute(vm, "sum", 100));
  print("once more", statistics);
  WasmEdge_StatisticsClear(statistics);
  print("cleared", statistics);

  /* Costs of one's own. What the table does not reach costs nothing; the table is copied. */
  uint64_t costs[OPCODES] = {0};
  costs[I32_ADD] = 10;
  costs[BR_IF] = 3;
  costs[CALL] = 2;
  WasmEdge_StatisticsSetCostTable(statistics, costs, OPCODES);
  MUST(execute(vm, "sum", 100));
  printf("cost of sum(100): %" PRIu64 "\n", WasmEdge_StatisticsGetTotalCost(statistics));
  CHECK(WasmEdge_StatisticsGetTotalCost(statistics) == 100 * (10 + 3));

  WasmEdge_StatisticsClear(statistics);
  MUST(execute(vm, "ticks", 4));
  printf("cost of ticks(4): %" PRIu64 "\n", WasmEdge_StatisticsGetTotalCost(statistics));
  CHECK(ticks == 4 && WasmEdge_StatisticsGetTotalCost(statistics) == 4 * (2 + 50 + 3));

  /* A limit. An instruction that would exceed it is not executed. */
  WasmEdge_StatisticsClear(statistics);
  WasmEdge_StatisticsSetCostLimit(statistics, 100);
  FAILS("sum(1000000) with limit 100", WasmEdge_ErrCode_CostLimitExceeded, execute(vm, "sum", 1000000));
  printf("cost at that point: %" PRIu64 "\n", WasmEdge_StatisticsGetTotalCost(statistics));
  CHECK(WasmEdge_StatisticsGetTotalCost(statistics) == 7 * 13);

  /* The limit is for the sum: what is spent stays spent until it is cleared. */
  FAILS("sum(2) with what is left", WasmEdge_ErrCode_CostLimitExceeded, execute(vm, "sum", 2));
  WasmEdge_StatisticsClear(statistics);
  MUST(execute(vm, "sum", 2));
  printf("cost of sum(2): %" PRIu64 "\n", WasmEdge_StatisticsGetTotalCost(statistics));

  WasmEdge_VMDelete(vm);
  WasmEdge_ModuleInstanceDelete(host);
  return 0;
}
