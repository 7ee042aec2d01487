/* What the WASI functions in C share: a call and the guest's memory. See wasi.h. */
#ifndef PYWASMEDGE_WASI_CALL_H
#define PYWASMEDGE_WASI_CALL_H

#include <string.h>

#include "wasi_abi.h"
#include "wasi_env.h"

/* A call: where it happens, and its parameters, which the guest may have put into any bits of a slot. */
typedef struct {
  we_wasi *wasi;
  uint8_t *memory;
  uint64_t size; /* of the memory */
  const uint64_t *frame;
} call;

static inline uint32_t word(const call *c, int parameter) { return (uint32_t)c->frame[parameter]; }

static inline bool within(const call *c, uint32_t at, uint64_t length) { return at + length <= c->size; }

/* The host is little-endian, too; addresses need not be aligned. */
static inline void store(const call *c, uint32_t at, uint64_t value, size_t width) {
  memcpy(c->memory + at, &value, width);
}

bool wasi_poll_oneoff(const call *c); /* src/wasi_poll.c */

#endif
