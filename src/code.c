/* Executable memory: one reserved range that all generated code lies in, so that the fault handler
 * recognises it by comparing two bounds. No address is ever writable and executable.
 *
 * Large pieces have pages of their own, which are writable first and executable then. Small ones lie close
 * together in pools. A pool is memory that is mapped twice: executable in the range, and writable somewhere
 * else, so a new piece costs no system call and its neighbours can run meanwhile. Where the system does not
 * allow that, small pieces have pages of their own, too.
 *
 * After a fork parent and child share the pools that exist. So neither uses a freed place in them again,
 * which the other may still need; new code goes into new pools.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* A free piece of address space; lists of them are sorted by address and neighbours are merged. */
typedef struct extent {
  uint64_t start, size;
  struct extent *next;
} extent;

typedef struct pool {
  uint64_t start, size;
  uint64_t used;     /* bytes of the pieces in it */
  uint8_t *writable; /* the other mapping; NULL in the child of a fork */
  bool closed;       /* takes no more code */
  extent *free_list;
  struct pool *next;
} pool;

enum {
  GRANULE = 64,            /* of pieces in pools: they start and end at multiples */
  LARGEST_PIECE = 1 << 15, /* in a pool */
  FIRST_POOL = 1 << 16,
  LARGEST_POOL = 1 << 22,
};

static FORK_SAFE_MUTEX(lock); /* guards what follows but the bounds */
static _Atomic uint64_t arena_start, arena_end;
static extent *arena; /* what is free of it */
static pool *pools;   /* the latest first */
static bool no_pools; /* the system does not allow them */
static _Atomic bool anonymous; /* only anonymous pages are wanted */

/* ---- Lists of free pieces ------------------------------------------------------------------------ */

static void give_back(extent **list, uint64_t start, uint64_t size) {
  extent *before = NULL, **link = list;
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
}

/* The address of `size` bytes, 0 if there are none. */
static uint64_t take(extent **list, uint64_t size) {
  for (extent **link = list; *link != NULL; link = &(*link)->next) {
    extent *piece = *link;
    if (piece->size < size) continue;
    const uint64_t start = piece->start;
    piece->start += size;
    piece->size -= size;
    if (piece->size == 0) {
      *link = piece->next;
      free(piece);
    }
    return start;
  }
  return 0;
}

/* ---- Pages --------------------------------------------------------------------------------------- */

/* Called with the lock held. */
static bool reserve_arena(void) {
  if (atomic_load(&arena_start) != 0) return true;
  for (uint64_t size = 1ull << 30; size >= 1ull << 22; size >>= 1) {
    void *start = size <= pages_share(16) ? pages_reserve(size) : NULL;
    if (start == NULL) continue;
    give_back(&arena, (uint64_t)(uintptr_t)start, size);
    if (arena == NULL) {
      pages_release(start, size);
      return false;
    }
    atomic_store(&arena_end, arena->start + size);
    atomic_store(&arena_start, arena->start);
    return true;
  }
  return false;
}

bool we_code_contains(uint64_t address) {
  return address >= atomic_load(&arena_start) && address < atomic_load(&arena_end);
}

/* Takes whole pages, which are still inaccessible. */
static void *take_pages(uint64_t size) {
  uint64_t code = 0;
  pthread_mutex_lock(&lock);
  if (size > 0 && reserve_arena()) code = take(&arena, size);
  pthread_mutex_unlock(&lock);
  return (void *)(uintptr_t)code;
}

void *we_code_alloc(uint64_t size) {
  size = pages_round(size);
  void *code = take_pages(size);
  if (code == NULL || pages_commit(code, size)) return code;
  we_code_free(code, size);
  return NULL;
}

/* ---- Pools --------------------------------------------------------------------------------------- */

/* These are called with the lock held. */
static pool *pool_of(const void *code) {
  for (pool *some = pools; some != NULL; some = some->next)
    if ((uint64_t)(uintptr_t)code - some->start < some->size) return some;
  return NULL;
}

static void delete_pool(pool *old) {
  pool **link = &pools;
  while (*link != old) link = &(*link)->next;
  *link = old->next;
  while (old->free_list != NULL) {
    extent *piece = old->free_list;
    old->free_list = piece->next;
    free(piece);
  }
  if (old->writable != NULL && old->size > 0) pages_release(old->writable, old->size);
  if (old->size > 0 && pages_discard((void *)(uintptr_t)old->start, old->size))
    give_back(&arena, old->start, old->size);
  free(old);
}

/* Has the pool take no more code, and gives back what is free at its end. */
static void close_pool(pool *some) {
  const extent *last = some->free_list;
  while (last != NULL && last->next != NULL) last = last->next;
  if (!some->closed && last != NULL && last->start + last->size == some->start + some->size) {
    const uint64_t kept = pages_round(last->start - some->start), rest = some->size - kept;
    if (rest > 0 && pages_discard((void *)(uintptr_t)(some->start + kept), rest)) {
      pages_release(some->writable + kept, rest);
      give_back(&arena, some->start + kept, rest);
      some->size = kept;
    }
  }
  some->closed = true;
}

