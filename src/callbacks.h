/* Python functions that C calls; cffi reads them from here (inside extern "Python+C"). Each takes
 * the interpreter lock by itself. */
#ifndef PYWASMEDGE_CALLBACKS_H
#define PYWASMEDGE_CALLBACKS_H

#include "instance.h"

/* Runs a host function of Python: 0, or the code the guest traps with. */
int32_t we_py_host(void *data, we_instance *caller, uint64_t *frame);
/* Compiles defined function `index` of a module and publishes it: 0, or a trap code. */
int32_t we_py_compile(void *module, uint32_t index);
/* Quick code of defined function `index` has run often (in its loop at offset `loop`, if that is not 0):
 * asks for better code, which comes later. Returns 0, or after how many more turns to ask again. */
uint32_t we_py_hot(void *module, uint32_t index, uint32_t loop);
/* Makes the adapters of a function type: 0, or a trap code. */
int32_t we_py_adapt(uint32_t type_id);
/* Has Python's handlers of signals that have come run: 0, or the code the guest traps with if one has raised. */
int32_t we_py_signals(void);
/* The context of a module's export that Python makes at the first find, or NULL. */
void *we_py_find(void *module, uint8_t kind, const char *name, uint32_t length);
/* The last reference to a module context has gone. */
void we_py_module_end(void *module);
/* Another context of an AST module, or NULL. */
void *we_py_ast_hold(const void *module);
/* A call from C has ended with `code` because a host function of Python, or compiling a function, raised:
 * logs the exception unless the guest has just ended itself. */
void we_py_forget(int32_t code);

#endif
