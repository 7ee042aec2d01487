/* Binding wrappers: one C function behind any number of imports.
 *
 * A plain host function has to know its own type. A wrapper (WasmEdge_WrapFunc_t) gets, with each call, a pointer to
 * what stands behind it and the numbers of parameters and results. That is what bindings to other languages use; here
 * the "other language" is a table of operations on double. */
#include "example.h"

#define MOST 4

/* An operation: its type in letters (i i32, I i64, f f32, F f64) and what computes it. */
typedef struct operation {
  const char *title;
  const char *params;
  const char *results;
  void (*compute)(const double *in, double *out);
} operation;

static double square_root(double x) {
  double root = x > 1 ? x : 1;
  for (int i = 0; i < 60; i++)
    root = (root + x / root) / 2;
  return root;
}

static void length(const double *in, double *out) {
  out[0] = square_root(in[0] * in[0] + in[1] * in[1] + in[2] * in[2]);
}
static void clamp(const double *in, double *out) {
  out[0] = in[0] < in[1] ? in[1] : in[0] > in[2] ? in[2] : in[0];
}
static void mean(const double *in, double *out) { out[0] = (in[0] + in[1] + in[2] + in[3]) / 4; }
static void order(const double *in, double *out) {
  out[0] = in[0] > in[1] ? in[0] : in[1];
  out[1] = in[0] > in[1] ? in[1] : in[0];
}

static const operation operations[] = {
    {"length", "FFF", "F", length},
    {"clamp", "iii", "i", clamp},
    {"mean", "iIfF", "F", mean},
    {"order", "II", "II", order},
};
enum { OPERATIONS = sizeof(operations) / sizeof(operations[0]) };

/* The one C function: `binding` is the operation, `data` a counter that all of them share. */
static WasmEdge_Result call(void *binding, void *data, WasmEdge_MemoryInstanceContext *memory,
                            const WasmEdge_Value *params, const uint32_t param_count, WasmEdge_Value *returns,
                            const uint32_t return_count) {
  (void)memory;
  const operation *self = (const operation *)binding;
  double in[MOST], out[MOST];

  /* Parameters say what they are. */
  for (uint32_t i = 0; i < param_count; i++)
    switch (params[i].Type) {
    case WasmEdge_ValType_I32: in[i] = WasmEdge_ValueGetI32(params[i]); break;
    case WasmEdge_ValType_I64: in[i] = (double)WasmEdge_ValueGetI64(params[i]); break;
    case WasmEdge_ValType_F32: in[i] = (double)WasmEdge_ValueGetF32(params[i]); break;
    case WasmEdge_ValType_F64: in[i] = WasmEdge_ValueGetF64(params[i]); break;
    default: return WasmEdge_Result_Fail;
    }
  self->compute(in, out);
  /* Results are empty at first; their types are those of the function type. */
  for (uint32_t i = 0; i < return_count; i++)
    switch (self->results[i]) {
    case 'i': returns[i] = WasmEdge_ValueGenI32((int32_t)out[i]); break;
    case 'I': returns[i] = WasmEdge_ValueGenI64((int64_t)out[i]); break;
    case 'f': returns[i] = WasmEdge_ValueGenF32((float)out[i]); break;
    default: returns[i] = WasmEdge_ValueGenF64(out[i]); break;
    }
  ++*(uint32_t *)data;
  return WasmEdge_Result_Success;
}

/* The types that letters stand for; returns how many. */
static uint32_t types(const char *letters, enum WasmEdge_ValType *list) {
  uint32_t count = 0;
  for (; letters[count]; count++)
    switch (letters[count]) {
    case 'i': list[count] = WasmEdge_ValType_I32; break;
    case 'I': list[count] = WasmEdge_ValType_I64; break;
    case 'f': list[count] = WasmEdge_ValType_F32; break;
    default: list[count] = WasmEdge_ValType_F64; break;
    }
  return count;
}

int main(void) {
  uint32_t calls = 0;

  WasmEdge_ModuleInstanceContext *math = WasmEdge_ModuleInstanceCreate(name("math"));
  for (int i = 0; i < OPERATIONS; i++) {
    enum WasmEdge_ValType params[MOST], results[MOST];
    uint32_t param_count = types(operations[i].params, params);
    uint32_t result_count = types(operations[i].results, results);
    WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(params, param_count, results, result_count);
    WasmEdge_FunctionInstanceContext *function =
        WasmEdge_FunctionInstanceCreateBinding(type, call, (void *)&operations[i], &calls, 0);
    WasmEdge_FunctionTypeDelete(type);
    WasmEdge_ModuleInstanceAddFunction(math, name(operations[i].title), function);
  }
  printf("%u functions in module math\n", WasmEdge_ModuleInstanceListFunctionLength(math));

  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  MUST(WasmEdge_VMRegisterModuleFromImport(vm, math));
  MUST(WasmEdge_VMLoadWasmFromFile(vm, "binding.wasm"));
  MUST(WasmEdge_VMValidate(vm));
  MUST(WasmEdge_VMInstantiate(vm));

  WasmEdge_Value params[2], returns[1];
  params[0] = WasmEdge_ValueGenF64(2.0);
  MUST(WasmEdge_VMExecute(vm, name("diagonal"), params, 1, returns, 1));
  printf("diagonal(2) = %.6f\n", WasmEdge_ValueGetF64(returns[0]));

  for (int32_t value = -300; value <= 300; value += 200) {
    params[0] = WasmEdge_ValueGenI32(value);
    MUST(WasmEdge_VMExecute(vm, name("byte"), params, 1, returns, 1));
    printf("byte(%d) = %d\n", value, WasmEdge_ValueGetI32(returns[0]));
  }

  MUST(WasmEdge_VMExecute(vm, name("mixed"), NULL, 0, returns, 1));
  printf("mixed() = %.1f\n", WasmEdge_ValueGetF64(returns[0]));

  params[0] = WasmEdge_ValueGenI64(30);
  params[1] = WasmEdge_ValueGenI64(-12);
  MUST(WasmEdge_VMExecute(vm, name("distance"), params, 2, returns, 1));
  printf("distance(30, -12) = %" PRId64 "\n", WasmEdge_ValueGetI64(returns[0]));

  printf("calls through the wrapper: %u\n", calls);
  CHECK(calls == 7);

  WasmEdge_VMDelete(vm);
  WasmEdge_ModuleInstanceDelete(math);
  return 0;
}
