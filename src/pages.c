/* Address space of the process: reserving, committing, protecting. POSIX with Linux's flags. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "internal.h"

uint64_t pages_round(uint64_t bytes) {
  static uint64_t mask;
  if (mask == 0) mask = (uint64_t)sysconf(_SC_PAGESIZE) - 1;
  return (bytes + mask) & ~mask;
}

uint64_t pages_share(uint32_t part) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
  return limit.rlim_cur / part;
}

void *pages_reserve(uint64_t bytes) {
  void *start = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return start == MAP_FAILED ? NULL : start;
}

void *pages_map(uint64_t bytes) {
  void *start =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return start == MAP_FAILED ? NULL : start;
}

bool pages_commit(void *start, uint64_t bytes) { return mprotect(start, bytes, PROT_READ | PROT_WRITE) == 0; }

bool pages_make_code(void *start, uint64_t bytes) { return mprotect(start, bytes, PROT_READ | PROT_EXEC) == 0; }

bool pages_of_file(void *start, uint64_t bytes, int file, uint64_t offset) {
  return mmap(start, bytes, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file, (off_t)offset) == start;
}

bool pages_discard(void *start, uint64_t bytes) {
  return mmap(start, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == start;
}

void pages_release(void *start, uint64_t bytes) { munmap(start, bytes); }
