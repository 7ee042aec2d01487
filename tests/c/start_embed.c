/* A host that embeds Python itself and calls the library in every state of the interpreter lock:
 * start_embed GUEST. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <pthread.h>

#include "harness.h"

static void *create_loader(void *holding) {
  (void)holding;
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  CHECK(loader != NULL);
  WasmEdge_LoaderDelete(loader);
  return NULL;
}

static void *create_with_lock(void *unused) {
  PyGILState_STATE state = PyGILState_Ensure();
  create_loader(unused);
  PyGILState_Release(state);
  return NULL;
}

int main(int count, char **arguments) {
  CHECK(count == 2);
  Py_InitializeEx(0);
  /* First calls from three sides: with the lock, from a thread that takes it, from one that does not. */
  pthread_t threads[2];
  CHECK(pthread_create(&threads[0], NULL, create_with_lock, NULL) == 0);
  CHECK(pthread_create(&threads[1], NULL, create_loader, NULL) == 0);
  create_loader(NULL);
  Py_BEGIN_ALLOW_THREADS
  pthread_join(threads[0], NULL);
  pthread_join(threads[1], NULL);
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  WasmEdge_Value param = WasmEdge_ValueGenI32(20), result;
  CHECK_CODE(WasmEdge_VMRunWasmFromFile(vm, arguments[1], NAME("fib"), &param, 1, &result, 1), 0);
  CHECK(WasmEdge_ValueGetI64(result) == 6765);
  WasmEdge_VMDelete(vm);
  Py_END_ALLOW_THREADS
  CHECK(PyRun_SimpleString("import sys; print('pywasmedge.capi' in sys.modules, flush=True)") == 0);
  return 0;
}
