/* Contexts that a host gives to modules are found again, the very same ones, wherever they are exported. */
#include "behaviour.h"

enum { KINDS = 4 };

typedef struct made {
  const void *object[KINDS];
} made;

static WasmEdge_Result nothing(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                               WasmEdge_Value *returns) {
  (void)data, (void)memory, (void)params, (void)returns;
  return WasmEdge_Result_Success;
}

static made found(const WasmEdge_ModuleInstanceContext *module, const char *const names[KINDS]) {
  WasmEdge_String string[KINDS];
  for (int i = 0; i < KINDS; i++) string[i] = WasmEdge_StringWrap(names[i], (uint32_t)strlen(names[i]));
  return (made){{WasmEdge_ModuleInstanceFindFunction(module, string[0]),
                 WasmEdge_ModuleInstanceFindTable(module, string[1]),
                 WasmEdge_ModuleInstanceFindMemory(module, string[2]),
                 WasmEdge_ModuleInstanceFindGlobal(module, string[3])}};
}

static bool same(made a, made b) { return memcmp(&a, &b, sizeof a) == 0; }

static const char *const names[KINDS] = {"f", "t", "m", "g"};

static made fill(WasmEdge_ModuleInstanceContext *module) {
  WasmEdge_FunctionTypeContext *function_type = WasmEdge_FunctionTypeCreate(NULL, 0, NULL, 0);
  WasmEdge_TableTypeContext *table_type = WasmEdge_TableTypeCreate(WasmEdge_RefType_FuncRef, at_least(1));
  WasmEdge_MemoryTypeContext *memory_type = WasmEdge_MemoryTypeCreate(at_least(1));
  WasmEdge_GlobalTypeContext *global_type =
      WasmEdge_GlobalTypeCreate(WasmEdge_ValType_I32, WasmEdge_Mutability_Var);
  WasmEdge_FunctionInstanceContext *function = WasmEdge_FunctionInstanceCreate(function_type, nothing, NULL, 0);
  WasmEdge_TableInstanceContext *table = WasmEdge_TableInstanceCreate(table_type);
  WasmEdge_MemoryInstanceContext *memory = WasmEdge_MemoryInstanceCreate(memory_type);
  WasmEdge_GlobalInstanceContext *global = WasmEdge_GlobalInstanceCreate(global_type, WasmEdge_ValueGenI32(5));
  WasmEdge_FunctionTypeDelete(function_type);
  WasmEdge_TableTypeDelete(table_type);
  WasmEdge_MemoryTypeDelete(memory_type);
  WasmEdge_GlobalTypeDelete(global_type);
  WasmEdge_ModuleInstanceAddFunction(module, NAME("f"), function);
  WasmEdge_ModuleInstanceAddTable(module, NAME("t"), table);
  WasmEdge_ModuleInstanceAddMemory(module, NAME("m"), memory);
  WasmEdge_ModuleInstanceAddGlobal(module, NAME("g"), global);
  return (made){{function, table, memory, global}};
}

/* A host module, a module that imports from it and exports that again, a host module that gets it from there. */
static void wherever_they_are(void) {
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  WasmEdge_ModuleInstanceContext *host = WasmEdge_ModuleInstanceCreate(NAME("h"));
  const made given = fill(host);
  CHECK(same(found(host, names), given));
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, host), 0);
  const binary guest = read_binary("re_exports");
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, NAME("again"), guest.bytes, guest.size), 0);
  free(guest.bytes);
  const WasmEdge_ModuleInstanceContext *again =
      WasmEdge_StoreFindModule(WasmEdge_VMGetStoreContext(vm), NAME("again"));
  CHECK(same(found(again, names), given));
  CHECK(same(found(host, names), given));

  WasmEdge_GlobalInstanceContext *global = WasmEdge_ModuleInstanceFindGlobal(again, NAME("g"));
  WasmEdge_GlobalInstanceSetValue(global, WasmEdge_ValueGenI32(7));
  CHECK(WasmEdge_ValueGetI32(WasmEdge_GlobalInstanceGetValue(given.object[3])) == 7);

  WasmEdge_ModuleInstanceAddGlobal(host, NAME("g2"), global);
  CHECK(WasmEdge_ModuleInstanceFindGlobal(host, NAME("g2")) == global);
  WasmEdge_VMDelete(vm);
  CHECK(same(found(host, names), given)); /* the host module is the host's */
  CHECK(WasmEdge_ValueGetI32(WasmEdge_GlobalInstanceGetValue(global)) == 7);
  WasmEdge_ModuleInstanceDelete(host);
}

