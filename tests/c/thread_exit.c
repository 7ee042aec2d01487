/* Ends the process while the library is busy. Arguments: guest.wasm, when to end, microseconds to wait before, how:
 * exit (with code 7), _exit (with code 7), abort. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "own_guest.h"

enum { ENDED = 7, THREADS = 4 };

static guest file;
static WasmEdge_ModuleInstanceContext *host;
static useconds_t delay;
static const char *how;

static void end(void) {
  usleep(delay);
  if (strcmp(how, "abort") == 0) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    abort();
  }
  if (strcmp(how, "_exit") == 0) _exit(ENDED);
  exit(ENDED);
}

static WasmEdge_Result end_in_host(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                                   WasmEdge_Value *returns) {
  (void)data, (void)memory, (void)params, (void)returns;
  end();
  return WasmEdge_Result_Fail;
}

/* An asynchronous run, which may be loading, compiling or running. */
static void during_async(void) {
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, host), 0);
  CHECK(WasmEdge_VMAsyncRunWasmFromBuffer(vm, file.bytes, file.size, NAME("spin"), NULL, 0) != NULL);
  end();
}

static void *end_in_thread(void *argument) {
  (void)argument;
  end();
  return NULL;
}

/* Several runs in VMs of their own, on which the main thread waits; they may fail for want of code. */
static void in_thread_during_asyncs(void) {
  pthread_t thread;
  WasmEdge_Async *run = NULL;
  for (int i = 0; i < THREADS; i++) {
    run = WasmEdge_VMAsyncExecute(guest_vm(&file, host), NAME("spin"), NULL, 0);
    CHECK(run != NULL);
  }
  CHECK(pthread_create(&thread, NULL, end_in_thread, NULL) == 0);
  WasmEdge_AsyncWait(run);
  for (;;) pause();
}

static void *run_and_delete(void *argument) {
  (void)argument;
  for (;;) {
    const WasmEdge_Value five = WasmEdge_ValueGenI32(5);
    WasmEdge_VMContext *vm = guest_vm(&file, host);
    WasmEdge_VMExecute(vm, NAME("sum"), &five, 1, NULL, 0); /* fails when it is too late for making code */
    WasmEdge_VMDelete(vm);
  }
  return NULL;
}

/* Threads that compile all the time. */
static void during_compiling(void) {
  pthread_t thread;
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&thread, NULL, run_and_delete, NULL) == 0);
  end();
}

static void in_host_function(void) {
  WasmEdge_VMContext *vm = guest_vm(&file, host_module(end_in_host, NULL));
  call_guest(vm, "call", 1, 0, 0);
}

static void in_async_host_function(void) {
  const WasmEdge_Value zero = WasmEdge_ValueGenI32(0);
  WasmEdge_Async *run = WasmEdge_VMAsyncExecute(guest_vm(&file, host_module(end_in_host, NULL)), NAME("call"), &zero, 1);
  WasmEdge_AsyncWait(run);
  for (;;) pause();
}

/* The host cleans up when the process ends. */
static WasmEdge_VMContext *last;

static void clean_up(void) {
  CHECK(call_guest(last, "add", 2, 20, 3) == 23);
  const WasmEdge_Value five = WasmEdge_ValueGenI32(5);
  WasmEdge_VMExecute(last, NAME("sum"), &five, 1, NULL, 0); /* may need code that cannot be made any more */
  WasmEdge_VMDelete(last);
  WasmEdge_ModuleInstanceDelete(host);
}

static void with_handler(void) {
  last = guest_vm(&file, host);
  CHECK(call_guest(last, "add", 2, 20, 3) == 23);
  end();
}

static const struct {
  const char *name;
  void (*act)(void);
} moments[] = {
    {"during_async", during_async},
    {"in_thread_during_asyncs", in_thread_during_asyncs},
    {"during_compiling", during_compiling},
    {"in_host_function", in_host_function},
    {"in_async_host_function", in_async_host_function},
    {"with_handler", with_handler},
};

int main(int argc, char **argv) {
  CHECK(argc == 5);
  file = read_guest(argv[1]);
  delay = (useconds_t)atol(argv[3]);
  how = argv[4];
  if (strcmp(argv[2], "with_handler") == 0) CHECK(atexit(clean_up) == 0); /* before the library's own */
  host = host_module(give_back, NULL);
  for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
    if (strcmp(moments[i].name, argv[2]) == 0) moments[i].act();
  return 0;
}
