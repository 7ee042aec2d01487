/* poll_echo PORT CONNECTIONS: sends back what arrives, in one poll loop; ends after so many connections. */
#include "net.h"

enum { MOST = 1024 };

static struct pollfd polled[MOST + 1];

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int count = 1, left = atoi(argv[2]), most = 0;
  polled[0] = (struct pollfd){.fd = net_serve(atoi(argv[1])), .events = POLLIN};
  net_nonblock(polled[0].fd);
  while (left > 0 || count > 1) {
    if (poll(polled, count, -1) < 0) {
      perror("poll");
      return 1;
    }
    for (int i = count - 1; i > 0; i--) {
      if (!polled[i].revents) continue;
      char data[16384];
      long size = read(polled[i].fd, data, sizeof data);
      if (size < 0 && errno == EAGAIN) continue;
      if (size > 0) {
        long sent = write(polled[i].fd, data, size);
        if (sent == size) continue;
        fprintf(stderr, "%ld of %ld bytes sent\n", sent, size); /* more than a buffer holds is under way */
      }
      close(polled[i].fd);
      polled[i] = polled[--count];
    }
    while (polled[0].revents && count <= MOST) {
      int fd = net_accept(polled[0].fd);
      if (fd < 0) break;
      net_nonblock(fd);
      polled[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
      left--;
    }
    if (count - 1 > most) most = count - 1;
  }
  printf("at most %d at once\n", most);
  return 0;
}
