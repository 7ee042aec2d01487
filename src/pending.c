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
PENDING bool python_ready(void) { return we_bound_python.we_py_host != NULL; }
