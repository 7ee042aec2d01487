/* What the files of _native include first. */
#ifndef PYWASMEDGE_NATIVE_H
#define PYWASMEDGE_NATIVE_H

#define WE_NATIVE
#include "bridge.h"

/* Whether the kernel and this module belong together. */
static inline bool we_is_bound(void) { return we_bound_kernel != 0; }

#endif
