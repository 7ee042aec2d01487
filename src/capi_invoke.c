/* Calls: from checked WasmEdge_Values to frames and back. */
#include <stdlib.h>

#include "bridge.h"
#include "capi.h"

__thread capi_sink *capi_result_sink;

struct WasmEdge_ExecutorContext {
  we_measuring measuring;
};

WasmEdge_ExecutorContext *capi_executor_new(const we_measuring *measuring) {
  WasmEdge_ExecutorContext *executor = malloc(sizeof *executor);
  if (executor != NULL) executor->measuring = *measuring;
  return executor;
}

void capi_executor_free(WasmEdge_ExecutorContext *executor) { free(executor); }

enum { STACK_SLOTS = 16 };

static bool parameters_fit(const we_type *type, const WasmEdge_Value *params, uint32_t count) {
  if (count != type->param_count) return false;
  for (uint32_t i = 0; i < count; i++)
    if ((uint32_t)params[i].Type != type->params[i]) return false;
  return true;
}

static void write_params(const we_type *type, const WasmEdge_Value *params, uint64_t *frame) {
  for (uint32_t i = 0; i < type->param_count; i++) {
    *frame++ = (uint64_t)params[i].Value;
    if (UNLIKELY(type->params[i] == WasmEdge_ValType_V128)) *frame++ = (uint64_t)(params[i].Value >> 64);
  }
}

static void read_results(const we_type *type, const uint64_t *frame, WasmEdge_Value *returns, uint32_t count) {
  for (uint32_t i = 0; i < count; i++, frame++) {
    const uint8_t kind = type->results[i];
    uint128_t bits = *frame;
    switch (kind) {
      case WasmEdge_ValType_I32:
      case WasmEdge_ValType_F32: bits = (uint32_t)bits; break;
      case WasmEdge_ValType_V128: bits |= (uint128_t)*++frame << 64; break;
      case WasmEdge_ValType_FuncRef: bits = capi_funcref((uint64_t)bits); break;
      default: break;
    }
    returns[i] = make_value(bits, kind);
  }
}

/* Leaves all results where the thread wants them. */
static bool fill_sink(const we_type *type, const uint64_t *frame) {
  capi_sink *sink = capi_result_sink;
  capi_result_sink = NULL;
  sink->values = aligned_alloc(_Alignof(WasmEdge_Value), (type->result_count + 1ull) * sizeof(WasmEdge_Value));
  if (sink->values == NULL) return false;
  sink->count = type->result_count;
  read_results(type, frame, sink->values, sink->count);
  return true;
}

/* What the host gets for a call that did not return. */
static WasmEdge_Result ended(int32_t code) {
  if (thread_python_raised()) we_bound_python.we_py_forget(code);
  return code == WasmEdge_ErrCode_Terminated ? result(code) : capi_fail((uint32_t)code);
}

WasmEdge_Result capi_invoke(const we_measuring *measuring, we_func *func, const WasmEdge_Value *params,
                            uint32_t param_count, WasmEdge_Value *returns, uint32_t return_count) {
  const we_type *type = we_type_get(func->type_id);
  if (params == NULL) param_count = 0;
  if (UNLIKELY(!parameters_fit(type, params, param_count))) return capi_fail(WasmEdge_ErrCode_FuncSigMismatch);
  uint64_t slots[STACK_SLOTS];
  uint64_t *frame = slots;
  if (UNLIKELY(type->slots > STACK_SLOTS)) {
    frame = malloc(type->slots * sizeof *frame);
    if (frame == NULL) return capi_fail(WasmEdge_ErrCode_RuntimeError);
  }
  write_params(type, params, frame);
  int32_t code = UNLIKELY(measuring->statistics != NULL)
                     ? we_call_measured(measuring->statistics, measuring->switches, func, frame)
                     : we_call(func, frame);
  if (UNLIKELY(measuring->statistics != NULL)) capi_log_statistics(measuring);
  /* Hosts read the results whenever WasmEdge_ResultOK holds: those of a run that was ended are zeros. */
  if (UNLIKELY(code == WasmEdge_ErrCode_Terminated)) memset(frame, 0, type->slots * sizeof *frame);
  const bool ok = code == 0 || code == WasmEdge_ErrCode_Terminated;
  if (ok && returns != NULL)
    read_results(type, frame, returns, return_count < type->result_count ? return_count : type->result_count);
  if (UNLIKELY(capi_result_sink != NULL) && ok && we_call_depth() == 0 && !fill_sink(type, frame))
    code = WasmEdge_ErrCode_RuntimeError;
  if (UNLIKELY(frame != slots)) free(frame);
  return UNLIKELY(code != 0) ? ended(code) : result(0);
}

WasmEdge_Result WasmEdge_ExecutorInvoke(WasmEdge_ExecutorContext *Cxt, const WasmEdge_FunctionInstanceContext *FuncCxt,
                                        const WasmEdge_Value *Params, const uint32_t ParamLen, WasmEdge_Value *Returns,
                                        const uint32_t ReturnLen) {
  if (Cxt == NULL || FuncCxt == NULL) return capi_fail(WasmEdge_ErrCode_WrongVMWorkflow);
  return capi_invoke(&Cxt->measuring, function_of(FuncCxt), Params, ParamLen, Returns, ReturnLen);
}
