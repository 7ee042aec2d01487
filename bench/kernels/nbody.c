/* Planets around the sun: double-precision arithmetic with square root and division. n = steps. */
#include "kernel.h"

typedef struct {
  double x, y, z, vx, vy, vz, mass;
} body;

#define BODIES 5
static body bodies[BODIES];

static void reset(void) {
  uint64_t state = 7;
  for (int i = 0; i < BODIES; i++) {
    double *field = &bodies[i].x;
    for (int k = 0; k < 6; k++) {
      field[k] = (double)(int64_t)(next_random(&state) >> 11) * (k < 3 ? 0x1p-50 : 0x1p-54);
    }
    bodies[i].mass = i ? 0.01 * i : 39.0;
  }
}

static void advance(double dt) {
  for (int i = 0; i < BODIES; i++) {
    body *a = &bodies[i];
    for (int j = i + 1; j < BODIES; j++) {
      body *b = &bodies[j];
      double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
      double square = dx * dx + dy * dy + dz * dz + 0.01;
      double pull = dt / (square * __builtin_sqrt(square));
      a->vx -= dx * b->mass * pull;
      a->vy -= dy * b->mass * pull;
      a->vz -= dz * b->mass * pull;
      b->vx += dx * a->mass * pull;
      b->vy += dy * a->mass * pull;
      b->vz += dz * a->mass * pull;
    }
  }
  for (int i = 0; i < BODIES; i++) {
    bodies[i].x += dt * bodies[i].vx;
    bodies[i].y += dt * bodies[i].vy;
    bodies[i].z += dt * bodies[i].vz;
  }
}

KERNEL {
  uint64_t sum = 0;
  reset();
  for (uint32_t i = 0; i < n; i++) advance(0.001);
  for (int i = 0; i < BODIES; i++) sum = mix(sum, bits_of(bodies[i].x + bodies[i].vy));
  return sum;
}
