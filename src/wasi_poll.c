/* poll_oneoff without the interpreter, for the ordinary subscriptions: to clocks, and to descriptors that can be
 * waited for. See wasi.h for what happens otherwise. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "wasi_call.h"

enum { SUBSCRIPTION = 48, EVENT = 32, FEW = 8, MANY = 4096, SECOND = 1000000000 };

/* A subscription, read once: the guest may change its memory while this waits. */
typedef struct {
  uint64_t userdata;
  we_file *file;    /* NULL for a clock */
  int64_t deadline; /* of a clock */
} wish;

typedef struct {
  wish *wishes;
  struct pollfd *polled; /* by wish; `fd` is -1 for a clock */
  uint32_t count;
  int64_t deadline; /* the first of all clocks, INT64_MAX if there are none */
} wait_list;

static int64_t now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

static bool read_clock(const uint8_t *from, wish *into) {
  uint32_t id;
  uint64_t timeout;
  uint16_t flags;
  memcpy(&id, from + 16, sizeof id);
  memcpy(&timeout, from + 24, sizeof timeout);
  memcpy(&flags, from + 40, sizeof flags);
  if (id > WASI_MONOTONIC || (flags & ~WASI_ABSTIME) || timeout > INT64_MAX / 4) return false;
  into->deadline = (int64_t)timeout;
  if (!(flags & WASI_ABSTIME))
    into->deadline += now(CLOCK_MONOTONIC);
  else if (id == WASI_REALTIME)
    into->deadline += now(CLOCK_MONOTONIC) - now(CLOCK_REALTIME);
  return true;
}

static bool read_descriptor(const call *c, const uint8_t *from, uint8_t tag, wish *into, struct pollfd *polled) {
  uint32_t fd;
  memcpy(&fd, from + 16, sizeof fd);
  into->file = wasi_hold(c->wasi, fd, 0);
  if (into->file == NULL) return false;
  const uint64_t right = tag == WASI_EVENT_FD_READ ? WASI_FD_READ : WASI_FD_WRITE;
  polled->fd = into->file->host;
  polled->events = tag == WASI_EVENT_FD_READ ? POLLIN : POLLOUT;
  const bool can_wait = into->file->may_block || file_is_socket(into->file);
  return can_wait && (into->file->base & (WASI_POLL_FD_READWRITE | right));
}

/* False if one of them is unusual or wrong. Files are held in any case. */
static bool read_all(const call *c, wait_list *list, uint32_t count) {
  const uint8_t *from = c->memory + word(c, 0);
  for (; list->count < count; from += SUBSCRIPTION) {
    const uint8_t tag = from[8];
    const uint32_t at = list->count++;
    wish *into = &list->wishes[at];
    *into = (wish){.file = NULL};
    list->polled[at] = (struct pollfd){.fd = -1};
    memcpy(&into->userdata, from, sizeof into->userdata);
    if (tag == WASI_EVENT_CLOCK) {
      if (!read_clock(from, into)) return false;
      if (into->deadline < list->deadline) list->deadline = into->deadline;
    } else if (tag > WASI_EVENT_FD_WRITE || !read_descriptor(c, from, tag, into, &list->polled[at])) {
      return false;
    }
  }
  return true;
}

/* Bytes that can be read, or sent on a socket, without waiting; 0 when the host cannot tell. */
static uint64_t available(const we_file *file, bool write) {
  int bytes = 0, waiting = 0;
  socklen_t size = sizeof bytes;
  if (!write) return ioctl(file->host, FIONREAD, &bytes) == 0 && bytes > 0 ? (uint64_t)bytes : 0;
  if (!file_is_socket(file) || getsockopt(file->host, SOL_SOCKET, SO_SNDBUF, &bytes, &size) != 0) return 0;
  return ioctl(file->host, TIOCOUTQ, &waiting) == 0 && bytes > waiting ? (uint64_t)(bytes - waiting) : 0;
}

static void put_event(const call *c, uint32_t number, uint64_t userdata, uint8_t tag, uint64_t bytes,
                      uint16_t flags) {
  const uint32_t at = word(c, 1) + EVENT * number;
  store(c, at, userdata, 8);
  store(c, at + 8, (uint64_t)tag << 16, 8); /* after the errno, 0 */
  store(c, at + 16, bytes, 8);
  store(c, at + 24, flags, 8);
}

/* Stores what has happened: descriptors, then clocks, each in the order of the subscriptions. */
static uint32_t put_events(const call *c, const wait_list *list) {
  uint32_t happened = 0;
  for (uint32_t i = 0; i < list->count; i++) {
    const struct pollfd *polled = &list->polled[i];
    const bool hangup = polled->revents & (POLLHUP | POLLERR), write = polled->events == POLLOUT;
    if (polled->fd < 0 || !(hangup || (polled->revents & polled->events))) continue;
    put_event(c, happened++, list->wishes[i].userdata, write ? WASI_EVENT_FD_WRITE : WASI_EVENT_FD_READ,
              available(list->wishes[i].file, write), hangup ? WASI_HANGUP : 0);
  }
  if (list->deadline == INT64_MAX) return happened;
  const int64_t present = now(CLOCK_MONOTONIC);
  for (uint32_t i = 0; i < list->count; i++)
    if (list->polled[i].fd < 0 && list->wishes[i].deadline <= present)
      put_event(c, happened++, list->wishes[i].userdata, WASI_EVENT_CLOCK, 0, 0);
  return happened;
}

/* The number of events, 0 if Python is to find out. Waits only on threads that nobody can stop. */
static uint32_t wait_for_events(const call *c, const wait_list *list) {
  for (;;) {
    struct timespec left = {0, 0};
    const bool waits = we_current->watched == 0;
    if (waits && list->deadline != INT64_MAX) {
      const int64_t nanoseconds = list->deadline - now(CLOCK_MONOTONIC);
      if (nanoseconds > 0) left = (struct timespec){nanoseconds / SECOND, nanoseconds % SECOND};
    }
    const bool endless = waits && list->deadline == INT64_MAX;
    if (ppoll(list->polled, list->count, endless ? NULL : &left, NULL) < 0) return 0;
    for (uint32_t i = 0; i < list->count; i++)
      if (list->polled[i].revents & POLLNVAL) return 0;
    const uint32_t happened = put_events(c, list);
    if (happened > 0 || !waits) return happened;
  }
}

bool wasi_poll_oneoff(const call *c) {
  const uint32_t count = word(c, 2), out = word(c, 3);
  if (count == 0 || count > MANY || !within(c, word(c, 0), (uint64_t)SUBSCRIPTION * count)) return false;
  if (!within(c, word(c, 1), (uint64_t)EVENT * count) || !within(c, out, 4)) return false;
  wish few[FEW];
  struct pollfd few_polled[FEW];
  wait_list list = {few, few_polled, 0, INT64_MAX};
  if (count > FEW) {
    list.wishes = malloc(count * (sizeof *list.wishes + sizeof *list.polled));
    if (list.wishes == NULL) return false;
    list.polled = (struct pollfd *)(list.wishes + count);
  }
  const uint32_t happened = read_all(c, &list, count) ? wait_for_events(c, &list) : 0;
  for (uint32_t i = 0; i < list.count; i++)
    if (list.wishes[i].file != NULL) we_file_release(list.wishes[i].file);
  if (count > FEW) free(list.wishes);
  if (happened > 0) store(c, out, happened, 4);
  return happened > 0;
}
