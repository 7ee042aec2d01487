/* Recursion without end, in registers only: it must end in a trap, not in a crash. */
#define SEEN(x) __asm__ volatile("" : "+r"(x))

__attribute__((export_name("descend"))) int descend(int depth) {
  SEEN(depth);
  int below = descend(depth + 1);
  SEEN(below);
  return below + depth;
}

static int ping(int depth);

static int pong(int depth) {
  SEEN(depth);
  int below = ping(depth + 1);
  SEEN(below);
  return below - depth;
}

static int ping(int depth) {
  SEEN(depth);
  int below = pong(depth + 1);
  SEEN(below);
  return below + depth;
}

/* Two functions that call each other. */
__attribute__((export_name("table_tennis"))) int table_tennis(int depth) { return ping(depth); }

/* Recursion that ends: the sum of 1 .. depth. */
__attribute__((export_name("sum"))) long long sum(long long depth) {
  SEEN(depth);
  if (depth == 0)
    return 0;
  long long below = sum(depth - 1);
  SEEN(below);
  return below + depth;
}

void _start(void) { descend(0); }
