/* A library for hosts: exports of several types, state, memory that both sides use. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(#name))) name

static int32_t calls;
static volatile int32_t first = 1000; /* volatile, or the compiler runs set_up itself */

/* Runs in _initialize. */
__attribute__((constructor)) static void set_up(void) { calls = first; }

/* How often it was called, from 1001 on once the library is initialised. */
int32_t EXPORT(next)(void) { return ++calls; }

int32_t EXPORT(add)(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

int64_t EXPORT(multiply)(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }

double EXPORT(hypotenuse)(double a, double b) { return __builtin_sqrt(a * a + b * b); }

float EXPORT(half)(float value) { return value / 2; }

int32_t EXPORT(divide)(int32_t a, int32_t b) { return a / b; }

int64_t EXPORT(fib)(int32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

uint64_t EXPORT(factorial)(uint64_t n) {
  uint64_t product = 1;
  while (n > 1)
    product *= n--;
  return product;
}

uint32_t EXPORT(gcd)(uint32_t a, uint32_t b) {
  while (b) {
    uint32_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* Memory: a host allocates, fills, lets the guest work on it, reads, releases. */
void *EXPORT(allocate)(uint32_t size) { return malloc(size); }

void EXPORT(release)(void *block) { free(block); }

/* Sum of `count` 32-bit numbers. */
int64_t EXPORT(sum)(const int32_t *numbers, uint32_t count) {
  int64_t total = 0;
  for (uint32_t i = 0; i < count; i++)
    total += numbers[i];
  return total;
}

/* Reverses `length` bytes in place. */
void EXPORT(reverse)(char *text, uint32_t length) {
  for (uint32_t i = 0; i < length / 2; i++) {
    char last = text[length - 1 - i];
    text[length - 1 - i] = text[i];
    text[i] = last;
  }
}

/* Address of a C string. */
const char *EXPORT(version)(void) { return "library 1.0"; }

/* Fills a block that grows linear memory when it has to; 0 if there is no memory left. */
uint8_t *EXPORT(filled)(uint32_t size, uint32_t byte) {
  uint8_t *block = malloc(size);
  if (block)
    memset(block, (int)byte, size);
  return block;
}
