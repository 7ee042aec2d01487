/* Stand-ins until their files are there. */
#include "bridge.h"
#include "capi.h"
#include <stdlib.h>
#define PENDING __attribute__((weak))
struct we_statistics { int x; };
PENDING we_statistics *we_statistics_new(void) { return calloc(1, 8); }
PENDING void we_statistics_free(we_statistics *s) { free(s); }
PENDING int32_t we_call_measured(we_statistics *s, uint32_t w, we_func *f, uint64_t *frame) { return we_call(f, frame); }
PENDING int32_t we_statistics_charge(uint64_t cost) { return 0; }
PENDING void capi_configuration(const WasmEdge_ConfigureContext *c, we_configuration *copy) { *copy = (we_configuration){.proposals = 0x7F, .max_memory_page = 65536}; }
PENDING void capi_global_free(WasmEdge_GlobalInstanceContext *global) { free(global); }
PENDING int32_t capi_log_level(void) { return 1; }
PENDING WasmEdge_Result capi_fail(uint32_t code) { return result(code); }
#include <dlfcn.h>
#include <stdio.h>
#include <wchar.h>
#include "python_build.h"
PENDING WasmEdge_FunctionTypeContext *WasmEdge_FunctionTypeCreate(const enum WasmEdge_ValType *p, const uint32_t n, const enum WasmEdge_ValType *r, const uint32_t m){uint8_t a[64],b[64];for(unsigned i=0;i<n;i++)a[i]=p[i];for(unsigned i=0;i<m;i++)b[i]=r[i];return (void*)we_type_intern(a,n,b,m);}
PENDING bool python_ready(void) {
  static int state;
  if (we_bound_python.we_py_host != NULL || state) return we_bound_python.we_py_host != NULL;
  state = 1;
  void *h = dlopen(PYTHON_LIBRARY_DIR "/" PYTHON_LIBRARY, RTLD_NOW | RTLD_GLOBAL);
  if (!h) { puts(dlerror()); return false; }
  void (*spn)(const wchar_t *) = dlsym(h, "Py_SetProgramName");
  void (*init)(int) = dlsym(h, "Py_InitializeEx");
  int (*run)(const char *) = dlsym(h, "PyRun_SimpleString");
  void *(*save)(void) = dlsym(h, "PyEval_SaveThread");
  static wchar_t w[500];
  swprintf(w, 500, L"%s", PYTHON_EXECUTABLE);
  spn(w);
  init(0);
  run("import sys; sys.path.insert(0, '/work/main'); import pywasmedge.capi");
  save();
  return we_bound_python.we_py_host != NULL;
}
