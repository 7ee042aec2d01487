/* clock.wasm MS: sleeps so many milliseconds and prints what the clocks say. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long long now(clockid_t clock) {
  struct timespec at;
  if (clock_gettime(clock, &at) != 0) {
    perror("clock_gettime");
    exit(1);
  }
  return at.tv_sec * 1000000000LL + at.tv_nsec;
}

int main(int argc, char **argv) {
  long ms = argc > 1 ? atol(argv[1]) : 0;
  struct timespec span = {ms / 1000, ms % 1000 * 1000000};
  struct timespec resolution;
  if (clock_getres(CLOCK_MONOTONIC, &resolution) != 0) {
    perror("clock_getres");
    return 1;
  }
  long long start = now(CLOCK_MONOTONIC);
  if (nanosleep(&span, NULL) != 0) {
    perror("nanosleep");
    return 1;
  }
  long long elapsed = now(CLOCK_MONOTONIC) - start;
  printf("elapsed %lld ns\n", elapsed);
  printf("resolution %lld ns\n", resolution.tv_sec * 1000000000LL + resolution.tv_nsec);
  printf("unix time %lld s\n", now(CLOCK_REALTIME) / 1000000000LL);
  return 0;
}
