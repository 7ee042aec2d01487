/* Starting Python. The library knows no symbol of Python: it finds an interpreter that is already in
 * the process, or loads and starts one (python_find.c), and has it import pywasmedge.capi, which loads
 * _native, which gives the library its table of functions (bridge.h).
 *
 * Locks: `start_lock` makes one thread start the interpreter. It is not held while waiting for the
 * interpreter lock, since a thread that holds that one may call in. Importing is serialised by Python.
 *
 * The interpreter is never finalised: threads may be in it when the process ends.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "bridge.h"
#include "capi.h"
#include "python_find.h"
#include "streams.h"

typedef struct PyObject PyObject;

/* ---- Python's functions ------------------------------------------------------------------------------- */

#define NEEDED_FUNCTIONS(X)                                                       \
  X(const char *, Py_GetVersion, (void))                                          \
  X(int, Py_IsInitialized, (void))                                                \
  X(int, PyGILState_Ensure, (void))                                               \
  X(void, PyGILState_Release, (int))                                              \
  X(int, PyGILState_Check, (void))                                                \
  X(void *, PyEval_SaveThread, (void))                                            \
  X(PyObject *, Py_CompileString, (const char *, const char *, int))              \
  X(PyObject *, PyEval_EvalCode, (PyObject *, PyObject *, PyObject *))            \
  X(PyObject *, PyDict_New, (void))                                               \
  X(int, PyDict_SetItemString, (PyObject *, const char *, PyObject *))            \
  X(PyObject *, PyDict_GetItemString, (PyObject *, const char *))                 \
  X(PyObject *, PyList_New, (ssize_t))                                            \
  X(int, PyList_Append, (PyObject *, PyObject *))                                 \
  X(PyObject *, PyUnicode_DecodeFSDefault, (const char *))                        \
  X(PyObject *, PyBool_FromLong, (long))                                          \
  X(char *, PyBytes_AsString, (PyObject *))                                       \
  X(void, PyErr_Clear, (void))                                                    \
  X(void, Py_DecRef, (PyObject *))                                                \
  X(void, PyOS_BeforeFork, (void))                                                \
  X(void, PyOS_AfterFork_Parent, (void))                                          \
  X(void, PyOS_AfterFork_Child, (void))

#define DECLARE(returns, name, parameters) returns(*name) parameters;
static struct { NEEDED_FUNCTIONS(DECLARE) } py;

