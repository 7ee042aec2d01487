/* _native's side of bridge.h: exchanges the tables when the module is loaded. */
#include "native.h"

#define ADDRESS(name) .name = name,

const we_kernel *we_bound_kernel;

static const we_python python = {WE_PYTHON_FUNCTIONS(ADDRESS)};

__attribute__((constructor)) static void bind(void) { we_bound_kernel = pywasmedge_kernel(WE_DIGEST, &python); }
