/* One valid object for every pointer of the API, and what must not change when a call does nothing.
 * The program that includes this is made by tests/capi/test_capi_null.py. */
#ifndef PYWASMEDGE_TESTS_NULL_WORLD_H
#define PYWASMEDGE_TESTS_NULL_WORLD_H

#include "own_guest.h"

enum { ROOM = 4 };

static struct {
  guest guest;
  WasmEdge_ConfigureContext *configure;
  WasmEdge_StatisticsContext *statistics;
  WasmEdge_LoaderContext *loader;
  WasmEdge_ValidatorContext *validator;
  WasmEdge_ExecutorContext *executor;
  WasmEdge_CompilerContext *compiler;
  WasmEdge_StoreContext *store;
  WasmEdge_ASTModuleContext *ast;
  WasmEdge_VMContext *vm;
  WasmEdge_Async *async;
  WasmEdge_ModuleInstanceContext *module; /* "host", with one export of each kind */
  WasmEdge_ModuleInstanceContext *wasi;
  WasmEdge_FunctionTypeContext *function_type;
  WasmEdge_TableTypeContext *table_type;
  WasmEdge_MemoryTypeContext *memory_type;
  WasmEdge_GlobalTypeContext *global_type;
  const WasmEdge_ImportTypeContext *import_type;
  const WasmEdge_ExportTypeContext *export_type;
  WasmEdge_FunctionInstanceContext *function; /* in no module */
  WasmEdge_TableInstanceContext *table;
  WasmEdge_MemoryInstanceContext *memory;
  WasmEdge_GlobalInstanceContext *global;
  WasmEdge_Value params[2];
} w;

/* What functions write to. */
static struct out {
  WasmEdge_ASTModuleContext *ast;
  WasmEdge_ModuleInstanceContext *module;
  WasmEdge_Value values[ROOM];
  WasmEdge_String names[ROOM];
  const WasmEdge_ImportTypeContext *imports[ROOM];
  const WasmEdge_ExportTypeContext *exports[ROOM];
  const WasmEdge_FunctionTypeContext *types[ROOM];
  enum WasmEdge_ValType val_types[ROOM];
  char text[ROOM];
  uint8_t bytes[ROOM];
  uint64_t costs[ROOM];
} out, before;

static enum WasmEdge_ValType two_types[2] = {WasmEdge_ValType_I32, WasmEdge_ValType_I32};
static const char *const words[1] = {"word"};
static char something[16];
static int failures;

static inline WasmEdge_Result wrapper(void *binding, void *data, WasmEdge_MemoryInstanceContext *memory,
                               const WasmEdge_Value *params, const uint32_t param_count, WasmEdge_Value *returns,
                               const uint32_t return_count) {
  (void)binding, (void)param_count, (void)return_count;
  return give_back(data, memory, params, returns);
}

static void add_exports(WasmEdge_ModuleInstanceContext *module) {
  WasmEdge_ModuleInstanceAddTable(module, NAME("table"), WasmEdge_TableInstanceCreate(w.table_type));
  WasmEdge_ModuleInstanceAddMemory(module, NAME("memory"), WasmEdge_MemoryInstanceCreate(w.memory_type));
  WasmEdge_ModuleInstanceAddGlobal(module, NAME("global"),
                                   WasmEdge_GlobalInstanceCreate(w.global_type, WasmEdge_ValueGenI32(7)));
}

