/* Makes and deletes contexts over and over; prints by how many KiB the process grew.
 * Arguments: guest.wasm, kind of context, rounds, cycles of each round. */
#define _GNU_SOURCE
#include "own_guest.h"

static guest file;
static WasmEdge_ModuleInstanceContext *host;
static WasmEdge_ASTModuleContext *ast;
static WasmEdge_VMContext *vm;
static WasmEdge_StoreContext *store;
static WasmEdge_ExecutorContext *executor;
static const WasmEdge_Limit one_page = {.HasMax = true, .Min = 1, .Max = 2};

/* ---- Without Python ------------------------------------------------------------------------------------------- */

static void configure(void) {
  WasmEdge_ConfigureContext *made = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureAddProposal(made, WasmEdge_Proposal_TailCall);
  WasmEdge_ConfigureDelete(made);
}

static void statistics(void) {
  uint64_t costs[] = {1, 2, 3};
  WasmEdge_StatisticsContext *made = WasmEdge_StatisticsCreate();
  WasmEdge_StatisticsSetCostTable(made, costs, 3);
  WasmEdge_StatisticsClear(made);
  WasmEdge_StatisticsDelete(made);
}

static void string(void) {
  WasmEdge_StringDelete(WasmEdge_StringCreateByCString("a string"));
  WasmEdge_StringDelete(WasmEdge_StringCreateByBuffer("with\0NUL", 8));
}

static void types(void) {
  const enum WasmEdge_ValType list[] = {WasmEdge_ValType_I64, WasmEdge_ValType_F32};
  WasmEdge_FunctionTypeDelete(WasmEdge_FunctionTypeCreate(list, 2, list, 1));
  WasmEdge_TableTypeDelete(WasmEdge_TableTypeCreate(WasmEdge_RefType_ExternRef, one_page));
  WasmEdge_MemoryTypeDelete(WasmEdge_MemoryTypeCreate(one_page));
  WasmEdge_GlobalTypeDelete(WasmEdge_GlobalTypeCreate(WasmEdge_ValType_V128, WasmEdge_Mutability_Const));
}

static void function(void) { WasmEdge_FunctionInstanceDelete(host_function(give_back, NULL)); }

static WasmEdge_Result wrap(void *binding, void *data, WasmEdge_MemoryInstanceContext *memory,
                            const WasmEdge_Value *params, const uint32_t count, WasmEdge_Value *returns,
                            const uint32_t return_count) {
  (void)binding, (void)count, (void)return_count;
  return give_back(data, memory, params, returns);
}

static void binding(void) {
  const enum WasmEdge_ValType i32 = WasmEdge_ValType_I32;
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(&i32, 1, &i32, 1);
  WasmEdge_FunctionInstanceDelete(WasmEdge_FunctionInstanceCreateBinding(type, wrap, NULL, NULL, 1));
  WasmEdge_FunctionTypeDelete(type);
}

static void optional(void) {
  WasmEdge_CompilerDelete(WasmEdge_CompilerCreate(NULL));
  WasmEdge_ModuleInstanceDelete(WasmEdge_ModuleInstanceCreateWasmEdgeProcess(NULL, 0, true));
}

static WasmEdge_TableInstanceContext *new_table(void) {
  WasmEdge_TableTypeContext *type = WasmEdge_TableTypeCreate(WasmEdge_RefType_ExternRef, one_page);
  WasmEdge_TableInstanceContext *made = WasmEdge_TableInstanceCreate(type);
  CHECK_CODE(WasmEdge_TableInstanceGrow(made, 1), 0);
  WasmEdge_TableTypeDelete(type);
  return made;
}

static WasmEdge_MemoryInstanceContext *new_memory(void) {
  WasmEdge_MemoryTypeContext *type = WasmEdge_MemoryTypeCreate(one_page);
  WasmEdge_MemoryInstanceContext *made = WasmEdge_MemoryInstanceCreate(type);
  const uint8_t byte = 1;
  CHECK_CODE(WasmEdge_MemoryInstanceSetData(made, &byte, 65535, 1), 0);
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(made, 1), 0);
  WasmEdge_MemoryTypeDelete(type);
  return made;
}

