/* Copies standard input to standard output; says how much on standard error.
 * Exit code 1 and the reason when reading or writing fails. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  return 1;
}

int main(void) {
  char buffer[1000];
  long total = 0;
  for (;;) {
    ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
    if (got < 0)
      return fail("read");
    if (got == 0)
      break;
    for (ssize_t at = 0; at < got;) {
      ssize_t put = write(STDOUT_FILENO, buffer + at, (size_t)(got - at));
      if (put < 0)
        return fail("write");
      at += put;
    }
    total += got;
  }
  fprintf(stderr, "%ld bytes\n", total);
  return 0;
}
