/* Finding Python. The library lies in the package directory pywasmedge/, which lies among the packages
 * of an environment, in a directory of its own, or in a source tree. Interpreters are tried in this order:
 *
 *   1. the one that the environment variable PYWASMEDGE_PYTHON names; nothing else then
 *   2. the one that the file pywasmedge/python_path names (written by `make install`)
 *   3. that of the environment: <prefix>/lib/python3.x/site-packages/pywasmedge has <prefix>/bin/python3.x
 *   4. the one that built the library, and the installation it is based on; a library that was built to be
 *      used elsewhere does not tell
 *   5. python3.x and python3 of PATH
 *
 * An interpreter is used if its version is the one the library's dependencies are installed for, if
 * the parts of the standard library that starting needs are there (without them Python ends the
 * process), and if its libpython can be loaded. No other program is run to find that out.
 */
#define _GNU_SOURCE
#include "python_find.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "python_build.h"

enum { OLDEST_MINOR = 10 };

/* ---- Paths ---------------------------------------------------------------------------------------- */

/* printf into a path; false, and "", if it does not fit. */
__attribute__((format(printf, 2, 3))) static bool put(python_path path, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(path, PATH_MAX, format, arguments);
  va_end(arguments);
  if (length >= 0 && length < PATH_MAX) return true;
  path[0] = 0;
  return false;
}

/* Cuts off the last component; what remains of "/bin" is "". */
static void to_parent(python_path path) {
  char *slash = strrchr(path, '/');
  *(slash != NULL ? slash : path) = 0;
}

static const char *name_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

static bool is_file(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static bool is_program(const char *path) { return is_file(path) && access(path, X_OK) == 0; }

void python_note(python_report *report, const char *format, ...) {
  const int room = REPORT_SIZE - report->length;
  if (room < 2) return;
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(report->text + report->length, (size_t)room - 1, format, arguments);
  va_end(arguments);
  if (length < 0) return;
  report->length += length < room - 1 ? length : room - 2;
  report->text[report->length++] = '\n';
  report->text[report->length] = 0;
}

/* ---- The library's own place -------------------------------------------------------------------------- */

static python_path own_library;

/* Runs when the library is loaded: a relative path means something only until the host changes its directory. */
__attribute__((constructor)) static void find_own_library(void) {
  Dl_info info;
  if (dladdr((const void *)(uintptr_t)find_own_library, &info) == 0 || info.dli_fname == NULL) return;
  if (realpath(info.dli_fname, own_library) == NULL) own_library[0] = 0;
}

const char *python_own_library(void) { return own_library; }

void python_use_package(const char *directory) { put(own_library, "%s/libwasmedge_c.so", directory); }

void python_package_parent(python_path parent) {
  python_path init;
  put(parent, "%s", own_library);
  to_parent(parent);
  const bool has_name = strcmp(name_of(parent), "pywasmedge") == 0;
  if (has_name && put(init, "%s/__init__.py", parent) && is_file(init))
    to_parent(parent);
  else
    parent[0] = 0;
}

/* ---- Versions -------------------------------------------------------------------------------------------- */

/* The minor version in "3.11", "3.11.7" or "3.11t"; 0 if it is none of Python 3. */
static int minor_in(const char *text) { return strncmp(text, "3.", 2) == 0 ? atoi(text + 2) : 0; }

/* The minor version in the name of an interpreter or a directory of its packages, "python3.11". */
static int minor_in_name(const char *path) {
  const char *name = name_of(path);
  return strncmp(name, "python", 6) == 0 ? minor_in(name + 6) : 0;
}

/* ---- Describing an interpreter ------------------------------------------------------------------------------ */

/* Finds a value in pyvenv.cfg, which has lines "key = value". */
static bool configured(const char *text, const char *key, char *value, size_t size) {
  const size_t length = strlen(key);
  for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
    while (*line == '\n' || *line == ' ' || *line == '\t') line++;
    if (strncmp(line, key, length) != 0) continue;
    const char *at = line + length + strspn(line + length, " \t");
    if (*at != '=') continue;
    at += 1 + strspn(at + 1, " \t");
    size_t end = strcspn(at, "\r\n");
    while (end > 0 && (at[end - 1] == ' ' || at[end - 1] == '\t')) end--;
    if (end == 0 || end >= size) return false;
    memcpy(value, at, end);
    value[end] = 0;
    return true;
  }
  return false;
}