/* The global of a WebAssembly module, given to a host module that lives longer. */
static void of_an_instance(void) {
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  const binary guest = read_binary("re_exports");
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, store);
  WasmEdge_ModuleInstanceContext *host = WasmEdge_ModuleInstanceCreate(NAME("host"));
  WasmEdge_ModuleInstanceContext *imports = WasmEdge_ModuleInstanceCreate(NAME("h"));
  fill(imports);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, imports), 0);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, NAME("guest"), guest.bytes, guest.size), 0);
  free(guest.bytes);
  const WasmEdge_ModuleInstanceContext *module = WasmEdge_StoreFindModule(store, NAME("guest"));
  WasmEdge_GlobalInstanceContext *global = WasmEdge_ModuleInstanceFindGlobal(module, NAME("own"));
  WasmEdge_ModuleInstanceAddGlobal(host, NAME("g"), global);
  CHECK(WasmEdge_ModuleInstanceFindGlobal(host, NAME("g")) == global);
  CHECK(WasmEdge_ModuleInstanceFindGlobal(module, NAME("own")) == global);
  WasmEdge_VMDelete(vm);
  WasmEdge_StoreDelete(store);
  WasmEdge_ModuleInstanceDelete(imports);
  CHECK(WasmEdge_ModuleInstanceFindGlobal(host, NAME("g")) == global);
  CHECK(WasmEdge_ValueGetI32(WasmEdge_GlobalInstanceGetValue(global)) == 9);
  WasmEdge_ModuleInstanceDelete(host);
}

static void replaced(void) {
  WasmEdge_ModuleInstanceContext *host = WasmEdge_ModuleInstanceCreate(NAME("h"));
  const made first = fill(host), second = fill(host);
  CHECK(same(found(host, names), second) && !same(first, second));
  WasmEdge_ModuleInstanceDelete(host);
}

/* A name that is empty is a string of its own, for hosts that copy or print without looking at the length. */
static void empty_names(void) {
  WasmEdge_ModuleInstanceContext *host = WasmEdge_ModuleInstanceCreate((WasmEdge_String){0, NULL});
  const WasmEdge_String own = WasmEdge_ModuleInstanceGetModuleName(host);
  CHECK(own.Length == 0 && own.Buf != NULL && own.Buf[0] == 0);
  WasmEdge_TableTypeContext *type = WasmEdge_TableTypeCreate(WasmEdge_RefType_FuncRef, at_least(1));
  WasmEdge_ModuleInstanceAddTable(host, (WasmEdge_String){0, NULL}, WasmEdge_TableInstanceCreate(type));
  WasmEdge_TableTypeDelete(type);
  WasmEdge_String listed = {7, NULL};
  CHECK(WasmEdge_ModuleInstanceListTable(host, &listed, 1) == 1);
  CHECK(listed.Length == 0 && listed.Buf != NULL && listed.Buf[0] == 0);

  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  WasmEdge_ExecutorContext *executor = WasmEdge_ExecutorCreate(NULL, NULL);
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, host), 0);
  listed = (WasmEdge_String){7, NULL};
  CHECK(WasmEdge_StoreListModule(store, &listed, 1) == 1);
  CHECK(listed.Length == 0 && listed.Buf != NULL && listed.Buf[0] == 0);
  WasmEdge_ExecutorDelete(executor);
  WasmEdge_StoreDelete(store);
  WasmEdge_ModuleInstanceDelete(host);
}

int main(int argc, char **argv) {
  static const part parts[] = {
      {"wherever_they_are", wherever_they_are},
      {"of_an_instance", of_an_instance},
      {"replaced", replaced},
      {"empty_names", empty_names},
  };
  return run_parts(argc, argv, parts, sizeof parts / sizeof *parts);
}
