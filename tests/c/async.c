/* Asynchronous runs. Arguments: guest.wasm, waiting_guest.wasm, what to try. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

enum { GUEST_SIZE = 1 << 16 };

static const char *path, *second_path;
static uint8_t guest[GUEST_SIZE];
static uint32_t guest_size;
static WasmEdge_VMContext *vm;

static void pause_ms(long milliseconds) {
  const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  nanosleep(&time, NULL);
}

static WasmEdge_Async *execute(WasmEdge_String name, const WasmEdge_Value *params, uint32_t count) {
  WasmEdge_Async *run = WasmEdge_VMAsyncExecute(vm, name, params, count);
  CHECK(run != NULL);
  return run;
}

/* The code of a run, which is deleted. */
static WasmEdge_Result code_of(WasmEdge_Async *run) {
  CHECK(run != NULL);
  const WasmEdge_Result result = WasmEdge_AsyncGet(run, NULL, 0);
  WasmEdge_AsyncDelete(run);
  return result;
}

/* The VM works as if nothing had happened. */
static void check_vm(void) {
  const WasmEdge_Value params[] = {WasmEdge_ValueGenI32(20), WasmEdge_ValueGenI32(3)};
  WasmEdge_Value returned = WasmEdge_ValueGenI64(0);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("add"), params, 2, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 23 && returned.Type == WasmEdge_ValType_I32);
}

/* ---- The host function of the guest -------------------------------------------------------------------- */

static atomic_int calls;
static _Atomic(WasmEdge_Async *) to_cancel;

/* Parameter 0: cancels `to_cancel`. Otherwise calls the guest again and returns a number of its own. */
static WasmEdge_Result host_call(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                                 WasmEdge_Value *returns) {
  (void)data, (void)memory;
  calls++;
  if (WasmEdge_ValueGetI32(params[0]) == 0) {
    while (to_cancel == NULL) pause_ms(1);
    WasmEdge_AsyncCancel(to_cancel);
  } else {
    check_vm();
  }
  returns[0] = WasmEdge_ValueGenI32(WasmEdge_ValueGetI32(params[0]) + 1000);
  return WasmEdge_Result_Success;
}

static WasmEdge_ModuleInstanceContext *host_module(void) {
  const enum WasmEdge_ValType i32 = WasmEdge_ValType_I32;
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(&i32, 1, &i32, 1);
  WasmEdge_ModuleInstanceContext *module = WasmEdge_ModuleInstanceCreate(NAME("host"));
  WasmEdge_FunctionInstanceContext *function = WasmEdge_FunctionInstanceCreate(type, host_call, NULL, 0);
  WasmEdge_ModuleInstanceAddFunction(module, NAME("call"), function);
  WasmEdge_FunctionTypeDelete(type);
  return module;
}

/* ---- What is tried --------------------------------------------------------------------------------------- */

static WasmEdge_ASTModuleContext *parse(void) {
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  WasmEdge_ASTModuleContext *ast = NULL;
  CHECK_CODE(WasmEdge_LoaderParseFromBuffer(loader, &ast, guest, guest_size), 0);
  WasmEdge_LoaderDelete(loader);
  return ast;
}