/* Reads the start of a file as text. */
static bool read_text(const char *path, char *text, size_t size) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t length = read(file, text, size - 1);
  close(file);
  if (length < 0) return false;
  text[length] = 0;
  return true;
}

/* Fills in what pyvenv.cfg says; false if the interpreter belongs to no virtual environment. */
static bool read_environment(python_home *home) {
  char text[4096], value[PATH_MAX];
  python_path file;
  put(home->prefix, "%s", home->executable);
  to_parent(home->prefix);
  if (!put(file, "%s/pyvenv.cfg", home->prefix) || !read_text(file, text, sizeof text)) {
    to_parent(home->prefix);
    if (!put(file, "%s/pyvenv.cfg", home->prefix) || !read_text(file, text, sizeof text)) return false;
  }
  if (!configured(text, "home", value, sizeof value)) return false;
  put(home->base, "%s", value);
  if (configured(text, "version", value, sizeof value) || configured(text, "version_info", value, sizeof value))
    home->minor = minor_in(value);
  home->is_virtual = true;
  home->system_packages =
      configured(text, "include-system-site-packages", value, sizeof value) && strcasecmp(value, "true") == 0;
  return true;
}

/* Whether the standard library lies below home->base, as far as starting needs it. */
static bool has_standard_library(const python_home *home) {
  static const char *const needed[] = {"os.py", "io.py", "abc.py", "codecs.py", "encodings/__init__.py",
                                       "encodings/aliases.py", "encodings/utf_8.py"};
  static const char *const directories[] = {"lib", "lib64"};
  python_path path;
  if (put(path, "%s/lib/python3%d.zip", home->base, home->minor) && is_file(path)) return true;
  for (size_t d = 0; d < 2; d++) {
    size_t found = 0;
    while (found < sizeof needed / sizeof *needed &&
           put(path, "%s/%s/python3.%d/%s", home->base, directories[d], home->minor, needed[found]) && is_file(path))
      found++;
    if (found == sizeof needed / sizeof *needed) return true;
  }
  return false;
}

/* Finds the installation behind home->executable. `wanted` decides when nothing else tells the version. */
static bool describe(python_home *home, int wanted) {
  python_path real;
  if (realpath(home->executable, real) == NULL) return false;
  home->minor = 0;
  home->is_virtual = home->system_packages = false;
  const bool is_virtual = read_environment(home);
  if (home->minor == 0) home->minor = minor_in_name(real);
  if (home->minor == 0) home->minor = wanted;
  if (is_virtual) {
    to_parent(home->base);
    if (has_standard_library(home)) return true;
  }
  put(home->base, "%s", real);
  to_parent(home->base);
  to_parent(home->base);
  if (!is_virtual) put(home->prefix, "%s", home->base);
  return has_standard_library(home);
}

/* ---- libpython ---------------------------------------------------------------------------------------------- */

static void *load(const char *path) { return dlopen(path, RTLD_NOW | RTLD_GLOBAL); }

static bool load_library(python_home *home, const char **problem) {
  static const char *const directories[] = {"lib", "lib64", "lib/x86_64-linux-gnu"};
  const bool as_built = home->minor == minor_in(PYTHON_VERSION);
  char name[64];
  python_path path;
  snprintf(name, sizeof name, "libpython3.%d.so.1.0", home->minor);
  if (as_built && strstr(PYTHON_LIBRARY, ".so") != NULL) snprintf(name, sizeof name, "%s", PYTHON_LIBRARY);
  *problem = NULL;
  home->library = NULL;
  for (size_t i = 0; i < sizeof directories / sizeof *directories && home->library == NULL; i++) {
    if (!put(path, "%s/%s/%s", home->base, directories[i], name) || !is_file(path)) continue;
    home->library = load(path);
    if (home->library == NULL) *problem = dlerror();
  }
  if (home->library == NULL && as_built && put(path, "%s/%s", PYTHON_LIBRARY_DIR, name) && is_file(path))
    home->library = load(path);
  if (home->library == NULL) home->library = load(name);
  if (home->library == NULL && *problem == NULL) *problem = dlerror();
  return home->library != NULL;
}