static void make_world(const char *guest_path) {
  const WasmEdge_Limit limit = {.HasMax = true, .Min = 1, .Max = 2};
  w.guest = read_guest(guest_path);
  w.configure = WasmEdge_ConfigureCreate();
  w.statistics = WasmEdge_StatisticsCreate();
  w.loader = WasmEdge_LoaderCreate(NULL);
  w.validator = WasmEdge_ValidatorCreate(NULL);
  w.executor = WasmEdge_ExecutorCreate(NULL, NULL);
  w.compiler = WasmEdge_CompilerCreate(NULL);
  w.store = WasmEdge_StoreCreate();
  w.ast = guest_ast(&w.guest);
  w.function_type = WasmEdge_FunctionTypeCreate(two_types, 1, two_types, 1);
  w.table_type = WasmEdge_TableTypeCreate(WasmEdge_RefType_FuncRef, limit);
  w.memory_type = WasmEdge_MemoryTypeCreate(limit);
  w.global_type = WasmEdge_GlobalTypeCreate(WasmEdge_ValType_I32, WasmEdge_Mutability_Var);
  w.function = host_function(give_back, NULL);
  w.table = WasmEdge_TableInstanceCreate(w.table_type);
  w.memory = WasmEdge_MemoryInstanceCreate(w.memory_type);
  w.global = WasmEdge_GlobalInstanceCreate(w.global_type, WasmEdge_ValueGenI32(7));
  w.module = host_module(give_back, NULL);
  w.wasi = WasmEdge_ModuleInstanceCreateWASI(NULL, 0, NULL, 0, NULL, 0);
  add_exports(w.module);
  w.vm = guest_vm(&w.guest, w.module);
  w.params[0] = WasmEdge_ValueGenI32(20);
  w.params[1] = WasmEdge_ValueGenI32(3);
  w.async = WasmEdge_VMAsyncExecute(w.vm, NAME("add"), w.params, 2);
  WasmEdge_AsyncWait(w.async);
  CHECK(WasmEdge_ASTModuleListImports(w.ast, &w.import_type, 1) == 1);
  CHECK(WasmEdge_ASTModuleListExports(w.ast, &w.export_type, 1) > 0);
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(w.executor, w.store, w.module), 0);
  CHECK(w.statistics && w.table_type && w.memory_type && w.table && w.memory && w.global && w.wasi && w.async);
  memset(&before, 0x5A, sizeof before);
}

/* Before each call: buffers as they are when nobody has written to them. */
static void say(const char *label) {
  memcpy(&out, &before, sizeof out); /* padding too */
  puts(label);
  fflush(stdout);
}

static void expect(bool holds, const char *label, const char *condition) {
  if (holds) return;
  failures++;
  fprintf(stderr, "%s: not true: %s\n", label, condition);
}

/* The code an asynchronous run ends with. */
static inline uint32_t ended(WasmEdge_Async *run) {
  return run != NULL ? WasmEdge_ResultGetCode(WasmEdge_AsyncGet(run, NULL, 0)) : 0x100;
}

static bool value_is_seven(const WasmEdge_GlobalInstanceContext *global) {
  return WasmEdge_ValueGetI32(WasmEdge_GlobalInstanceGetValue(global)) == 7;
}

/* After a call that should have done nothing. */
static void expect_nothing_done(const char *label) {
  expect(memcmp(&out, &before, sizeof out) == 0, label, "buffers and out pointers are untouched");
  expect(WasmEdge_StoreListModuleLength(w.store) == 1, label, "the store is unchanged");
  expect(WasmEdge_StoreListModuleLength(WasmEdge_VMGetStoreContext(w.vm)) == 1, label, "the VM's store is unchanged");
  expect(WasmEdge_ModuleInstanceListFunctionLength(w.module) == 1, label, "the module is unchanged");
  expect(WasmEdge_ModuleInstanceListTableLength(w.module) == 1, label, "the module is unchanged");
  expect(WasmEdge_ModuleInstanceListMemoryLength(w.module) == 1, label, "the module is unchanged");
  expect(WasmEdge_ModuleInstanceListGlobalLength(w.module) == 1, label, "the module is unchanged");
  expect(WasmEdge_TableInstanceGetSize(w.table) == 1, label, "the table is unchanged");
  expect(WasmEdge_MemoryInstanceGetPageSize(w.memory) == 1, label, "the memory is unchanged");
  expect(value_is_seven(w.global), label, "the global is unchanged");
  expect(call_guest(w.vm, "add", 2, 20, 3) == 23, label, "the VM works");
}

#endif
