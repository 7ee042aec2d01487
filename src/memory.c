/* Linear memories. Address space is reserved once, so the base never moves; growing makes more of
 * it accessible. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Every address a guest can form: 2^32 - 1 plus an offset below 2^31, plus the widest access. */
static const uint64_t GUARDED_RESERVATION = (6ull << 30) + WASM_PAGE;

static FORK_SAFE_MUTEX(grow_lock);

/* Reserves between min and max bytes, as much as the system grants, but beyond min no more than a
 * quarter of what the process may use; 0 if it grants not even min. */
static uint64_t reserve_some(we_memory *memory, uint64_t min, uint64_t max) {
  const uint64_t fair = pages_share(4) & ~(uint64_t)(WASM_PAGE - 1);
  if (max > fair) max = fair;
  for (uint64_t bytes = max;; bytes = bytes / 2 & ~(uint64_t)(WASM_PAGE - 1)) {
    if (bytes < min) bytes = min;
    memory->base = pages_reserve(bytes > 0 ? bytes : WASM_PAGE);
    if (memory->base != NULL) return bytes > 0 ? bytes : WASM_PAGE;
    if (bytes == min) return 0;
  }
}

we_memory *we_memory_new(uint32_t min_pages, bool has_max, uint32_t max_pages, bool shared, uint32_t limit_pages,
                         bool guard) {
  if (limit_pages > MAX_WASM_PAGES) limit_pages = MAX_WASM_PAGES;
  if (has_max && max_pages < limit_pages) limit_pages = max_pages;
  if (min_pages > limit_pages) return NULL;
  we_memory *memory = calloc(1, sizeof *memory);
  if (memory == NULL) return NULL;
  const uint64_t size = (uint64_t)min_pages * WASM_PAGE;
  if (guard) {
    memory->base = pages_reserve(GUARDED_RESERVATION);
    memory->reserved = memory->base != NULL ? GUARDED_RESERVATION : 0;
    memory->guarded = memory->base != NULL;
  }
  if (memory->base == NULL) memory->reserved = reserve_some(memory, size, (uint64_t)limit_pages * WASM_PAGE);
  if (memory->reserved == 0 || (size > 0 && !pages_commit(memory->base, size))) {
    if (memory->base != NULL) pages_release(memory->base, memory->reserved);
    free(memory);
    return NULL;
  }
  memory->size = size;
  memory->max_pages = limit_pages;
  memory->shared = shared;
  memory->has_max = has_max;
  memory->declared_max = has_max ? max_pages : 0;
  memory->declared_min = min_pages;
  return memory;
}

void we_memory_free(we_memory *memory) {
  if (memory == NULL) return;
  pages_release(memory->base, memory->reserved);
  free(memory);
}

static uint64_t size_of(const we_memory *memory) { return __atomic_load_n(&memory->size, __ATOMIC_ACQUIRE); }

int64_t we_memory_grow(we_memory *memory, uint32_t pages) {
  if (pages == 0) return (int64_t)(size_of(memory) / WASM_PAGE);
  int64_t before = -1;
  pthread_mutex_lock(&grow_lock);
  const uint64_t size = memory->size;
  const uint64_t grown = size + (uint64_t)pages * WASM_PAGE;
  if (grown / WASM_PAGE <= memory->max_pages && grown <= memory->reserved &&
      pages_commit(memory->base + size, grown - size)) {
    __atomic_store_n(&memory->size, grown, __ATOMIC_RELEASE);
    before = (int64_t)(size / WASM_PAGE);
  }
  pthread_mutex_unlock(&grow_lock);
  return before;
}

/* Whether [start, start + length) lies within `limit` bytes, without overflow. */
static bool fits(uint64_t start, uint64_t length, uint64_t limit) { return length <= limit && start <= limit - length; }

int32_t we_memory_write(we_memory *memory, uint64_t offset, const uint8_t *bytes, uint64_t length) {
  if (!fits(offset, length, size_of(memory))) return TRAP_MEMORY_OUT_OF_BOUNDS;
  if (length > 0) memcpy(memory->base + offset, bytes, length);
  return 0;
}

uint32_t we_memory_write_all(we_memory *memory, const uint32_t *offsets, const uint8_t *bytes, const uint32_t *starts,
                             const uint32_t *ends, uint32_t count) {
  uint32_t done = 0;
  while (done < count && we_memory_write(memory, offsets[done], bytes + starts[done], ends[done] - starts[done]) == 0)
    done++;
  return done;
}

/* ---- Helpers of generated code ---------------------------------------------------------------- */

int32_t rt_memory_grow(we_instance *instance, uint32_t mem, int32_t pages) {
  return (int32_t)we_memory_grow(instance->memories[mem], (uint32_t)pages);
}

void rt_memory_copy(we_instance *instance, uint32_t dst_mem, uint32_t src_mem, uint32_t dst, uint32_t src,
                    uint32_t len) {
  we_memory *to = instance->memories[dst_mem];
  const we_memory *from = instance->memories[src_mem];
  if (!fits(dst, len, size_of(to)) || !fits(src, len, size_of(from))) trap_raise(TRAP_MEMORY_OUT_OF_BOUNDS);
  memmove(to->base + dst, from->base + src, len);
}

void rt_memory_fill(we_instance *instance, uint32_t mem, uint32_t dst, int32_t byte, uint32_t len) {
  we_memory *memory = instance->memories[mem];
  if (!fits(dst, len, size_of(memory))) trap_raise(TRAP_MEMORY_OUT_OF_BOUNDS);
  memset(memory->base + dst, byte, len);
}

void rt_memory_init(we_instance *instance, uint32_t mem, uint32_t segment, uint32_t dst, uint32_t src,
                    uint32_t len) {
  we_memory *memory = instance->memories[mem];
  const we_segment *data = &instance->datas[segment];
  const uint64_t length = __atomic_load_n(&data->length, __ATOMIC_ACQUIRE);
  if (!fits(dst, len, size_of(memory)) || !fits(src, len, length)) trap_raise(TRAP_MEMORY_OUT_OF_BOUNDS);
  if (len > 0) memcpy(memory->base + dst, (const uint8_t *)data->data + src, len);
}
