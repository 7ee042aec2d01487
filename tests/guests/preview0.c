/* preview0: a program for wasi_unstable, written without a C library. In the first preopened directory it makes the
   file "file" of 10 bytes, prints where seeking leads, what the file's attributes say, and what it waited for.

   The layouts are those of 2019; with today's, every number here would come out otherwise. */
#include <stddef.h>
#include <stdint.h>

#define IMPORT(name) __attribute__((import_module("wasi_unstable"), import_name(#name))) int name
IMPORT(path_open)(int dir, int lookup, const char *path, size_t length, int flags, uint64_t rights, uint64_t inheriting,
                  int fd_flags, int *fd);
IMPORT(path_filestat_get)(int dir, int lookup, const char *path, size_t length, uint8_t *stat);
IMPORT(path_link)(int dir, int lookup, const char *path, size_t length, int new_dir, const char *new_path, size_t new_length);
IMPORT(fd_write)(int fd, const void *vectors, size_t count, size_t *written);
IMPORT(fd_seek)(int fd, int64_t offset, int whence, int64_t *position);
IMPORT(fd_filestat_get)(int fd, uint8_t *stat);
IMPORT(poll_oneoff)(const void *subscriptions, void *events, size_t count, size_t *happened);
__attribute__((import_module("wasi_unstable"), import_name("proc_exit"), noreturn)) void proc_exit(int code);

enum { CURRENT, END, SET };

static void check(int error) {
  if (error) proc_exit(error);
}

static size_t write_bytes(int fd, const char *data, size_t length) {
  struct {
    const char *data;
    size_t length;
  } vector = {data, length};
  check(fd_write(fd, &vector, 1, &length));
  return length;
}

static void print(const char *name, uint64_t number) {
  char text[64];
  size_t at = sizeof text, length = 0;
  text[--at] = '\n';
  do text[--at] = '0' + number % 10;
  while (number /= 10);
  text[--at] = ' ';
  while (name[length]) length++;
  while (length) text[--at] = name[--length];
  write_bytes(1, text + at, sizeof text - at);
}

static uint64_t seek(int fd, int64_t offset, int whence) {
  int64_t position;
  check(fd_seek(fd, offset, whence, &position));
  return position;
}

static void print_stat(const uint8_t *stat) {
  print("type", stat[16]);
  print("links", *(const uint32_t *)(stat + 20));
  print("size", *(const uint64_t *)(stat + 24));
  print("modified this century", *(const uint64_t *)(stat + 40) / 1000000000 > 946684800);
}

typedef struct {
  uint64_t userdata;
  uint8_t tag;
  union {
    struct {
      uint64_t identifier;
      uint32_t clock;
      uint64_t timeout, precision;
      uint16_t flags;
    } clock;
    uint32_t fd;
  };
} subscription;

typedef struct {
  uint64_t userdata;
  uint16_t error;
  uint8_t type;
  uint64_t bytes;
  uint16_t flags;
} event;

_Static_assert(sizeof(subscription) == 56 && sizeof(event) == 32, "as in the specification of preview 0");

void _start(void) {
  int fd;
  check(path_open(3, 0, "file", 4, 1, 0xfffffff, 0, 0, &fd));
  write_bytes(fd, "0123456789", 10);
  print("set", seek(fd, 3, SET));
  print("current", seek(fd, 2, CURRENT));
  print("end", seek(fd, -1, END));
  check(path_link(3, 0, "file", 4, 3, "also", 4));
  _Alignas(8) uint8_t stat[56];
  check(fd_filestat_get(fd, stat));
  print_stat(stat);
  check(path_filestat_get(3, 0, "also", 4, stat));
  print_stat(stat);
  subscription wanted[2] = {
      {.userdata = 7, .tag = 0, .clock = {.identifier = 99, .clock = 1, .timeout = 1000000}},
      {.userdata = 8, .tag = 0, .clock = {.identifier = 0, .clock = 1, .timeout = 1ull << 60}},
  };
  event events[2];
  size_t count;
  check(poll_oneoff(wanted, events, 2, &count));
  print("events", count);
  print("clock", events[0].userdata);
  wanted[0] = (subscription){.userdata = 9, .tag = 1, .fd = fd};
  check(poll_oneoff(wanted, events, 2, &count));
  print("events", count);
  print("file", events[0].userdata);
  print("bytes", events[0].bytes);
}
