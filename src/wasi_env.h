/* What wasi.c and wasi_env.c share. */
#ifndef PYWASMEDGE_WASI_ENV_H
#define PYWASMEDGE_WASI_ENV_H

#include "internal.h"

/* Strings as the guest gets them, one after the other, each with its NUL. */
typedef struct {
  uint8_t *bytes;
  uint64_t size;
  uint32_t count;
} strings;

/* Random bytes for several small requests; each is handed out once. In the child of a fork all is zero. */
typedef struct {
  uint32_t left; /* the first ones */
  uint8_t bytes[256]; /* as many as the system gives in one piece, without being interrupted */
} random_pool;

struct we_wasi {
  pthread_mutex_t lock; /* guards everything here, held for a few instructions */
  we_file **files;
  uint32_t capacity;
  strings strings[2]; /* arguments, environment */
  random_pool *pool;  /* NULL until needed */
};

/* The file behind `fd`, to be released, if it is one of the host's and has these rights; else NULL. */
we_file *wasi_hold(we_wasi *wasi, uint32_t fd, uint64_t rights);
/* Whether it is a socket whose waiting is done apart from reading and writing (wasi/socket.py). */
bool file_is_socket(const we_file *file);
/* Fills in at most RANDOM_SMALL bytes; false if there are none. */
bool wasi_random(we_wasi *wasi, uint8_t *to, uint32_t length);
enum { RANDOM_SMALL = 64 };

#endif
