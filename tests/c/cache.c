/* cache FILE FUNCTION VALUE [delete]: runs an exported function of type i32 -> i32 and prints its result. The VM
 * is deleted if the last argument is there; otherwise the process ends without. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <wasmedge/wasmedge.h>

int main(int count, char **words) {
  if (count < 4) return 2;
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  WasmEdge_Value argument = WasmEdge_ValueGenI32(atoi(words[3])), result;
  const WasmEdge_String name = WasmEdge_StringCreateByCString(words[2]);
  const WasmEdge_Result done = WasmEdge_VMRunWasmFromFile(vm, words[1], name, &argument, 1, &result, 1);
  WasmEdge_StringDelete(name);
  if (!WasmEdge_ResultOK(done)) {
    fprintf(stderr, "%s\n", WasmEdge_ResultGetMessage(done));
    return 1;
  }
  printf("%d\n", WasmEdge_ValueGetI32(result));
  fflush(stdout);
  if (count > 4) WasmEdge_VMDelete(vm);
  _exit(0);
}
