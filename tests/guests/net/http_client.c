/* http_client HOST PORT PATH: prints what an HTTP server answers. */
#include "resolve.h"

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  static struct found found;
  int count = resolve(argv[1], argv[2], 1, 0, &found);
  if (count < 0) {
    fprintf(stderr, "lookup: error %d\n", errno);
    return 1;
  }
  for (int i = 0; i < count; i++) {
    const uint8_t *data = found.data[i];
    uint32_t ip = (uint32_t)data[2] << 24 | data[3] << 16 | data[4] << 8 | data[5];
    int fd = net_socket(STREAM);
    if (fd < 0 || net_connect(fd, ip, data[0] << 8 | data[1])) {
      perror("connect");
      if (fd >= 0) close(fd);
      continue;
    }
    char text[4096];
    int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", argv[3], argv[1]);
    if (net_write_all(fd, text, length)) {
      perror("send");
      return 1;
    }
    long size;
    while ((size = read(fd, text, sizeof text)) > 0) fwrite(text, 1, size, stdout);
    if (size < 0) perror("receive");
    return size < 0;
  }
  return 1;
}