/* ---- Candidates -------------------------------------------------------------------------------------------- */

/* Adds a directory that exists and is not there yet, perhaps under another name. */
static void add_place(python_home *home, const char *place) {
  struct stat new, old;
  if (home->place_count == MOST_PLACES || stat(place, &new) != 0 || !S_ISDIR(new.st_mode)) return;
  for (int i = 0; i < home->place_count; i++)
    if (stat(home->places[i], &old) == 0 && old.st_dev == new.st_dev && old.st_ino == new.st_ino) return;
  put(home->places[home->place_count++], "%s", place);
}

static void add_packages(python_home *home, const char *prefix) {
  python_path place;
  static const char *const directories[] = {"lib", "lib64"};
  for (size_t i = 0; i < 2; i++)
    if (put(place, "%s/%s/python3.%d/site-packages", prefix, directories[i], home->minor)) add_place(home, place);
}

/* What the directories of packages are. The interpreter is started without the module `site`, which
 * would find them in a fifth of the whole start-up time. */
static void find_places(python_home *home) {
  python_path place;
  home->place_count = 0;
  python_package_parent(place);
  if (place[0] != 0) add_place(home, place);
  add_packages(home, home->prefix);
  if (home->is_virtual && !home->system_packages) return;
  add_packages(home, home->base);
  if (strcmp(home->base, "/usr") != 0) return;
  if (put(place, "/usr/local/lib/python3.%d/dist-packages", home->minor)) add_place(home, place);
  add_place(home, "/usr/lib/python3/dist-packages");
}

/* What is looked for. */
typedef struct {
  int minor;    /* version */
  bool any;     /* other versions will do, too */
  bool to_load; /* the library is needed */
} wish;

/* Uses an interpreter if it is what is wished. */
static bool use(python_home *home, const char *executable, const char *whence, wish wanted, python_report *report) {
  const char *problem;
  if (!put(home->executable, "%s", executable)) return false;
  if (!is_program(executable)) {
    python_note(report, "  %s (%s): there is no such program", executable, whence);
  } else if (!describe(home, wanted.minor)) {
    python_note(report, "  %s (%s): no standard library of Python 3.%d in %s/lib", executable, whence, home->minor,
                home->base);
  } else if (home->minor < OLDEST_MINOR || (home->minor != wanted.minor && !wanted.any)) {
    python_note(report, "  %s (%s): is Python 3.%d, not 3.%d", executable, whence, home->minor, wanted.minor);
  } else if (wanted.to_load && !load_library(home, &problem)) {
    python_note(report, "  %s (%s): its shared library cannot be loaded: %s", executable, whence, problem);
  } else {
    find_places(home);
    return true;
  }
  return false;
}

/* The first program of a name in PATH. */
static bool search_path(const char *name, python_path found) {
  const char *path = getenv("PATH");
  while (path != NULL && *path != 0) {
    const size_t length = strcspn(path, ":");
    if (length > 0 && put(found, "%.*s/%s", (int)length, path, name) && is_program(found)) return true;
    path += length + (path[length] == ':');
  }
  return false;
}

static bool use_environment_variable(python_home *home, const char *named, wish wanted, python_report *report) {
  python_path path, directory;
  put(path, "%s", named);
  if (strchr(named, '/') == NULL) {
    if (!search_path(named, path)) put(path, "%s", named);
  } else if (named[0] != '/' && getcwd(directory, sizeof directory) != NULL) {
    put(path, "%s/%s", directory, named);
  }
  return use(home, path, "environment variable PYWASMEDGE_PYTHON", wanted, report);
}

