/* Sockets for C programs: the functions that WasmEdge adds to WASI, or POSIX when compiled natively.

   IPv4 addresses are numbers in host order. Functions that return int give -1 and errno on failure. */
#ifndef NET_H
#define NET_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOPBACK 0x7f000001u
enum { DATAGRAMS = 1, STREAM = 2 };

#ifdef __wasi__
struct address {
  const uint8_t *bytes;
  uint32_t length;
};

struct vector {
  void *start;
  uint32_t length;
};

#define IMPORT(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) int we_##name
IMPORT(sock_open)(int family, int type, int *fd);
IMPORT(sock_bind)(int fd, const struct address *address, int port);
IMPORT(sock_listen)(int fd, int backlog);
IMPORT(sock_connect)(int fd, const struct address *address, int port);
IMPORT(sock_accept)(int fd, int *accepted);
IMPORT(sock_send_to)(int fd, const struct vector *data, int count, const struct address *to, int port, int flags,
                     uint32_t *sent);
IMPORT(sock_recv_from)(int fd, struct vector *data, int count, struct address *from, int flags, uint32_t *port,
                       uint32_t *size, uint16_t *out_flags);
IMPORT(sock_getlocaladdr)(int fd, struct address *address, uint32_t *kind, uint32_t *port);
IMPORT(sock_setsockopt)(int fd, int level, int name, const void *value, int size);
IMPORT(sock_getsockopt)(int fd, int level, int name, void *value, int *size);

static int failed(int error) {
  if (error) errno = error;
  return error ? -1 : 0;
}

static struct address to_bytes(uint32_t ip, uint8_t bytes[4]) {
  for (int i = 0; i < 4; i++) bytes[i] = ip >> (24 - 8 * i);
  return (struct address){bytes, 4};
}

static inline int net_socket(int type) {
  int fd;
  return failed(we_sock_open(1, type, &fd)) ? -1 : fd;
}

static inline int net_bind(int fd, uint32_t ip, int port) {
  uint8_t bytes[4];
  struct address address = to_bytes(ip, bytes);
  int one = 1;
  we_sock_setsockopt(fd, 0, 0, &one, sizeof one);
  return failed(we_sock_bind(fd, &address, port));
}

static inline int net_listen(int fd, int backlog) { return failed(we_sock_listen(fd, backlog)); }

static inline int net_connect(int fd, uint32_t ip, int port) {
  uint8_t bytes[4];
  struct address address = to_bytes(ip, bytes);
  return failed(we_sock_connect(fd, &address, port));
}

static inline int net_accept(int fd) {
  int accepted;
  return failed(we_sock_accept(fd, &accepted)) ? -1 : accepted;
}

static inline int net_local_port(int fd) {
  uint8_t bytes[16];
  struct address address = {bytes, sizeof bytes};
  uint32_t kind, port;
  return failed(we_sock_getlocaladdr(fd, &address, &kind, &port)) ? -1 : (int)port;
}

static inline long net_send_to(int fd, const void *data, size_t length, uint32_t ip, int port) {
  uint8_t bytes[4];
  struct address address = to_bytes(ip, bytes);
  struct vector vector = {(void *)data, length};
  uint32_t sent;
  return failed(we_sock_send_to(fd, &vector, 1, &address, port, 0, &sent)) ? -1 : (long)sent;
}

static inline long net_receive_from(int fd, void *data, size_t length, uint32_t *ip, int *port) {
  uint8_t bytes[4];
  struct address address = {bytes, 4};
  struct vector vector = {data, length};
  uint32_t size, number;
  uint16_t flags;
  if (failed(we_sock_recv_from(fd, &vector, 1, &address, 0, &number, &size, &flags))) return -1;
  *ip = (uint32_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
  *port = number;
  return size;
}
#else
#include <arpa/inet.h>
#include <netinet/in.h>

static inline struct sockaddr_in net_address(uint32_t ip, int port) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(ip)};
}

static inline int net_socket(int type) { return socket(AF_INET, type == STREAM ? SOCK_STREAM : SOCK_DGRAM, 0); }

static inline int net_bind(int fd, uint32_t ip, int port) {
  struct sockaddr_in address = net_address(ip, port);
  int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  return bind(fd, (struct sockaddr *)&address, sizeof address);
}

static inline int net_listen(int fd, int backlog) { return listen(fd, backlog); }

static inline int net_connect(int fd, uint32_t ip, int port) {
  struct sockaddr_in address = net_address(ip, port);
  return connect(fd, (struct sockaddr *)&address, sizeof address);
}

static inline int net_accept(int fd) { return accept(fd, NULL, NULL); }

static inline int net_local_port(int fd) {
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  return getsockname(fd, (struct sockaddr *)&address, &size) ? -1 : ntohs(address.sin_port);
}
#endif

static inline void net_nonblock(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

/* A listening socket on the loopback interface whose port is told on standard output; or the end. */
static inline int net_serve(int port) {
  int fd = net_socket(STREAM);
  if (fd < 0 || net_bind(fd, LOOPBACK, port) || net_listen(fd, 512)) {
    perror("listen");
    exit(1);
  }
  printf("port %d\n", net_local_port(fd));
  fflush(stdout);
  return fd;
}

static inline int net_write_all(int fd, const char *data, size_t length) {
  while (length) {
    long size = write(fd, data, length);
    if (size < 0) return -1;
    data += size;
    length -= size;
  }
  return 0;
}

#endif
