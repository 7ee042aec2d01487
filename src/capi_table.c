/* Table instance contexts: a we_table under its public name. Reading, writing and growing may happen on
 * any thread while guests use the table. */
#include "capi.h"

static inline bool is_reference(uint32_t type) {
  return type == WasmEdge_RefType_FuncRef || type == WasmEdge_RefType_ExternRef;
}

WasmEdge_TableInstanceContext *WasmEdge_TableInstanceCreate(const WasmEdge_TableTypeContext *TabType) {
  const uint32_t type = WasmEdge_TableTypeGetRefType(TabType);
  if (TabType == NULL || !is_reference(type)) return NULL;
  const WasmEdge_Limit limit = WasmEdge_TableTypeGetLimit(TabType);
  /* A maximum below the minimum is allowed: such a table cannot grow. */
  const uint32_t most = limit.Max > limit.Min ? limit.Max : limit.Min;
  we_table *table = we_table_new((uint8_t)type, limit.Min, limit.HasMax, most, 0);
  if (table != NULL && limit.HasMax) table->declared_max = limit.Max;
  return (WasmEdge_TableInstanceContext *)table;
}

const WasmEdge_TableTypeContext *WasmEdge_TableInstanceGetTableType(const WasmEdge_TableInstanceContext *Cxt) {
  if (Cxt == NULL) return NULL;
  WasmEdge_TableTypeContext *type = (WasmEdge_TableTypeContext *)table_of(Cxt)->type_view;
  __atomic_store_n(&type->live, true, __ATOMIC_RELAXED);
  return type;
}

WasmEdge_Result WasmEdge_TableInstanceGetData(const WasmEdge_TableInstanceContext *Cxt, WasmEdge_Value *Data,
                                              const uint32_t Offset) {
  if (Cxt == NULL || Data == NULL) return capi_fail(WasmEdge_ErrCode_WrongVMWorkflow);
  we_table *table = table_of(Cxt);
  uint64_t word;
  const int32_t code = we_table_get(table, Offset, &word);
  if (UNLIKELY(code != 0)) return capi_fail((uint32_t)code);
  if (table->type == WasmEdge_RefType_FuncRef) word = capi_funcref(word);
  *Data = make_value(word, table->type);
  return result(0);
}

WasmEdge_Result WasmEdge_TableInstanceSetData(WasmEdge_TableInstanceContext *Cxt, WasmEdge_Value Data,
                                              const uint32_t Offset) {
  if (Cxt == NULL) return capi_fail(WasmEdge_ErrCode_WrongVMWorkflow);
  we_table *table = table_of(Cxt);
  if (UNLIKELY((uint32_t)Data.Type != table->type)) return capi_fail(WasmEdge_ErrCode_RefTypeMismatch);
  const int32_t code = we_table_set(table, Offset, (uint64_t)Data.Value);
  return UNLIKELY(code != 0) ? capi_fail((uint32_t)code) : result(0);
}

uint32_t WasmEdge_TableInstanceGetSize(const WasmEdge_TableInstanceContext *Cxt) {
  return Cxt != NULL ? __atomic_load_n(&table_of(Cxt)->size, __ATOMIC_ACQUIRE) : 0;
}

WasmEdge_Result WasmEdge_TableInstanceGrow(WasmEdge_TableInstanceContext *Cxt, const uint32_t Size) {
  if (Cxt == NULL) return capi_fail(WasmEdge_ErrCode_WrongVMWorkflow);
  return we_table_grow(table_of(Cxt), Size, 0) < 0 ? capi_fail(WasmEdge_ErrCode_TableOutOfBounds) : result(0);
}

void WasmEdge_TableInstanceDelete(WasmEdge_TableInstanceContext *Cxt) {
  if (Cxt != NULL && !table_of(Cxt)->owned) we_table_free(table_of(Cxt));
}
