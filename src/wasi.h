/* WASI functions that are answered without the interpreter. C answers a call only if it succeeds in the
 * ordinary way; whatever else there is, errors included, the Python function of the same name does (wasi/).
 * Read by cffi like kernel.h.
 */
#ifndef PYWASMEDGE_WASI_H
#define PYWASMEDGE_WASI_H

#include "instance.h"

/* What descriptors refer to: state of wasi/descriptor.py that C needs, too. Counted: the Python object, every
 * number it has in a table and every call that is using it hold one reference. `host` is closed with the last
 * one, so no call ever meets another file under the same number. Fields are written by Python. */
typedef struct we_file {
  int32_t host;    /* the host's descriptor; -1 for a stream of the embedder */
  int32_t preopen; /* length of the name of a preopened directory, -1 for anything else */
  uint8_t type;    /* WASI file type */
  bool may_block;  /* reading or writing can wait for somebody else */
  bool owned;      /* `host` is closed in the end */
  bool nonblock;   /* never wait, whatever the host's flags say */
  uint32_t references;
  int32_t error; /* of an attempt on a socket, left to Python to tell: the host tells such errors once */
  uint64_t base; /* rights */
  uint64_t inheriting;
} we_file;

/* A file with one reference. */
we_file *we_file_new(int32_t host, bool owned, uint64_t base, uint64_t inheriting);
void we_file_release(we_file *file);
/* Present fdflags; -1 and errno on failure. */
int32_t we_file_flags(const we_file *file);

/* What a guest sees: files by descriptor, arguments, environment. */
typedef struct we_wasi we_wasi;

we_wasi *we_wasi_new(void);
void we_wasi_free(we_wasi *wasi); /* no function of it may be in use */
/* Makes descriptor `fd` stand for `file`, or for nothing (NULL). False when memory is exhausted. */
bool we_wasi_set_file(we_wasi *wasi, uint32_t fd, we_file *file);
/* Sets the arguments, or the environment: `count` strings, each with its NUL, `size` bytes in all. */
bool we_wasi_set_strings(we_wasi *wasi, bool environment, const uint8_t *bytes, uint64_t size, uint32_t count);
/* The function `name` for guests: a host function that calls we_py_host with `python` where C does not answer.
 * For we_func_free. NULL when memory is exhausted or C has no such function. */
we_func *we_wasi_function(we_wasi *wasi, const char *name, uint32_t type_id, void *python);
/* Names of the functions C has; NULL behind the last one. */
const char *we_wasi_name(uint32_t index);
/* Counts who may end waits of the calling thread (base/waiting.py): 1 for one more, -1 for one less. Meanwhile C
 * leaves what would wait to Python. */
void we_watch_waits(int32_t change);

/* Opens `path`, which must not lead out of `directory`, with the host's flags and mode: the descriptor, or -1 and
 * errno, with no effect. There are systems on which it always fails. */
int32_t we_open_beneath(int32_t directory, const char *path, uint64_t flags, uint64_t mode);
/* Whether somebody has a FIFO open for writing of which `fifo` is a reader. */
bool we_fifo_has_writer(int32_t fifo);

#endif