static WasmEdge_GlobalInstanceContext *new_global(void) {
  WasmEdge_GlobalTypeContext *type = WasmEdge_GlobalTypeCreate(WasmEdge_ValType_I32, WasmEdge_Mutability_Var);
  WasmEdge_GlobalInstanceContext *made = WasmEdge_GlobalInstanceCreate(type, WasmEdge_ValueGenI32(1));
  CHECK(made != NULL);
  WasmEdge_GlobalTypeDelete(type);
  return made;
}

static void table(void) { WasmEdge_TableInstanceDelete(new_table()); }
static void memory(void) { WasmEdge_MemoryInstanceDelete(new_memory()); }
static void global(void) { WasmEdge_GlobalInstanceDelete(new_global()); }

/* ---- With Python ---------------------------------------------------------------------------------------------- */

static void loader(void) { WasmEdge_LoaderDelete(WasmEdge_LoaderCreate(NULL)); }
static void validator(void) { WasmEdge_ValidatorDelete(WasmEdge_ValidatorCreate(NULL)); }
static void new_executor(void) { WasmEdge_ExecutorDelete(WasmEdge_ExecutorCreate(NULL, NULL)); }
static void new_store(void) { WasmEdge_StoreDelete(WasmEdge_StoreCreate()); }
static void new_vm(void) { WasmEdge_VMDelete(WasmEdge_VMCreate(NULL, NULL)); }

static void new_ast(void) {
  const WasmEdge_ImportTypeContext *imports[1];
  const WasmEdge_ExportTypeContext *exports[1];
  WasmEdge_ASTModuleContext *made = guest_ast(&file);
  CHECK(WasmEdge_ASTModuleListImports(made, imports, 1) == 1);
  CHECK(WasmEdge_ASTModuleListExports(made, exports, 1) > 1);
  CHECK(WasmEdge_ImportTypeGetFunctionType(made, imports[0]) != NULL);
  WasmEdge_ASTModuleDelete(made);
}

static void module(void) { WasmEdge_ModuleInstanceDelete(WasmEdge_ModuleInstanceCreate(NAME("module"))); }

static void full_module(void) {
  WasmEdge_ModuleInstanceContext *made = host_module(give_back, NULL);
  for (int i = 0; i < 2; i++) { /* the second one takes the name */
    WasmEdge_ModuleInstanceAddFunction(made, NAME("again"), host_function(give_back, NULL));
    WasmEdge_ModuleInstanceAddTable(made, NAME("table"), new_table());
    WasmEdge_ModuleInstanceAddMemory(made, NAME("memory"), new_memory());
    WasmEdge_ModuleInstanceAddGlobal(made, NAME("global"), new_global());
  }
  CHECK(WasmEdge_ModuleInstanceFindGlobal(made, NAME("global")) != NULL);
  WasmEdge_StoreContext *in = WasmEdge_StoreCreate();
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, in, made), 0);
  WasmEdge_ModuleInstanceDelete(made);
  WasmEdge_StoreDelete(in);
}

static void wasi(void) {
  const char *const arguments[] = {"program", "argument"}, *const variables[] = {"A=1"}, *const places[] = {".:."};
  WasmEdge_ModuleInstanceContext *made = WasmEdge_ModuleInstanceCreateWASI(arguments, 2, variables, 1, places, 1);
  CHECK(WasmEdge_ModuleInstanceFindFunction(made, NAME("fd_write")) != NULL);
  WasmEdge_ModuleInstanceDelete(made);
}

static void wasi_vm(void) {
  WasmEdge_ConfigureContext *with_wasi = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureAddHostRegistration(with_wasi, WasmEdge_HostRegistration_Wasi);
  WasmEdge_VMContext *made = WasmEdge_VMCreate(with_wasi, NULL);
  CHECK(WasmEdge_VMGetImportModuleContext(made, WasmEdge_HostRegistration_Wasi) != NULL);
  WasmEdge_VMDelete(made);
  WasmEdge_ConfigureDelete(with_wasi);
}

/* Everything anew, code included. */
static void run(void) {
  WasmEdge_VMContext *made = guest_vm(&file, host);
  CHECK(call_guest(made, "add", 2, 20, 3) == 23);
  CHECK(call_guest(made, "call", 1, 5, 0) == 5);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(made, NAME("other"), file.bytes, file.size), 0);
  CHECK_CODE(WasmEdge_VMExecute(made, NAME("trap"), NULL, 0, NULL, 0), 0x89);
  WasmEdge_VMDelete(made);
}

