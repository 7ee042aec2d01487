/* How the two shared objects meet. libwasmedge_c.so holds the kernel and the C API and knows no symbol
 * of Python; _native, the cffi module, is linked with it. When _native is loaded it exchanges tables
 * with the library: the kernel's functions for the functions that Python implements. After that both
 * sides call each other's functions under their names.
 */
#ifndef PYWASMEDGE_BRIDGE_H
#define PYWASMEDGE_BRIDGE_H

#include "callbacks.h"
#include "contexts.h"
#include "kernel_table.h"

#define WE_MEMBER(name) __typeof__(name) *name;

typedef struct we_kernel {
  WE_KERNEL_FUNCTIONS(WE_MEMBER)
} we_kernel;

typedef struct we_python {
  WE_PYTHON_FUNCTIONS(WE_MEMBER)
} we_python;

/* The only function libwasmedge_c.so exports besides the C API's. Gives the kernel's table and takes
 * Python's; NULL if the caller was built from other headers or another caller was there before. */
__attribute__((visibility("default"))) const we_kernel *pywasmedge_kernel(const char *digest, const we_python *python);

#ifdef WE_NATIVE
/* In _native: set when it is loaded; NULL if the library refused. */
extern const we_kernel *we_bound_kernel __attribute__((visibility("hidden")));
#include "kernel_calls.h"
#else
/* In the library: empty until _native has been loaded. */
extern we_python we_bound_python;
#endif

#endif
