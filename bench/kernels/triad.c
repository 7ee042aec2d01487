/* a = b + s * c over three arrays of 4 MiB: memory bandwidth. n = passes. */
#include "kernel.h"

#define LENGTH (512 * 1024)
static double a[LENGTH], b[LENGTH], c[LENGTH];

KERNEL {
  for (int i = 0; i < LENGTH; i++) b[i] = i, c[i] = LENGTH - i;
  for (uint32_t pass = 0; pass < n; pass++) {
    double s = 1.0 / (pass + 1);
    for (int i = 0; i < LENGTH; i++) a[i] = b[i] + s * c[i];
    b[pass % LENGTH] += a[(pass * 97) % LENGTH];
  }
  double sum = 0;
  for (int i = 0; i < LENGTH; i += 64) sum += a[i];
  return bits_of(sum);
}