static void end_well(WasmEdge_Async *made) {
  WasmEdge_Value returned;
  CHECK_CODE(WasmEdge_AsyncGet(made, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 23);
  WasmEdge_AsyncDelete(made);
}

static const WasmEdge_Value two[2] = {{.Value = 20, .Type = WasmEdge_ValType_I32},
                                      {.Value = 3, .Type = WasmEdge_ValType_I32}};

/* Every way to run that makes code. */
static void run_bytes(void) {
  WasmEdge_Value returned;
  CHECK_CODE(WasmEdge_VMRunWasmFromFile(vm, file.path, NAME("add"), two, 2, &returned, 1), 0);
  CHECK_CODE(WasmEdge_VMRunWasmFromBuffer(vm, file.bytes, file.size, NAME("add"), two, 2, &returned, 1), 0);
  end_well(WasmEdge_VMAsyncRunWasmFromFile(vm, file.path, NAME("add"), two, 2));
  end_well(WasmEdge_VMAsyncRunWasmFromBuffer(vm, file.bytes, file.size, NAME("add"), two, 2));
}

/* And those that find it. */
static void run_ast(void) {
  WasmEdge_Value returned;
  CHECK_CODE(WasmEdge_VMRunWasmFromASTModule(vm, ast, NAME("add"), two, 2, &returned, 1), 0);
  end_well(WasmEdge_VMAsyncRunWasmFromASTModule(vm, ast, NAME("add"), two, 2));
}

/* On one VM: every instance replaces the one before. */
static void instantiate(void) {
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
  CHECK(call_guest(vm, "add", 2, 20, 3) == 23);
}

static void instance(void) {
  WasmEdge_ModuleInstanceContext *made = NULL;
  const WasmEdge_Value params[] = {WasmEdge_ValueGenI32(20), WasmEdge_ValueGenI32(3)};
  WasmEdge_Value returned;
  CHECK_CODE(WasmEdge_ExecutorInstantiate(executor, &made, store, ast), 0);
  WasmEdge_FunctionInstanceContext *add = WasmEdge_ModuleInstanceFindFunction(made, NAME("add"));
  CHECK_CODE(WasmEdge_ExecutorInvoke(executor, add, params, 2, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 23);
  CHECK(WasmEdge_ModuleInstanceFindGlobal(made, NAME("counter")) != NULL);
  CHECK(WasmEdge_ModuleInstanceFindTable(made, NAME("table")) != NULL);
  WasmEdge_ModuleInstanceDelete(made);
}

static void registered(void) {
  WasmEdge_ModuleInstanceContext *made = NULL;
  CHECK_CODE(WasmEdge_ExecutorRegister(executor, &made, store, ast, NAME("guest")), 0);
  CHECK_CODE(WasmEdge_ExecutorRegister(executor, &made, store, ast, NAME("guest")), 0x60);
  CHECK(WasmEdge_StoreFindModule(store, NAME("guest")) == made);
  WasmEdge_ModuleInstanceDelete(made);
}

/* Calls that fail. */
static void failures(void) {
  WasmEdge_ModuleInstanceContext *made = NULL;
  WasmEdge_ASTModuleContext *nothing = NULL;
  WasmEdge_StoreContext *empty = WasmEdge_StoreCreate();
  WasmEdge_LoaderContext *other = WasmEdge_LoaderCreate(NULL);
  CHECK_CODE(WasmEdge_ExecutorInstantiate(executor, &made, empty, ast), 0x62);
  CHECK_CODE(WasmEdge_LoaderParseFromBuffer(other, &nothing, file.bytes, 20), 0x27);
  CHECK_CODE(WasmEdge_LoaderParseFromFile(other, &nothing, "/nowhere"), 0x20);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("nobody"), NULL, 0, NULL, 0), 0x05);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("trap"), NULL, 0, NULL, 0), 0x89);
  WasmEdge_LoaderDelete(other);
  WasmEdge_StoreDelete(empty);
}

