/* Threads and processes that end or begin between calls of the library, or during one.
 * Arguments: guest.wasm, what to try. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "own_guest.h"

enum { CHILD_ENDED = 9, HANG_SECONDS = 60 };

static guest file;
static WasmEdge_ModuleInstanceContext *host;
static WasmEdge_VMContext *vm;

/* The process is killed if nothing is done for so long. */
static void something_was_done(void) { alarm(HANG_SECONDS); }

/* Waits until a child has ended with CHILD_ENDED. */
static void wait_for(pid_t child) {
  int status;
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == CHILD_ENDED);
  something_was_done();
}

/* ---- fork ----------------------------------------------------------------------------------------------------- */

/* In a child: an older VM, a new one, and a run of its own. */
static void use_in_child(void) {
  something_was_done();
  CHECK(call_guest(vm, "sum", 1, 100, 0) == 5050);
  WasmEdge_VMContext *own = guest_vm(&file, host);
  CHECK(call_guest(own, "call", 1, 5, 0) == 5);
  WasmEdge_Async *run = WasmEdge_VMAsyncExecute(own, NAME("spin"), NULL, 0);
  CHECK(!WasmEdge_AsyncWaitFor(run, 1));
  WasmEdge_AsyncCancel(run);
  CHECK_CODE(WasmEdge_AsyncGet(run, NULL, 0), 0x07);
  WasmEdge_AsyncDelete(run);
  WasmEdge_VMDelete(own);
  WasmEdge_VMDelete(vm);
  exit(CHILD_ENDED);
}

static void fork_during_async(void) {
  WasmEdge_VMContext *busy = guest_vm(&file, host);
  vm = guest_vm(&file, host);
  for (int i = 0; i < 10; i++) {
    WasmEdge_Async *run = WasmEdge_VMAsyncExecute(busy, NAME("spin"), NULL, 0);
    if (i % 2 == 0) usleep(1000);
    const pid_t child = fork();
    if (child == 0) use_in_child();
    wait_for(child);
    WasmEdge_AsyncCancel(run);
    CHECK_CODE(WasmEdge_AsyncGet(run, NULL, 0), 0x07);
    WasmEdge_AsyncDelete(run);
    CHECK(call_guest(busy, "sum", 1, 10, 0) == 55);
  }
}

/* A run that is still compiling. */
static void fork_while_compiling(void) {
  vm = guest_vm(&file, host);
  CHECK(call_guest(vm, "add", 2, 20, 3) == 23);
  for (int i = 0; i < 20; i++) {
    const WasmEdge_Value five = WasmEdge_ValueGenI32(5);
    WasmEdge_VMContext *busy = WasmEdge_VMCreate(NULL, NULL);
    CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(busy, host), 0);
    WasmEdge_Async *run = WasmEdge_VMAsyncRunWasmFromBuffer(busy, file.bytes, file.size, NAME("sum"), &five, 1);
    usleep((useconds_t)i * 200);
    const pid_t child = fork();
    if (child == 0) use_in_child();
    wait_for(child);
    CHECK_CODE(WasmEdge_AsyncGet(run, NULL, 0), 0);
    WasmEdge_AsyncDelete(run);
    WasmEdge_VMDelete(busy);
  }
}

/* Both processes return from the host function to the guest. */
static WasmEdge_Result fork_here(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                                 WasmEdge_Value *returns) {
  (void)data, (void)memory, (void)params;
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child > 0) wait_for(child);
  returns[0] = WasmEdge_ValueGenI32(child > 0 ? 1 : CHILD_ENDED);
  return WasmEdge_Result_Success;
}

static void fork_in_host_function(void) {
  vm = guest_vm(&file, host_module(fork_here, NULL));
  const int32_t returned = call_guest(vm, "call", 1, 0, 0);
  CHECK(call_guest(vm, "sum", 1, 100, 0) == 5050);
  if (returned != 1) exit(returned);
}

/* ---- Threads that end ------------------------------------------------------------------------------------------ */

