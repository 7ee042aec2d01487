/* WASI without the interpreter: see wasi.h. Every function here either does all of its work and answers 0, or
 * has no effect at all and has Python answer, which states each rule and each error once. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "wasi_call.h"

/* ---- Guest memory ----------------------------------------------------------------------------------- */

enum { MOST_RANGES = 64 }; /* of the stack that C can count on, 1 KiB */

/* Fills in the ranges that an array of iovecs names; false if they are unusual or wrong. */
static bool ranges(const call *c, uint32_t array, uint32_t count, struct iovec *into, uint64_t *total) {
  if (count > MOST_RANGES || !within(c, array, 8ull * count)) return false;
  *total = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t pair[2];
    memcpy(pair, c->memory + array + 8ull * i, sizeof pair);
    if (!within(c, pair[0], pair[1])) return false;
    into[i] = (struct iovec){c->memory + pair[0], pair[1]};
    *total += pair[1];
  }
  return *total <= UINT32_MAX;
}

/* ---- Reading and writing ------------------------------------------------------------------------------ */

enum { PIPE_PIECE = 4096 }; /* what a pipe that is ready for writing takes without waiting */

void we_watch_waits(int32_t change) {
  we_thread *thread = thread_self();
  if (thread != NULL) thread->watched += (uint32_t)change;
}

/* Whether an operation will not wait, or nobody minds if it does. */
static bool may_go_on(const we_file *file, short event, uint64_t length) {
  if (!file->may_block) return true;
  if (file->nonblock) return false;
  if (we_current->watched == 0) return true;
  struct pollfd state = {.fd = file->host, .events = event};
  return (event == POLLIN || length <= PIPE_PIECE) && poll(&state, 1, 0) == 1 && (state.revents & event);
}

/* Host calls as these functions need them; -1 also for what is to be left to Python. */
typedef ssize_t (*transfer)(const we_file *file, struct iovec *buffers, uint32_t count, off_t offset);

static ssize_t read_some(const we_file *file, struct iovec *buffers, uint32_t count, off_t offset) {
  if (file_is_socket(file)) {
    struct msghdr message = {.msg_iov = buffers, .msg_iovlen = count};
    return recvmsg(file->host, &message, MSG_DONTWAIT);
  }
  return count == 1 ? read(file->host, buffers->iov_base, buffers->iov_len) : readv(file->host, buffers, (int)count);
}

/* Milliseconds that sending may wait, -1 for ever. */
static int send_timeout(const we_file *file) {
  struct timeval limit = {0, 0};
  socklen_t size = sizeof limit;
  getsockopt(file->host, SOL_SOCKET, SO_SNDTIMEO, &limit, &size);
  const int64_t milliseconds = (int64_t)limit.tv_sec * 1000 + (limit.tv_usec + 999) / 1000;
  return milliseconds == 0 ? -1 : milliseconds < INT32_MAX ? (int)milliseconds : INT32_MAX;
}

/* A guest that waits gets everything sent over a stream, unless something happens once a part has been. */
static ssize_t send_some(const we_file *file, struct iovec *buffers, uint32_t count) {
  const bool all = !file->nonblock && file->type == WASI_SOCKET_STREAM;
  struct msghdr message = {.msg_iov = buffers, .msg_iovlen = count};
  ssize_t done = 0;
  if (all && we_current->watched > 0) return errno = EAGAIN, -1;
  for (;;) {
    ssize_t sent = sendmsg(file->host, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && (errno != EAGAIN || done == 0)) return done > 0 ? done : -1;
    if (!all) return sent;
    done += sent > 0 ? sent : 0;
    for (; message.msg_iovlen > 0 && sent >= (ssize_t)message.msg_iov->iov_len; message.msg_iovlen--)
      sent -= (ssize_t)message.msg_iov++->iov_len;
    if (message.msg_iovlen == 0) return done;
    if (sent > 0)
      *message.msg_iov = (struct iovec){(uint8_t *)message.msg_iov->iov_base + sent, message.msg_iov->iov_len - sent};
    struct pollfd state = {.fd = file->host, .events = POLLOUT};
    if (poll(&state, 1, send_timeout(file)) <= 0) return done;
  }
}

static ssize_t write_some(const we_file *file, struct iovec *buffers, uint32_t count, off_t offset) {
  if (file_is_socket(file)) return send_some(file, buffers, count);
  if (count == 1) return write(file->host, buffers->iov_base, buffers->iov_len);
  return writev(file->host, buffers, (int)count);
}

