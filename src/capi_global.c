/* Global instance contexts: a value's storage, here or in a module instance, and its type. Guests may
 * use the global at the same time; only a v128 can then be read half changed. */
#include <stdlib.h>

#include "capi.h"

static bool is_value_type(uint8_t type) {
  switch (type) {
    case WasmEdge_ValType_I32:
    case WasmEdge_ValType_I64:
    case WasmEdge_ValType_F32:
    case WasmEdge_ValType_F64:
    case WasmEdge_ValType_V128:
    case WasmEdge_ValType_FuncRef:
    case WasmEdge_ValType_ExternRef: return true;
    default: return false;
  }
}

static inline bool is_word(uint8_t type) { return type == WasmEdge_ValType_I32 || type == WasmEdge_ValType_F32; }

static void store(WasmEdge_GlobalInstanceContext *global, uint128_t bits) {
  const uint64_t low = (uint64_t)bits;
  __atomic_store_n(&global->storage->low, is_word(global->type.type) ? (uint32_t)low : low, __ATOMIC_RELAXED);
  if (UNLIKELY(global->type.type == WasmEdge_ValType_V128))
    __atomic_store_n(&global->storage->high, (uint64_t)(bits >> 64), __ATOMIC_RELAXED);
}

WasmEdge_GlobalInstanceContext *WasmEdge_GlobalInstanceCreate(const WasmEdge_GlobalTypeContext *GlobType,
                                                              const WasmEdge_Value Value) {
  if (GlobType == NULL || (uint32_t)Value.Type != GlobType->type || !is_value_type(GlobType->type)) return NULL;
  WasmEdge_GlobalInstanceContext *global = calloc(1, sizeof *global);
  if (global == NULL) return NULL;
  global->storage = &global->own;
  global->type = *GlobType;
  store(global, Value.Value);
  return global;
}

const WasmEdge_GlobalTypeContext *WasmEdge_GlobalInstanceGetGlobalType(const WasmEdge_GlobalInstanceContext *Cxt) {
  return Cxt != NULL ? &Cxt->type : NULL;
}

WasmEdge_Value WasmEdge_GlobalInstanceGetValue(const WasmEdge_GlobalInstanceContext *Cxt) {
  if (Cxt == NULL) return make_value(0, WasmEdge_ValType_I32);
  const uint8_t type = Cxt->type.type;
  uint128_t bits = __atomic_load_n(&Cxt->storage->low, __ATOMIC_RELAXED);
  if (is_word(type)) bits = (uint32_t)bits;
  if (UNLIKELY(type == WasmEdge_ValType_V128))
    bits |= (uint128_t)__atomic_load_n(&Cxt->storage->high, __ATOMIC_RELAXED) << 64;
  if (UNLIKELY(type == WasmEdge_ValType_FuncRef)) bits = capi_funcref((uint64_t)bits);
  return make_value(bits, type);
}

void WasmEdge_GlobalInstanceSetValue(WasmEdge_GlobalInstanceContext *Cxt, const WasmEdge_Value Value) {
  if (Cxt == NULL || Cxt->type.mutability != WasmEdge_Mutability_Var) return;
  if ((uint32_t)Value.Type == Cxt->type.type) store(Cxt, Value.Value);
}

void capi_global_free(WasmEdge_GlobalInstanceContext *global) {
  if (global != NULL && global->storage == &global->own) free(global);
}

void WasmEdge_GlobalInstanceDelete(WasmEdge_GlobalInstanceContext *Cxt) {
  if (Cxt != NULL && !Cxt->owned) capi_global_free(Cxt);
}
