/* Runs a guest of wasmedge_process: plugin_process GUEST, with what is allowed set in four ways. */
#include "harness.h"

/* Exit code of the guest for the command `sh -c "exit 3"`. */
static uint32_t run(const char *guest, WasmEdge_ModuleInstanceContext *process) {
  const char *const args[] = {"guest", "sh", "-c", "exit 3"};
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureAddHostRegistration(configure, WasmEdge_HostRegistration_Wasi);
  if (process == NULL) WasmEdge_ConfigureAddHostRegistration(configure, WasmEdge_HostRegistration_WasmEdge_Process);
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(configure, NULL);
  WasmEdge_ConfigureDelete(configure);
  if (process != NULL) CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, process), 0);
  WasmEdge_ModuleInstanceContext *wasi = WasmEdge_VMGetImportModuleContext(vm, WasmEdge_HostRegistration_Wasi);
  WasmEdge_ModuleInstanceInitWASI(wasi, args, 4, NULL, 0, NULL, 0);
  const WasmEdge_Result ended = WasmEdge_VMRunWasmFromFile(vm, guest, NAME("_start"), NULL, 0, NULL, 0);
  CHECK(WasmEdge_ResultOK(ended));
  const uint32_t code = WasmEdge_ModuleInstanceWASIGetExitCode(wasi);
  WasmEdge_VMDelete(vm);
  if (process != NULL) WasmEdge_ModuleInstanceDelete(process);
  return code;
}

int main(int argc, char **argv) {
  const char *const commands[] = {"sh"};
  CHECK(argc == 2);
  WasmEdge_ModuleInstanceInitWasmEdgeProcess(commands, 1, true); /* nothing: the plugin is not loaded */
  WasmEdge_Plugin_loadWithDefaultPluginPaths();
  CHECK(run(argv[1], NULL) == 255);
  WasmEdge_ModuleInstanceInitWasmEdgeProcess(commands, 1, false);
  CHECK(run(argv[1], NULL) == 3);
  WasmEdge_ModuleInstanceInitWasmEdgeProcess(NULL, 0, true);
  CHECK(run(argv[1], NULL) == 3);
  CHECK(run(argv[1], WasmEdge_ModuleInstanceCreateWasmEdgeProcess(commands, 1, false)) == 3);
  CHECK(run(argv[1], WasmEdge_ModuleInstanceCreateWasmEdgeProcess(NULL, 0, false)) == 255);
  CHECK(run(argv[1], NULL) == 255); /* these were the defaults of the process, too */
  return 0;
}
