/* Threads that use the library at random, on contexts of their own and on shared ones; every result is checked.
 * Arguments: guest.wasm, starts.wasm, threads, milliseconds, seed, and the names of what to do (none: everything). */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "own_guest.h"

enum { MOST_THREADS = 64, HANG_SECONDS = 60, DEEP = 12, LISTS = 64, LEAST_STEPS = 2 };

static guest file, start_file;
static WasmEdge_ModuleInstanceContext *host, *open_module, *fixed;
static WasmEdge_VMContext *vm, *rough, *external;
static WasmEdge_StoreContext *store;
static WasmEdge_ExecutorContext *executor;
static WasmEdge_ASTModuleContext *ast, *start_ast;
static WasmEdge_ConfigureContext *configure;
static WasmEdge_StatisticsContext *statistics;
static WasmEdge_MemoryInstanceContext *shared_memory;
static uint32_t thread_count;

typedef struct worker {
  pthread_t thread;
  uint32_t number;
  uint64_t random;
  uint64_t steps;
  uint32_t names; /* registered so far */
} worker;

static uint32_t choose(worker *self, uint32_t count) {
  self->random = self->random * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(self->random >> 33) % count;
}

/* A name of the thread's own. */
static WasmEdge_String own_name(const worker *self, const char *what, uint32_t number, char *buffer) {
  return WasmEdge_StringWrap(buffer, (uint32_t)sprintf(buffer, "%s-%u-%u", what, self->number, number));
}

static int32_t invoke(const WasmEdge_ModuleInstanceContext *module, const char *name, uint32_t count, int32_t a,
                      int32_t b) {
  const WasmEdge_Value params[] = {WasmEdge_ValueGenI32(a), WasmEdge_ValueGenI32(b)};
  WasmEdge_Value returned = WasmEdge_ValueGenI32(0);
  const WasmEdge_String found = WasmEdge_StringWrap(name, (uint32_t)strlen(name));
  const WasmEdge_FunctionInstanceContext *function = WasmEdge_ModuleInstanceFindFunction(module, found);
  CHECK(function != NULL);
  CHECK_CODE(WasmEdge_ExecutorInvoke(executor, function, params, count, &returned, 1), 0);
  return WasmEdge_ValueGetI32(returned);
}

/* ---- Host functions -------------------------------------------------------------------------------------------- */

/* Calls the guest of the VM that calls this, until the parameter is zero: gives the parameter back. */
static WasmEdge_Result call_back(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                                 WasmEdge_Value *returns) {
  (void)data, (void)memory;
  const int32_t depth = WasmEdge_ValueGetI32(params[0]);
  returns[0] = WasmEdge_ValueGenI32(depth > 0 ? call_guest(vm, "call", 1, depth - 1, 0) + 1 : 0);
  return WasmEdge_Result_Success;
}

/* Called by a start function. */
static WasmEdge_Result end(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                           WasmEdge_Value *returns) {
  (void)data, (void)memory, (void)params, (void)returns;
  CHECK(call_guest(vm, "add", 2, 20, 3) == 23);
  return WasmEdge_Result_Success;
}

/* ---- One VM ----------------------------------------------------------------------------------------------------- */

static void execute(worker *self) {
  const int32_t n = (int32_t)choose(self, 1000);
  switch (choose(self, 5)) {
    case 0: CHECK(call_guest(vm, "sum", 1, n, 0) == n * (n + 1) / 2); break;
    case 1: CHECK(call_guest(vm, "call", 1, n % DEEP, 0) == n % DEEP); break;
    case 2: CHECK_CODE(WasmEdge_VMExecute(vm, NAME("trap"), NULL, 0, NULL, 0), 0x89); break;
    case 3: CHECK_CODE(WasmEdge_VMExecute(vm, NAME("nobody"), NULL, 0, NULL, 0), 0x05); break;
    default: CHECK(call_guest(vm, "add", 2, n, 5) == n + 5);
  }
}

static void list(worker *self) {
  WasmEdge_String names[32];
  const WasmEdge_FunctionTypeContext *types[32];
  const uint32_t count = WasmEdge_VMGetFunctionListLength(vm);
  CHECK(count > 5 && WasmEdge_VMGetFunctionList(vm, names, types, 32) == count);
  CHECK(WasmEdge_VMGetFunctionType(vm, NAME("add")) == types[0]);
  CHECK(WasmEdge_VMGetFunctionTypeRegistered(vm, NAME("fixed"), NAME("add")) == types[0]);
  CHECK(WasmEdge_StoreFindModule(WasmEdge_VMGetStoreContext(vm), NAME("fixed")) == fixed);
  CHECK(WasmEdge_ModuleInstanceListFunction(fixed, names, 32) == count && IS(names[0], "add"));
  CHECK(WasmEdge_ModuleInstanceFindMemory(fixed, NAME("memory")) == shared_memory);
  CHECK(WasmEdge_ModuleInstanceFindTable(fixed, NAME("memory")) == NULL);
  CHECK(WasmEdge_ModuleInstanceFindGlobal(fixed, NAME("counter")) != NULL);
  CHECK(WasmEdge_StoreListModuleLength(WasmEdge_VMGetStoreContext(vm)) >= 2 + self->names);
}

