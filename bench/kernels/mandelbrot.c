/* Mandelbrot set on an n x n grid, 50 iterations: scalar double arithmetic. Work grows as n^2. */
#include "kernel.h"

KERNEL {
  uint64_t sum = 0;
  double step = 2.0 / n;
  for (uint32_t py = 0; py < n; py++) {
    for (uint32_t px = 0; px < n; px++) {
      double cr = px * step - 1.5, ci = py * step - 1.0, zr = 0, zi = 0;
      uint32_t i = 0;
      while (i < 50 && zr * zr + zi * zi <= 4) {
        double next = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = next;
        i++;
      }
      sum += (uint64_t)i * (px ^ py);
    }
  }
  return sum;
}
