/* network GUEST DIRECTORY ARG...: runs a program with WASI; its exit code. What it may use of the network is in the
 * environment variable PYWASMEDGE_NETWORK. */
#include <stdio.h>
#include <wasmedge/wasmedge.h>

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  char preopen[4096];
  snprintf(preopen, sizeof preopen, "/:%s", argv[2]);
  const char *preopens[] = {preopen};
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureAddHostRegistration(configure, WasmEdge_HostRegistration_Wasi);
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(configure, NULL);
  WasmEdge_ModuleInstanceContext *wasi = WasmEdge_VMGetImportModuleContext(vm, WasmEdge_HostRegistration_Wasi);
  WasmEdge_ModuleInstanceInitWASI(wasi, (const char *const *)argv + 2, argc - 2, NULL, 0, preopens, 1);
  WasmEdge_String start = WasmEdge_StringCreateByCString("_start");
  WasmEdge_Result result = WasmEdge_VMRunWasmFromFile(vm, argv[1], start, NULL, 0, NULL, 0);
  int code = WasmEdge_ResultOK(result) ? (int)WasmEdge_ModuleInstanceWASIGetExitCode(wasi) : 125;
  WasmEdge_StringDelete(start);
  WasmEdge_VMDelete(vm);
  WasmEdge_ConfigureDelete(configure);
  return code;
}
