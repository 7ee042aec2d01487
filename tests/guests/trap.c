/* _start calls outer, middle, inner; inner ends in `unreachable`, or, with exports called by a
 * host, in a division, an out-of-bounds access or a call of a wrong type. */
#define EXPORT __attribute__((used, visibility("default")))
/* Keeps the compiler from knowing x, or from leaving its computation out. */
#define SEEN(x) __asm__ volatile("" : "+r"(x))

static int inner(int kind) {
  SEEN(kind);
  if (kind == 0)
    __builtin_trap();
  if (kind == 1) {
    int one = 1, zero = 0;
    SEEN(one);
    SEEN(zero);
    return one / zero;
  }
  if (kind == 2)
    return *(volatile int *)0xfffffff0;
  int (*other)(double) = (int (*)(double))(void (*)(void))inner;
  SEEN(other);
  return other(1.5);
}

static int middle(int kind) {
  int result = inner(kind);
  SEEN(result);
  return result + 1;
}

static int outer(int kind) {
  int result = middle(kind);
  SEEN(result);
  return result + 1;
}

/* Export `fail`: 0 unreachable, 1 division by zero, 2 memory out of bounds, 3 signature mismatch. */
EXPORT __attribute__((export_name("fail"))) int fail(int kind) {
  int result = outer(kind);
  SEEN(result);
  return result;
}

/* Export `fine`: shows that the instance is still usable after a trap. */
EXPORT __attribute__((export_name("fine"))) int fine(int value) { return value + 1; }

void _start(void) {
  int result = outer(0);
  SEEN(result);
}