/* All five ways to start a run; what they are given may be changed at once. */
static void five_ways(void) {
  for (int way = 0; way < 5; way++) {
    WasmEdge_Value params[] = {WasmEdge_ValueGenI64(-3), WasmEdge_ValueGenV128((int128_t)5 << 80)};
    char name[] = "swap", module[] = "registered", file[4096];
    snprintf(file, sizeof file, "%s", path);
    const WasmEdge_String function = WasmEdge_StringWrap(name, 4), registered = WasmEdge_StringWrap(module, 10);
    WasmEdge_ASTModuleContext *ast = way == 2 ? parse() : NULL;
    uint8_t *buffer = malloc(guest_size);
    memcpy(buffer, guest, guest_size);
    WasmEdge_Async *run = NULL;
    switch (way) {
      case 0: run = WasmEdge_VMAsyncRunWasmFromFile(vm, file, function, params, 2); break;
      case 1: run = WasmEdge_VMAsyncRunWasmFromBuffer(vm, buffer, guest_size, function, params, 2); break;
      case 2: run = WasmEdge_VMAsyncRunWasmFromASTModule(vm, ast, function, params, 2); break;
      case 3: run = execute(function, params, 2); break;
      default: run = WasmEdge_VMAsyncExecuteRegistered(vm, registered, function, params, 2);
    }
    memset(params, 0, sizeof params);
    memset(name, '#', sizeof name);
    memset(module, '#', sizeof module);
    memset(file, '#', sizeof file);
    memset(buffer, '#', guest_size);
    free(buffer);
    WasmEdge_ASTModuleDelete(ast);
    CHECK(run != NULL);
    CHECK(WasmEdge_AsyncGetReturnsLength(run) == 2);
    CHECK(WasmEdge_AsyncWaitFor(run, 0));
    WasmEdge_AsyncWait(run);
    WasmEdge_Value got[3];
    for (uint32_t length = 0; length <= 3; length++) { /* again and again, with any buffer */
      memset(got, 0xEE, sizeof got);
      CHECK_CODE(WasmEdge_AsyncGet(run, got, length), 0);
      const WasmEdge_Value expected[] = {WasmEdge_ValueGenV128((int128_t)5 << 80), WasmEdge_ValueGenI64(-3)};
      for (uint32_t i = 0; i < 3; i++) {
        if (i < length && i < 2)
          CHECK(got[i].Value == expected[i].Value && got[i].Type == expected[i].Type);
        else
          CHECK(got[i].Value == ~(uint128_t)0 / 255 * 0xEE);
      }
      CHECK_CODE(WasmEdge_AsyncGet(run, NULL, length), 0);
    }
    WasmEdge_AsyncDelete(run);
  }
  check_vm();
}

static void failures(void) {
  const WasmEdge_Value one = WasmEdge_ValueGenI32(1), two[] = {one, one}, three[] = {one, one, one};
  CHECK_CODE(code_of(WasmEdge_VMAsyncRunWasmFromFile(vm, "/no/such/file", NAME("add"), two, 2)), 0x20);
  const WasmEdge_Result no_path = WasmEdge_VMRunWasmFromFile(vm, NULL, NAME("add"), two, 2, NULL, 0);
  CHECK(!WasmEdge_ResultOK(no_path));
  CHECK_CODE(code_of(WasmEdge_VMAsyncRunWasmFromFile(vm, NULL, NAME("add"), two, 2)), no_path.Code);
  CHECK_CODE(code_of(WasmEdge_VMAsyncRunWasmFromBuffer(vm, NULL, 0, NAME("add"), two, 2)), 0x22);
  CHECK_CODE(code_of(WasmEdge_VMAsyncRunWasmFromBuffer(vm, guest, 3, NAME("add"), two, 2)), 0x22);
  CHECK_CODE(code_of(WasmEdge_VMAsyncRunWasmFromFile(vm, path, NAME("adds"), two, 2)), 0x05);
  CHECK_CODE(code_of(execute(NAME("adds"), two, 2)), 0x05);
  CHECK_CODE(code_of(execute(WasmEdge_StringWrap(NULL, 3), two, 2)), 0x05);
  CHECK_CODE(code_of(execute(NAME("add"), two, 1)), 0x83);
  CHECK_CODE(code_of(execute(NAME("add"), three, 3)), 0x83);
  CHECK_CODE(code_of(execute(NAME("add"), NULL, 2)), 0x83);
  CHECK_CODE(code_of(execute(NAME("bump"), NULL, 0xFFFFFFFF)), 0); /* no parameters */
  CHECK_CODE(code_of(WasmEdge_VMAsyncExecuteRegistered(vm, NAME("nobody"), NAME("add"), two, 2)), 0x80);
  CHECK_CODE(code_of(WasmEdge_VMAsyncExecuteRegistered(vm, NAME("registered"), NAME("adds"), two, 2)), 0x05);
  WasmEdge_VMContext *empty = WasmEdge_VMCreate(NULL, NULL);
  CHECK_CODE(code_of(WasmEdge_VMAsyncExecute(empty, NAME("add"), two, 2)), 0x80);
  WasmEdge_VMDelete(empty);
  WasmEdge_Async *run = execute(NAME("trap"), NULL, 0);
  WasmEdge_Value untouched = one;
  CHECK_CODE(WasmEdge_AsyncGet(run, &untouched, 1), 0x89);
  CHECK_CODE(WasmEdge_AsyncGet(run, &untouched, 1), 0x89);
  CHECK(untouched.Value == one.Value && WasmEdge_AsyncGetReturnsLength(run) == 0);
  WasmEdge_AsyncDelete(run);
  check_vm();
}

