/* Stores and module instances. */
#include "behaviour.h"

static WasmEdge_ModuleInstanceContext *host(const char *name) {
  return WasmEdge_ModuleInstanceCreate(WasmEdge_StringWrap(name, (uint32_t)strlen(name)));
}

static WasmEdge_Result nothing(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                               WasmEdge_Value *returns) {
  (void)data, (void)memory, (void)params, (void)returns;
  return WasmEdge_Result_Success;
}

/* Instantiates a module, or gives NULL and checks the code. */
static WasmEdge_ModuleInstanceContext *instance(WasmEdge_StoreContext *store, const char *name, uint32_t code) {
  WasmEdge_ExecutorContext *executor = WasmEdge_ExecutorCreate(NULL, NULL);
  WasmEdge_ASTModuleContext *ast = parse_valid(name);
  WasmEdge_ModuleInstanceContext *made = NULL;
  CHECK_CODE(WasmEdge_ExecutorInstantiate(executor, &made, store, ast), code);
  WasmEdge_ASTModuleDelete(ast);
  WasmEdge_ExecutorDelete(executor);
  return made;
}

/* ---- Stores ---------------------------------------------------------------------------------------------------- */

static void stores(void) {
  WasmEdge_ExecutorContext *executor = WasmEdge_ExecutorCreate(NULL, NULL);
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate(), *other = WasmEdge_StoreCreate();
  WasmEdge_String names[6];
  CHECK(WasmEdge_StoreListModuleLength(store) == 0 && WasmEdge_StoreListModule(store, names, 6) == 0);
  CHECK(WasmEdge_StoreFindModule(store, NAME("b")) == NULL);
  const char *given[] = {"b", "a", "B", "\xC3\xA4", "ab"}, *sorted[] = {"B", "a", "ab", "b", "\xC3\xA4"};
  WasmEdge_ModuleInstanceContext *modules[5];
  for (int i = 0; i < 5; i++) {
    modules[i] = host(given[i]);
    CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, modules[i]), 0);
    CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, other, modules[i]), 0); /* in several stores */
  }
  for (uint32_t length = 0; length <= 6; length++) {
    for (int i = 0; i < 6; i++) names[i] = NAME("marker");
    CHECK(WasmEdge_StoreListModule(store, names, length) == 5);
    for (uint32_t i = 0; i < 6; i++) {
      const char *expected = i < length && i < 5 ? sorted[i] : "marker";
      CHECK(names[i].Length == strlen(expected) && memcmp(names[i].Buf, expected, names[i].Length) == 0);
    }
    CHECK(WasmEdge_StoreListModule(store, NULL, length) == 5 && WasmEdge_StoreListModuleLength(store) == 5);
  }
  for (int i = 0; i < 5; i++) {
    const WasmEdge_String name = WasmEdge_StringWrap(given[i], (uint32_t)strlen(given[i]));
    CHECK(WasmEdge_StoreFindModule(store, name) == modules[i]);
    CHECK(WasmEdge_StoreFindModule(other, name) == modules[i]);
  }
  CHECK(WasmEdge_StoreFindModule(store, NAME("c")) == NULL && WasmEdge_StoreFindModule(store, NAME("")) == NULL);
  /* A module that is deleted leaves all stores, a store its modules alone. */
  WasmEdge_ModuleInstanceDelete(modules[0]);
  CHECK(WasmEdge_StoreFindModule(store, NAME("b")) == NULL && WasmEdge_StoreListModuleLength(store) == 4);
  CHECK(WasmEdge_StoreFindModule(other, NAME("b")) == NULL && WasmEdge_StoreListModuleLength(other) == 4);
  WasmEdge_StoreDelete(store);
  CHECK(WasmEdge_StoreFindModule(other, NAME("a")) == modules[1]);
  CHECK(IS(WasmEdge_ModuleInstanceGetModuleName(modules[1]), "a"));
  for (int i = 1; i < 5; i++) WasmEdge_ModuleInstanceDelete(modules[i]);
  CHECK(WasmEdge_StoreListModuleLength(other) == 0);
  WasmEdge_StoreDelete(other);
  WasmEdge_ExecutorDelete(executor);
}

/* ---- Module instances ------------------------------------------------------------------------------------------ */

