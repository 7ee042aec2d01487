/**
 * @file
 * 128-bit integers, for the bits of values. Included by wasmedge.h. Who includes this header alone includes
 * <stdint.h> before it.
 */
#ifndef WASMEDGE_C_API_INT128_H
#define WASMEDGE_C_API_INT128_H

#if defined(__x86_64__) || defined(__aarch64__)
/** Unsigned 128-bit integer, the compiler's own. */
__extension__ typedef unsigned __int128 uint128_t;
/** Signed 128-bit integer, the compiler's own. */
__extension__ typedef __int128 int128_t;
#else
/** Unsigned 128-bit integer, where compilers have none. */
typedef struct uint128_t {
  uint64_t Low;  /**< the low 64 bits */
  uint64_t High; /**< the high 64 bits */
} uint128_t;
/** Signed 128-bit integer, where compilers have none. */
typedef struct int128_t {
  uint64_t Low; /**< the low 64 bits */
  int64_t High; /**< the high 64 bits, with the sign */
} int128_t;
#endif

#endif /* WASMEDGE_C_API_INT128_H */
