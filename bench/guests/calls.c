/* Crossing the border: a function for the host to call, and a loop that calls the host. */
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))

__attribute__((import_module("host"), import_name("tick"))) int32_t tick(int32_t);

EXPORT("add") int32_t add(int32_t a, int32_t b) { return a + b; }

EXPORT("ticks") int32_t ticks(int32_t n) {
  int32_t sum = 0;
  for (int32_t i = 0; i < n; i++) sum = tick(sum);
  return sum;
}