/* Modules that stay. */
static void enlarge(worker *self) {
  char buffer[64];
  const WasmEdge_Value five = WasmEdge_ValueGenI32(5);
  WasmEdge_Value returned;
  if (self->names == 10) return;
  const WasmEdge_String name = own_name(self, "stays", self->names++, buffer);
  if (choose(self, 2) == 0)
    CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, name, file.bytes, file.size), 0);
  else
    CHECK_CODE(WasmEdge_VMRegisterModuleFromASTModule(vm, name, ast), 0);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromASTModule(vm, name, ast), 0x60);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, name, NAME("sum"), &five, 1, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 15);
}

/* A new active module, while others execute the old one. */
static void replace(worker *self) {
  (void)self;
  const WasmEdge_Value five = WasmEdge_ValueGenI32(5);
  WasmEdge_Value returned;
  CHECK_CODE(WasmEdge_VMRunWasmFromASTModule(vm, ast, NAME("sum"), &five, 1, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 15);
}

/* Asynchronous runs, some of which never end by themselves. */
static void async(worker *self) {
  const WasmEdge_Value params[] = {WasmEdge_ValueGenI32((int32_t)choose(self, 100)), WasmEdge_ValueGenI32(1)};
  const bool endless = choose(self, 3) == 0;
  WasmEdge_Value returned;
  WasmEdge_Async *run = endless ? WasmEdge_VMAsyncExecute(vm, NAME("spin"), NULL, 0)
                        : choose(self, 2) == 0
                            ? WasmEdge_VMAsyncExecute(vm, NAME("add"), params, 2)
                            : WasmEdge_VMAsyncExecuteRegistered(vm, NAME("fixed"), NAME("add"), params, 2);
  CHECK(run != NULL);
  const bool ended = WasmEdge_AsyncWaitFor(run, choose(self, 3));
  CHECK(!endless || !ended);
  if (endless) {
    WasmEdge_AsyncCancel(run);
    if (choose(self, 4) == 0) WasmEdge_AsyncCancel(run);
    WasmEdge_AsyncWait(run);
    CHECK_CODE(WasmEdge_AsyncGet(run, NULL, 0), 0x07);
  } else {
    CHECK(WasmEdge_AsyncGetReturnsLength(run) == 1);
    CHECK_CODE(WasmEdge_AsyncGet(run, &returned, 1), 0);
    CHECK(WasmEdge_ValueGetI32(returned) == WasmEdge_ValueGetI32(params[0]) + 1);
  }
  WasmEdge_AsyncDelete(run);
}

/* Nobody knows how far this VM is: any code that tells so is right, and so is success with the right value. */
static void any_stage(worker *self) {
  const WasmEdge_Value params[] = {WasmEdge_ValueGenI32(20), WasmEdge_ValueGenI32(3)};
  WasmEdge_Value returned = WasmEdge_ValueGenI32(23);
  uint32_t code = 0;
  switch (choose(self, 7)) {
    case 0: code = WasmEdge_VMLoadWasmFromBuffer(rough, file.bytes, file.size).Code; break;
    case 1: code = WasmEdge_VMValidate(rough).Code; break;
    case 2: code = WasmEdge_VMInstantiate(rough).Code; break;
    case 3: WasmEdge_VMCleanup(rough); break;
    case 4: code = WasmEdge_VMRegisterModuleFromImport(rough, host).Code; break;
    case 5: code = WasmEdge_VMRunWasmFromASTModule(rough, ast, NAME("add"), params, 2, &returned, 1).Code; break;
    default: code = WasmEdge_VMExecute(rough, NAME("add"), params, 2, &returned, 1).Code;
  }
  CHECK(code == 0 || code == 0x04 || code == 0x60 || code == 0x62 || code == 0x80);
  CHECK(code != 0 || WasmEdge_ValueGetI32(returned) == 23);
}

/* ---- One store, one executor -------------------------------------------------------------------------------------- */

static void instantiate(worker *self) {
  char buffer[64];
  const WasmEdge_String name = own_name(self, "comes and goes", 0, buffer);
  WasmEdge_ModuleInstanceContext *made = NULL;
  if (choose(self, 2) == 0) {
    CHECK_CODE(WasmEdge_ExecutorInstantiate(executor, &made, store, ast), 0);
  } else {
    CHECK_CODE(WasmEdge_ExecutorRegister(executor, &made, store, ast, name), 0);
    CHECK(WasmEdge_StoreFindModule(store, name) == made);
    CHECK(WasmEdge_StoreListModuleLength(store) >= 2);
  }
  const uint64_t counted = WasmEdge_StatisticsGetInstrCount(statistics);
  CHECK(invoke(made, "sum", 1, 10, 0) == 55);
  CHECK(WasmEdge_StatisticsGetInstrCount(statistics) >= counted + 10);
  CHECK(invoke(made, "grow_memory", 1, 1, 0) == 1);
  CHECK(invoke(made, "bump", 0, 0, 0) == 6);
  WasmEdge_ModuleInstanceDelete(made);
  CHECK(WasmEdge_StoreFindModule(store, name) == NULL);
}

static void start_function(worker *self) {
  (void)self;
  WasmEdge_ModuleInstanceContext *made = NULL;
  CHECK_CODE(WasmEdge_ExecutorInstantiate(executor, &made, store, start_ast), 0);
  CHECK(invoke(made, "count", 0, 0, 0) == 6);
  WasmEdge_ModuleInstanceDelete(made);
}

/* A module that somebody deletes while others execute it, by its name. */
static void delete_hot(worker *self) {
  const WasmEdge_Value n = WasmEdge_ValueGenI32(1000);
  WasmEdge_Value returned;
  if (choose(self, 4) == 0) {
    WasmEdge_ModuleInstanceContext *made = NULL;
    const uint32_t code = WasmEdge_ExecutorRegister(executor, &made, store, ast, NAME("hot")).Code;
    CHECK(code == 0 || code == 0x60);
    if (code != 0) return;
    usleep(choose(self, 2000));
    WasmEdge_ModuleInstanceDelete(made);
  } else {
    const uint32_t code =
        WasmEdge_VMExecuteRegistered(external, NAME("hot"), NAME("sum"), &n, 1, &returned, 1).Code;
    CHECK(code == 0 || code == 0x80);
    CHECK(code != 0 || WasmEdge_ValueGetI32(returned) == 500500);
  }
}

/* ---- One memory, one module, one configuration ----------------------------------------------------------------------- */

static void grow(worker *self) {
  const uint32_t before = WasmEdge_MemoryInstanceGetPageSize(shared_memory);
  uint8_t wrote[64], got[64];
  const uint32_t place = 64 * self->number;
  memset(wrote, (int)choose(self, 256), sizeof wrote);
  CHECK_CODE(WasmEdge_MemoryInstanceSetData(shared_memory, wrote, place, sizeof wrote), 0);
  const bool grown = WasmEdge_ResultOK(WasmEdge_MemoryInstanceGrowPage(shared_memory, choose(self, 2)));
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(shared_memory, got, place, sizeof got), 0);
  CHECK(memcmp(wrote, got, sizeof got) == 0);
  const uint32_t after = WasmEdge_MemoryInstanceGetPageSize(shared_memory);
  CHECK(before >= 1 && before <= after && after <= 3 && (grown || after == 3));
  CHECK(invoke(fixed, "load", 1, (int32_t)place, 0) == got[0]);
}

