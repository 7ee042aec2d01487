/* 128 x 128 single-precision matrix product, the loops in vector-friendly order. n = products. */
#include "kernel.h"

#define SIZE 128
static float a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];

KERNEL {
  for (int i = 0; i < SIZE; i++) {
    for (int j = 0; j < SIZE; j++) {
      a[i][j] = (float)(i - j) / SIZE;
      b[i][j] = (float)(i * j % 17) / 16;
    }
  }
  double sum = 0;
  for (uint32_t k = 0; k < n; k++) {
    for (int i = 0; i < SIZE; i++) {
      for (int j = 0; j < SIZE; j++) c[i][j] = 0;
      for (int l = 0; l < SIZE; l++) {
        float factor = a[i][l];
        for (int j = 0; j < SIZE; j++) c[i][j] += factor * b[l][j];
      }
    }
    sum += c[k % SIZE][(k * 31) % SIZE];
    a[k % SIZE][k % SIZE] += 0.5f;
  }
  return bits_of(sum);
}
