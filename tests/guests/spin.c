/* A program that never ends. */

/* Export `spin`: counts without end, in registers only. */
__attribute__((export_name("spin"))) void spin(void) {
  for (unsigned count = 0;; count++)
    __asm__ volatile("" : : "r"(count));
}

static volatile unsigned long long counter;

/* Export `count`: counts without end in memory, where a host can watch. */
__attribute__((export_name("count"))) void count(void) {
  for (;;)
    counter++;
}

/* Export `counter_address`: where `count` counts. */
__attribute__((export_name("counter_address"))) volatile unsigned long long *counter_address(void) {
  return &counter;
}

void _start(void) { spin(); }
