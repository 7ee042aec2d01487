/* Executable memory: one reserved range that all generated code lies in, so that the fault handler
 * recognises it by comparing two bounds. Pages are writable or executable, never both. */
#include <stdlib.h>
#include <string.h>

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

void *we_code_alloc(uint64_t size) {
  void *code = NULL;
  size = pages_round(size);
  pthread_mutex_lock(&lock);
  if (size > 0 && reserve_arena()) {
    for (extent **link = &free_list; *link != NULL; link = &(*link)->next) {
      extent *piece = *link;
      if (piece->size < size) continue;
      if (!pages_commit((void *)(uintptr_t)piece->start, size)) break;
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

bool we_code_seal(void *code, uint64_t size) { return pages_make_code(code, pages_round(size)); }

void we_code_free(void *code, uint64_t size) {
  if (code == NULL) return;
  segments_remove(code);
  size = pages_round(size);
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

uint64_t we_symbol(const char *name) {
  return strcmp(name, "we_meter") == 0 ? meter_offset() : machine_gate(name);
}
