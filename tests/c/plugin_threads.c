/* Threads that load plugins at once, as the first thing the process does; then forks: plugin_threads GUEST PLUGIN */
#define _GNU_SOURCE
#include "harness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include <wasmedge/plugin.h>

enum { THREADS = 8, FORKS = 20 };

static const char *guest, *file;
static pthread_barrier_t start;
static const WasmEdge_PluginContext *found[THREADS];

static void load(void) {
  WasmEdge_PluginLoadWithDefaultPaths();
  WasmEdge_PluginLoadFromPath(file);
}

/* Whether a new VM has a new instance of the plugin's module. */
static bool works(void) {
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  WasmEdge_Value result = WasmEdge_ValueGenI32(0);
  const WasmEdge_Result done = WasmEdge_VMRunWasmFromFile(vm, guest, NAME("count"), NULL, 0, &result, 1);
  WasmEdge_VMDelete(vm);
  return WasmEdge_ResultOK(done) && WasmEdge_ValueGetI32(result) == 1;
}

static void *use(void *place) {
  pthread_barrier_wait(&start);
  load();
  const WasmEdge_PluginContext *plugin = WasmEdge_PluginFind(NAME("probe"));
  if (works()) *(const WasmEdge_PluginContext **)place = plugin;
  return NULL;
}

static atomic_bool ended;

static void *load_on(void *unused) {
  while (!ended) load();
  return unused;
}

int main(int argc, char **argv) {
  CHECK(argc == 4);
  guest = argv[1];
  file = argv[2];
  WasmEdge_LogSetErrorLevel();

  pthread_t threads[THREADS];
  CHECK(pthread_barrier_init(&start, NULL, THREADS) == 0);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, use, &found[i]) == 0);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  for (int i = 0; i < THREADS; i++) CHECK(found[i] != NULL && found[i] == found[0]);
  CHECK(WasmEdge_PluginListPluginsLength() == (uint32_t)atoi(argv[3]));

  CHECK(pthread_create(&threads[0], NULL, load_on, NULL) == 0);
  for (int i = 0; i < FORKS; i++) {
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      alarm(60);
      load();
      _exit(WasmEdge_PluginFind(NAME("probe")) == found[0] && works() ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
  }
  ended = true;
  CHECK(pthread_join(threads[0], NULL) == 0);
  return 0;
}
