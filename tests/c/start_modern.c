/* An imitation of libpython from 3.14 on, as far as being started: it refuses, and tells what it was asked for. */
#include <stdint.h>
#include <stdio.h>

#define FUNCTION(name) \
  int name(void) { return 0; }
FUNCTION(Py_IsInitialized)
FUNCTION(PyGILState_Ensure)
FUNCTION(PyGILState_Release)
FUNCTION(PyGILState_Check)
FUNCTION(PyEval_SaveThread)
FUNCTION(Py_CompileString)
FUNCTION(PyEval_EvalCode)
FUNCTION(PyDict_New)
FUNCTION(PyDict_SetItemString)
FUNCTION(PyDict_GetItemString)
FUNCTION(PyList_New)
FUNCTION(PyList_Append)
FUNCTION(PyUnicode_DecodeFSDefault)
FUNCTION(PyBool_FromLong)
FUNCTION(PyBytes_AsString)
FUNCTION(PyErr_Clear)
FUNCTION(Py_DecRef)
FUNCTION(PyOS_BeforeFork)
FUNCTION(PyOS_AfterFork_Parent)
FUNCTION(PyOS_AfterFork_Child)

const char *Py_GetVersion(void) { return "3.99.0 (imitation)"; }

static char asked[8192];
static int length;

void *PyInitConfig_Create(void) { return asked; }
void PyInitConfig_Free(void *config) { (void)config; }

int PyInitConfig_SetInt(void *config, const char *name, int64_t value) {
  (void)config;
  length += snprintf(asked + length, sizeof asked - (size_t)length, " %s=%lld", name, (long long)value);
  return 0;
}

int PyInitConfig_SetStr(void *config, const char *name, const char *value) {
  (void)config;
  length += snprintf(asked + length, sizeof asked - (size_t)length, " %s=%s", name, value);
  return 0;
}

int Py_InitializeFromInitConfig(void *config) {
  (void)config;
  return -1;
}

int PyInitConfig_GetError(void *config, const char **message) {
  (void)config;
  *message = asked;
  return 1;
}
