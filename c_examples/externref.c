/* externref: objects of the host travel through the guest.
 *
 * The guest can pass, store and compare with null, but neither read nor forge them. The library never looks at what
 * an externref points to, and never frees it: the object has to live as long as the guest may hand it back. */
#include "example.h"

#define CAPACITY 16

typedef struct list {
  const char *title;
  uint32_t length;
  int32_t items[CAPACITY];
} list;

/* append(list, value) */
static WasmEdge_Result list_append(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                                   WasmEdge_Value *returns) {
  (void)data, (void)memory, (void)returns;
  list *self = (list *)WasmEdge_ValueGetExternRef(params[0]);
  if (self == NULL || self->length == CAPACITY)
    return WasmEdge_Result_Fail;
  self->items[self->length++] = WasmEdge_ValueGetI32(params[1]);
  return WasmEdge_Result_Success;
}

/* length(list) -> i32; of the null reference 0 */
static WasmEdge_Result list_length(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                                   WasmEdge_Value *returns) {
  (void)data, (void)memory;
  const list *self = (const list *)WasmEdge_ValueGetExternRef(params[0]);
  returns[0] = WasmEdge_ValueGenI32(self ? (int32_t)self->length : 0);
  return WasmEdge_Result_Success;
}

static void add(WasmEdge_ModuleInstanceContext *module, const char *title, WasmEdge_FunctionTypeContext *type,
                WasmEdge_HostFunc_t function) {
  WasmEdge_ModuleInstanceAddFunction(module, name(title), WasmEdge_FunctionInstanceCreate(type, function, NULL, 0));
  WasmEdge_FunctionTypeDelete(type);
}

static void print_list(const list *self) {
  printf("list %s:", self->title);
  for (uint32_t i = 0; i < self->length; i++)
    printf(" %d", self->items[i]);
  printf("\n");
}

int main(void) {
  const enum WasmEdge_ValType params_of_append[2] = {WasmEdge_ValType_ExternRef, WasmEdge_ValType_I32};
  const enum WasmEdge_ValType result_of_length[1] = {WasmEdge_ValType_I32};
  WasmEdge_ModuleInstanceContext *module = WasmEdge_ModuleInstanceCreate(name("list"));
  add(module, "append", WasmEdge_FunctionTypeCreate(params_of_append, 2, NULL, 0), list_append);
  add(module, "length", WasmEdge_FunctionTypeCreate(params_of_append, 1, result_of_length, 1), list_length);

  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  MUST(WasmEdge_VMRegisterModuleFromImport(vm, module));
  MUST(WasmEdge_VMLoadWasmFromFile(vm, "externref.wasm"));
  MUST(WasmEdge_VMValidate(vm));
  MUST(WasmEdge_VMInstantiate(vm));

  list a = {"a", 0, {0}}, b = {"b", 0, {0}};
  WasmEdge_Value params[2], returns[1];

  /* The guest fills two objects of ours. */
  params[0] = WasmEdge_ValueGenExternRef(&a);
  params[1] = WasmEdge_ValueGenI32(5);
  MUST(WasmEdge_VMExecute(vm, name("squares"), params, 2, returns, 1));
  params[0] = WasmEdge_ValueGenExternRef(&b);
  params[1] = WasmEdge_ValueGenI32(8);
  MUST(WasmEdge_VMExecute(vm, name("squares"), params, 2, returns, 1));
  CHECK(WasmEdge_ValueGetI32(returns[0]) == 8);
  print_list(&a);
  print_list(&b);

  /* What comes back is the very pointer that went in. */
  params[0] = WasmEdge_ValueGenExternRef(&a);
  params[1] = WasmEdge_ValueGenExternRef(&b);
  MUST(WasmEdge_VMExecute(vm, name("longer"), params, 2, returns, 1));
  CHECK(returns[0].Type == WasmEdge_ValType_ExternRef && WasmEdge_ValueGetExternRef(returns[0]) == &b);
  printf("the longer list is %s\n", ((const list *)WasmEdge_ValueGetExternRef(returns[0]))->title);

  /* A reference kept in a table of the guest; the table's other entry is null. */
  params[0] = WasmEdge_ValueGenI32(1);
  params[1] = WasmEdge_ValueGenExternRef(&a);
  MUST(WasmEdge_VMExecute(vm, name("keep"), params, 2, NULL, 0));
  for (int32_t index = 0; index < 2; index++) {
    params[0] = WasmEdge_ValueGenI32(index);
    MUST(WasmEdge_VMExecute(vm, name("kept"), params, 1, returns, 1));
    if (WasmEdge_ValueIsNullRef(returns[0]))
      printf("entry %d is null\n", index);
    else
      printf("entry %d is list %s\n", index, ((const list *)WasmEdge_ValueGetExternRef(returns[0]))->title);
  }

  /* The null reference is a value of its own. */
  params[0] = WasmEdge_ValueGenNullRef(WasmEdge_RefType_ExternRef);
  MUST(WasmEdge_VMExecute(vm, name("is_null"), params, 1, returns, 1));
  CHECK(WasmEdge_ValueGetI32(returns[0]) == 1);
  params[1] = WasmEdge_ValueGenI32(1);
  FAILS("appending to null", WasmEdge_ErrCode_ExecutionFailed,
        WasmEdge_VMExecute(vm, name("squares"), params, 2, returns, 1));

  /* funcref and externref are different types. */
  params[0] = WasmEdge_ValueGenNullRef(WasmEdge_RefType_FuncRef);
  FAILS("a funcref for an externref", WasmEdge_ErrCode_FuncSigMismatch,
        WasmEdge_VMExecute(vm, name("is_null"), params, 1, returns, 1));

  WasmEdge_VMDelete(vm);
  WasmEdge_ModuleInstanceDelete(module);
  return 0;
}