static pool *new_pool(void) {
  uint64_t size = pools != NULL && !pools->closed ? pools->size * 2 : FIRST_POOL;
  if (size > LARGEST_POOL) size = LARGEST_POOL;
  if (no_pools || atomic_load(&anonymous) || !reserve_arena()) return NULL;
  uint64_t start = take(&arena, size);
  while (start == 0 && size > FIRST_POOL) {
    size /= 2;
    start = take(&arena, size);
  }
  pool *some = start != 0 ? malloc(sizeof *some) : NULL;
  if (some == NULL) {
    if (start != 0) give_back(&arena, start, size);
    return NULL;
  }
  *some = (pool){.start = start, .size = size, .next = pools};
  some->writable = pages_map_twice((void *)(uintptr_t)start, size);
  if (some->writable == NULL) {
    no_pools = errno != EMFILE && errno != ENFILE && errno != ENOMEM;
    give_back(&arena, start, size);
    free(some);
    return NULL;
  }
  give_back(&some->free_list, start, size);
  pools = some;
  if (some->free_list != NULL) return some;
  delete_pool(some);
  return NULL;
}

static uint64_t pool_round(uint64_t size) { return (size + GRANULE - 1) & ~(uint64_t)(GRANULE - 1); }

static void *take_from(pool *some, const void *bytes, uint64_t size) {
  const uint64_t start = take(&some->free_list, pool_round(size));
  if (start == 0) return NULL;
  some->used += pool_round(size);
  memcpy(some->writable + (start - some->start), bytes, size);
  return (void *)(uintptr_t)start;
}

/* NULL if it has to have pages of its own. */
static void *place_in_pool(const void *bytes, uint64_t size, uint64_t alignment) {
  void *code = NULL;
  if (size > LARGEST_PIECE || size == 0 || alignment > GRANULE) return NULL;
  pthread_mutex_lock(&lock);
  for (pool *some = pools; some != NULL && code == NULL; some = some->next)
    if (!some->closed && some->size - some->used >= size) code = take_from(some, bytes, size);
  if (code == NULL) {
    pool *some = new_pool();
    if (some != NULL) code = take_from(some, bytes, size);
  }
  pthread_mutex_unlock(&lock);
  return code;
}

/* False if the code is in no pool. */
static bool free_in_pool(void *code, uint64_t size) {
  pthread_mutex_lock(&lock);
  pool *some = pool_of(code);
  if (some != NULL) {
    some->used -= pool_round(size);
    if (!some->closed) {
      give_back(&some->free_list, (uint64_t)(uintptr_t)code, pool_round(size));
      machine_code_changes(code, size);
    }
    if (some->used == 0 && (some->closed || pools->next != NULL)) delete_pool(some);
  }
  pthread_mutex_unlock(&lock);
  return some != NULL;
}

void code_after_fork(bool in_child) {
  pool *next;
  for (pool *some = pools; some != NULL; some = next) {
    next = some->next;
    close_pool(some);
    if (in_child && some->writable != NULL) {
      pages_release(some->writable, some->size);
      some->writable = NULL;
    }
    if (some->used == 0) delete_pool(some);
  }
}

void we_code_stay_anonymous(void) {
  pthread_mutex_lock(&lock);
  atomic_store(&anonymous, true);
  for (pool *some = pools; some != NULL; some = some->next) some->closed = true;
  pthread_mutex_unlock(&lock);
}

/* ---- Pieces -------------------------------------------------------------------------------------- */

uint64_t we_code_place(const uint8_t *bytes, uint64_t size, uint64_t alignment, bool seal) {
  void *code = place_in_pool(bytes, size, alignment);
  if (code != NULL) return (uint64_t)(uintptr_t)code;
  code = we_code_alloc(size);
  if (code == NULL) return 0;
  memcpy(code, bytes, size);
  if (!seal || we_code_seal(code, size)) return (uint64_t)(uintptr_t)code;
  we_code_free(code, size);
  return 0;
}

void we_code_patch(uint64_t code, uint64_t offset, uint64_t value) {
  uint8_t *at = (uint8_t *)(uintptr_t)code + offset;
  uint64_t word;
  pthread_mutex_lock(&lock);
  const pool *some = pool_of(at);
  if (some != NULL) at = some->writable + (code + offset - some->start);
  memcpy(&word, at, sizeof word);
  word += value;
  memcpy(at, &word, sizeof word);
  pthread_mutex_unlock(&lock);
}

bool we_code_seal(void *code, uint64_t size) {
  pthread_mutex_lock(&lock);
  const bool in_pool = pool_of(code) != NULL;
  pthread_mutex_unlock(&lock);
  return in_pool || pages_make_code(code, pages_round(size));
}

void we_code_free(void *code, uint64_t size) {
  if (code == NULL) return;
  segments_remove(code, size);
  if (free_in_pool(code, size)) return;
  size = pages_round(size);
  pages_discard(code, size);
  pthread_mutex_lock(&lock);
  give_back(&arena, (uint64_t)(uintptr_t)code, size);
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
  if (map && atomic_load(&anonymous)) return NULL;
  if (map) {
    if (checksum != NULL && !we_code_verify(file, offset, size, checksum)) return NULL;
    code = take_pages(room);
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
