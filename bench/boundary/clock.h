/* Timing and reporting that both programs of the boundary benchmark share. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Prints "name nanoseconds": the least time per operation of 5 runs of `count`. */
#define MEASURE(name, count, operation)                                          \
  do {                                                                           \
    double least = 1e9;                                                          \
    for (int round = 0; round < 5; round++) {                                    \
      const double start = seconds();                                            \
      for (int i = 0; i < (count); i++) operation;                               \
      const double took = seconds() - start;                                     \
      if (took < least) least = took;                                            \
    }                                                                            \
    printf("%s %.3f\n", name, least / (count) * 1e9);                            \
  } while (0)

static inline void require(int ok, const char *what) {
  if (!ok) {
    fprintf(stderr, "%s failed\n", what);
    exit(1);
  }
}

/* The bytes of a file. */
static inline uint8_t *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  require(file != NULL, path);
  uint8_t *bytes = malloc(1 << 20);
  require(bytes != NULL, "malloc");
  *length = fread(bytes, 1, 1 << 20, file);
  fclose(file);
  return bytes;
}

#endif
