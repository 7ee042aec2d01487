/* A host that loads a plugin from the default paths and from a path: plugin_host GUEST PLUGIN */
#include "harness.h"

#include <pthread.h>

#include <wasmedge/plugin.h>

static WasmEdge_String string(const char *text) { return WasmEdge_StringWrap(text, (uint32_t)strlen(text)); }

static const char *guest;

static int32_t count(WasmEdge_VMContext *vm) {
  WasmEdge_Value result[1];
  if (!WasmEdge_ResultOK(WasmEdge_VMRunWasmFromFile(vm, guest, string("count"), NULL, 0, result, 1))) return -1;
  return WasmEdge_ValueGetI32(result[0]);
}

static void *use(void *failed) {
  for (int i = 0; i < 20; i++) {
    WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
    if (count(vm) != 1 || count(vm) != 2) *(int *)failed = 1;
    WasmEdge_VMDelete(vm);
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  guest = argv[1];
  WasmEdge_LogSetErrorLevel();
  const char *const commands[] = {"echo"};

  /* Nothing is there before. */
  CHECK(WasmEdge_PluginListPluginsLength() == 0);
  CHECK(WasmEdge_PluginFind(string("probe")) == NULL);
  CHECK(WasmEdge_ModuleInstanceCreateWasmEdgeProcess(commands, 1, false) == NULL);
  WasmEdge_PluginLoadFromPath("/nowhere");
  CHECK(WasmEdge_PluginListPluginsLength() == 0);
  WasmEdge_PluginLoadFromPath(argv[2]);
  CHECK(WasmEdge_PluginListPluginsLength() == 1);
  for (int again = 0; again < 2; again++) {
    WasmEdge_Plugin_loadWithDefaultPluginPaths();
    WasmEdge_PluginLoadWithDefaultPaths();
    WasmEdge_PluginLoadFromPath(argv[2]);
  }

  WasmEdge_String names[3] = {string("?"), string("?"), string("?")};
  const uint32_t count = (uint32_t)atoi(argv[3]); /* with those that come with the package */
  CHECK(WasmEdge_PluginListPlugins(NULL, 3) == count);
  CHECK(WasmEdge_PluginListPlugins(names, 1) == count);
  CHECK(WasmEdge_StringIsEqual(names[0], string("probe")) && WasmEdge_StringIsEqual(names[1], string("?")));
  CHECK(WasmEdge_PluginListPlugins(names, 2) == count);
  CHECK(WasmEdge_StringIsEqual(names[1], string("wasmedge_process")) && WasmEdge_StringIsEqual(names[2], string("?")));

  const WasmEdge_PluginContext *probe = WasmEdge_PluginFind(string("probe"));
  CHECK(probe != NULL && probe == WasmEdge_PluginFind(string("probe")));
  CHECK(WasmEdge_StringIsEqual(WasmEdge_PluginGetPluginName(probe), string("probe")));
  CHECK(WasmEdge_PluginListModuleLength(probe) == 2);
  CHECK(WasmEdge_PluginListModule(probe, names, 3) == 2);
  CHECK(WasmEdge_StringIsEqual(names[0], string("probe_module")) && WasmEdge_StringIsEqual(names[1], string("none")));

  /* NULL */
  CHECK(WasmEdge_PluginGetPluginName(NULL).Length == 0 && WasmEdge_PluginGetPluginName(NULL).Buf == NULL);
  CHECK(WasmEdge_PluginListModuleLength(NULL) == 0 && WasmEdge_PluginListModule(NULL, names, 3) == 0);
  CHECK(WasmEdge_PluginCreateModule(NULL, string("none")) == NULL);
  CHECK(!WasmEdge_PluginSetOption(NULL, string("probe-i8"), string("1")));
  CHECK(WasmEdge_ModuleInstanceGetHostData(NULL) == NULL);
  WasmEdge_PluginLoadFromPath(NULL);

  /* Modules of its own, for a store of its own. */
  CHECK(WasmEdge_PluginCreateModule(probe, string("none")) == NULL);
  CHECK(WasmEdge_PluginCreateModule(probe, string("unknown")) == NULL);
  WasmEdge_ModuleInstanceContext *made = WasmEdge_PluginCreateModule(probe, string("probe_module"));
  CHECK(made != NULL && WasmEdge_ModuleInstanceGetHostData(made) != NULL);
  CHECK(WasmEdge_ModuleInstanceListFunctionLength(made) == 2);
  WasmEdge_ModuleInstanceDelete(made);
  WasmEdge_ModuleInstanceContext *plain = WasmEdge_ModuleInstanceCreate(string("plain"));
  CHECK(WasmEdge_ModuleInstanceGetHostData(plain) == NULL);
  WasmEdge_ModuleInstanceDelete(plain);

  /* Options */
  CHECK(WasmEdge_PluginSetOption(probe, string("probe-i8"), string("-128")));
  CHECK(!WasmEdge_PluginSetOption(probe, string("probe-i8"), string("-129")));
  CHECK(!WasmEdge_PluginSetOption(probe, string("probe"), string("1")));

  /* Several VMs, several threads. */
  int failed = 0;
  pthread_t threads[3];
  for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, use, &failed);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  CHECK(failed == 0);

  /* wasmedge_process: with its host registration only, or made by hand. */
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  CHECK(WasmEdge_VMGetImportModuleContext(vm, WasmEdge_HostRegistration_WasmEdge_Process) == NULL);
  CHECK(WasmEdge_StoreFindModule(WasmEdge_VMGetStoreContext(vm), string("wasmedge_process")) == NULL);
  CHECK(WasmEdge_StoreFindModule(WasmEdge_VMGetStoreContext(vm), string("probe_module")) != NULL);
  WasmEdge_VMDelete(vm);
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureAddHostRegistration(configure, WasmEdge_HostRegistration_WasmEdge_Process);
  WasmEdge_ModuleInstanceInitWasmEdgeProcess(commands, 1, false);
  vm = WasmEdge_VMCreate(configure, NULL);
  made = WasmEdge_VMGetImportModuleContext(vm, WasmEdge_HostRegistration_WasmEdge_Process);
  CHECK(made != NULL && WasmEdge_ModuleInstanceListFunctionLength(made) == 11);
  CHECK(WasmEdge_StoreFindModule(WasmEdge_VMGetStoreContext(vm), string("wasmedge_process")) == made);
  WasmEdge_ModuleInstanceDelete(made); /* the VM's: nothing happens */
  CHECK(WasmEdge_ModuleInstanceListFunctionLength(made) == 11);
  WasmEdge_VMDelete(vm);
  WasmEdge_ConfigureDelete(configure);
  made = WasmEdge_ModuleInstanceCreateWasmEdgeProcess(NULL, 0, false);
  CHECK(made != NULL && WasmEdge_ModuleInstanceListFunctionLength(made) == 11);
  WasmEdge_ModuleInstanceDelete(made);
  return 0;
}