static void add(worker *self) {
  char buffer[64];
  const WasmEdge_String name = own_name(self, "added", choose(self, 20), buffer);
  WasmEdge_FunctionInstanceContext *made = host_function(give_back, NULL);
  const uint32_t before = WasmEdge_ModuleInstanceListFunctionLength(open_module);
  WasmEdge_ModuleInstanceAddFunction(open_module, name, made);
  CHECK(WasmEdge_ModuleInstanceFindFunction(open_module, name) == made);
  CHECK(WasmEdge_ModuleInstanceListFunctionLength(open_module) >= before);
  CHECK(invoke(open_module, buffer, 1, 9, 0) == 9);
}

/* Every thread has a switch of its own; the others must not undo what it sets. */
static void change(worker *self) {
  static const enum WasmEdge_Proposal proposals[] = {WasmEdge_Proposal_TailCall,     WasmEdge_Proposal_MultiMemories,
                                                     WasmEdge_Proposal_Annotations,  WasmEdge_Proposal_ExtendedConst,
                                                     WasmEdge_Proposal_Threads};
  enum { SWITCHES = sizeof proposals / sizeof *proposals };
  const uint32_t page = 100 * (self->number + 1);
  if (self->number < SWITCHES) {
    WasmEdge_ConfigureAddProposal(configure, proposals[self->number]);
    CHECK(WasmEdge_ConfigureHasProposal(configure, proposals[self->number]));
  }
  WasmEdge_ConfigureSetMaxMemoryPage(configure, page);
  CHECK(WasmEdge_ConfigureGetMaxMemoryPage(configure) % 100 == 0);
  WasmEdge_ASTModuleContext *made = NULL;
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(configure);
  CHECK_CODE(WasmEdge_LoaderParseFromBuffer(loader, &made, file.bytes, file.size), 0);
  WasmEdge_LoaderDelete(loader);
  WasmEdge_ASTModuleDelete(made);
  if (self->number < SWITCHES) {
    WasmEdge_ConfigureRemoveProposal(configure, proposals[self->number]);
    CHECK(!WasmEdge_ConfigureHasProposal(configure, proposals[self->number]));
  }
}

