/* net_load PORT CONNECTIONS SIZE ROUNDS: keeps so many connections to an echo server busy, each with messages of SIZE
   bytes that are sent again when they have come back. Prints the seconds for ROUNDS messages per connection and the
   median and the 99th percentile of the microseconds that one took. Native: the load is the same for every server. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  const int count = atoi(argv[2]), rounds = atoi(argv[4]);
  const long size = atol(argv[3]);
  struct pollfd *polled = calloc(count, sizeof *polled);
  long *missing = calloc(count, sizeof *missing);
  int *left = calloc(count, sizeof *left), done = 0;
  double *started = calloc(count, sizeof *started), *times = calloc((size_t)count * rounds, sizeof *times);
  char *data = calloc(1, size);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  for (int i = 0; i < count; i++) {
    polled[i] = (struct pollfd){.fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLIN};
    if (connect(polled[i].fd, (struct sockaddr *)&to, sizeof to)) fail("connect");
    left[i] = rounds;
  }
  const double start = now();
  for (int i = 0; i < count; i++) {
    started[i] = now();
    missing[i] = size;
    if (send(polled[i].fd, data, size, MSG_NOSIGNAL) != size) fail("send");
  }
  for (int open = count; open > 0;) {
    if (poll(polled, count, -1) < 0) fail("poll");
    for (int i = 0; i < count; i++) {
      if (!polled[i].revents) continue;
      const long got = recv(polled[i].fd, data, missing[i], 0);
      if (got <= 0) fail("recv");
      if ((missing[i] -= got) > 0) continue;
      const double time = now();
      times[done++] = time - started[i];
      if (--left[i] == 0) {
        polled[i].fd = -1 - polled[i].fd; /* poll ignores it, the connection stays */
        open--;
        continue;
      }
      started[i] = time;
      missing[i] = size;
      if (send(polled[i].fd, data, size, MSG_NOSIGNAL) != size) fail("send");
    }
  }
  const double seconds = now() - start;
  qsort(times, done, sizeof *times, by_size);
  printf("%.6f %.1f %.1f\n", seconds, times[done / 2] * 1e6, times[done - 1 - done / 100] * 1e6);
  return 0;
}
