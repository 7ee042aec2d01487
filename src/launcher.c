/* The commands `wasmedge`, `wasmedgec` and `pywasmedge-config` (COMMAND is the name): finds the package and
 * its interpreter from where this program lies, and has that run pywasmedge/cli/start.py.
 *
 * A program and not a script of Python, because Python ends the process when a standard stream is a directory,
 * and because starting it without the module `site` takes a third off. Directories are parked under other
 * numbers meanwhile; the second argument of start.py tells which: "4,-,-" for standard input at 4.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "python_find.h"
#include "streams.h"

enum { OLDEST_MINOR = 10, NEWEST_MINOR = 40, OWN_WORDS = 6 };

static int fail(const char *format, const char *detail) {
  fprintf(stderr, COMMAND ": ");
  fprintf(stderr, format, detail);
  return 1;
}

/* ---- Standard streams --------------------------------------------------------------------------------- */

static void park_all(char *text, size_t size) {
  size_t length = 0;
  for (int stream = 0; stream < STREAMS; stream++) {
    const int parked = stream_park(stream);
    const char *comma = stream > 0 ? "," : "";
    length += (size_t)snprintf(text + length, size - length, parked < 0 ? "%s-" : "%s%d", comma, parked);
  }
}

/* ---- Places ---------------------------------------------------------------------------------------------- */

static bool exists(const char *path) { return access(path, F_OK) == 0; }

static void to_parent(python_path path) {
  char *slash = strrchr(path, '/');
  *(slash != NULL ? slash : path) = 0;
}

/* printf into a path; whether it fits and there is such a file. */
__attribute__((format(printf, 2, 3))) static bool found(python_path path, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(path, PATH_MAX, format, arguments);
  va_end(arguments);
  return length >= 0 && length < PATH_MAX && exists(path);
}

/* The directory of this program. */
static bool find_self(python_path directory) {
  const char *started_as = (const char *)getauxval(AT_EXECFN);
  if (realpath("/proc/self/exe", directory) == NULL &&
      (started_as == NULL || realpath(started_as, directory) == NULL))
    return false;
  to_parent(directory);
  return true;
}

/* Finds start.py from the directory of the program: in a prefix that `make install` made, among the packages
 * of the newest Python there (of those that have their interpreter here, if there is one), in a directory that
 * was filled with `pip install --target`. */
static bool find_start(const char *directory, python_path start) {
  static const char *const kinds[] = {"lib/python3.%d/site-packages", "lib64/python3.%d/site-packages",
                                      "lib/python3.%d/dist-packages"};
  static const char *const others[] = {"lib/python3/dist-packages/", ""};
  static const char place[] = "pywasmedge/cli/start.py";
  python_path program;
  char packages[64];
  if (found(start, "%s/../lib/pywasmedge/%s", directory, place)) return true;
  for (int with_program = 1; with_program >= 0; with_program--)
    for (int minor = NEWEST_MINOR; minor >= OLDEST_MINOR; minor--) {
      if (with_program && !found(program, "%s/python3.%d", directory, minor)) continue;
      for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        snprintf(packages, sizeof packages, kinds[i], minor);
        if (found(start, "%s/../%s/%s", directory, packages, place)) return true;
      }
    }
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (found(start, "%s/../%s%s", directory, others[i], place)) return true;
  return false;
}

/* ---- Starting ------------------------------------------------------------------------------------------------ */

/* Has the interpreter that the library would start run start.py, without the module site. */
static int run_found(const char *start, char **words, int own) {
  static python_home home;
  static python_report report;
  static python_path file;
  python_path package;
  if (realpath(start, file) == NULL) return fail("%s cannot be read\n", start);
  snprintf(package, sizeof package, "%s", file);
  to_parent(package);
  to_parent(package);
  python_use_package(package);
  if (!python_find(&home, false, &report)) return fail("no Python to run it has been found. Tried:\n%s", report.text);
  words[--own] = file;
  words[--own] = home.is_pinned ? "-IS" : "-S"; /* what a prefix has is complete */
  words[--own] = home.executable;
  execv(home.executable, words + own);
  return fail("%s cannot be started\n", home.executable);
}

/* For an editable installation, whose package only the module site finds. */
static int run_beside(const char *directory, char **words, int own) {
  static char code[] = "import sys\nif sys.path[0] == '': del sys.path[0]\n"
                       "from pywasmedge.cli.launched import main\nmain()";
  static const char *const names[] = {"python3", "python"};
  static python_path program;
  words[--own] = code;
  words[--own] = "-c";
  words[--own] = program;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (found(program, "%s/%s", directory, names[i])) execv(program, words + own);
  snprintf(program, sizeof program, "python3");
  execvp(program, words + own);
  return fail("no python3 beside it or in PATH: %s\n", strerror(errno));
}

int main(int count, char **arguments) {
  static python_path directory, start;
  static char streams[64];
  char **words = calloc((size_t)count + OWN_WORDS, sizeof *words);
  if (words == NULL) return fail("%s\n", "out of memory");
  for (int i = 1; i < count; i++) words[OWN_WORDS - 2 + i] = arguments[i];
  park_all(streams, sizeof streams);
  int own = OWN_WORDS - 1;
  words[--own] = streams;
  words[--own] = COMMAND;
  if (!find_self(directory)) return fail("%s\n", "the system does not tell where this program is");
  return find_start(directory, start) ? run_found(start, words, own) : run_beside(directory, words, own);
}
