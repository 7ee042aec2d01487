/* Explicit 128-bit vectors, floats: colour transformation of 4096 pixels. n = passes. */
#include "kernel.h"

typedef float f32x4 __attribute__((vector_size(16)));
typedef int32_t i32x4 __attribute__((vector_size(16)));

#define PIXELS 4096
static f32x4 image[PIXELS];

static inline f32x4 splat(float x) { return (f32x4){x, x, x, x}; }
static inline f32x4 select(i32x4 mask, f32x4 a, f32x4 b) {
  return (f32x4)(((i32x4)a & mask) | ((i32x4)b & ~mask));
}

KERNEL {
  for (int i = 0; i < PIXELS; i++) {
    image[i] = (f32x4){(float)(i & 63) / 64, (float)(i >> 6) / 64, (float)(i & 7) / 8, 1};
  }
  f32x4 red = {0.9f, 0.05f, 0.02f, 0}, green = {0.06f, 0.88f, 0.04f, 0};
  f32x4 blue = {0.03f, 0.06f, 0.91f, 0}, lift = {0.01f, 0.02f, 0.015f, 1};
  f32x4 low = splat(0), high = splat(1);
  for (uint32_t pass = 0; pass < n; pass++) {
    for (int i = 0; i < PIXELS; i++) {
      f32x4 p = image[i];
      f32x4 q = lift;
      q += __builtin_shufflevector(p, p, 0, 0, 0, 0) * red;
      q += __builtin_shufflevector(p, p, 1, 1, 1, 1) * green;
      q += __builtin_shufflevector(p, p, 2, 2, 2, 2) * blue;
      q = select(q < low, low, q);
      q = select(q > high, q - high, q);
      image[i] = q;
    }
  }
  double sum = 0;
  for (int i = 0; i < PIXELS; i++) sum += (double)image[i][i % 3] * i;
  return bits_of(sum);
}
