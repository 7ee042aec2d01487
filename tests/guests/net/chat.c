/* chat PORT: a room. Every line goes to everybody else; the room closes when it is empty again.
   One poll loop, nothing blocks; who does not read misses lines. */
#include "net.h"

enum { MOST = 64, LINE = 512 };

static struct pollfd polled[MOST + 1];
static struct {
  char line[LINE];
  size_t length;
} guests[MOST + 1];
static int count = 1;

static void tell_others(int from, const char *text, size_t length) {
  for (int i = 1; i < count; i++)
    if (i != from && write(polled[i].fd, text, length) < 0 && errno != EAGAIN) perror("send");
}

static void announce(int who, const char *what) {
  char text[32];
  int length = snprintf(text, sizeof text, "* %d %s\n", polled[who].fd, what);
  tell_others(who, text, length);
}

static void enter(void) {
  int fd = net_accept(polled[0].fd);
  if (fd < 0 || count > MOST) {
    if (fd >= 0) close(fd);
    return;
  }
  net_nonblock(fd);
  polled[count] = (struct pollfd){.fd = fd, .events = POLLIN};
  guests[count].length = 0;
  announce(count++, "enters");
}

static void leave(int who) {
  announce(who, "leaves");
  close(polled[who].fd);
  polled[who] = polled[--count];
  guests[who] = guests[count];
}

/* Whether the guest is still there. */
static int listen_to(int who) {
  long size = read(polled[who].fd, guests[who].line + guests[who].length, LINE - guests[who].length);
  if (size < 0 && errno == EAGAIN) return 1;
  if (size <= 0) return 0;
  guests[who].length += size;
  char *end;
  while ((end = memchr(guests[who].line, '\n', guests[who].length)) || guests[who].length == LINE) {
    size_t length = end ? end + 1 - guests[who].line : LINE;
    tell_others(who, guests[who].line, length);
    guests[who].length -= length;
    memmove(guests[who].line, guests[who].line + length, guests[who].length);
  }
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  polled[0] = (struct pollfd){.fd = net_serve(atoi(argv[1])), .events = POLLIN};
  net_nonblock(polled[0].fd);
  do {
    if (poll(polled, count, -1) < 0) {
      perror("poll");
      return 1;
    }
    for (int i = count - 1; i > 0; i--)
      if (polled[i].revents && !listen_to(i)) leave(i);
    if (polled[0].revents) enter();
  } while (count > 1);
  return 0;
}
