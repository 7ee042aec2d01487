/* Calls through a table of function pointers chosen by data. n = calls. */
#include "kernel.h"

typedef uint32_t (*operation)(uint32_t, uint32_t);

static uint32_t add(uint32_t a, uint32_t b) { return a + b; }
static uint32_t sub(uint32_t a, uint32_t b) { return a - b; }
static uint32_t mul(uint32_t a, uint32_t b) { return a * (b | 1); }
static uint32_t both(uint32_t a, uint32_t b) { return a & b; }
static uint32_t either(uint32_t a, uint32_t b) { return a | b; }
static uint32_t differ(uint32_t a, uint32_t b) { return a ^ b; }
static uint32_t left(uint32_t a, uint32_t b) { return a << (b & 31); }
static uint32_t right(uint32_t a, uint32_t b) { return (a >> (b & 31)) + b; }

static const operation operations[8] = {add, sub, mul, both, either, differ, left, right};
static operation table[8];

KERNEL {
  static uint8_t program[256];
  uint64_t state = 23;
  for (int i = 0; i < 256; i++) program[i] = next_random(&state) >> 61;
  for (int i = 0; i < 8; i++) table[i] = operations[(i + n) & 7]; /* data, not a constant */
  uint32_t value = 1;
  for (uint32_t i = 0; i < n; i++) value = table[program[i & 255]](value, i);
  return value;
}
