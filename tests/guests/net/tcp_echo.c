/* tcp_echo PORT CONNECTIONS: sends back what so many connections, one after the other, send.
   Accepts with the C library's function, which is the standard's. */
#include "net.h"

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int server = net_serve(atoi(argv[1]));
  for (int left = atoi(argv[2]); left > 0; left--) {
    int fd = accept(server, NULL, NULL);
    if (fd < 0) {
      perror("accept");
      return 1;
    }
    char data[4096];
    long size;
    while ((size = read(fd, data, sizeof data)) > 0)
      if (net_write_all(fd, data, size)) break;
    printf("%s\n", size < 0 ? strerror(errno) : size ? "not sent" : "end");
    fflush(stdout);
    close(fd);
  }
  return 0;
}
