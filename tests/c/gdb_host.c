/* Runs function `run` of the module named by the first argument, which imports `report`, without parameters, from
 * `host`. A debugger stops in `report`, which waits for a line of input if there is a second argument. */
#include <stdio.h>
#include <wasmedge/wasmedge.h>

static unsigned calls;
static int waits;

__attribute__((noinline)) static WasmEdge_Result report(void *data, WasmEdge_MemoryInstanceContext *memory,
                                                        const WasmEdge_Value *arguments, WasmEdge_Value *results) {
  (void)data, (void)memory, (void)arguments, (void)results;
  if (calls++ == 0 && waits) {
    puts("waiting");
    fflush(stdout);
    getchar();
  }
  return WasmEdge_Result_Success;
}

int main(int count, char **words) {
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  WasmEdge_String host_name = WasmEdge_StringCreateByCString("host");
  WasmEdge_String report_name = WasmEdge_StringCreateByCString("report");
  WasmEdge_String run_name = WasmEdge_StringCreateByCString("run");
  WasmEdge_ModuleInstanceContext *host = WasmEdge_ModuleInstanceCreate(host_name);
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(NULL, 0, NULL, 0);
  WasmEdge_ModuleInstanceAddFunction(host, report_name, WasmEdge_FunctionInstanceCreate(type, report, NULL, 0));
  WasmEdge_FunctionTypeDelete(type);
  waits = count == 3;
  if (count < 2 || !WasmEdge_ResultOK(WasmEdge_VMRegisterModuleFromImport(vm, host))) return 2;
  const WasmEdge_Result result = WasmEdge_VMRunWasmFromFile(vm, words[1], run_name, NULL, 0, NULL, 0);
  printf("%u: %s\n", calls, WasmEdge_ResultGetMessage(result));
  WasmEdge_VMDelete(vm);
  WasmEdge_ModuleInstanceDelete(host);
  WasmEdge_StringDelete(host_name);
  WasmEdge_StringDelete(report_name);
  WasmEdge_StringDelete(run_name);
  return WasmEdge_ResultOK(result) ? 0 : 1;
}
