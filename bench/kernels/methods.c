/* Objects with method tables, as C++ compiles virtual methods. n = calls on 64 shapes. */
#include "kernel.h"

typedef struct shape shape;
typedef struct {
  double (*area)(const shape *);
  void (*scale)(shape *, double);
} methods;

struct shape {
  const methods *table;
  double width, height;
};

static double rectangle_area(const shape *s) { return s->width * s->height; }
static double triangle_area(const shape *s) { return s->width * s->height * 0.5; }
static double ellipse_area(const shape *s) { return s->width * s->height * 0.78539816339744831; }
static void scale_both(shape *s, double by) { s->width *= by, s->height *= by; }
static void scale_width(shape *s, double by) { s->width *= by * by; }

static const methods rectangle = {rectangle_area, scale_both};
static const methods triangle = {triangle_area, scale_width};
static const methods ellipse = {ellipse_area, scale_both};

#define SHAPES 64
static shape shapes[SHAPES];

KERNEL {
  uint64_t state = 29;
  for (int i = 0; i < SHAPES; i++) {
    uint64_t r = next_random(&state) >> 33;
    shapes[i].table = r % 3 == 0 ? &rectangle : r % 3 == 1 ? &triangle : &ellipse;
    shapes[i].width = (double)(r % 100) + 1;
    shapes[i].height = (double)(r % 37) + 1;
  }
  double total = 0;
  for (uint32_t i = 0; i < n; i++) {
    shape *s = &shapes[i % SHAPES];
    total += s->table->area(s);
    if (i % 8 == 0) s->table->scale(s, i & SHAPES ? 1.25 : 0.8);
  }
  return bits_of(total);
}
