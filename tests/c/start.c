/* Starts Python through the library in the ways of tests/capi/test_capi_start.py: start MODE GUEST. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

static const char *guest;

/* fib(n) in a VM of its own. */
static int64_t fib(int32_t n) {
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  CHECK(vm != NULL);
  WasmEdge_Value param = WasmEdge_ValueGenI32(n), result;
  CHECK_CODE(WasmEdge_VMRunWasmFromFile(vm, guest, NAME("fib"), &param, 1, &result, 1), 0);
  WasmEdge_VMDelete(vm);
  return WasmEdge_ValueGetI64(result);
}

static void try_first_call(void) {
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  WasmEdge_ASTModuleContext *module = NULL;
  printf("loader %s\n", loader != NULL ? "made" : "NULL");
  printf("parse 0x%02x\n", WasmEdge_ResultGetCode(WasmEdge_LoaderParseFromFile(loader, &module, guest)));
  WasmEdge_LoaderDelete(loader);
  WasmEdge_LoaderDelete(WasmEdge_LoaderCreate(NULL));
}

static void use_pure_functions(void) {
  CHECK(strcmp(WasmEdge_VersionGet(), WASMEDGE_VERSION) == 0);
  CHECK(WasmEdge_ValueGetI32(WasmEdge_ValueGenI32(-5)) == -5);
  WasmEdge_String string = WasmEdge_StringCreateByCString("text");
  CHECK(WasmEdge_StringIsEqual(string, NAME("text")));
  WasmEdge_StringDelete(string);
  CHECK(!WasmEdge_ResultOK((WasmEdge_Result){.Code = 4}));
  CHECK(WasmEdge_LimitIsEqual((WasmEdge_Limit){.Min = 1}, (WasmEdge_Limit){.Min = 1}));
  WasmEdge_ConfigureDelete(WasmEdge_ConfigureCreate());
  CHECK(!has_python());
}

/* What a process does on a signal; `known` is false for signals that the C library keeps for itself. */
typedef struct reaction {
  bool known;
  struct sigaction action;
} reaction;

static reaction reaction_to(int signal) {
  reaction found = {0};
  found.known = sigaction(signal, NULL, &found.action) == 0;
  return found;
}

/* What an interpreter must not change in its host. */
static void compare_process(void) {
  CHECK(setlocale(LC_ALL, "C") != NULL);
  reaction before[SIGRTMIN];
  for (int i = 1; i < SIGRTMIN; i++) before[i] = reaction_to(i);
  CHECK(before[SIGINT].known && before[SIGPIPE].known);
  WasmEdge_LoaderDelete(WasmEdge_LoaderCreate(NULL));
  CHECK(has_python());
  for (int i = 1; i < SIGRTMIN; i++) {
    const reaction after = reaction_to(i);
    CHECK(before[i].known == after.known);
    CHECK(!after.known || before[i].action.sa_handler == after.action.sa_handler);
    CHECK(!after.known || before[i].action.sa_flags == after.action.sa_flags);
  }
  CHECK(strcmp(setlocale(LC_ALL, NULL), "C") == 0);
}

/* ---- fork ----------------------------------------------------------------------------------------- */

static WasmEdge_VMContext *older; /* made before the fork, or NULL */

/* fib(n) in a VM that has its module. */
static int64_t fib_in(WasmEdge_VMContext *vm, int32_t n) {
  WasmEdge_Value param = WasmEdge_ValueGenI32(n), result;
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("fib"), &param, 1, &result, 1), 0);
  return WasmEdge_ValueGetI64(result);
}

static void compute_in_older(void) {
  CHECK(fib_in(older, 15) == 610);
  /* A function that is not compiled yet, and what changes the VM. */
  CHECK_CODE(WasmEdge_VMExecute(older, NAME("version"), NULL, 0, NULL, 0), 0);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromFile(older, NAME("other"), guest), 0);
  WasmEdge_VMDelete(older);
}

static void child_computes(void) {
  fflush(NULL);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    alarm(60); /* a deadlock ends it */
    CHECK(fib(20) == 6765);
    CHECK(fib(10) == 55);
    if (older != NULL) compute_in_older();
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void fork_with_contexts(void) {
  older = WasmEdge_VMCreate(NULL, NULL);
  CHECK_CODE(WasmEdge_VMLoadWasmFromFile(older, guest), 0);
  CHECK_CODE(WasmEdge_VMValidate(older), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(older), 0);
  CHECK(fib_in(older, 20) == 6765);
  usleep(300000); /* the optimiser's thread is at work, or waits for some */
  child_computes();
  child_computes();
  compute_in_older();
}

static atomic_bool stop;
static atomic_uint rounds;

static void *use_until_stopped(void *unused) {
  (void)unused;
  while (!atomic_load(&stop)) {
    CHECK(fib(10) == 55);
    atomic_fetch_add(&rounds, 1);
  }
  return NULL;
}

static void fork_beside_threads(void) {
  pthread_t threads[3];
  for (int i = 0; i < 3; i++) CHECK(pthread_create(&threads[i], NULL, use_until_stopped, NULL) == 0);
  while (atomic_load(&rounds) < 3) usleep(1000);
  for (int i = 0; i < 20; i++) child_computes();
  atomic_store(&stop, true);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
}

/* ---- threads ----------------------------------------------------------------------------------------- */

static void *one_call(void *unused) {
  (void)unused;
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  CHECK(loader != NULL);
  WasmEdge_LoaderDelete(loader);
  return NULL;
}

static void come_and_go(int count) {
  enum { AT_ONCE = 4 };
  pthread_t threads[AT_ONCE];
  for (int done = 0; done < count; done += AT_ONCE) {
    for (int i = 0; i < AT_ONCE; i++) CHECK(pthread_create(&threads[i], NULL, one_call, NULL) == 0);
    for (int i = 0; i < AT_ONCE; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  }
}

static void first_calls_at_once(void) {
  enum { THREADS = 16 };
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, one_call, NULL) == 0);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

int main(int count, char **arguments) {
  CHECK(count == 3);
  const char *mode = arguments[1];
  guest = arguments[2];
  if (strcmp(mode, "run") == 0) {
    printf("%lld\n", (long long)fib(20));
  } else if (strcmp(mode, "try") == 0) {
    try_first_call();
  } else if (strcmp(mode, "pure") == 0) {
    use_pure_functions();
  } else if (strcmp(mode, "process") == 0) {
    compare_process();
  } else if (strcmp(mode, "thread") == 0) {
    first_calls_at_once();
    CHECK(fib(20) == 6765);
  } else if (strcmp(mode, "threads") == 0) {
    come_and_go(1000);
    const long before = resident_kib();
    come_and_go(10000);
    printf("%ld\n", resident_kib() - before);
  } else if (strcmp(mode, "fork-first") == 0) {
    child_computes();
    CHECK(fib(20) == 6765);
  } else if (strcmp(mode, "fork") == 0) {
    CHECK(fib(20) == 6765);
    child_computes();
    CHECK(fib(20) == 6765);
  } else if (strcmp(mode, "fork-contexts") == 0) {
    fork_with_contexts();
  } else if (strcmp(mode, "fork-threads") == 0) {
    fork_beside_threads();
  } else {
    CHECK(!"known mode");
  }
  return 0;
}