static ssize_t read_at(const we_file *file, struct iovec *buffers, uint32_t count, off_t offset) {
  return preadv(file->host, buffers, (int)count, offset);
}

static ssize_t write_at(const we_file *file, struct iovec *buffers, uint32_t count, off_t offset) {
  return pwritev(file->host, buffers, (int)count, offset);
}

/* Moves data between the file and the ranges. */
static bool move(const call *c, transfer transfer, uint64_t rights, int64_t offset, short event, uint32_t out) {
  struct iovec buffers[MOST_RANGES];
  uint64_t total;
  const uint32_t count = word(c, 2);
  if (!within(c, out, 4) || !ranges(c, word(c, 1), count, buffers, &total)) return false;
  we_file *file = wasi_hold(c->wasi, word(c, 0), rights);
  if (file == NULL) return false;
  ssize_t moved = -1;
  if (may_go_on(file, event, total)) {
    moved = transfer(file, buffers, count, offset);
    if (moved < 0 && file_is_socket(file) && errno != EAGAIN && errno != EINTR) file->error = errno;
  }
  we_file_release(file);
  if (moved < 0) return false;
  store(c, out, (uint64_t)moved, 4);
  return true;
}

static bool fd_read(const call *c) { return move(c, read_some, WASI_FD_READ, 0, POLLIN, word(c, 3)); }

static bool fd_write(const call *c) { return move(c, write_some, WASI_FD_WRITE, 0, POLLOUT, word(c, 3)); }

static bool fd_pread(const call *c) {
  const int64_t offset = (int64_t)c->frame[3];
  return offset >= 0 && move(c, read_at, WASI_FD_READ | WASI_FD_SEEK, offset, POLLIN, word(c, 4));
}

static bool fd_pwrite(const call *c) {
  const int64_t offset = (int64_t)c->frame[3];
  return offset >= 0 && move(c, write_at, WASI_FD_WRITE | WASI_FD_SEEK, offset, POLLOUT, word(c, 4));
}

/* ---- Other functions on descriptors ---------------------------------------------------------------------- */

static bool seek(const call *c, int64_t offset, int whence, uint32_t out) {
  if (!within(c, out, 8)) return false;
  we_file *file = wasi_hold(c->wasi, word(c, 0), WASI_FD_SEEK);
  if (file == NULL) return false;
  const off_t position = lseek(file->host, offset, whence);
  we_file_release(file);
  if (position < 0) return false;
  store(c, out, (uint64_t)position, 8);
  return true;
}