static void nulls(void) {
  CHECK(WasmEdge_VMAsyncRunWasmFromFile(NULL, path, NAME("add"), NULL, 0) == NULL);
  CHECK(WasmEdge_VMAsyncRunWasmFromBuffer(NULL, guest, guest_size, NAME("add"), NULL, 0) == NULL);
  CHECK(WasmEdge_VMAsyncRunWasmFromASTModule(NULL, NULL, NAME("add"), NULL, 0) == NULL);
  CHECK(WasmEdge_VMAsyncRunWasmFromASTModule(vm, NULL, NAME("add"), NULL, 0) == NULL);
  CHECK(WasmEdge_VMAsyncExecute(NULL, NAME("add"), NULL, 0) == NULL);
  CHECK(WasmEdge_VMAsyncExecuteRegistered(NULL, NAME("m"), NAME("add"), NULL, 0) == NULL);
  WasmEdge_AsyncWait(NULL);
  CHECK(!WasmEdge_AsyncWaitFor(NULL, 0) && !WasmEdge_AsyncWaitFor(NULL, UINT64_MAX));
  WasmEdge_AsyncCancel(NULL);
  CHECK(WasmEdge_AsyncGetReturnsLength(NULL) == 0);
  CHECK_CODE(WasmEdge_AsyncGet(NULL, NULL, 0), 0x04);
  WasmEdge_AsyncDelete(NULL);
}

