/* Calls through function pointers: a jump table, objects with methods, a comparison callback. */
#include <stdio.h>
#include <stdlib.h>

typedef int (*operation)(int, int);

static int add(int a, int b) { return a + b; }
static int subtract(int a, int b) { return a - b; }
static int multiply(int a, int b) { return a * b; }
static int exclusive_or(int a, int b) { return a ^ b; }

static const operation operations[] = {add, subtract, multiply, exclusive_or};

struct shape {
  double (*area)(const struct shape *);
  double width, height;
};

static double rectangle(const struct shape *s) { return s->width * s->height; }
static double triangle(const struct shape *s) { return s->width * s->height / 2; }

static int ascending(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}

static int descending(const void *a, const void *b) { return ascending(b, a); }

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 1000, value = 1;
  for (int i = 0; i < rounds; i++)
    value = operations[(unsigned)value % 4](value, i | 1);
  printf("table %d\n", value);

  const struct shape shapes[] = {{rectangle, 3, 4}, {triangle, 3, 4}, {rectangle, 1, 0.5}};
  double area = 0;
  for (unsigned i = 0; i < sizeof shapes / sizeof *shapes; i++)
    area += shapes[i].area(&shapes[i]);
  printf("area %.2f\n", area);

  int numbers[] = {5, -3, 9, 0, 7, 7, -20};
  const size_t count = sizeof numbers / sizeof *numbers;
  qsort(numbers, count, sizeof *numbers, argc > 2 ? descending : ascending);
  printf("sorted");
  for (size_t i = 0; i < count; i++)
    printf(" %d", numbers[i]);
  printf("\n");
  return 0;
}
