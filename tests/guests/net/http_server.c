/* http_server PORT: answers GET with the path and POST with the body, until /quit is asked for. */
#include "net.h"

static char request[65536];

/* Bytes of the request's head and body; 0 if the connection ends before. */
static size_t read_request(int fd, char **body, size_t *body_length) {
  size_t have = 0;
  for (;;) {
    long size = read(fd, request + have, sizeof request - 1 - have);
    if (size <= 0) return 0;
    have += size;
    request[have] = 0;
    char *end = strstr(request, "\r\n\r\n");
    if (!end) continue;
    char *length = strstr(request, "Content-Length:");
    *body = end + 4;
    *body_length = length && length < end ? strtoul(length + 15, NULL, 10) : 0;
    if (*body_length > sizeof request - 1 - (*body - request)) return 0;
    while (have < (size_t)(*body - request) + *body_length) {
      size = read(fd, request + have, sizeof request - 1 - have);
      if (size <= 0) return 0;
      have += size;
    }
    return have;
  }
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  int server = net_serve(atoi(argv[1]));
  for (int quit = 0; !quit;) {
    int fd = net_accept(server);
    if (fd < 0) {
      perror("accept");
      return 1;
    }
    char *body, method[8], path[256], head[512];
    size_t length;
    if (read_request(fd, &body, &length) && sscanf(request, "%7s %255s", method, path) == 2) {
      quit = !strcmp(path, "/quit");
      int missing = !strcmp(path, "/missing");
      if (strcmp(method, "POST")) {
        body = path;
        length = strlen(path);
      }
      int size = snprintf(head, sizeof head,
                          "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                          "Connection: close\r\n\r\n",
                          missing ? "404 Not Found" : "200 OK", length);
      if (net_write_all(fd, head, size) || net_write_all(fd, body, length)) perror("send");
    }
    close(fd);
  }
  return 0;
}