static void waiting(void) {
  WasmEdge_Async *run = execute(NAME("spin"), NULL, 0);
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  CHECK(!WasmEdge_AsyncWaitFor(run, 30));
  clock_gettime(CLOCK_MONOTONIC, &after);
  CHECK((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec >= 30000000);
  CHECK(!WasmEdge_AsyncWaitFor(run, 0));
  WasmEdge_AsyncCancel(run);
  CHECK(WasmEdge_AsyncWaitFor(run, UINT64_MAX));
  CHECK_CODE(code_of(run), 0x07);
  const uint64_t huge[] = {UINT64_MAX / 1000000, UINT64_MAX / 1000000 + 1, (uint64_t)INT64_MAX, 1ull << 40};
  for (size_t i = 0; i < sizeof huge / sizeof *huge; i++) {
    run = execute(NAME("bump"), NULL, 0);
    CHECK(WasmEdge_AsyncWaitFor(run, huge[i]));
    CHECK_CODE(code_of(run), 0);
  }
}

/* At any moment: before the thread has begun, while it loads and compiles, in the guest, at its end. */
static void cancelling(void) {
  for (int i = 0; i < 100; i++) {
    WasmEdge_Async *run = execute(NAME("spin"), NULL, 0);
    if (i % 2) pause_ms(i % 10);
    WasmEdge_AsyncCancel(run);
    WasmEdge_AsyncCancel(run);
    WasmEdge_Value untouched = WasmEdge_ValueGenI32(1);
    CHECK_CODE(WasmEdge_AsyncGet(run, &untouched, 1), 0x07);
    CHECK(WasmEdge_AsyncGetReturnsLength(run) == 0);
    WasmEdge_AsyncDelete(run);
    check_vm();
    run = WasmEdge_VMAsyncRunWasmFromBuffer(vm, guest, guest_size, NAME("spin"), NULL, 0);
    if (i % 2) pause_ms(i % 5);
    WasmEdge_AsyncCancel(run);
    CHECK_CODE(code_of(run), 0x07);
    run = execute(NAME("bump"), NULL, 0);
    WasmEdge_AsyncCancel(run);
    const uint32_t code = WasmEdge_ResultGetCode(code_of(run));
    CHECK(code == 0 || code == 0x07);
    check_vm();
  }
}

/* A finished run is not affected, nor is what the VM does next. */
static void cancelling_too_late(void) {
  WasmEdge_Async *run = execute(NAME("bump"), NULL, 0);
  WasmEdge_AsyncWait(run);
  WasmEdge_AsyncCancel(run);
  check_vm();
  CHECK_CODE(code_of(execute(NAME("bump"), NULL, 0)), 0);
  CHECK(WasmEdge_AsyncGetReturnsLength(run) == 1);
  CHECK_CODE(code_of(run), 0);
}

/* Of several runs of one VM the cancelled one ends. */
static void cancelling_one_of_three(void) {
  WasmEdge_Async *runs[3];
  for (int i = 0; i < 3; i++) runs[i] = execute(NAME("spin"), NULL, 0);
  for (int i = 0; i < 3; i++) {
    const int chosen = (i + 1) % 3;
    WasmEdge_AsyncCancel(runs[chosen]);
    CHECK_CODE(WasmEdge_AsyncGet(runs[chosen], NULL, 0), 0x07);
    for (int j = 0; j < 3; j++) CHECK(WasmEdge_AsyncWaitFor(runs[j], 5) == ((j + 2) % 3 <= i));
  }
  for (int i = 0; i < 3; i++) WasmEdge_AsyncDelete(runs[i]);
}

static void host_functions(void) {
  calls = 0;
  const WasmEdge_Value param = WasmEdge_ValueGenI32(7);
  WasmEdge_Async *run = execute(NAME("call"), &param, 1);
  WasmEdge_Value returned;
  CHECK_CODE(WasmEdge_AsyncGet(run, &returned, 1), 0);
  CHECK(calls == 1 && WasmEdge_ValueGetI32(returned) == 1007); /* not what the nested call returned */
  CHECK(WasmEdge_AsyncGetReturnsLength(run) == 1);
  WasmEdge_AsyncDelete(run);
  to_cancel = NULL;
  to_cancel = run = execute(NAME("call_and_spin"), NULL, 0); /* cancels itself */
  CHECK_CODE(code_of(run), 0x07);
  check_vm();
}

/* A run goes on when its context has been deleted. */
static void deleting(void) {
  calls = 0;
  const WasmEdge_Value param = WasmEdge_ValueGenI32(7);
  for (int i = 0; i < 50; i++) WasmEdge_AsyncDelete(execute(NAME("call"), &param, 1));
  while (calls < 50) pause_ms(1);
  WasmEdge_Async *run = execute(NAME("spin"), NULL, 0);
  WasmEdge_AsyncCancel(run);
  WasmEdge_AsyncDelete(run);
  check_vm();
}

/* Host functions that wait: for an hour to pass, for input that does not come. */
static void waiting_guests(void) {
  int ends[2];
  CHECK(pipe(ends) == 0 && dup2(ends[0], 0) == 0);
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureAddHostRegistration(configure, WasmEdge_HostRegistration_Wasi);
  WasmEdge_VMContext *own = WasmEdge_VMCreate(configure, NULL);
  WasmEdge_ConfigureDelete(configure);
  WasmEdge_ModuleInstanceContext *wasi = WasmEdge_VMGetImportModuleContext(own, WasmEdge_HostRegistration_Wasi);
  WasmEdge_ModuleInstanceInitWASI(wasi, NULL, 0, NULL, 0, NULL, 0);
  CHECK_CODE(WasmEdge_VMLoadWasmFromFile(own, second_path), 0);
  CHECK_CODE(WasmEdge_VMValidate(own), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(own), 0);
  const WasmEdge_String names[] = {NAME("sleep"), NAME("read")};
  for (int i = 0; i < 8; i++) {
    WasmEdge_Async *run = WasmEdge_VMAsyncExecute(own, names[i % 2], NULL, 0);
    CHECK(!WasmEdge_AsyncWaitFor(run, (uint64_t)i / 2 * 10));
    WasmEdge_AsyncCancel(run);
    CHECK_CODE(code_of(run), 0x07);
  }
  WasmEdge_VMDelete(own);
}

static void blocked_signals(void) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  WasmEdge_Async *run = execute(NAME("spin"), NULL, 0);
  CHECK(!WasmEdge_AsyncWaitFor(run, 20));
  WasmEdge_AsyncCancel(run);
  CHECK_CODE(code_of(run), 0x07);
  CHECK_CODE(code_of(execute(NAME("trap"), NULL, 0)), 0x89);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* However small the stacks of the host's threads are. */
static void small_default_stack(void) {
  pthread_attr_t attributes;
  pthread_getattr_default_np(&attributes);
  size_t size;
  pthread_attr_getstacksize(&attributes, &size);
  pthread_attr_setstacksize(&attributes, 256 << 10);
  pthread_setattr_default_np(&attributes);
  const WasmEdge_Value param = WasmEdge_ValueGenI32(10000);
  WasmEdge_Async *run = execute(NAME("sum"), &param, 1);
  WasmEdge_Value returned;
  CHECK_CODE(WasmEdge_AsyncGet(run, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 50005000);
  WasmEdge_AsyncDelete(run);
  pthread_attr_setstacksize(&attributes, size);
  pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
}

enum { THREADS = 8, RUNS = 100 };

static void *many_runs(void *argument) {
  const int32_t first = *(const int32_t *)argument;
  for (int32_t i = 0; i < RUNS; i++) {
    const WasmEdge_Value params[] = {WasmEdge_ValueGenI32(first), WasmEdge_ValueGenI32(i)};
    WasmEdge_Async *run = execute(NAME("add"), params, 2);
    WasmEdge_Async *spinning = i % 20 == 0 ? execute(NAME("spin"), NULL, 0) : NULL;
    WasmEdge_AsyncCancel(spinning);
    WasmEdge_Value returned;
    CHECK_CODE(WasmEdge_AsyncGet(run, &returned, 1), 0);
    CHECK(WasmEdge_ValueGetI32(returned) == first + i);
    WasmEdge_AsyncDelete(run);
    if (spinning != NULL) CHECK_CODE(code_of(spinning), 0x07);
  }
  return NULL;
}

static void threads(void) {
  pthread_t ids[THREADS];
  int32_t first[THREADS];
  for (int i = 0; i < THREADS; i++) {
    first[i] = i * 1000;
    CHECK(pthread_create(&ids[i], NULL, many_runs, &first[i]) == 0);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(ids[i], NULL);
}

static const struct {
  const char *name;
  void (*function)(void);
} cases[] = {
    {"five_ways", five_ways},
    {"failures", failures},
    {"nulls", nulls},
    {"waiting", waiting},
    {"cancelling", cancelling},
    {"cancelling_too_late", cancelling_too_late},
    {"cancelling_one_of_three", cancelling_one_of_three},
    {"host_functions", host_functions},
    {"deleting", deleting},
    {"waiting_guests", waiting_guests},
    {"blocked_signals", blocked_signals},
    {"small_default_stack", small_default_stack},
    {"threads", threads},
};

int main(int argc, char **argv) {
  CHECK(argc == 4);
  path = argv[1];
  second_path = argv[2];
  FILE *file = fopen(path, "rb");
  CHECK(file != NULL);
  guest_size = (uint32_t)fread(guest, 1, sizeof guest, file);
  fclose(file);
  WasmEdge_ModuleInstanceContext *host = host_module();
  vm = WasmEdge_VMCreate(NULL, NULL);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, host), 0);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromFile(vm, NAME("registered"), path), 0);
  CHECK_CODE(WasmEdge_VMLoadWasmFromFile(vm, path), 0);
  CHECK_CODE(WasmEdge_VMValidate(vm), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
  if (strcmp(argv[3], "exit") == 0) { /* while runs are under way */
    for (int i = 0; i < 4; i++) execute(NAME("spin"), NULL, 0);
    WasmEdge_VMAsyncRunWasmFromFile(vm, path, NAME("spin"), NULL, 0);
    return 0;
  }
  int done = 0;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (strcmp(argv[3], cases[i].name) != 0) continue;
    cases[i].function();
    done++;
  }
  CHECK(done > 0);
  return 0; /* deleted runs may still use the VM */
}