static void names(void) {
  char text[] = "name";
  WasmEdge_ModuleInstanceContext *module = WasmEdge_ModuleInstanceCreate(WasmEdge_StringWrap(text, 4));
  text[0] = 'g'; /* copied */
  CHECK(IS(WasmEdge_ModuleInstanceGetModuleName(module), "name"));
  WasmEdge_ModuleInstanceDelete(module);
  module = WasmEdge_ModuleInstanceCreate((WasmEdge_String){0, NULL});
  CHECK(module != NULL && is_empty(WasmEdge_ModuleInstanceGetModuleName(module)));
  WasmEdge_ModuleInstanceDelete(module);
}

/* All kinds may have the same name. */
static void kinds_apart(void) {
  WasmEdge_ModuleInstanceContext *module = host("m");
  CHECK(WasmEdge_ModuleInstanceFindFunction(module, NAME("x")) == NULL);
  CHECK(WasmEdge_ModuleInstanceFindTable(module, NAME("x")) == NULL);
  CHECK(WasmEdge_ModuleInstanceFindMemory(module, NAME("x")) == NULL);
  CHECK(WasmEdge_ModuleInstanceFindGlobal(module, NAME("x")) == NULL);
  WasmEdge_FunctionInstanceContext *function = host_function(":", nothing, NULL);
  WasmEdge_TableInstanceContext *table = host_table(WasmEdge_RefType_FuncRef, at_least(1));
  WasmEdge_MemoryInstanceContext *memory = host_memory(at_least(1));
  WasmEdge_GlobalInstanceContext *global = host_global(WasmEdge_ValueGenI32(1), WasmEdge_Mutability_Var);
  WasmEdge_ModuleInstanceAddFunction(module, NAME("x"), function);
  CHECK(WasmEdge_ModuleInstanceListTableLength(module) == 0 && WasmEdge_ModuleInstanceListMemoryLength(module) == 0);
  WasmEdge_ModuleInstanceAddTable(module, NAME("x"), table);
  WasmEdge_ModuleInstanceAddMemory(module, NAME("x"), memory);
  WasmEdge_ModuleInstanceAddGlobal(module, NAME("x"), global);
  CHECK(WasmEdge_ModuleInstanceFindFunction(module, NAME("x")) == function);
  CHECK(WasmEdge_ModuleInstanceFindTable(module, NAME("x")) == table);
  CHECK(WasmEdge_ModuleInstanceFindMemory(module, NAME("x")) == memory);
  CHECK(WasmEdge_ModuleInstanceFindGlobal(module, NAME("x")) == global);
  CHECK(WasmEdge_ModuleInstanceListFunctionLength(module) == 1);
  CHECK(WasmEdge_ModuleInstanceListTableLength(module) == 1);
  CHECK(WasmEdge_ModuleInstanceListMemoryLength(module) == 1 && WasmEdge_ModuleInstanceListGlobalLength(module) == 1);
  WasmEdge_ModuleInstanceDelete(module);
}

/* Sorted byte by byte; full count, first entries, rest of the buffer untouched. */
static void lists(void) {
  WasmEdge_ModuleInstanceContext *module = host("m");
  const char *given[] = {"z", "aa", "\xFF", "a", "Z"}, *sorted[] = {"Z", "a", "aa", "z", "\xFF"};
  for (int i = 0; i < 5; i++) {
    const WasmEdge_String name = WasmEdge_StringWrap(given[i], (uint32_t)strlen(given[i]));
    WasmEdge_ModuleInstanceAddFunction(module, name, host_function(":", nothing, NULL));
    WasmEdge_ModuleInstanceAddTable(module, name, host_table(WasmEdge_RefType_FuncRef, at_least(1)));
    WasmEdge_ModuleInstanceAddMemory(module, name, host_memory(at_least(0)));
    WasmEdge_ModuleInstanceAddGlobal(module, name, host_global(WasmEdge_ValueGenI32(i), WasmEdge_Mutability_Var));
  }
  uint32_t (*const list[])(const WasmEdge_ModuleInstanceContext *, WasmEdge_String *, uint32_t) = {
      WasmEdge_ModuleInstanceListFunction, WasmEdge_ModuleInstanceListTable, WasmEdge_ModuleInstanceListMemory,
      WasmEdge_ModuleInstanceListGlobal};
  for (int kind = 0; kind < 4; kind++) {
    for (uint32_t length = 0; length <= 6; length++) {
      WasmEdge_String found[6];
      for (int i = 0; i < 6; i++) found[i] = NAME("marker");
      CHECK(list[kind](module, found, length) == 5 && list[kind](module, NULL, length) == 5);
      for (uint32_t i = 0; i < 6; i++) {
        const char *expected = i < length && i < 5 ? sorted[i] : "marker";
        CHECK(found[i].Length == strlen(expected) && memcmp(found[i].Buf, expected, found[i].Length) == 0);
      }
    }
  }
  WasmEdge_ModuleInstanceDelete(module);
}

