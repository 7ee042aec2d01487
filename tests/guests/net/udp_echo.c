/* udp_echo PORT: sends every datagram back where it came from, until one says "quit". */
#include "net.h"

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  int fd = net_socket(DATAGRAMS);
  if (fd < 0 || net_bind(fd, LOOPBACK, atoi(argv[1]))) {
    perror("bind");
    return 1;
  }
  printf("port %d\n", net_local_port(fd));
  fflush(stdout);
  char data[2048];
  for (;;) {
    uint32_t ip;
    int port;
    long size = net_receive_from(fd, data, sizeof data, &ip, &port);
    if (size < 0 || net_send_to(fd, data, size, ip, port) < 0) {
      perror("echo");
      return 1;
    }
    if (size == 4 && !memcmp(data, "quit", 4)) return 0;
  }
}
