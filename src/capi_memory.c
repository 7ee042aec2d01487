/* Memory instance contexts: a we_memory under its public name. Reading, writing and growing may happen
 * on any thread while guests use the memory; the bytes themselves are nobody's to guard. */
#include "capi.h"

WasmEdge_MemoryInstanceContext *WasmEdge_MemoryInstanceCreate(const WasmEdge_MemoryTypeContext *MemType) {
  if (MemType == NULL) return NULL;
  const WasmEdge_Limit limit = WasmEdge_MemoryTypeGetLimit(MemType);
  /* A maximum below the minimum is allowed: such a memory cannot grow. */
  const uint32_t most = limit.Max > limit.Min ? limit.Max : limit.Min;
  we_memory *memory = we_memory_new(limit.Min, limit.HasMax, most, false, MAX_WASM_PAGES, true);
  if (memory != NULL && limit.HasMax) memory->declared_max = limit.Max;
  return (WasmEdge_MemoryInstanceContext *)memory;
}

const WasmEdge_MemoryTypeContext *WasmEdge_MemoryInstanceGetMemoryType(const WasmEdge_MemoryInstanceContext *Cxt) {
  if (Cxt == NULL) return NULL;
  WasmEdge_MemoryTypeContext *type = (WasmEdge_MemoryTypeContext *)memory_of(Cxt)->type_view;
  __atomic_store_n(&type->live, true, __ATOMIC_RELAXED);
  return type;
}

static inline uint64_t size_of(const WasmEdge_MemoryInstanceContext *context) {
  return __atomic_load_n(&memory_of(context)->size, __ATOMIC_ACQUIRE);
}

/* Address of a range of bytes, NULL if a part of it lies outside. */
static inline uint8_t *range(const WasmEdge_MemoryInstanceContext *context, uint32_t offset, uint32_t length) {
  return (uint64_t)offset + length <= size_of(context) ? memory_of(context)->base + offset : NULL;
}

WasmEdge_Result WasmEdge_MemoryInstanceGetData(const WasmEdge_MemoryInstanceContext *Cxt, uint8_t *Data,
                                               const uint32_t Offset, const uint32_t Length) {
  if (Cxt == NULL || Data == NULL) return capi_fail(WasmEdge_ErrCode_WrongVMWorkflow);
  const uint8_t *from = range(Cxt, Offset, Length);
  if (UNLIKELY(from == NULL)) return capi_fail(WasmEdge_ErrCode_MemoryOutOfBounds);
  memmove(Data, from, Length);
  return result(0);
}

WasmEdge_Result WasmEdge_MemoryInstanceSetData(WasmEdge_MemoryInstanceContext *Cxt, const uint8_t *Data,
                                               const uint32_t Offset, const uint32_t Length) {
  if (Cxt == NULL || Data == NULL) return capi_fail(WasmEdge_ErrCode_WrongVMWorkflow);
  uint8_t *to = range(Cxt, Offset, Length);
  if (UNLIKELY(to == NULL)) return capi_fail(WasmEdge_ErrCode_MemoryOutOfBounds);
  memmove(to, Data, Length);
  return result(0);
}

uint8_t *WasmEdge_MemoryInstanceGetPointer(WasmEdge_MemoryInstanceContext *Cxt, const uint32_t Offset,
                                           const uint32_t Length) {
  return Cxt != NULL ? range(Cxt, Offset, Length) : NULL;
}

const uint8_t *WasmEdge_MemoryInstanceGetPointerConst(const WasmEdge_MemoryInstanceContext *Cxt,
                                                      const uint32_t Offset, const uint32_t Length) {
  return Cxt != NULL ? range(Cxt, Offset, Length) : NULL;
}

uint32_t WasmEdge_MemoryInstanceGetPageSize(const WasmEdge_MemoryInstanceContext *Cxt) {
  return Cxt != NULL ? (uint32_t)(size_of(Cxt) / WASM_PAGE) : 0;
}

WasmEdge_Result WasmEdge_MemoryInstanceGrowPage(WasmEdge_MemoryInstanceContext *Cxt, const uint32_t Page) {
  if (Cxt == NULL) return capi_fail(WasmEdge_ErrCode_WrongVMWorkflow);
  return we_memory_grow(memory_of(Cxt), Page) < 0 ? capi_fail(WasmEdge_ErrCode_MemoryOutOfBounds) : result(0);
}

void WasmEdge_MemoryInstanceDelete(WasmEdge_MemoryInstanceContext *Cxt) {
  if (Cxt != NULL && !memory_of(Cxt)->owned) we_memory_free(memory_of(Cxt));
}