/* ---- Nothing shared --------------------------------------------------------------------------------------------------- */

static void create(worker *self) {
  const WasmEdge_Limit limit = {.HasMax = true, .Min = 1, .Max = 2};
  switch (choose(self, 4)) {
    case 0: {
      WasmEdge_VMContext *own = guest_vm(&file, host);
      CHECK(call_guest(own, "add", 2, 20, 3) == 23);
      WasmEdge_VMDelete(own);
      break;
    }
    case 1: {
      WasmEdge_TableTypeContext *type = WasmEdge_TableTypeCreate(WasmEdge_RefType_ExternRef, limit);
      WasmEdge_TableInstanceDelete(WasmEdge_TableInstanceCreate(type));
      WasmEdge_TableTypeDelete(type);
      break;
    }
    case 2: {
      WasmEdge_MemoryTypeContext *type = WasmEdge_MemoryTypeCreate(limit);
      WasmEdge_MemoryInstanceContext *made = WasmEdge_MemoryInstanceCreate(type);
      CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(made, 1), 0);
      WasmEdge_MemoryInstanceDelete(made);
      WasmEdge_MemoryTypeDelete(type);
      break;
    }
    default: {
      WasmEdge_ModuleInstanceContext *made = host_module(give_back, NULL);
      WasmEdge_StoreContext *in = WasmEdge_StoreCreate();
      CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, in, made), 0);
      WasmEdge_ModuleInstanceDelete(made);
      CHECK(WasmEdge_StoreListModuleLength(in) == 0);
      WasmEdge_StoreDelete(in);
    }
  }
}

/* ---- Once per thread, all at the same time ------------------------------------------------------------------------------ */

static WasmEdge_ASTModuleContext *unlisted[LISTS];
static _Atomic(const WasmEdge_ExportTypeContext *) first_export[LISTS];
static pthread_barrier_t together;

/* The first one to ask for a list makes it. */
static void list_types(void) {
  for (int i = 0; i < LISTS; i++) {
    const WasmEdge_ExportTypeContext *exports[32], *nothing = NULL;
    const WasmEdge_ImportTypeContext *imports[1];
    pthread_barrier_wait(&together);
    CHECK(WasmEdge_ASTModuleListExports(unlisted[i], exports, 32) > 5);
    CHECK(WasmEdge_ASTModuleListImports(unlisted[i], imports, 1) == 1);
    CHECK(IS(WasmEdge_ExportTypeGetExternalName(exports[0]), "memory"));
    CHECK(IS(WasmEdge_ImportTypeGetModuleName(imports[0]), "host"));
    CHECK(atomic_compare_exchange_strong(&first_export[i], &nothing, exports[0]) || nothing == exports[0]);
  }
}

/* ------------------------------------------------------------------------------------------------------------------------ */

static const struct {
  const char *name;
  void (*step)(worker *);
  uint32_t weight;
} steps[] = {
    {"execute", execute, 20},   {"list", list, 10},           {"enlarge", enlarge, 1},
    {"replace", replace, 2},    {"async", async, 5},          {"any_stage", any_stage, 10},
    {"grow", grow, 10},         {"instantiate", instantiate, 5}, {"start_function", start_function, 5},
    {"delete_hot", delete_hot, 10}, {"add", add, 3},          {"change", change, 5},
    {"create", create, 5},
};
enum { STEPS = sizeof steps / sizeof *steps };

static bool wanted[STEPS];
static long milliseconds;
static struct timespec deadline;

/* From now on. */
static void set_deadline(void) {
  clock_gettime(CLOCK_MONOTONIC, &deadline);
  deadline.tv_sec += milliseconds / 1000;
  deadline.tv_nsec += milliseconds % 1000 * 1000000;
  if (deadline.tv_nsec >= 1000000000) deadline.tv_sec++, deadline.tv_nsec -= 1000000000;
}

