/* How the library was built. */
#include <features.h>

#include "kernel.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

#if defined(__clang__)
#define COMPILER "" __VERSION__
#else
#define COMPILER "GCC " __VERSION__
#endif
#if defined(__GLIBC__)
#define C_LIBRARY "glibc " TEXT(__GLIBC__) "." TEXT(__GLIBC_MINOR__)
#else
#define C_LIBRARY "another C library than glibc"
#endif

const char *we_build(void) { return COMPILER ", " C_LIBRARY; }
