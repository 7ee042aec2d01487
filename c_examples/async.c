/* Asynchronous runs: start, wait with a time limit, cancel, fetch the results. */
#include "example.h"

enum { RUNS = 4 };

int main(void) {
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  WasmEdge_Value params[1] = {WasmEdge_ValueGenI64(1000000)}, returns[1];

  /* The run starts at once, on a thread of its own. The VM has to live until it is over. */
  WasmEdge_Async *run = WasmEdge_VMAsyncRunWasmFromFile(vm, "async.wasm", name("sum"), params, 1);
  CHECK(run != NULL);
  WasmEdge_AsyncWait(run);
  CHECK(WasmEdge_AsyncGetReturnsLength(run) == 1);
  MUST(WasmEdge_AsyncGet(run, returns, 1));
  printf("sum of 1 to 1000000: %" PRId64 "\n", WasmEdge_ValueGetI64(returns[0]));

  /* The results can be fetched any number of times; deleting the context does not touch the VM. */
  returns[0] = WasmEdge_ValueGenI64(0);
  MUST(WasmEdge_AsyncGet(run, returns, 1));
  CHECK(WasmEdge_ValueGetI64(returns[0]) == 500000500000);
  WasmEdge_AsyncDelete(run);

  /* Several runs at once on the same instance. */
  WasmEdge_Async *runs[RUNS];
  for (int i = 0; i < RUNS; i++) {
    params[0] = WasmEdge_ValueGenI64(1000 * (i + 1));
    runs[i] = WasmEdge_VMAsyncExecute(vm, name("sum"), params, 1); /* parameters and name are copied */
    CHECK(runs[i] != NULL);
  }
  for (int i = 0; i < RUNS; i++) {
    MUST(WasmEdge_AsyncGet(runs[i], returns, 1)); /* waits */
    printf("sum of 1 to %d: %" PRId64 "\n", 1000 * (i + 1), WasmEdge_ValueGetI64(returns[0]));
    WasmEdge_AsyncDelete(runs[i]);
  }

  /* A time limit: wait as long as one is willing to, then cancel. */
  run = WasmEdge_VMAsyncExecute(vm, name("spin"), NULL, 0);
  if (WasmEdge_AsyncWaitFor(run, 20))
    example_stop(__FILE__, __LINE__, "an endless loop has ended");
  printf("still running after 20 ms\n");
  WasmEdge_AsyncCancel(run);
  FAILS("after cancelling", WasmEdge_ErrCode_Interrupted, WasmEdge_AsyncGet(run, NULL, 0));
  CHECK(WasmEdge_AsyncGetReturnsLength(run) == 0);
  CHECK(WasmEdge_AsyncWaitFor(run, 0)); /* 0 asks only: it is over */
  WasmEdge_AsyncDelete(run);

  /* The instance can be used again. */
  params[0] = WasmEdge_ValueGenI64(10);
  MUST(WasmEdge_VMExecute(vm, name("sum"), params, 1, returns, 1));
  printf("sum of 1 to 10: %" PRId64 "\n", WasmEdge_ValueGetI64(returns[0]));

  /* Starting does not fail; what goes wrong shows in the result. */
  run = WasmEdge_VMAsyncExecute(vm, name("product"), params, 1);
  FAILS("no such function", WasmEdge_ErrCode_FuncNotFound, WasmEdge_AsyncGet(run, returns, 1));
  WasmEdge_AsyncDelete(run);
  run = WasmEdge_VMAsyncRunWasmFromFile(vm, "no such file.wasm", name("sum"), params, 1);
  FAILS("no such file", WasmEdge_ErrCode_IllegalPath, WasmEdge_AsyncGet(run, returns, 1));
  WasmEdge_AsyncDelete(run);

  WasmEdge_VMDelete(vm);
  return 0;
}
