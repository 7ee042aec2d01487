/* What calls through the C API cost: ./host guest.wasm */
#include <pthread.h>
#include <wasmedge/wasmedge.h>

#include "clock.h"

enum { ROUNDS = 1000000, SLOW_ROUNDS = 100000, TICKS = 5000000, WORK = 2000, THREADS = 2 };

static WasmEdge_String name(const char *text) {
  WasmEdge_String string = {0, text};
  while (text[string.Length]) string.Length++;
  return string;
}

static WasmEdge_Result tick(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                            WasmEdge_Value *returns) {
  (void)data, (void)memory;
  returns[0] = WasmEdge_ValueGenI32(WasmEdge_ValueGetI32(params[0]) + 1);
  return WasmEdge_Result_Success;
}

static WasmEdge_ModuleInstanceContext *host_module(void) {
  const enum WasmEdge_ValType i32 = WasmEdge_ValType_I32;
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(&i32, 1, &i32, 1);
  WasmEdge_ModuleInstanceContext *env = WasmEdge_ModuleInstanceCreate(name("env"));
  WasmEdge_ModuleInstanceAddFunction(env, name("tick"), WasmEdge_FunctionInstanceCreate(type, tick, NULL, 0));
  WasmEdge_FunctionTypeDelete(type);
  return env;
}

static WasmEdge_VMContext *new_vm(const char *path, const WasmEdge_ModuleInstanceContext *env) {
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  require(WasmEdge_ResultOK(WasmEdge_VMRegisterModuleFromImport(vm, env)), "register");
  require(WasmEdge_ResultOK(WasmEdge_VMLoadWasmFromFile(vm, path)), "load");
  require(WasmEdge_ResultOK(WasmEdge_VMValidate(vm)), "validate");
  require(WasmEdge_ResultOK(WasmEdge_VMInstantiate(vm)), "instantiate");
  return vm;
}

/* ---- threads ---- */

typedef struct {
  WasmEdge_VMContext *vm;
  int rounds;
  int32_t work; /* 0: `add` */
} job;

static void *run_job(void *argument) {
  const job *todo = argument;
  const WasmEdge_String add = name("add"), work = name("work");
  WasmEdge_Value params[2] = {WasmEdge_ValueGenI32(todo->work), WasmEdge_ValueGenI32(1)}, result;
  for (int i = 0; i < todo->rounds; i++)
    WasmEdge_VMExecute(todo->vm, todo->work ? work : add, params, todo->work ? 1 : 2, &result, 1);
  return NULL;
}

static double run_jobs(job *jobs, int count) {
  pthread_t threads[THREADS];
  const double start = seconds();
  for (int i = 0; i < count; i++) pthread_create(&threads[i], NULL, run_job, &jobs[i]);
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
  return seconds() - start;
}

/* How much more two threads do than one, in the same time. */
static void scaling(const char *label, WasmEdge_VMContext *a, WasmEdge_VMContext *b, int rounds, int32_t work) {
  double best = 0;
  for (int round = 0; round < 5; round++) {
    job alone[] = {{a, rounds, work}}, both[] = {{a, rounds, work}, {b, rounds, work}};
    const double one = run_jobs(alone, 1), two = run_jobs(both, 2);
    if (one * 2 / two > best) best = one * 2 / two;
  }
  printf("%s %.3f\n", label, best);
}

int main(int argc, char **argv) {
  require(argc == 2, "usage: host guest.wasm");
  const double start = seconds();
  WasmEdge_LoaderDelete(WasmEdge_LoaderCreate(NULL));
  printf("first %.0f\n", (seconds() - start) * 1e9);

  WasmEdge_ModuleInstanceContext *env = host_module();
  WasmEdge_VMContext *vm = new_vm(argv[1], env);
  WasmEdge_ExecutorContext *executor = WasmEdge_ExecutorCreate(NULL, NULL);
  const WasmEdge_ModuleInstanceContext *active = WasmEdge_VMGetActiveModule(vm);
  const WasmEdge_String add = name("add"), ticks = name("ticks");
  const WasmEdge_FunctionInstanceContext *function = WasmEdge_ModuleInstanceFindFunction(active, add);
  WasmEdge_MemoryInstanceContext *memory = WasmEdge_ModuleInstanceFindMemory(active, name("memory"));
  WasmEdge_GlobalInstanceContext *global = WasmEdge_ModuleInstanceFindGlobal(active, name("global"));
  WasmEdge_TableInstanceContext *table = WasmEdge_ModuleInstanceFindTable(active, name("table"));
  require(function && memory && global && table, "find");
  const WasmEdge_Value params[2] = {WasmEdge_ValueGenI32(3), WasmEdge_ValueGenI32(4)};
  const WasmEdge_Value count = WasmEdge_ValueGenI32(TICKS);
  WasmEdge_Value result;
  uint8_t bytes[8] = {1, 2, 3};

  MEASURE("warm-up", ROUNDS, WasmEdge_ExecutorInvoke(executor, function, params, 2, &result, 1));
  MEASURE("call-by-name", ROUNDS, WasmEdge_VMExecute(vm, add, params, 2, &result, 1));
  MEASURE("call", ROUNDS, WasmEdge_ExecutorInvoke(executor, function, params, 2, &result, 1));
  MEASURE("host-call", 1, WasmEdge_VMExecute(vm, ticks, &count, 1, &result, 1));
  MEASURE("find", ROUNDS, WasmEdge_ModuleInstanceFindFunction(active, add));
  MEASURE("memory-get", ROUNDS, WasmEdge_MemoryInstanceGetData(memory, bytes, 64, sizeof bytes));
  MEASURE("memory-set", ROUNDS, WasmEdge_MemoryInstanceSetData(memory, bytes, 64, sizeof bytes));
  MEASURE("global-get", ROUNDS, result = WasmEdge_GlobalInstanceGetValue(global));
  MEASURE("global-set", ROUNDS, WasmEdge_GlobalInstanceSetValue(global, params[0]));
  MEASURE("table-get", ROUNDS, WasmEdge_TableInstanceGetData(table, &result, 0));
  MEASURE("table-set", ROUNDS, WasmEdge_TableInstanceSetData(table, result, 1));

  WasmEdge_VMContext *other = new_vm(argv[1], env);
  scaling("one-vm", vm, vm, SLOW_ROUNDS, WORK);
  scaling("two-vms", vm, other, SLOW_ROUNDS, WORK);
  scaling("one-vm-tiny", vm, vm, ROUNDS, 0);
  scaling("two-vms-tiny", vm, other, ROUNDS, 0);

  WasmEdge_ExecutorDelete(executor);
  WasmEdge_VMDelete(other);
  WasmEdge_VMDelete(vm);
  WasmEdge_ModuleInstanceDelete(env);
  return 0;
}
