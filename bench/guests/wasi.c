/* WASI functions in loops: each export calls the function of its name n times, where it has a size with so many
 * bytes; 0, or the errno of the first call that failed. `start` comes first. */
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(#name))) int32_t name
#define IMPORT(name) \
  __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) int32_t wasi_##name

IMPORT(path_open)(int32_t, int32_t, const char *, int32_t, int32_t, int64_t, int64_t, int32_t, int32_t *);
IMPORT(fd_read)(int32_t, const void *, int32_t, int32_t *);
IMPORT(fd_write)(int32_t, const void *, int32_t, int32_t *);
IMPORT(fd_pread)(int32_t, const void *, int32_t, int64_t, int32_t *);
IMPORT(fd_pwrite)(int32_t, const void *, int32_t, int64_t, int32_t *);
IMPORT(fd_seek)(int32_t, int64_t, int32_t, int64_t *);
IMPORT(fd_tell)(int32_t, int64_t *);
IMPORT(fd_fdstat_get)(int32_t, void *);
IMPORT(fd_prestat_get)(int32_t, void *);
IMPORT(clock_time_get)(int32_t, int64_t, int64_t *);
IMPORT(random_get)(void *, int32_t);
IMPORT(args_sizes_get)(int32_t *, int32_t *);
IMPORT(args_get)(void *, void *);
IMPORT(environ_sizes_get)(int32_t *, int32_t *);
IMPORT(environ_get)(void *, void *);
IMPORT(sched_yield)(void);

enum { READ = 2, SEEK = 4, TELL = 32, WRITE = 64, CREATE = 1, STDOUT = 1, DIRECTORY = 3, SET = 0 };

enum { SIZE = 1 << 20 };

static uint8_t buffer[SIZE];
static uint8_t output[64]; /* what out pointers point to */
static int32_t file;

#define OUT ((void *)output)
#define REPEAT(n, call)                    \
  do {                                     \
    for (int32_t i = 0; i < (n); i++) {    \
      const int32_t error = (call);        \
      if (error != 0) return error;        \
    }                                      \
    return 0;                              \
  } while (0)

struct range {
  const void *start;
  int32_t size;
};

/* Opens a file in the first preopened directory and fills it. */
EXPORT(start)(void) {
  const struct range all = {buffer, sizeof buffer};
  const int32_t error = wasi_path_open(DIRECTORY, 0, "data", 4, CREATE, READ | SEEK | TELL | WRITE, 0, 0, &file);
  return error != 0 ? error : wasi_fd_pwrite(file, &all, 1, 0, OUT);
}

/* Goes through the file again and again. */
#define GO_THROUGH(n, size, call)                     \
  int64_t at = 0;                                     \
  for (int32_t i = 0; i < (n); i++) {                 \
    int32_t error = (call);                           \
    if ((at += (size)) + (size) > SIZE) {             \
      error |= wasi_fd_seek(file, 0, SET, OUT);       \
      at = 0;                                         \
    }                                                 \
    if (error != 0) return error;                     \
  }                                                   \
  return 0

/* Few bytes go to standard output. */
EXPORT(fd_write)(int32_t n, int32_t size) {
  const struct range range = {buffer, size};
  if (size < 1024) REPEAT(n, wasi_fd_write(STDOUT, &range, 1, OUT));
  GO_THROUGH(n, size, wasi_fd_write(file, &range, 1, OUT));
}

EXPORT(fd_read)(int32_t n, int32_t size) {
  const struct range range = {buffer, size};
  GO_THROUGH(n, size, wasi_fd_read(file, &range, 1, OUT));
}

EXPORT(fd_pread)(int32_t n, int32_t size) {
  const struct range range = {buffer, size};
  REPEAT(n, wasi_fd_pread(file, &range, 1, 0, OUT));
}

EXPORT(fd_pwrite)(int32_t n, int32_t size) {
  const struct range range = {buffer, size};
  REPEAT(n, wasi_fd_pwrite(file, &range, 1, 0, OUT));
}

EXPORT(random_get)(int32_t n, int32_t size) { REPEAT(n, wasi_random_get(buffer, size)); }
EXPORT(fd_seek)(int32_t n, int32_t size) { REPEAT(n, wasi_fd_seek(file, size, SET, OUT)); }
EXPORT(fd_tell)(int32_t n, int32_t size) { REPEAT(n, wasi_fd_tell(file, OUT)); }
EXPORT(fd_fdstat_get)(int32_t n, int32_t size) { REPEAT(n, wasi_fd_fdstat_get(file, OUT)); }
EXPORT(fd_prestat_get)(int32_t n, int32_t size) { REPEAT(n, wasi_fd_prestat_get(DIRECTORY, OUT)); }
EXPORT(clock_time_get)(int32_t n, int32_t size) { REPEAT(n, wasi_clock_time_get(1, 1, OUT)); }
EXPORT(args_sizes_get)(int32_t n, int32_t size) { REPEAT(n, wasi_args_sizes_get(OUT, (int32_t *)output + 1)); }
EXPORT(args_get)(int32_t n, int32_t size) { REPEAT(n, wasi_args_get(buffer, buffer + 1024)); }
EXPORT(environ_sizes_get)(int32_t n, int32_t size) {
  REPEAT(n, wasi_environ_sizes_get(OUT, (int32_t *)output + 1));
}
EXPORT(environ_get)(int32_t n, int32_t size) { REPEAT(n, wasi_environ_get(buffer, buffer + 1024)); }
EXPORT(sched_yield)(int32_t n, int32_t size) { REPEAT(n, wasi_sched_yield()); }
