/* Executable memory: one reserved range that all generated code lies in, so that the fault handler
 * recognises it by comparing two bounds. Pages are writable or executable, never both. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* A free piece of the arena; the list is sorted by address and neighbours are merged. */
typedef struct extent {
  uint64_t start, size;
  struct extent *next;
} extent;

static FORK_SAFE_MUTEX(lock);
static _Atomic uint64_t arena_start, arena_end;
static extent *free_list;

/* Called with the lock held. */
static bool reserve_arena(void) {
  if (atomic_load(&arena_start) != 0) return true;
  for (uint64_t size = 1ull << 30; size >= 1ull << 22; size >>= 1) {
    void *start = size <= pages_share(16) ? pages_reserve(size) : NULL;
    if (start == NULL) continue;
    extent *all = malloc(sizeof *all);
    if (all == NULL) {
      pages_release(start, size);
      return false;
    }
    *all = (extent){(uint64_t)(uintptr_t)start, size, NULL};
    free_list = all;
    atomic_store(&arena_end, all->start + size);
    atomic_store(&arena_start, all->start);
    return true;
  }
  return false;
}

bool we_code_contains(uint64_t address) {
  return address >= atomic_load(&arena_start) && address < atomic_load(&arena_end);
}

/* Takes `size` bytes, whole pages, which are still inaccessible. */
static void *take(uint64_t size) {
  void *code = NULL;
  pthread_mutex_lock(&lock);
  if (size > 0 && reserve_arena()) {
    for (extent **link = &free_list; *link != NULL; link = &(*link)->next) {
      extent *piece = *link;
      if (piece->size < size) continue;
      code = (void *)(uintptr_t)piece->start;
      piece->start += size;
      piece->size -= size;
      if (piece->size == 0) {
        *link = piece->next;
        free(piece);
      }
      break;
    }
  }
  pthread_mutex_unlock(&lock);
  return code;
}

void *we_code_alloc(uint64_t size) {
  size = pages_round(size);
  void *code = take(size);
  if (code == NULL || pages_commit(code, size)) return code;
  we_code_free(code, size);
  return NULL;
}

bool we_code_seal(void *code, uint64_t size) { return pages_make_code(code, pages_round(size)); }

void we_code_free(void *code, uint64_t size) {
  if (code == NULL) return;
  size = pages_round(size);
  segments_remove(code, size);
  const uint64_t start = (uint64_t)(uintptr_t)code;
  pages_discard(code, size);
  pthread_mutex_lock(&lock);
  extent *before = NULL, **link = &free_list;
  while (*link != NULL && (*link)->start < start) {
    before = *link;
    link = &before->next;
  }
  extent *after = *link;
  const bool joins_before = before != NULL && before->start + before->size == start;
  const bool joins_after = after != NULL && start + size == after->start;
  if (joins_before) {
    before->size += size;
    if (joins_after) {
      before->size += after->size;
      before->next = after->next;
      free(after);
    }
  } else if (joins_after) {
    after->start = start;
    after->size += size;
  } else {
    extent *piece = malloc(sizeof *piece);
    if (piece != NULL) { /* else the address range is lost, not memory */
      *piece = (extent){start, size, after};
      *link = piece;
    }
  }
  pthread_mutex_unlock(&lock);
}

/* ---- Code from files ----------------------------------------------------------------------------- */

/* Reads exactly `size` bytes. */
static bool read_all(int file, uint8_t *to, uint64_t size, uint64_t offset) {
  while (size > 0) {
    const ssize_t count = pread(file, to, size, (off_t)offset);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    to += count;
    offset += (uint64_t)count;
    size -= (uint64_t)count;
  }
  return true;
}

/* Whether the bytes in the file have this checksum. They are read: touching mapped pages is slower, and fatal if
 * the file has become shorter. */
bool we_code_verify(int32_t file, uint64_t offset, uint64_t size, const uint64_t checksum[2]) {
  enum { PART = 1 << 16 };
  uint8_t *part = malloc(PART);
  checksum_state state = checksum_begin(size);
  uint64_t sum[2];
  bool ok = part != NULL;
  for (uint64_t at = 0; ok && at < size; at += PART) {
    const uint64_t length = size - at < PART ? size - at : PART;
    ok = read_all(file, part, length, offset + at);
    if (ok) checksum_add(&state, part, length);
  }
  free(part);
  checksum_end(&state, sum);
  return ok && sum[0] == checksum[0] && sum[1] == checksum[1];
}

void *we_code_from_file(int32_t file, uint64_t offset, uint64_t size, const uint64_t checksum[2], bool map) {
  const uint64_t room = pages_round(size);
  void *code;
  bool ok;
  if (map) {
    if (checksum != NULL && !we_code_verify(file, offset, size, checksum)) return NULL;
    code = take(room);
    ok = code != NULL && pages_of_file(code, room, file, offset) && pages_commit(code, room);
  } else {
    uint64_t sum[2];
    code = we_code_alloc(size);
    ok = code != NULL && read_all(file, code, size, offset);
    if (ok && checksum != NULL) we_checksum(code, size, sum);
    ok = ok && (checksum == NULL || (sum[0] == checksum[0] && sum[1] == checksum[1]));
  }
  if (ok) return code;
  we_code_free(code, size);
  return NULL;
}

uint64_t we_symbol(const char *name) {
  return strcmp(name, "we_meter") == 0 ? meter_offset() : machine_gate(name);
}