static atomic_int calls;

static void *exit_thread(void *argument) {
  CHECK(call_guest(vm, "sum", 1, 100, 0) == 5050);
  atomic_fetch_add(&calls, 1);
  pthread_exit(argument);
}

static void *call_until_cancelled(void *argument) {
  (void)argument;
  for (;;) {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    CHECK(call_guest(vm, "call", 1, 100, 0) == 100);
    atomic_fetch_add(&calls, 1);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    pthread_testcancel();
  }
}

static void threads_end(void) {
  vm = guest_vm(&file, host);
  for (int i = 0; i < 200; i++) {
    pthread_t thread;
    void *returned;
    const int before = atomic_load(&calls);
    const bool cancel = i % 2 == 0;
    CHECK(pthread_create(&thread, NULL, cancel ? call_until_cancelled : exit_thread, &calls) == 0);
    while (atomic_load(&calls) == before) usleep(100);
    if (cancel) pthread_cancel(thread);
    CHECK(pthread_join(thread, &returned) == 0 && returned == (cancel ? PTHREAD_CANCELED : &calls));
    CHECK(call_guest(vm, "call", 1, 7, 0) == 7);
    something_was_done();
  }
}

static void *call_once(void *argument) {
  CHECK(call_guest(vm, "call", 1, 3, 0) == 3);
  return argument;
}

static void *wait_forever(void *run) {
  WasmEdge_AsyncWait(run);
  return NULL;
}

static void *wait_for_long(void *run) {
  WasmEdge_AsyncWaitFor(run, 1000000);
  return NULL;
}

/* Waiting is a point where POSIX lets a thread be cancelled. The run must not notice. */
static void waiting_threads_are_cancelled(void) {
  vm = guest_vm(&file, host);
  for (int i = 0; i < 20; i++) {
    pthread_t thread;
    void *returned;
    WasmEdge_Async *run = WasmEdge_VMAsyncExecute(vm, NAME("spin"), NULL, 0);
    CHECK(pthread_create(&thread, NULL, i % 2 == 0 ? wait_forever : wait_for_long, run) == 0);
    usleep((useconds_t)i * 200);
    pthread_cancel(thread);
    CHECK(pthread_join(thread, &returned) == 0 && returned == PTHREAD_CANCELED);
    WasmEdge_AsyncCancel(run);
    CHECK_CODE(WasmEdge_AsyncGet(run, NULL, 0), 0x07);
    WasmEdge_AsyncDelete(run);
  }
}

/* Nothing of a thread stays: in the best of some rounds. */
static void short_threads(void) {
  enum { ROUNDS = 5, EACH = 2000 };
  vm = guest_vm(&file, host);
  long least = -1;
  for (int round = 0; round < ROUNDS; round++) {
    const long before = resident_kib();
    for (int i = 0; i < EACH; i++) {
      pthread_t thread;
      CHECK(pthread_create(&thread, NULL, call_once, NULL) == 0 && pthread_join(thread, NULL) == 0);
      something_was_done();
    }
    const long grown = resident_kib() - before;
    if (least < 0 || grown < least) least = grown > 0 ? grown : 0;
  }
  CHECK(least < 64);
}

/* ---------------------------------------------------------------------------------------------------------------- */

static const struct {
  const char *name;
  void (*act)(void);
} cases[] = {
    {"fork_during_async", fork_during_async},
    {"fork_while_compiling", fork_while_compiling},
    {"fork_in_host_function", fork_in_host_function},
    {"threads_end", threads_end},
    {"waiting_threads_are_cancelled", waiting_threads_are_cancelled},
    {"short_threads", short_threads},
};

int main(int argc, char **argv) {
  CHECK(argc == 3);
  something_was_done();
  file = read_guest(argv[1]);
  host = host_module(give_back, NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (strcmp(cases[i].name, argv[2]) != 0) continue;
    cases[i].act();
    return 0;
  }
  return 2;
}
