/* Tables and funcrefs: the host reads, calls and replaces functions in a table of the guest. */
#include "example.h"

/* power(base, exponent), to be called by the guest. */
static WasmEdge_Result power(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                             WasmEdge_Value *returns) {
  (void)data, (void)memory;
  int32_t value = 1;
  for (int32_t n = WasmEdge_ValueGetI32(params[1]); n > 0; n--)
    value *= WasmEdge_ValueGetI32(params[0]);
  returns[0] = WasmEdge_ValueGenI32(value);
  return WasmEdge_Result_Success;
}

static WasmEdge_Result apply(WasmEdge_VMContext *vm, int32_t index, int32_t a, int32_t b, int32_t *value) {
  WasmEdge_Value params[3] = {WasmEdge_ValueGenI32(index), WasmEdge_ValueGenI32(a), WasmEdge_ValueGenI32(b)};
  WasmEdge_Value returns[1] = {WasmEdge_ValueGenI32(0)};
  WasmEdge_Result result = WasmEdge_VMExecute(vm, name("apply"), params, 3, returns, 1);
  *value = WasmEdge_ValueGetI32(returns[0]);
  return result;
}

int main(void) {
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  MUST(WasmEdge_VMLoadWasmFromFile(vm, "tables.wasm"));
  MUST(WasmEdge_VMValidate(vm));
  MUST(WasmEdge_VMInstantiate(vm));
  const WasmEdge_ModuleInstanceContext *instance = WasmEdge_VMGetActiveModule(vm);
  WasmEdge_ExecutorContext *executor = WasmEdge_ExecutorCreate(NULL, NULL);

  WasmEdge_TableInstanceContext *table = WasmEdge_ModuleInstanceFindTable(instance, name("operations"));
  CHECK(table != NULL);
  const WasmEdge_TableTypeContext *type = WasmEdge_TableInstanceGetTableType(table);
  WasmEdge_Limit limit = WasmEdge_TableTypeGetLimit(type);
  CHECK(WasmEdge_TableTypeGetRefType(type) == WasmEdge_RefType_FuncRef && limit.HasMax);
  printf("table of %u functions, at most %u\n", WasmEdge_TableInstanceGetSize(table), limit.Max);

  /* Entries are references to functions, which can be called as they are. */
  WasmEdge_Value operands[2] = {WasmEdge_ValueGenI32(40), WasmEdge_ValueGenI32(2)};
  for (uint32_t i = 0; i < WasmEdge_TableInstanceGetSize(table); i++) {
    WasmEdge_Value entry, returns[1];
    MUST(WasmEdge_TableInstanceGetData(table, &entry, i));
    if (WasmEdge_ValueIsNullRef(entry)) {
      printf("entry %u is null\n", i);
      continue;
    }
    MUST(WasmEdge_ExecutorInvoke(executor, WasmEdge_ValueGetFuncRef(entry), operands, 2, returns, 1));
    printf("entry %u of 40 and 2: %d\n", i, WasmEdge_ValueGetI32(returns[0]));
  }

  /* A reference from the guest is the function that the instance exports. */
  WasmEdge_Value index = WasmEdge_ValueGenI32(0), reference;
  MUST(WasmEdge_VMExecute(vm, name("operation"), &index, 1, &reference, 1));
  CHECK(WasmEdge_ValueGetFuncRef(reference) == WasmEdge_ModuleInstanceFindFunction(instance, name("add")));

  /* Put in: a host function of our own, and an export of the guest whose type is another one. */
  const enum WasmEdge_ValType words[2] = {WasmEdge_ValType_I32, WasmEdge_ValType_I32};
  WasmEdge_FunctionTypeContext *binary = WasmEdge_FunctionTypeCreate(words, 2, words, 1);
  WasmEdge_FunctionInstanceContext *host = WasmEdge_FunctionInstanceCreate(binary, power, NULL, 0);
  WasmEdge_FunctionTypeDelete(binary);
  MUST(WasmEdge_TableInstanceSetData(table, WasmEdge_ValueGenFuncRef(host), 2));
  WasmEdge_FunctionInstanceContext *negate = WasmEdge_ModuleInstanceFindFunction(instance, name("negate"));
  MUST(WasmEdge_TableInstanceSetData(table, WasmEdge_ValueGenFuncRef(negate), 3));

  int32_t value;
  MUST(apply(vm, 1, 40, 2, &value));
  printf("the guest applies entry 1 to 40 and 2: %d\n", value);
  MUST(apply(vm, 2, 3, 4, &value));
  printf("the guest applies entry 2 to 3 and 4: %d\n", value);
  CHECK(value == 81);
  FAILS("entry 3", WasmEdge_ErrCode_IndirectCallTypeMismatch, apply(vm, 3, 1, 1, &value));
  FAILS("entry 4", WasmEdge_ErrCode_UninitializedElement, apply(vm, 4, 1, 1, &value));
  FAILS("entry 5", WasmEdge_ErrCode_UndefinedElement, apply(vm, 5, 1, 1, &value));

  /* Growing appends null references. */
  MUST(WasmEdge_TableInstanceGrow(table, 2));
  CHECK(WasmEdge_TableInstanceGetSize(table) == 7);
  FAILS("entry 5 after growing", WasmEdge_ErrCode_UninitializedElement, apply(vm, 5, 1, 1, &value));
  FAILS("growing beyond the maximum", WasmEdge_ErrCode_TableOutOfBounds, WasmEdge_TableInstanceGrow(table, 2));
  FAILS("setting beyond the size", WasmEdge_ErrCode_TableOutOfBounds,
        WasmEdge_TableInstanceSetData(table, WasmEdge_ValueGenFuncRef(host), 7));
  FAILS("setting an externref", WasmEdge_ErrCode_RefTypeMismatch,
        WasmEdge_TableInstanceSetData(table, WasmEdge_ValueGenExternRef(&value), 0));

  WasmEdge_ExecutorDelete(executor);
  WasmEdge_VMDelete(vm);
  WasmEdge_FunctionInstanceDelete(host); /* added to no module, so it is ours; the table is gone */
  return 0;
}
