/* Finding the Python a process without one shall start (python_find.c). */
#ifndef PYWASMEDGE_PYTHON_FIND_H
#define PYWASMEDGE_PYTHON_FIND_H

#include <limits.h>
#include <stdbool.h>

enum { MOST_PLACES = 8, REPORT_SIZE = 6000 };

typedef char python_path[PATH_MAX];

/* What was looked at, as lines for a message. */
typedef struct python_report {
  char text[REPORT_SIZE];
  int length;
} python_report;

/* An interpreter that can be started. */
typedef struct python_home {
  python_path executable; /* what sys.executable will be */
  python_path prefix;     /* its environment: a virtual one, or the installation */
  python_path base;       /* the installation, with the standard library */
  bool is_virtual;
  bool system_packages;   /* the installation's packages are visible */
  bool is_pinned;         /* the file python_path names it */
  int minor;              /* of version 3.x */
  void *library;          /* handle of libpython, or NULL */
  python_path places[MOST_PLACES]; /* directories of packages, the most important first */
  int place_count;
} python_home;

/* Real path of the shared object that holds this code; "" if the system does not tell. */
const char *python_own_library(void);
/* The directory that contains the package pywasmedge to which the library belongs, or "". */
void python_package_parent(python_path parent);
/* For a program that is not in the package itself: what the two functions above tell from now on. */
void python_use_package(const char *directory);
/* Finds an interpreter to start and, if asked to, loads its libpython. False if there is none; the report tells
 * why. */
bool python_find(python_home *home, bool to_load, python_report *report);
/* For a process that has Python 3.minor: fills in the places of the interpreter that would be found if it had
 * none and there was only that version. No library is loaded. */
void python_find_places(python_home *home, int minor);
/* Adds a line (printf) to a report. */
__attribute__((format(printf, 2, 3))) void python_note(python_report *report, const char *format, ...);

#endif
