/* The library's side of bridge.h. */
#include "bridge.h"

#include <string.h>

#include "internal.h"

#define ADDRESS(name) .name = name,

we_python we_bound_python;

static const we_kernel kernel = {WE_KERNEL_FUNCTIONS(ADDRESS)};

const we_kernel *pywasmedge_kernel(const char *digest, const we_python *python) {
  static _Atomic(const we_python *) bound;
  const we_python *nobody = NULL;
  if (strcmp(digest, WE_DIGEST) != 0) return NULL;
  if (!atomic_compare_exchange_strong(&bound, &nobody, python) && nobody != python) return NULL;
  we_bound_python = *python;
  fork_watch();
  llvm_watch_exit();
  return &kernel;
}

int32_t we_py_host(void *data, we_instance *caller, uint64_t *frame) {
  return we_bound_python.we_py_host(data, caller, frame);
}
