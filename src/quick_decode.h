/* Decoding of immediates and the stack of types of the check (walk/immediates.py, walk/stack.py). Everything
 * returns false where Python raises an error. */
#ifndef PYWASMEDGE_QUICK_DECODE_H
#define PYWASMEDGE_QUICK_DECODE_H

#include "quick.h"

/* For what is Python's. */
#define NEED(condition) \
  do { \
    if (!(condition)) return false; \
  } while (0)

/* Proposals by number (base/config.py). */
enum { MULTI_VALUE = 1 << 3, REFERENCE_TYPES = 1 << 5, MULTI_MEMORIES = 1 << 8 };

/* Where the body is read; never beyond its end. */
typedef struct quick_reader {
  const uint8_t *p, *end;
} quick_reader;

static inline bool read_u32(quick_reader *r, uint32_t *value) {
  const uint8_t *p = r->p;
  if (p < r->end && *p < 0x80) {
    *value = *p;
    r->p = p + 1;
    return true;
  }
  uint64_t bits = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    if (p >= r->end) return false;
    const uint8_t byte = *p++;
    bits |= (uint64_t)(byte & 0x7f) << shift;
    if (byte >= 0x80) continue;
    *value = (uint32_t)bits;
    r->p = p;
    return bits >> 32 == 0;
  }
  return false;
}

static inline bool read_signed(quick_reader *r, int size, int64_t *value) {
  const uint8_t *p = r->p;
  uint64_t bits = 0;
  for (int shift = 0; shift < size; shift += 7) {
    if (p >= r->end) return false;
    const uint8_t byte = *p++;
    bits |= (uint64_t)(byte & 0x7f) << shift;
    if (byte >= 0x80) continue;
    const int used = size - shift;
    if (used < 7) { /* the last byte: what is above must repeat the sign */
      const int above = (int8_t)(byte << 1) >> used;
      if (above != 0 && above != -1) return false;
    }
    if (shift + 7 < 64 && (byte & 0x40)) bits |= ~0ull << (shift + 7);
    *value = (int64_t)bits;
    r->p = p;
    return true;
  }
  return false;
}

static inline bool read_byte(quick_reader *r, uint8_t *byte) {
  if (r->p >= r->end) return false;
  *byte = *r->p++;
  return true;
}

static inline bool read_bytes(quick_reader *r, void *to, int count) {
  if (r->end - r->p < count) return false;
  memcpy(to, r->p, (size_t)count);
  r->p += count;
  return true;
}

static inline bool read_index(quick_reader *r, uint32_t limit, uint32_t *value) {
  return read_u32(r, value) && *value < limit;
}

/* An index that a proposal has brought: the byte 0 while it is off. */
static inline bool read_index_if(quick_reader *r, bool on, uint32_t limit, uint32_t *value) {
  return (on || (r->p < r->end && *r->p == 0)) && read_index(r, limit, value);
}

static inline bool is_value_type(const quick_module *m, uint8_t byte) {
  return byte < 0x80 && (m->source.value_types[byte / 64] >> byte % 64 & 1);
}

/* ---- The stack of types ---------------------------------------------------------------------------------- */

static inline uint8_t *top_type(quick_state *s) { return &s->types[s->type_count - 1]; }
static inline void push_type(quick_state *s, int type) { s->types[s->type_count++] = (uint8_t)type; }

static inline bool pop_type(quick_state *s, int expected) {
  const int got = *top_type(s);
  if (got == expected || got == ANY)
    s->type_count--;
  else if (got != POLY)
    return false;
  return true;
}

/* Pops a type; ANY if it is not known. */
static inline bool pop_any(quick_state *s, int *type) {
  const int got = *top_type(s);
  if (got == BOTTOM) return false;
  *type = got == POLY ? ANY : got;
  if (got != POLY) s->type_count--;
  return true;
}

static inline bool pop_types(quick_state *s, int count, const uint8_t *types) {
  while (count-- > 0)
    if (!pop_type(s, types[count])) return false;
  return true;
}

static inline void push_types(quick_state *s, int count, const uint8_t *types) {
  memcpy(s->types + s->type_count, types, (size_t)count);
  s->type_count += count;
}

/* Whether operands of these types are on top; the stack stays as it is. */
static inline bool check_top(const quick_state *s, int count, const uint8_t *types) {
  for (int at = s->type_count - 1; count-- > 0; at--) {
    if (s->types[at] == POLY) return true;
    if (s->types[at] != types[count] && s->types[at] != ANY) return false;
  }
  return true;
}

/* The rest of the innermost frame cannot be reached. */
static inline void kill_types(quick_state *s) {
  s->type_count = s->frames[s->frame_count - 1].height;
  *top_type(s) = POLY;
}

/* ---- quick_rows.c ----------------------------------------------------------------------------------------- */

/* An instruction of the table, by the group of its prefix. */
bool quick_row(quick_state *s, quick_reader *r, int group, uint32_t code);

#endif
