/* What the functions of wasi.c work on, and the system calls that Python does not have. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>
#if defined SYS_openat2 && __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif

#include "wasi_abi.h"
#include "wasi_env.h"

/* ---- Files ------------------------------------------------------------------------------------- */

we_file *we_file_new(int32_t host, bool owned, uint64_t base, uint64_t inheriting) {
  we_file *file = calloc(1, sizeof *file);
  if (file == NULL) return NULL;
  *file = (we_file){.host = host, .preopen = -1, .owned = owned, .references = 1, .base = base,
                    .inheriting = inheriting};
  return file;
}

void we_file_release(we_file *file) {
  if (__atomic_sub_fetch(&file->references, 1, __ATOMIC_ACQ_REL) != 0) return;
  if (file->owned && file->host >= 0) close(file->host);
  free(file);
}

bool file_is_socket(const we_file *file) {
  return !file->may_block && (file->type == WASI_SOCKET_STREAM || file->type == WASI_SOCKET_DGRAM);
}

int32_t we_file_flags(const we_file *file) {
  if (file_is_socket(file)) return file->nonblock ? WASI_NONBLOCK : 0;
  const int host = fcntl(file->host, F_GETFL);
  if (host < 0) return -1;
  int32_t flags = file->nonblock || (host & O_NONBLOCK) ? WASI_NONBLOCK : 0;
  if (host & O_APPEND) flags |= WASI_APPEND;
  if ((host & O_SYNC) == O_SYNC)
    flags |= WASI_SYNC | WASI_RSYNC | WASI_DSYNC;
  else if (host & O_DSYNC)
    flags |= WASI_DSYNC;
  return flags;
}

/* ---- What a guest sees --------------------------------------------------------------------------- */

we_wasi *we_wasi_new(void) {
  we_wasi *wasi = calloc(1, sizeof *wasi);
  if (wasi != NULL) pthread_mutex_init(&wasi->lock, NULL);
  return wasi;
}

void we_wasi_free(we_wasi *wasi) {
  for (uint32_t fd = 0; fd < wasi->capacity; fd++)
    if (wasi->files[fd] != NULL) we_file_release(wasi->files[fd]);
  free(wasi->files);
  for (int i = 0; i < 2; i++) free(wasi->strings[i].bytes);
  if (wasi->pool != NULL) pages_release(wasi->pool, pages_round(sizeof *wasi->pool));
  pthread_mutex_destroy(&wasi->lock);
  free(wasi);
}

static bool make_room(we_wasi *wasi, uint32_t fd) {
  if (fd < wasi->capacity) return true;
  const uint64_t capacity = (uint64_t)fd + fd / 2 + 8;
  we_file **files = capacity <= UINT32_MAX ? realloc(wasi->files, capacity * sizeof *files) : NULL;
  if (files == NULL) return false;
  memset(files + wasi->capacity, 0, (capacity - wasi->capacity) * sizeof *files);
  wasi->files = files;
  wasi->capacity = (uint32_t)capacity;
  return true;
}

bool we_wasi_set_file(we_wasi *wasi, uint32_t fd, we_file *file) {
  we_file *before = NULL;
  pthread_mutex_lock(&wasi->lock);
  const bool done = (file == NULL && fd >= wasi->capacity) || make_room(wasi, fd);
  if (done && fd < wasi->capacity) {
    if (file != NULL) __atomic_add_fetch(&file->references, 1, __ATOMIC_RELAXED);
    before = wasi->files[fd];
    wasi->files[fd] = file;
  }
  pthread_mutex_unlock(&wasi->lock);
  if (before != NULL) we_file_release(before);
  return done;
}

bool we_wasi_set_strings(we_wasi *wasi, bool environment, const uint8_t *bytes, uint64_t size, uint32_t count) {
  uint8_t *copy = malloc(size > 0 ? size : 1);
  if (copy == NULL) return false;
  if (size > 0) memcpy(copy, bytes, size);
  pthread_mutex_lock(&wasi->lock);
  strings *into = &wasi->strings[environment];
  free(into->bytes);
  *into = (strings){copy, size, count};
  pthread_mutex_unlock(&wasi->lock);
  return true;
}

we_file *wasi_hold(we_wasi *wasi, uint32_t fd, uint64_t rights) {
  pthread_mutex_lock(&wasi->lock);
  we_file *file = fd < wasi->capacity ? wasi->files[fd] : NULL;
  if (file != NULL && (file->host < 0 || (__atomic_load_n(&file->base, __ATOMIC_RELAXED) & rights) != rights))
    file = NULL;
  if (file != NULL) __atomic_add_fetch(&file->references, 1, __ATOMIC_RELAXED);
  pthread_mutex_unlock(&wasi->lock);
  return file;
}

/* ---- Random numbers ---------------------------------------------------------------------------------- */

static random_pool *new_pool(void) {
  const uint64_t size = pages_round(sizeof(random_pool));
  random_pool *pool = pages_map(size);
  if (pool != NULL && madvise(pool, size, MADV_WIPEONFORK) == 0) return pool;
  if (pool != NULL) pages_release(pool, size);
  return NULL;
}

bool wasi_random(we_wasi *wasi, uint8_t *to, uint32_t length) {
  bool done = false;
  pthread_mutex_lock(&wasi->lock);
  if (wasi->pool == NULL) wasi->pool = new_pool();
  random_pool *pool = wasi->pool;
  if (pool != NULL) {
    if (pool->left < length) {
      const ssize_t got = getrandom(pool->bytes, sizeof pool->bytes, 0);
      pool->left = got > 0 ? (uint32_t)got : 0;
    }
    done = pool->left >= length;
    if (done) {
      pool->left -= length;
      memcpy(to, pool->bytes + pool->left, length);
      explicit_bzero(pool->bytes + pool->left, length);
    }
  }
  pthread_mutex_unlock(&wasi->lock);
  return done;
}

/* ---- Opening ----------------------------------------------------------------------------------------- */

int32_t we_open_beneath(int32_t directory, const char *path, uint64_t flags, uint64_t mode) {
#ifdef RESOLVE_BENEATH
  static _Atomic bool missing;
  if (!atomic_load_explicit(&missing, memory_order_relaxed)) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    const long opened = syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (opened >= 0 || (errno != ENOSYS && errno != EPERM)) return (int32_t)opened;
    if (errno == ENOSYS) atomic_store(&missing, true);
  }
#endif
  return -1;
}

bool we_fifo_has_writer(int32_t fifo) {
  int scratch[2];
  if (pipe2(scratch, O_CLOEXEC | O_NONBLOCK) != 0) return true;
  const bool has = tee(fifo, scratch[1], 1, SPLICE_F_NONBLOCK) != 0; /* data, or EAGAIN: there may be some later */
  close(scratch[0]);
  close(scratch[1]);
  return has;
}
