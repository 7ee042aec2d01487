/* What the C hosts of the tests share. */
#ifndef PYWASMEDGE_TESTS_HARNESS_H
#define PYWASMEDGE_TESTS_HARNESS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wasmedge/wasmedge.h>

/* Ends the program with exit code 1 and a line on standard error unless the condition holds. */
#define CHECK(condition)                                                           \
  do {                                                                             \
    if (!(condition)) {                                                            \
      fprintf(stderr, "%s:%d: CHECK(%s) failed\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                     \
    }                                                                              \
  } while (0)

/* The same for the code of a result. */
#define CHECK_CODE(outcome, expected)                                                                   \
  do {                                                                                                  \
    const uint32_t harness_code = WasmEdge_ResultGetCode(outcome);                                      \
    if (harness_code != (uint32_t)(expected)) {                                                         \
      fprintf(stderr, "%s:%d: %s: code 0x%02x, not 0x%02x\n", __FILE__, __LINE__, #outcome, harness_code, \
              (unsigned)(expected));                                                                    \
      exit(1);                                                                                          \
    }                                                                                                   \
  } while (0)

/* Whether Python has been loaded into this process. */
static inline int has_python(void) {
  FILE *maps = fopen("/proc/self/maps", "r");
  char line[8192];
  int found = 0;
  CHECK(maps != NULL);
  while (!found && fgets(line, sizeof line, maps) != NULL) found = strstr(line, "libpython") != NULL;
  fclose(maps);
  return found;
}

/* Resident memory of this process in KiB. The kernel counts its pages when it is asked, where it can: the numbers of
 * statm and status may be late by a share of every processor. */
static inline long resident_kib(void) {
  char line[256];
  long kib = -1, pages = 0;
  FILE *file = fopen("/proc/self/smaps_rollup", "r");
  while (file != NULL && kib < 0 && fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "Rss: %ld", &kib) != 1) kib = -1;
  if (file != NULL) fclose(file);
  if (kib >= 0) return kib;
  file = fopen("/proc/self/statm", "r");
  CHECK(file != NULL && fscanf(file, "%*d %ld", &pages) == 1);
  fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Whether a string has exactly the bytes of a literal, which may contain NULs. */
#define IS(string, literal) \
  ((string).Length == sizeof(literal) - 1 && memcmp((string).Buf, literal, sizeof(literal) - 1) == 0)

/* A string that borrows the bytes of a literal. */
#define NAME(literal) WasmEdge_StringWrap(literal, sizeof(literal) - 1)

#endif