static bool use_environment(python_home *home, const char *packages, wish wanted, python_report *report) {
  python_path prefix, program;
  put(prefix, "%s", packages);
  for (int i = 0; i < 3; i++) to_parent(prefix);
  const bool has_own = (put(program, "%s/bin/python3.%d", prefix, wanted.minor) && is_program(program)) ||
                       (put(program, "%s/bin/python3", prefix) && is_program(program)) ||
                       (put(program, "%s/bin/python", prefix) && is_program(program));
  if (has_own) return use(home, program, "environment of the library", wanted, report);
  python_note(report, "  %s/bin/python3.%d (environment of the library): there is no such program", prefix,
              wanted.minor);
  return false;
}

static bool use_path_file(python_home *home, wish wanted, python_report *report) {
  python_path directory, file, named;
  put(directory, "%s", own_library);
  to_parent(directory);
  if (!put(file, "%s/python_path", directory) || !read_text(file, named, sizeof named)) return false;
  named[strcspn(named, "\r\n")] = 0;
  home->is_pinned = use(home, named, "file python_path beside the library", wanted, report);
  return home->is_pinned;
}

/* Tries all but the environment variable. `packages` is where the package lies, `is_environment` whether
 * that is a directory of packages of an installation. */
static bool use_any(python_home *home, const char *packages, bool is_environment, wish wanted,
                    python_report *report) {
  python_path program;
  if (use_path_file(home, wanted, report)) return true;
  if (is_environment && use_environment(home, packages, wanted, report)) return true;
  const bool is_known = PYTHON_EXECUTABLE[0] != 0;
  if (is_known && use(home, PYTHON_EXECUTABLE, "built the library", wanted, report)) return true;
  const bool has_base = strcmp(PYTHON_BASE_EXECUTABLE, PYTHON_EXECUTABLE) != 0;
  if (has_base && use(home, PYTHON_BASE_EXECUTABLE, "built the library", wanted, report)) return true;
  char name[32];
  snprintf(name, sizeof name, "python3.%d", wanted.minor);
  if (search_path(name, program) && use(home, program, "PATH", wanted, report)) return true;
  if (search_path("python3", program)) return use(home, program, "PATH", wanted, report);
  python_note(report, "  python3 (PATH): there is no such program");
  return false;
}

/* The version that cffi beside the package is for: "_cffi_backend.cpython-311-x86_64-linux-gnu.so". */
static int minor_of_cffi(const char *packages) {
  static const char start[] = "_cffi_backend.cpython-3";
  int minor = 0;
  DIR *directory = opendir(packages[0] != 0 ? packages : "/");
  if (directory == NULL) return 0;
  for (const struct dirent *entry; minor == 0 && (entry = readdir(directory)) != NULL;)
    if (strncmp(entry->d_name, start, sizeof start - 1) == 0) minor = atoi(entry->d_name + sizeof start - 1);
  closedir(directory);
  return minor;
}

/* Where the package lies; whether its directory is one of packages, "lib/python3.11/site-packages"; the
 * version that this tells, or cffi beside it, or else the build; 0 if none does. */
static bool look_around(python_path packages, int *minor) {
  python_path parent;
  python_package_parent(packages);
  put(parent, "%s", packages);
  to_parent(parent);
  *minor = minor_in_name(parent);
  if (*minor == 0) *minor = minor_of_cffi(packages);
  if (*minor == 0) *minor = minor_in(PYTHON_VERSION);
  return strncmp(name_of(parent), "python3", 7) == 0 && strstr(name_of(packages), "-packages") != NULL;
}

bool python_find(python_home *home, bool to_load, python_report *report) {
  python_path packages;
  wish wanted = {.to_load = to_load};
  const bool is_environment = look_around(packages, &wanted.minor);
  wanted.any = wanted.minor == 0;
  home->is_pinned = false;
  const char *named = secure_getenv("PYWASMEDGE_PYTHON");
  if (named == NULL || named[0] == 0) return use_any(home, packages, is_environment, wanted, report);
  wanted.any = true;
  return use_environment_variable(home, named, wanted, report);
}

void python_find_places(python_home *home, int minor) {
  python_path packages;
  int unused;
  const bool is_environment = look_around(packages, &unused);
  python_report ignored = {.length = REPORT_SIZE};
  if (use_any(home, packages, is_environment, (wish){.minor = minor}, &ignored)) return;
  home->place_count = 0;
  if (packages[0] != 0) add_place(home, packages);
}
