/* Statistics contexts: a WasmEdge_StatisticsContext is a we_statistics. All functions may be called from
 * any thread, also while calls are being measured. */
#include "capi.h"

static we_statistics *statistics_of(const WasmEdge_StatisticsContext *context) { return (we_statistics *)context; }

WasmEdge_StatisticsContext *WasmEdge_StatisticsCreate(void) {
  return (WasmEdge_StatisticsContext *)we_statistics_new();
}

uint64_t WasmEdge_StatisticsGetInstrCount(const WasmEdge_StatisticsContext *Cxt) {
  return Cxt != NULL ? we_statistics_count(statistics_of(Cxt)) : 0;
}

double WasmEdge_StatisticsGetInstrPerSecond(const WasmEdge_StatisticsContext *Cxt) {
  return Cxt != NULL ? we_statistics_speed(statistics_of(Cxt)) : 0.0;
}

uint64_t WasmEdge_StatisticsGetTotalCost(const WasmEdge_StatisticsContext *Cxt) {
  return Cxt != NULL ? we_statistics_cost(statistics_of(Cxt)) : 0;
}

void WasmEdge_StatisticsSetCostTable(WasmEdge_StatisticsContext *Cxt, uint64_t *CostArr, const uint32_t Len) {
  if (Cxt == NULL) return;
  if (!we_statistics_set_table(statistics_of(Cxt), CostArr, CostArr != NULL ? Len : 0))
    capi_fail(WasmEdge_ErrCode_RuntimeError);
}

void WasmEdge_StatisticsSetCostLimit(WasmEdge_StatisticsContext *Cxt, const uint64_t Limit) {
  if (Cxt != NULL) we_statistics_set_limit(statistics_of(Cxt), Limit);
}

void WasmEdge_StatisticsClear(WasmEdge_StatisticsContext *Cxt) {
  if (Cxt != NULL) we_statistics_clear(statistics_of(Cxt));
}

void WasmEdge_StatisticsDelete(WasmEdge_StatisticsContext *Cxt) { we_statistics_free(statistics_of(Cxt)); }

void capi_log_statistics(const we_measuring *measuring) {
  enum { INFO = 1 };
  if (capi_log_level() > INFO) return;
  char text[WE_REPORT_SIZE];
  we_statistics_report(measuring->statistics, measuring->switches, text, sizeof text);
  capi_log(INFO, text);
}
