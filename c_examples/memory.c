/* Memories and globals made by the host and shared with the guest. */
#include "example.h"

enum { BASE = 1024 };

int main(void) {
  /* A memory of one page of 64 KiB that may grow to three. */
  WasmEdge_Limit limit;
  limit.HasMax = true;
  limit.Min = 1;
  limit.Max = 3;
  WasmEdge_MemoryTypeContext *memory_type = WasmEdge_MemoryTypeCreate(limit);
  WasmEdge_MemoryInstanceContext *memory = WasmEdge_MemoryInstanceCreate(memory_type);
  WasmEdge_MemoryTypeDelete(memory_type); /* types are copied */

  /* A constant and a variable. The value has to be of the global's type. */
  WasmEdge_GlobalTypeContext *constant = WasmEdge_GlobalTypeCreate(WasmEdge_ValType_I32, WasmEdge_Mutability_Const);
  WasmEdge_GlobalTypeContext *variable = WasmEdge_GlobalTypeCreate(WasmEdge_ValType_I64, WasmEdge_Mutability_Var);
  CHECK(WasmEdge_GlobalInstanceCreate(variable, WasmEdge_ValueGenI32(0)) == NULL);
  WasmEdge_GlobalInstanceContext *base = WasmEdge_GlobalInstanceCreate(constant, WasmEdge_ValueGenI32(BASE));
  WasmEdge_GlobalInstanceContext *bytes = WasmEdge_GlobalInstanceCreate(variable, WasmEdge_ValueGenI64(0));
  WasmEdge_GlobalTypeDelete(constant);
  WasmEdge_GlobalTypeDelete(variable);
  CHECK(memory != NULL && base != NULL && bytes != NULL);

  /* The module owns what is added; the pointers can be used as long as the module lives. */
  WasmEdge_ModuleInstanceContext *host = WasmEdge_ModuleInstanceCreate(name("host"));
  WasmEdge_ModuleInstanceAddMemory(host, name("memory"), memory);
  WasmEdge_ModuleInstanceAddGlobal(host, name("base"), base);
  WasmEdge_ModuleInstanceAddGlobal(host, name("bytes"), bytes);

  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  MUST(WasmEdge_VMRegisterModuleFromImport(vm, host));
  MUST(WasmEdge_VMLoadWasmFromFile(vm, "memory.wasm"));
  MUST(WasmEdge_VMValidate(vm));
  MUST(WasmEdge_VMInstantiate(vm));

  /* Copy in, run, copy out. */
  char text[] = "stressed";
  uint32_t length = (uint32_t)strlen(text);
  MUST(WasmEdge_MemoryInstanceSetData(memory, (const uint8_t *)text, BASE, length));
  WasmEdge_Value params[1] = {WasmEdge_ValueGenI32((int32_t)length)}, returns[1];
  MUST(WasmEdge_VMExecute(vm, name("reverse"), params, 1, NULL, 0));
  MUST(WasmEdge_MemoryInstanceGetData(memory, (uint8_t *)text, BASE, length));
  printf("reversed: %s\n", text);

  /* The same in place. */
  uint8_t *place = WasmEdge_MemoryInstanceGetPointer(memory, BASE, length);
  CHECK(place != NULL);
  place[0] = 'D';
  MUST(WasmEdge_VMExecute(vm, name("reverse"), params, 1, NULL, 0));
  printf("reversed in place: %.*s\n", (int)length, (const char *)place);

  /* The variable that both sides see. */
  printf("bytes so far: %" PRId64 "\n", WasmEdge_ValueGetI64(WasmEdge_GlobalInstanceGetValue(bytes)));
  WasmEdge_GlobalInstanceSetValue(bytes, WasmEdge_ValueGenI64(1000));
  MUST(WasmEdge_VMExecute(vm, name("reverse"), params, 1, NULL, 0));
  printf("bytes after starting from 1000: %" PRId64 "\n",
         WasmEdge_ValueGetI64(WasmEdge_GlobalInstanceGetValue(bytes)));

  /* Setting a constant does nothing, and the guest exports the very global that it imports. */
  WasmEdge_GlobalInstanceSetValue(base, WasmEdge_ValueGenI32(0));
  WasmEdge_GlobalInstanceContext *exported =
      WasmEdge_ModuleInstanceFindGlobal(WasmEdge_VMGetActiveModule(vm), name("base"));
  CHECK(exported != NULL && WasmEdge_ValueGetI32(WasmEdge_GlobalInstanceGetValue(exported)) == BASE);

  /* Both sides can grow the memory. Pointers into it stay valid. */
  params[0] = WasmEdge_ValueGenI32(1);
  MUST(WasmEdge_VMExecute(vm, name("grow"), params, 1, returns, 1));
  printf("grown by the guest: from %d to %u pages\n", WasmEdge_ValueGetI32(returns[0]),
         WasmEdge_MemoryInstanceGetPageSize(memory));
  MUST(WasmEdge_MemoryInstanceGrowPage(memory, 1));
  printf("grown by the host: to %u pages\n", WasmEdge_MemoryInstanceGetPageSize(memory));
  CHECK(WasmEdge_MemoryInstanceGetPointer(memory, BASE, length) == place);

  /* There is a maximum. */
  FAILS("growing beyond it", WasmEdge_ErrCode_MemoryOutOfBounds, WasmEdge_MemoryInstanceGrowPage(memory, 1));
  MUST(WasmEdge_VMExecute(vm, name("grow"), params, 1, returns, 1));
  printf("the guest gets %d\n", WasmEdge_ValueGetI32(returns[0]));

  /* Access outside of the memory is refused as a whole. */
  uint32_t size = 3 * 65536;
  FAILS("reading across the end", WasmEdge_ErrCode_MemoryOutOfBounds,
        WasmEdge_MemoryInstanceGetData(memory, (uint8_t *)text, size - length + 1, length));
  CHECK(WasmEdge_MemoryInstanceGetPointer(memory, size - length, length) != NULL);
  CHECK(WasmEdge_MemoryInstanceGetPointer(memory, size, 1) == NULL);

  WasmEdge_VMDelete(vm);
  WasmEdge_ModuleInstanceDelete(host);
  return 0;
}
