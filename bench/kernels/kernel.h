/* What every kernel shares. A kernel is one file that defines `uint64_t run(uint32_t n)`: work
 * proportional to n (unless it says otherwise), result a checksum that must be the same natively
 * and as WebAssembly. Kernels need no libc, so that nothing but guest code is timed. */
#ifndef KERNEL_H
#define KERNEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__
#define KERNEL __attribute__((export_name("run"))) uint64_t run(uint32_t n)
#else
#define KERNEL __attribute__((visibility("default"))) uint64_t run(uint32_t n)
#endif

#define NOINLINE __attribute__((noinline))

/* xorshift64*: the same pseudo-random numbers everywhere. */
static inline uint64_t next_random(uint64_t *state) {
  uint64_t x = *state;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  *state = x;
  return x * 0x2545F4914F6CDD1DULL;
}

/* Order-dependent mixing of a value into a checksum. */
static inline uint64_t mix(uint64_t sum, uint64_t value) {
  return (sum ^ value) * 0x9E3779B97F4A7C15ULL + (sum >> 29);
}

/* The bits of a double, for checksums of floating-point kernels. */
static inline uint64_t bits_of(double value) {
  union {
    double value;
    uint64_t bits;
  } u = {value};
  return u.bits;
}

#endif
