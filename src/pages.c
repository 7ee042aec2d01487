/* Address space of the process: reserving, committing, protecting. POSIX with Linux's flags. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
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

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008u
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

/* Memory with a descriptor. It is no program; older systems cannot be told that. */
static int open_memory(void) {
  const int file = memfd_create("pywasmedge-code", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (file >= 0 || errno != EINVAL) return file;
  return memfd_create("pywasmedge-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

void *pages_map_twice(void *start, uint64_t bytes) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < bytes) { /* it would be a signal */
    errno = EFBIG;
    return NULL;
  }
  const int file = open_memory();
  if (file < 0) return NULL;
  void *writable = MAP_FAILED;
  if (ftruncate(file, (off_t)bytes) == 0)
    writable = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (writable != MAP_FAILED) {
    /* From now on it cannot be mapped in a way that could be made writable, if the system knows that. */
    (void)fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
    if (mmap(start, bytes, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED) {
      const int error = errno;
      munmap(writable, bytes);
      pages_discard(start, bytes);
      errno = error;
      writable = MAP_FAILED;
    }
  }
  const int error = errno;
  close(file);
  errno = error;
  return writable == MAP_FAILED ? NULL : writable;
}

bool pages_discard(void *start, uint64_t bytes) {
  return mmap(start, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == start;
}

void pages_release(void *start, uint64_t bytes) { munmap(start, bytes); }