/* Of a module of the guest only exports can be seen. */
static void exports_only(void) {
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  WasmEdge_ModuleInstanceContext *provider = instance(store, "../wat/provider", 0);
  WasmEdge_String found[4];
  CHECK(WasmEdge_ModuleInstanceListFunction(provider, found, 4) == 3);
  CHECK(IS(found[0], "call") && IS(found[1], "double") && IS(found[2], "peek"));
  CHECK(WasmEdge_ModuleInstanceListGlobal(provider, found, 4) == 3);
  CHECK(IS(found[0], "const") && IS(found[1], "slot") && IS(found[2], "var"));
  CHECK(WasmEdge_ModuleInstanceListTableLength(provider) == 1);
  CHECK(WasmEdge_ModuleInstanceListMemoryLength(provider) == 1);
  CHECK(WasmEdge_ModuleInstanceFindFunction(provider, NAME("table")) == NULL); /* of another kind */
  CHECK(WasmEdge_ModuleInstanceFindTable(provider, NAME("memory")) == NULL);
  CHECK(WasmEdge_ModuleInstanceFindMemory(provider, NAME("var")) == NULL);
  CHECK(WasmEdge_ModuleInstanceFindGlobal(provider, NAME("call")) == NULL);
  WasmEdge_ModuleInstanceDelete(provider);
  CHECK(WasmEdge_StoreListModuleLength(store) == 0);
  WasmEdge_StoreDelete(store);
}

/* Nothing happens without a module or an instance; the instance stays the host's. */
static void nothing_added(void) {
  WasmEdge_ModuleInstanceContext *module = host("m");
  WasmEdge_FunctionInstanceContext *function = host_function(":", nothing, NULL);
  WasmEdge_TableInstanceContext *table = host_table(WasmEdge_RefType_FuncRef, at_least(1));
  WasmEdge_MemoryInstanceContext *memory = host_memory(at_least(1));
  WasmEdge_GlobalInstanceContext *global = host_global(WasmEdge_ValueGenI32(1), WasmEdge_Mutability_Var);
  WasmEdge_ModuleInstanceAddFunction(NULL, NAME("x"), function);
  WasmEdge_ModuleInstanceAddTable(NULL, NAME("x"), table);
  WasmEdge_ModuleInstanceAddMemory(NULL, NAME("x"), memory);
  WasmEdge_ModuleInstanceAddGlobal(NULL, NAME("x"), global);
  WasmEdge_ModuleInstanceAddFunction(module, NAME("x"), NULL);
  WasmEdge_ModuleInstanceAddTable(module, NAME("x"), NULL);
  WasmEdge_ModuleInstanceAddMemory(module, NAME("x"), NULL);
  WasmEdge_ModuleInstanceAddGlobal(module, NAME("x"), NULL);
  CHECK(WasmEdge_ModuleInstanceListFunctionLength(module) == 0);
  CHECK(WasmEdge_ModuleInstanceListTableLength(module) == 0);
  CHECK(WasmEdge_ModuleInstanceListMemoryLength(module) == 0 && WasmEdge_ModuleInstanceListGlobalLength(module) == 0);
  CHECK(WasmEdge_ModuleInstanceFindFunction(module, NAME("x")) == NULL);
  WasmEdge_ModuleInstanceDelete(module);
  WasmEdge_FunctionInstanceDelete(function);
  WasmEdge_TableInstanceDelete(table);
  WasmEdge_MemoryInstanceDelete(memory);
  WasmEdge_GlobalInstanceDelete(global);
}