/* Looks all of them up; false if one is missing. Several threads may write the same values. */
static bool look_up(void *handle) {
#define LOOK_UP(returns, name, parameters) \
  if ((*(void **)&py.name = dlsym(handle, #name)) == NULL) return false;
  NEEDED_FUNCTIONS(LOOK_UP)
  return true;
}

/* ---- Messages ----------------------------------------------------------------------------------------------- */

/* Says, the first time, why there is no Python. Always false. */
__attribute__((format(printf, 1, 2))) static bool complain(const char *format, ...) {
  static atomic_flag said = ATOMIC_FLAG_INIT;
  if (atomic_flag_test_and_set(&said)) return false;
  char *text = NULL;
  va_list arguments;
  va_start(arguments, format);
  const int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  if (length >= 0) {
    fprintf(stderr, "libwasmedge_c.so: %s\n  the library is %s\n", text, python_own_library());
    free(text);
  }
  return false;
}

/* ---- Starting the interpreter -------------------------------------------------------------------------------- */

/* PyPreConfig and PyStatus of Python 3.10 to 3.13; later releases have PyInitConfig instead. */
typedef struct {
  int config_init, parse_argv, isolated, use_environment, configure_locale, coerce_c_locale, coerce_c_locale_warn;
  int utf8_mode, dev_mode, allocator;
  int reserve[32];
} python_preconfig;

typedef struct {
  int type; /* 0: success */
  const char *function, *message;
  int exit_code;
} python_status;

#define FUNCTION(handle, name, returns, ...)     \
  returns (*name)(__VA_ARGS__);                  \
  *(void **)&name = dlsym(handle, #name);

static void set_flag(void *handle, const char *name) {
  int *flag = dlsym(handle, name);
  if (flag != NULL) *flag = 1;
}

/* Python up to 3.13: global switches. Neither environment nor locale nor signals are touched. */
static bool initialise_by_flags(void *handle, const char *executable) {
  FUNCTION(handle, PyPreConfig_InitIsolatedConfig, void, python_preconfig *)
  FUNCTION(handle, Py_PreInitialize, python_status, const python_preconfig *)
  FUNCTION(handle, Py_DecodeLocale, wchar_t *, const char *, size_t *)
  FUNCTION(handle, Py_SetProgramName, void, const wchar_t *)
  FUNCTION(handle, Py_InitializeEx, void, int)
  if (!PyPreConfig_InitIsolatedConfig || !Py_PreInitialize || !Py_DecodeLocale || !Py_SetProgramName ||
      !Py_InitializeEx)
    return complain("this release of Python cannot be started: it lacks functions for that");
  python_preconfig preconfig;
  PyPreConfig_InitIsolatedConfig(&preconfig);
  preconfig.utf8_mode = 1;
  const python_status status = Py_PreInitialize(&preconfig);
  if (status.type != 0)
    return complain("Python cannot be started: %s", status.message != NULL ? status.message : "no reason given");
  static const char *const flags[] = {"Py_NoSiteFlag", "Py_IgnoreEnvironmentFlag", "Py_FrozenFlag"};
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) set_flag(handle, flags[i]);
  wchar_t *name = Py_DecodeLocale(executable, NULL); /* Python keeps it */
  if (name == NULL) return complain("Python cannot be started: %s cannot be decoded", executable);
  Py_SetProgramName(name);
  Py_InitializeEx(0);
  return true;
}

/* Python from 3.14 on. A new configuration leaves environment, locale and signals alone; `isolated` is only taken
 * off because it would hide the user's packages from the module site. */
static bool initialise_by_config(void *handle, const char *executable) {
  FUNCTION(handle, PyInitConfig_Create, void *, void)
  FUNCTION(handle, PyInitConfig_Free, void, void *)
  FUNCTION(handle, PyInitConfig_SetStr, int, void *, const char *, const char *)
  FUNCTION(handle, PyInitConfig_SetInt, int, void *, const char *, int64_t)
  FUNCTION(handle, PyInitConfig_GetError, int, void *, const char **)
  FUNCTION(handle, Py_InitializeFromInitConfig, int, void *)
  void *config = PyInitConfig_Create != NULL ? PyInitConfig_Create() : NULL;
  if (!config || !PyInitConfig_Free || !PyInitConfig_SetStr || !PyInitConfig_SetInt || !PyInitConfig_GetError ||
      !Py_InitializeFromInitConfig)
    return complain("this release of Python cannot be started: it lacks functions for that");
  static const struct {
    const char *name;
    int64_t value;
  } options[] = {{"utf8_mode", 1}, {"isolated", 0}, {"user_site_directory", 1}, {"site_import", 0},
                 {"pathconfig_warnings", 0}};
  bool ok = PyInitConfig_SetStr(config, "program_name", executable) == 0;
  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    ok = ok && PyInitConfig_SetInt(config, options[i].name, options[i].value) == 0;
  ok = ok && Py_InitializeFromInitConfig(config) == 0;
  if (!ok) {
    const char *message = NULL;
    PyInitConfig_GetError(config, &message);
    complain("Python cannot be started: %s", message != NULL ? message : "no reason given");
  }
  PyInitConfig_Free(config);
  return ok;
}

/* Starts `home`; the calling thread does not hold the interpreter lock afterwards. */
static bool initialise(const python_home *home) {
  const bool modern = dlsym(home->library, "PyInitConfig_Create") != NULL;
  int parked[STREAMS];
  for (int stream = 0; stream < STREAMS; stream++) parked[stream] = stream_park(stream);
  const bool ok = (modern ? initialise_by_config : initialise_by_flags)(home->library, home->executable);
  for (int stream = 0; stream < STREAMS; stream++) stream_put_back(stream, parked[stream]);
  if (ok) py.PyEval_SaveThread();
  return ok;
}

/* ---- Importing --------------------------------------------------------------------------------------- */

/* Sets `problem` to None or to what went wrong. `package` is the directory that contains pywasmedge, or "";
 * `places` are directories of packages. An interpreter that was started here (`own`) has not imported the
 * module site, and `prefix` is its environment; one of the host's is left as it is if possible.
 * The package is loaded from its own place as `import` would do it, under the lock of its name: a change of
 * sys.meta_path, however short, would make threads that go through it miss a finder. */
static const char import_script[] =
    "import sys\n"
    "from _frozen_importlib import _ModuleLockManager, _find_spec, _load_unlocked\n"
    "from _frozen_importlib_external import PathFinder\n"
    "def load_package():\n"
    "    with _ModuleLockManager('pywasmedge'):\n"
    "        spec = PathFinder.find_spec('pywasmedge', [package])\n"
    "        if spec is not None and 'pywasmedge' not in sys.modules:\n"
    "            _load_unlocked(spec)\n"
    "def import_functions():\n"
    "    for _ in range(100):\n" /* who waits for another thread's import gets what failed, too */
    "        import pywasmedge.capi\n"
    "        module = sys.modules.get('pywasmedge.capi')\n"
    "        if module is not None and not getattr(module.__spec__, '_initializing', False):\n"
    "            break\n"
    "def attempt():\n" /* begins no import that would fail */
    "    try:\n"
    "        for name in (*([] if package else ['pywasmedge']), '_cffi_backend', 'llvmlite'):\n"
    "            if name not in sys.modules and _find_spec(name, None) is None:\n"
    "                raise ModuleNotFoundError(f'No module named {name!r}')\n"
    "        if package:\n"
    "            load_package()\n"
    "        import_functions()\n"
    "    except BaseException as error:\n"
    "        return error\n"
    "def add_places():\n"
    "    sys.path += [place for place in places if place not in sys.path]\n"
    "if own:\n"
    "    import gc\n" /* importing makes many objects and no garbage */
    "    gc.disable()\n"
    "    sys.prefix = sys.exec_prefix = prefix\n"
    "    add_places()\n"
    "error = attempt()\n"
    "if isinstance(error, ImportError):\n"
    "    if own:\n"
    "        import site\n"
    "        site.main()\n"
    "    else:\n"
    "        add_places()\n"
    "    error = attempt()\n"
    "if own:\n"
    "    gc.freeze()\n"
    "    gc.enable()\n"
    "problem = None\n"
    "if error is not None:\n"
    "    lines = []\n"
    "    while error is not None:\n"
    "        lines.append(f'{type(error).__name__}: {error}')\n"
    "        error = error.__cause__ or error.__context__\n"
    "    problem = '\\n  because of '.join(lines).encode('utf-8', 'backslashreplace')\n"
    "else:\n"
    "    used = str(sys.modules['pywasmedge'].__file__).encode('utf-8', 'backslashreplace')\n";

static void set(PyObject *variables, const char *name, PyObject *value) {
  if (value == NULL || py.PyDict_SetItemString(variables, name, value) != 0) py.PyErr_Clear();
  if (value != NULL) py.Py_DecRef(value);
}

/* Runs the script. Called with the interpreter lock held. */
static PyObject *run_import(const python_home *home, bool own) {
  python_path package;
  python_package_parent(package);
  PyObject *variables = py.PyDict_New(), *places = py.PyList_New(0);
  if (variables == NULL || places == NULL) return NULL;
  for (int i = 0; i < home->place_count; i++) {
    PyObject *place = py.PyUnicode_DecodeFSDefault(home->places[i]);
    if (place == NULL || py.PyList_Append(places, place) != 0) py.PyErr_Clear();
    if (place != NULL) py.Py_DecRef(place);
  }
  set(variables, "places", places);
  set(variables, "own", py.PyBool_FromLong(own));
  set(variables, "package", py.PyUnicode_DecodeFSDefault(package));
  set(variables, "prefix", py.PyUnicode_DecodeFSDefault(home->prefix));
  enum { FILE_INPUT = 257 }; /* Py_file_input */
  PyObject *code = py.Py_CompileString(import_script, "libwasmedge_c.so", FILE_INPUT);
  PyObject *done = code != NULL ? py.PyEval_EvalCode(code, variables, variables) : NULL;
  if (code != NULL) py.Py_DecRef(code);
  if (done == NULL) py.PyErr_Clear();
  if (done != NULL) py.Py_DecRef(done);
  return variables;
}

/* The bytes in a variable of the script, or NULL. */
static const char *text_in(PyObject *variables, const char *name) {
  PyObject *value = py.PyDict_GetItemString(variables, name);
  const char *text = value != NULL ? py.PyBytes_AsString(value) : NULL;
  if (value != NULL && text == NULL) py.PyErr_Clear();
  return text;
}

static bool import_package(const python_home *home, bool own) {
  const int state = py.PyGILState_Ensure();
  PyObject *variables = run_import(home, own);
  const char *problem = variables != NULL ? text_in(variables, "problem") : "out of memory";
  const char *used = variables != NULL ? text_in(variables, "used") : NULL;
  if (problem == NULL && used == NULL) problem = "its import system is not as expected";
  const bool is_bound = we_bound_python.we_py_host != NULL;
  const char *version = py.Py_GetVersion();
  if (problem != NULL) {
    complain("Python %.*s (%s) cannot import the package pywasmedge, or something that needs:\n  %s\n%s",
             (int)strcspn(version, " "), version, own ? home->executable : "of the host", problem,
             own ? "Install the library again with pip, or set PYWASMEDGE_PYTHON to the interpreter that has\n"
                   "the packages cffi and llvmlite."
                 : "Install the library with pip for this Python.");
  } else if (!is_bound) {
    complain("this process already uses another copy of the library, through %s.\nLoad the library only once.",
             used != NULL ? used : "another package");
  }
  if (variables != NULL) py.Py_DecRef(variables);
  py.PyGILState_Release(state);
  return problem == NULL && is_bound;
}

/* ---- Getting ready -------------------------------------------------------------------------------------------- */

static atomic_bool ready;    /* pywasmedge.capi is there */
static atomic_bool starting; /* an interpreter of ours is or will be running */
static atomic_bool started;  /* it is running */
static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
static python_home *own_home; /* what was started; written once, with start_lock held */

/* Whether the functions of `home` are those that the process would use: the host may have been linked
 * with another libpython that it does not use. */
static bool is_only_one(const python_home *home) {
  void *function = dlsym(RTLD_DEFAULT, "Py_IsInitialized");
  Dl_info info;
  if (function == NULL || function == dlsym(home->library, "Py_IsInitialized")) return true;
  const bool known = dladdr(function, &info) != 0;
  return complain("the host contains another Python (%s) than the one to start (%s)",
                  known ? info.dli_fname : "unknown", home->executable);
}

/* Starts an interpreter unless there is one or starting has failed before. Called with start_lock held. */
static bool start(void) {
  static bool failed;
  if (failed || own_home != NULL) return !failed;
  failed = true;
  python_home *home = calloc(1, sizeof *home);
  python_report *report = calloc(1, sizeof *report);
  if (home == NULL || report == NULL) {
    complain("Python cannot be started: out of memory");
  } else if (!python_find(home, true, report)) {
    complain("no Python to start has been found. Tried:\n%s"
             "Set PYWASMEDGE_PYTHON to the executable of a Python that has a shared libpython and the packages\n"
             "cffi and llvmlite, or install the library again with pip.",
             report->text);
  } else if (!look_up(home->library)) {
    complain("%s is no Python that can be used: it lacks functions", home->executable);
  } else if (py.Py_IsInitialized()) {
    failed = false; /* it was in the process, but hidden */
  } else if (is_only_one(home)) {
    atomic_store(&starting, true);
    failed = !initialise(home);
    own_home = failed ? NULL : home;
    atomic_store(&started, !failed);
    atomic_store(&starting, !failed);
  }
  if (own_home == NULL) free(home);
  free(report);
  return !failed;
}

/* Whether the host is Python or has started one. */
static bool host_has_python(void) {
  int (*is_initialised)(void);
  *(void **)&is_initialised = dlsym(RTLD_DEFAULT, "Py_IsInitialized");
  return is_initialised != NULL && is_initialised() && !atomic_load(&starting);
}

/* Imports into the host's interpreter. */
static bool import_into_host(void) {
  const char *version = py.Py_GetVersion();
  python_home *home = calloc(1, sizeof *home);
  if (home == NULL) return complain("out of memory");
  python_find_places(home, strncmp(version, "3.", 2) == 0 ? atoi(version + 2) : 0);
  const bool ok = import_package(home, false);
  free(home);
  return ok;
}

static bool get_ready(void) {
  fork_watch();
  if (!atomic_load(&started)) {
    if (host_has_python()) {
      if (!look_up(RTLD_DEFAULT)) return complain("the Python in this process is too old");
    } else {
      pthread_mutex_lock(&start_lock);
      const bool ok = start();
      pthread_mutex_unlock(&start_lock);
      if (!ok) return false;
    }
  }
  if (!(atomic_load(&started) ? import_package(own_home, true) : import_into_host())) return false;
  atomic_store_explicit(&ready, true, memory_order_release);
  return true;
}

bool python_ready(void) { return atomic_load_explicit(&ready, memory_order_acquire) || get_ready(); }

/* ---- fork ------------------------------------------------------------------------------------------------------ */

/* A thread that holds the interpreter lock runs code of Python, which does all this itself when it forks. */
static __thread bool in_fork __attribute__((tls_model("initial-exec")));
static int fork_state; /* start_lock guards it */

void python_before_fork(void) {
  in_fork = !(atomic_load(&started) && py.PyGILState_Check());
  if (!in_fork) return;
  pthread_mutex_lock(&start_lock);
  if (!atomic_load(&started)) return;
  fork_state = py.PyGILState_Ensure();
  py.PyOS_BeforeFork();
}

void python_after_fork(bool in_child) {
  if (!in_fork) return;
  in_fork = false;
  if (atomic_load(&started) && in_child) {
    py.PyOS_AfterFork_Child();
    py.PyEval_SaveThread(); /* keeps this thread's state: Python cannot do without any */
  } else if (atomic_load(&started)) {
    py.PyOS_AfterFork_Parent();
    py.PyGILState_Release(fork_state);
  }
  pthread_mutex_unlock(&start_lock);
}