static void async(void) {
  end_well(WasmEdge_VMAsyncExecute(vm, NAME("add"), two, 2));
  end_well(WasmEdge_VMAsyncExecuteRegistered(vm, NAME("other"), NAME("add"), two, 2));
}

static bool is_mapped(const char *name) {
  char line[512];
  bool found = false;
  FILE *maps = fopen("/proc/self/maps", "r");
  CHECK(maps != NULL);
  while (!found && fgets(line, sizeof line, maps) != NULL) found = strstr(line, name) != NULL;
  fclose(maps);
  return found;
}

/* Optimises the loop before anything is measured: LLVM takes its memory once, whenever that is. */
static void let_spin_get_hot(void) {
  WasmEdge_Async *made = WasmEdge_VMAsyncExecute(vm, NAME("spin"), NULL, 0);
  long before = -1, now = resident_kib();
  for (int wait = 0; wait < 100 && (now != before || !is_mapped("libllvmlite")); wait++) {
    usleep(200000);
    before = now;
    now = resident_kib();
  }
  WasmEdge_AsyncCancel(made);
  CHECK_CODE(WasmEdge_AsyncGet(made, NULL, 0), 0x07);
  WasmEdge_AsyncDelete(made);
}

static void cancelled(void) {
  static bool is_hot;
  if (!is_hot) let_spin_get_hot();
  is_hot = true;
  WasmEdge_Async *made = WasmEdge_VMAsyncExecute(vm, NAME("spin"), NULL, 0);
  WasmEdge_AsyncCancel(made);
  CHECK_CODE(WasmEdge_AsyncGet(made, NULL, 0), 0x07);
  WasmEdge_AsyncDelete(made);
}

/* ----------------------------------------------------------------------------------------------------------------- */

static const struct {
  const char *name;
  void (*cycle)(void);
} kinds[] = {
    {"configure", configure}, {"statistics", statistics}, {"string", string},       {"types", types},
    {"function", function},   {"table", table},           {"memory", memory},       {"global", global},
    {"loader", loader},       {"validator", validator},   {"executor", new_executor}, {"store", new_store},
    {"vm", new_vm},           {"ast", new_ast},           {"module", module},       {"full_module", full_module},
    {"wasi", wasi},           {"wasi_vm", wasi_vm},       {"run", run},             {"instantiate", instantiate},
    {"instance", instance},   {"registered", registered}, {"failures", failures},   {"async", async},
    {"cancelled", cancelled}, {"binding", binding},       {"optional", optional},     {"run_bytes", run_bytes},
    {"run_ast", run_ast},
};

/* What a round's growth consists of, for the message of a test that fails. */
static void print_memory(long round, long grown) {
  char line[256];
  FILE *file = fopen("/proc/self/status", "r");
  CHECK(file != NULL);
  fprintf(stderr, "round %ld: %ld KiB more\n", round, grown);
  while (fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, "Rss", 3) == 0 || strncmp(line, "Threads", 7) == 0) fprintf(stderr, "  %s", line);
  fclose(file);
}

/* The least growth of a round: what happens once does not count. Ends early when nothing has grown; says what
 * memory it was otherwise. */
static long growth(void (*cycle)(void), long rounds, long cycles) {
  long least = -1;
  for (long round = 0; round <= rounds && least != 0; round++) {
    const long start = resident_kib();
    for (long i = 0; i < cycles; i++) cycle();
    const long grown = resident_kib() - start;
    if (grown > 0) print_memory(round, grown);
    if (round > 0 && (least < 0 || grown < least)) least = grown > 0 ? grown : 0;
  }
  return least;
}

int main(int argc, char **argv) {
  CHECK(argc == 5);
  silence_log();
  file = read_guest(argv[1]);
  ast = guest_ast(&file);
  host = host_module(give_back, NULL);
  vm = guest_vm(&file, host);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromASTModule(vm, NAME("other"), ast), 0);
  store = WasmEdge_StoreCreate();
  executor = WasmEdge_ExecutorCreate(NULL, NULL);
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, host), 0);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strcmp(kinds[i].name, argv[2]) != 0) continue;
    printf("%ld\n", growth(kinds[i].cycle, atol(argv[3]), atol(argv[4])));
    return 0;
  }
  return 2;
}
