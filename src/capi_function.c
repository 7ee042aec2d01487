/* Function instance contexts: host functions of C, called straight from generated code. */
#include <stdlib.h>

#include "capi.h"

typedef struct {
  WasmEdge_HostFunc_t function; /* one of these two */
  WasmEdge_WrapFunc_t wrapper;
  void *binding;
  void *data;
  uint64_t cost;
  const we_type *type;
} host_function;

enum { STACK_VALUES = 16 };

/* Memory 0 of the calling module. A host function that the host itself put into a table does not know
 * who calls it; then it is the module that the host has called. */
static we_memory *memory_of_caller(const we_instance *caller) {
  if (caller == NULL) {
    const we_entry *entry = atomic_load_explicit(&we_current->entry, memory_order_relaxed);
    caller = entry != NULL ? entry->func->instance : NULL;
  }
  return caller != NULL ? caller->mem0 : NULL;
}

static const uint64_t *read_value(WasmEdge_Value *value, uint8_t type, const uint64_t *slot) {
  value->Type = type;
  switch (type) {
    case WasmEdge_ValType_I32:
    case WasmEdge_ValType_F32: value->Value = (uint32_t)*slot; break;
    case WasmEdge_ValType_V128: value->Value = (uint128_t)slot[1] << 64 | slot[0]; return slot + 2;
    default: value->Value = *slot;
  }
  return slot + 1;
}

static int32_t call_host(void *data, we_instance *caller, uint64_t *frame) {
  const host_function *host = data;
  const we_type *type = host->type;
  const uint32_t in = type->param_count, out = type->result_count;
  if (host->cost > 0) {
    const int32_t code = we_statistics_charge(host->cost);
    if (code != 0) return code;
  }
  WasmEdge_Value on_stack[STACK_VALUES];
  WasmEdge_Value *params = on_stack;
  if (UNLIKELY((uint64_t)in + out > STACK_VALUES)) {
    params = aligned_alloc(_Alignof(WasmEdge_Value), ((uint64_t)in + out) * sizeof *params);
    if (params == NULL) return TRAP_RUNTIME_ERROR;
  }
  WasmEdge_Value *returns = params + in;
  const uint64_t *slot = frame;
  for (uint32_t i = 0; i < in; i++) slot = read_value(&params[i], type->params[i], slot);
  if (out > 0) memset(returns, 0, out * sizeof *returns);
  WasmEdge_MemoryInstanceContext *memory = (WasmEdge_MemoryInstanceContext *)memory_of_caller(caller);
  const WasmEdge_Value *given = in > 0 ? params : NULL;
  WasmEdge_Value *wanted = out > 0 ? returns : NULL;
  const WasmEdge_Result ended =
      host->function != NULL
          ? host->function(host->data, memory, given, wanted)
          : host->wrapper(host->binding, host->data, memory, given, in, wanted, out);
  if (ended.Code == WasmEdge_ErrCode_Success) {
    uint64_t *to = frame;
    for (uint32_t i = 0; i < out; i++) {
      *to++ = (uint64_t)returns[i].Value;
      if (type->results[i] == WasmEdge_ValType_V128) *to++ = (uint64_t)(returns[i].Value >> 64);
    }
  }
  if (UNLIKELY(params != on_stack)) free(params);
  if (ended.Code <= WasmEdge_ErrCode_Terminated) return ended.Code;
  return WasmEdge_ErrCode_ExecutionFailed;
}

static WasmEdge_FunctionInstanceContext *create(const WasmEdge_FunctionTypeContext *context, host_function host) {
  host.type = function_type(context);
  if (host.type == NULL || !host.type->is_real) return NULL;
  host_function *data = malloc(sizeof *data);
  we_func *func = data != NULL ? we_func_new_host(host.type->id, call_host, data) : NULL;
  if (func == NULL) {
    free(data);
    return NULL;
  }
  *data = host;
  func->flags |= FUNC_C_API;
  return (WasmEdge_FunctionInstanceContext *)func;
}

WasmEdge_FunctionInstanceContext *WasmEdge_FunctionInstanceCreate(const WasmEdge_FunctionTypeContext *Type,
                                                                  WasmEdge_HostFunc_t HostFunc, void *Data,
                                                                  const uint64_t Cost) {
  if (HostFunc == NULL) return NULL;
  return create(Type, (host_function){.function = HostFunc, .data = Data, .cost = Cost});
}

WasmEdge_FunctionInstanceContext *WasmEdge_FunctionInstanceCreateBinding(const WasmEdge_FunctionTypeContext *Type,
                                                                         WasmEdge_WrapFunc_t WrapFunc,
                                                                         void *Binding, void *Data,
                                                                         const uint64_t Cost) {
  if (WrapFunc == NULL) return NULL;
  return create(Type, (host_function){.wrapper = WrapFunc, .binding = Binding, .data = Data, .cost = Cost});
}

const WasmEdge_FunctionTypeContext *
WasmEdge_FunctionInstanceGetFunctionType(const WasmEdge_FunctionInstanceContext *Cxt) {
  return Cxt != NULL ? function_type_context(we_type_get(function_of(Cxt)->type_id)) : NULL;
}

bool capi_function_take(we_func *func) {
  if (!(func->flags & FUNC_C_API)) return false;
  func->flags |= FUNC_OWNED;
  return true;
}

void capi_function_free(we_func *func) {
  free(func->data);
  we_func_free(func);
}

void WasmEdge_FunctionInstanceDelete(WasmEdge_FunctionInstanceContext *Cxt) {
  we_func *func = function_of(Cxt);
  if (func != NULL && (func->flags & (FUNC_C_API | FUNC_OWNED)) == FUNC_C_API) capi_function_free(func);
}

uint64_t capi_funcref(uint64_t word) {
  const we_func *original = word != 0 ? instance_original((const we_func *)(uintptr_t)word) : NULL;
  return original != NULL ? (uint64_t)(uintptr_t)original : word;
}