static bool fd_seek(const call *c) {
  static const int whences[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  const uint8_t whence = (uint8_t)c->frame[2];
  return whence < 3 && seek(c, (int64_t)c->frame[1], whences[whence], word(c, 3));
}

static bool fd_tell(const call *c) { return seek(c, 0, SEEK_CUR, word(c, 1)); }

static bool fd_fdstat_get(const call *c) {
  const uint32_t out = word(c, 1);
  if (!within(c, out, 24)) return false;
  we_file *file = wasi_hold(c->wasi, word(c, 0), 0);
  if (file == NULL) return false;
  const int32_t flags = we_file_flags(file);
  if (flags >= 0) {
    store(c, out, file->type | (uint64_t)flags << 16, 8);
    store(c, out + 8, __atomic_load_n(&file->base, __ATOMIC_RELAXED), 8);
    store(c, out + 16, __atomic_load_n(&file->inheriting, __ATOMIC_RELAXED), 8);
  }
  we_file_release(file);
  return flags >= 0;
}

static bool fd_prestat_get(const call *c) {
  const uint32_t out = word(c, 1);
  we_file *file = within(c, out, 8) ? wasi_hold(c->wasi, word(c, 0), 0) : NULL;
  if (file == NULL) return false;
  const int32_t length = file->preopen;
  we_file_release(file);
  if (length >= 0) store(c, out, (uint64_t)length << 32, 8);
  return length >= 0;
}

/* ---- Arguments, environment, clocks, random numbers --------------------------------------------------- */

static bool sizes(const call *c, int which) {
  if (!within(c, word(c, 0), 4) || !within(c, word(c, 1), 4)) return false;
  pthread_mutex_lock(&c->wasi->lock);
  const strings text = c->wasi->strings[which];
  pthread_mutex_unlock(&c->wasi->lock);
  store(c, word(c, 0), text.count, 4);
  store(c, word(c, 1), text.size, 4);
  return true;
}

static bool get(const call *c, int which) {
  pthread_mutex_lock(&c->wasi->lock);
  const strings text = c->wasi->strings[which];
  const uint32_t array = word(c, 0), at = word(c, 1);
  const bool fits = within(c, array, 4ull * text.count) && within(c, at, text.size);
  if (fits && text.count > 0) {
    uint64_t start = 0;
    for (uint32_t i = 0; i < text.count; i++) {
      const uint8_t *string = text.bytes + start;
      const uint64_t size = strlen((const char *)string) + 1;
      store(c, array + 4 * i, at + start, 4);
      memcpy(c->memory + at + start, string, size);
      start += size;
    }
  }
  pthread_mutex_unlock(&c->wasi->lock);
  return fits;
}

static bool args_sizes_get(const call *c) { return sizes(c, 0); }
static bool args_get(const call *c) { return get(c, 0); }
static bool environ_sizes_get(const call *c) { return sizes(c, 1); }
static bool environ_get(const call *c) { return get(c, 1); }

static bool clock_time_get(const call *c) {
  static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
                                     CLOCK_THREAD_CPUTIME_ID};
  const uint32_t clock = word(c, 0), out = word(c, 2);
  struct timespec now;
  if (clock >= sizeof clocks / sizeof *clocks || !within(c, out, 8)) return false;
  if (clock_gettime(clocks[clock], &now) != 0 || now.tv_sec < 0) return false;
  store(c, out, (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec, 8);
  return true;
}

enum { RANDOM_PIECE = 1 << 20 }; /* bytes between looks at whether the guest is to stop */

static bool random_get(const call *c) {
  const uint32_t start = word(c, 0), length = word(c, 1);
  if (!within(c, start, length)) return false;
  if (length <= RANDOM_SMALL && wasi_random(c->wasi, c->memory + start, length)) return true;
  for (uint32_t done = 0; done < length;) {
    const uint32_t left = length - done;
    const ssize_t got = getrandom(c->memory + start + done, left < RANDOM_PIECE ? left : RANDOM_PIECE, 0);
    if (got < 0 || atomic_load_explicit(&we_current->interrupt, memory_order_relaxed) != 0) return false;
    done += (uint32_t)got;
  }
  return true;
}

static bool yield(const call *c) { return sched_yield() == 0; }

/* ---- Host functions -------------------------------------------------------------------------------------- */

static const struct hot {
  const char *name;
  bool (*answer)(const call *c); /* whether the call is answered, with errno 0 */
} table[] = {
    {"args_get", args_get},
    {"args_sizes_get", args_sizes_get},
    {"clock_time_get", clock_time_get},
    {"environ_get", environ_get},
    {"environ_sizes_get", environ_sizes_get},
    {"fd_fdstat_get", fd_fdstat_get},
    {"fd_pread", fd_pread},
    {"fd_prestat_get", fd_prestat_get},
    {"fd_pwrite", fd_pwrite},
    {"fd_read", fd_read},
    {"fd_seek", fd_seek},
    {"fd_tell", fd_tell},
    {"fd_write", fd_write},
    {"poll_oneoff", wasi_poll_oneoff},
    {"random_get", random_get},
    {"sched_yield", yield},
};

enum { COUNT = sizeof table / sizeof *table };

const char *we_wasi_name(uint32_t index) { return index < COUNT ? table[index].name : NULL; }

/* A function of one environment; freed as a we_func. */
typedef struct {
  we_func func;
  bool (*answer)(const call *c);
  we_wasi *wasi;
  void *python;
} wasi_function;

static int32_t call_wasi(void *data, we_instance *caller, uint64_t *frame) {
  const wasi_function *function = data;
  const we_memory *memory = caller != NULL ? caller->mem0 : NULL;
  if (memory != NULL) {
    const uint64_t size = __atomic_load_n(&memory->size, __ATOMIC_ACQUIRE);
    const call c = {function->wasi, memory->base, size, frame};
    if (function->answer(&c)) {
      frame[0] = 0;
      return 0;
    }
  }
  return host_ask_python(function->python, caller, frame);
}

we_func *we_wasi_function(we_wasi *wasi, const char *name, uint32_t type_id, void *python) {
  uint32_t at = 0;
  while (at < COUNT && strcmp(table[at].name, name) != 0) at++;
  wasi_function *function = at < COUNT ? calloc(1, sizeof *function) : NULL;
  if (function == NULL) return NULL;
  func_set_host(&function->func, type_id, call_wasi, function);
  function->func.flags = FUNC_HELPER;
  function->answer = table[at].answer;
  function->wasi = wasi;
  function->python = python;
  return &function->func;
}
