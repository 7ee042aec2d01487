/* Power iteration on an implicit 256 x 256 matrix: division-bound double loops. n = iterations. */
#include "kernel.h"

#define SIZE 256
static double u[SIZE], v[SIZE], t[SIZE];

static inline double element(int i, int j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

static NOINLINE void multiply(const double *in, double *out, int transposed) {
  for (int i = 0; i < SIZE; i++) {
    double sum = 0;
    if (transposed) {
      for (int j = 0; j < SIZE; j++) sum += element(j, i) * in[j];
    } else {
      for (int j = 0; j < SIZE; j++) sum += element(i, j) * in[j];
    }
    out[i] = sum;
  }
}

KERNEL {
  for (int i = 0; i < SIZE; i++) u[i] = 1;
  for (uint32_t k = 0; k < n; k++) {
    multiply(u, t, 0);
    multiply(t, v, 1);
    multiply(v, t, 0);
    multiply(t, u, 1);
  }
  double uv = 0, vv = 0;
  for (int i = 0; i < SIZE; i++) uv += u[i] * v[i], vv += v[i] * v[i];
  return bits_of(__builtin_sqrt(uv / vv));
}
