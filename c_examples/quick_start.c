/* Quick start: run a function of a WebAssembly file.
 *
 * A VM does all the steps in one call: load, validate, instantiate, execute. */
#include <stdio.h>

#include <wasmedge/wasmedge.h>

int main(void) {
  printf("C API of WasmEdge %s\n", WasmEdge_VersionGet());

  /* NULL twice: the default configuration, and a store of the VM's own. */
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);

  /* Functions are called by name. This string is a copy, so it has to be deleted. */
  WasmEdge_String fib = WasmEdge_StringCreateByCString("fib");
  WasmEdge_Value params[1] = {WasmEdge_ValueGenI32(24)};
  WasmEdge_Value returns[1];

  WasmEdge_Result result = WasmEdge_VMRunWasmFromFile(vm, "quick_start.wasm", fib, params, 1, returns, 1);
  if (!WasmEdge_ResultOK(result)) {
    fprintf(stderr, "cannot run fib: %s\n", WasmEdge_ResultGetMessage(result));
    return 1;
  }
  printf("fib(24) = %d\n", WasmEdge_ValueGetI32(returns[0]));

  /* The module stays instantiated: further calls load nothing. */
  printf("fib(1..12) =");
  for (int32_t n = 1; n <= 12; n++) {
    params[0] = WasmEdge_ValueGenI32(n);
    result = WasmEdge_VMExecute(vm, fib, params, 1, returns, 1);
    if (!WasmEdge_ResultOK(result)) {
      fprintf(stderr, "\ncannot run fib: %s\n", WasmEdge_ResultGetMessage(result));
      return 1;
    }
    printf(" %d", WasmEdge_ValueGetI32(returns[0]));
  }
  printf("\n");

  WasmEdge_StringDelete(fib);
  WasmEdge_VMDelete(vm);
  return 0;
}