static bool is_over(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec > deadline.tv_sec || (now.tv_sec == deadline.tv_sec && now.tv_nsec >= deadline.tv_nsec);
}

static void *work(void *argument) {
  worker *self = argument;
  if (thread_count > 1) list_types();
  if (pthread_barrier_wait(&together) == PTHREAD_BARRIER_SERIAL_THREAD) set_deadline();
  pthread_barrier_wait(&together);
  while (self->steps < LEAST_STEPS || !is_over()) {
    uint32_t at = choose(self, 91), step = 0;
    while (at >= steps[step].weight) at -= steps[step++].weight;
    if (!wanted[step]) continue;
    alarm(HANG_SECONDS); /* kills a process in which no thread gets on */
    steps[step].step(self);
    self->steps++;
  }
  return NULL;
}

static WasmEdge_FunctionInstanceContext *end_function(void) {
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(NULL, 0, NULL, 0);
  WasmEdge_FunctionInstanceContext *made = WasmEdge_FunctionInstanceCreate(type, end, NULL, 0);
  WasmEdge_FunctionTypeDelete(type);
  return made;
}

static void set_up(void) {
  configure = WasmEdge_ConfigureCreate();
  statistics = WasmEdge_StatisticsCreate();
  ast = guest_ast(&file);
  start_ast = guest_ast(&start_file);
  for (int i = 0; i < LISTS; i++) unlisted[i] = guest_ast(&file);
  store = WasmEdge_StoreCreate();
  WasmEdge_ConfigureContext *counting = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureStatisticsSetInstructionCounting(counting, true);
  executor = WasmEdge_ExecutorCreate(counting, statistics);
  WasmEdge_ConfigureDelete(counting);
  host = host_module(call_back, NULL);
  WasmEdge_ModuleInstanceAddFunction(host, NAME("end"), end_function());
  open_module = WasmEdge_ModuleInstanceCreate(NAME("open"));
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, host), 0);
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, open_module), 0);
  vm = guest_vm(&file, host);
  rough = WasmEdge_VMCreate(NULL, NULL);
  external = WasmEdge_VMCreate(NULL, store);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromASTModule(vm, NAME("fixed"), ast), 0);
  fixed = (WasmEdge_ModuleInstanceContext *)WasmEdge_StoreFindModule(WasmEdge_VMGetStoreContext(vm), NAME("fixed"));
  shared_memory = WasmEdge_ModuleInstanceFindMemory(fixed, NAME("memory"));
  CHECK(shared_memory != NULL);
}

static void tear_down(void) {
  WasmEdge_VMDelete(vm);
  WasmEdge_VMDelete(rough);
  WasmEdge_VMDelete(external);
  WasmEdge_StoreDelete(store);
  WasmEdge_ModuleInstanceDelete(open_module);
  WasmEdge_ModuleInstanceDelete(host);
  WasmEdge_ExecutorDelete(executor);
  WasmEdge_ASTModuleDelete(ast);
  WasmEdge_ASTModuleDelete(start_ast);
  for (int i = 0; i < LISTS; i++) WasmEdge_ASTModuleDelete(unlisted[i]);
  WasmEdge_StatisticsDelete(statistics);
  WasmEdge_ConfigureDelete(configure);
}

int main(int argc, char **argv) {
  CHECK(argc >= 6);
  thread_count = (uint32_t)atol(argv[3]);
  milliseconds = atol(argv[4]);
  for (int step = 0; step < STEPS; step++) {
    wanted[step] = argc == 6;
    for (int i = 6; i < argc; i++) wanted[step] |= strcmp(argv[i], steps[step].name) == 0;
  }
  CHECK(thread_count <= MOST_THREADS);
  alarm(HANG_SECONDS);
  silence_log();
  file = read_guest(argv[1]);
  start_file = read_guest(argv[2]);
  set_up();
  static worker workers[MOST_THREADS];
  CHECK(pthread_barrier_init(&together, NULL, thread_count) == 0);
  uint64_t all = 0;
  for (uint32_t i = 0; i < thread_count; i++) {
    workers[i].number = i;
    workers[i].random = (uint64_t)atol(argv[5]) * MOST_THREADS + i;
    CHECK(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
  }
  for (uint32_t i = 0; i < thread_count; i++) {
    CHECK(pthread_join(workers[i].thread, NULL) == 0);
    all += workers[i].steps;
  }
  tear_down();
  printf("%llu\n", (unsigned long long)all);
  return 0;
}