/* A name gets a new meaning: its old one stays usable, for guests that import it as well. */
static void replacing(void) {
  WasmEdge_ExecutorContext *executor = WasmEdge_ExecutorCreate(NULL, NULL);
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  WasmEdge_ModuleInstanceContext *module = host("provider");
  WasmEdge_MemoryInstanceContext *first = host_memory(at_least(1)), *second = host_memory(at_least(1));
  char name[] = "memory";
  WasmEdge_ModuleInstanceAddMemory(module, WasmEdge_StringWrap(name, 6), first);
  name[0] = 'x'; /* copied */
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, module), 0);
  instance(store, "../wat/partial_data", 0x62); /* there is no table yet */
  WasmEdge_ModuleInstanceAddTable(module, NAME("table"), host_table(WasmEdge_RefType_FuncRef, at_least(5)));
  instance(store, "../wat/partial_data", 0x88); /* adding is allowed after registering */
  uint8_t byte = 0;
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(first, &byte, 9, 1), 0);
  CHECK(byte == 0xFF);
  WasmEdge_ModuleInstanceAddMemory(module, NAME("memory"), second);
  CHECK(WasmEdge_ModuleInstanceListMemoryLength(module) == 1);
  CHECK(WasmEdge_ModuleInstanceFindMemory(module, NAME("memory")) == second);
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(second, &byte, 9, 1), 0);
  CHECK(byte == 0);
  instance(store, "../wat/partial_data", 0x88);
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(second, &byte, 9, 1), 0);
  CHECK(byte == 0xFF);
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(first, &byte, 9, 1), 0);
  CHECK(byte == 0xFF && WasmEdge_MemoryInstanceGetPageSize(first) == 1);
  WasmEdge_ModuleInstanceDelete(module);
  WasmEdge_StoreDelete(store);
  WasmEdge_ExecutorDelete(executor);
}

/* Exports of instances that another module exports, too, stay what they were when the instances have gone; a later
 * instance may have its exports where those were. */
static void exported_again(void) {
  enum { ROUNDS = 3, COUNT = 25 };
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  WasmEdge_ModuleInstanceContext *modules[ROUNDS * COUNT], *providers[COUNT];
  for (int32_t i = 0; i < ROUNDS * COUNT; i++) {
    WasmEdge_ModuleInstanceContext *provider = providers[i % COUNT] = instance(store, "../wat/provider", 0);
    WasmEdge_GlobalInstanceContext *variable = WasmEdge_ModuleInstanceFindGlobal(provider, NAME("var"));
    WasmEdge_MemoryInstanceContext *memory = WasmEdge_ModuleInstanceFindMemory(provider, NAME("memory"));
    modules[i] = host("m");
    WasmEdge_ModuleInstanceAddGlobal(modules[i], NAME("var"), variable);
    WasmEdge_ModuleInstanceAddMemory(modules[i], NAME("memory"), memory);
    WasmEdge_GlobalInstanceSetValue(variable, WasmEdge_ValueGenI32(i));
    CHECK_CODE(WasmEdge_MemoryInstanceSetData(memory, (const uint8_t *)&i, 0, 4), 0);
    for (int j = 0; j < COUNT && i % COUNT == COUNT - 1; j++) WasmEdge_ModuleInstanceDelete(providers[j]);
  }
  for (int32_t i = 0; i < ROUNDS * COUNT; i++) {
    const WasmEdge_GlobalInstanceContext *variable = WasmEdge_ModuleInstanceFindGlobal(modules[i], NAME("var"));
    const WasmEdge_MemoryInstanceContext *memory = WasmEdge_ModuleInstanceFindMemory(modules[i], NAME("memory"));
    int32_t number;
    CHECK(WasmEdge_ValueGetI32(WasmEdge_GlobalInstanceGetValue(variable)) == i);
    CHECK_CODE(WasmEdge_MemoryInstanceGetData(memory, (uint8_t *)&number, 0, 4), 0);
    CHECK(number == i);
    WasmEdge_ModuleInstanceDelete(modules[i]);
  }
  WasmEdge_StoreDelete(store);
}

int main(int argc, char **argv) {
  static const part parts[] = {
      {"stores", stores},
      {"names", names},
      {"kinds_apart", kinds_apart},
      {"lists", lists},
      {"exports_only", exports_only},
      {"nothing_added", nothing_added},
      {"replacing", replacing},
      {"exported_again", exported_again},
  };
  return run_parts(argc, argv, parts, sizeof parts / sizeof *parts);
}
