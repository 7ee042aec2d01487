/* Statistics: sums that threads share, and the budgets they take from the cost limit.
 *
 * While a thread is in a guest it holds a part of what the limit leaves over, its lease, and generated
 * code subtracts from that without asking anybody. The lease is given back with the sums when the thread
 * leaves the guest: at the end of the call, in host functions, wherever it may wait. So no sum exceeds the
 * limit, whatever the number of threads; and a thread for which nothing is left over waits for the leases
 * of others before it fails. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "segments.h"

struct we_statistics {
  pthread_mutex_t lock; /* guards what follows, and the leases of measures */
  uint64_t count, cost, time, calls;
  uint64_t limit;
  uint64_t leased;     /* by all measures; cost + leased has no overflow */
  we_measure *running; /* measures whose threads are in guests */
  _Atomic(cost_table *) table; /* NULL: every instruction costs 1 */
};

struct we_measure {
  we_thread *thread;
  we_statistics *statistics;
  we_measure *outer; /* of the same thread */
  we_measure *next, *previous; /* running ones */
  uint32_t switches;
  bool in_guest;
  we_meter *meter;
  uint64_t lease;   /* meter->budget is what is left of it */
  uint64_t skipped; /* of meter->count: counted before the sums were cleared */
  uint64_t since;   /* ns on the clock when the thread entered the guest */
};

/* Aligned for both_at. */
static __thread we_meter own_meter __attribute__((tls_model("initial-exec"), aligned(16))) = {.costs = segments_free_of_charge};

uint64_t meter_offset(void) {
  return (uint64_t)(uintptr_t)&own_meter - (uint64_t)(uintptr_t)__builtin_thread_pointer();
}

static uint64_t now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

/* ---- Sums: all called with the lock held ----------------------------------------------------------- */

/* What the thread has done since it entered the guest; it may be running. */
static uint64_t counted(const we_measure *measure) {
  if (!(measure->switches & WE_COUNT)) return 0;
  return __atomic_load_n(&measure->meter->count, __ATOMIC_RELAXED) - measure->skipped;
}
static uint64_t spent(const we_measure *measure) {
  return measure->lease - __atomic_load_n(&measure->meter->budget, __ATOMIC_RELAXED);
}
/* Both of a running thread's numbers at one time: it stores one after the other, but they are read in one piece. */
typedef uint64_t both __attribute__((vector_size(16), may_alias));
static both both_at(const we_measure *measure) { return *(const volatile both *)&measure->meter->budget; }
_Static_assert(offsetof(we_meter, budget) == 0 && offsetof(we_meter, count) == 8, "budget, then count");

static uint64_t elapsed(const we_measure *measure) {
  return measure->switches & WE_TIME ? now() - measure->since : 0;
}

/* Gives the lease back. */
static void settle(we_measure *measure) {
  we_statistics *statistics = measure->statistics;
  statistics->cost += spent(measure);
  statistics->leased -= measure->lease;
  measure->lease = 0;
  __atomic_store_n(&measure->meter->budget, 0, __ATOMIC_RELAXED);
}

static uint64_t left_over(const we_statistics *statistics) {
  const uint64_t used = statistics->cost + statistics->leased;
  return statistics->limit > used ? statistics->limit - used : 0;
}

/* Gives a measure without lease one of `need` and a part of the rest: others may come. The part is less than
 * 2^64-1, which is what generated code takes the cost of a segment for if it is that much or more. */
static void lease(we_measure *measure, uint64_t need) {
  we_statistics *statistics = measure->statistics;
  const uint64_t amount = need + (left_over(statistics) - need) / 8;
  measure->lease = amount;
  statistics->leased += amount;
  __atomic_store_n(&measure->meter->budget, amount, __ATOMIC_RELAXED);
}

/* Waits until `need` is left over: 0, or 0x03 if that is too much (nothing is leased then), or 0x07.
 * `huge`: 2^64 and more is needed. */
static int32_t wait_for(we_statistics *statistics, uint64_t need, bool huge, we_thread *thread) {
  static const struct timespec moment = {.tv_nsec = 50000};
  while (huge || need > left_over(statistics)) {
    if (statistics->leased == 0) return TRAP_COST_LIMIT;
    pthread_mutex_unlock(&statistics->lock);
    nanosleep(&moment, NULL);
    pthread_mutex_lock(&statistics->lock);
    if (atomic_load(&thread->interrupt) != 0) return TRAP_INTERRUPTED;
  }
  return 0;
}

/* ---- Measuring --------------------------------------------------------------------------------------- */

void measure_start(we_measure *measure) {
  if (measure->in_guest) return;
  we_statistics *statistics = measure->statistics;
  const cost_table *table = atomic_load_explicit(&statistics->table, memory_order_acquire);
  if (measure->switches & WE_COST) measure->meter->costs = table != NULL ? table->segments : segments_plain;
  measure->meter->count = measure->skipped = 0; /* calls that nobody measured have counted, too */
  pthread_mutex_lock(&statistics->lock);
  measure->in_guest = true;
  lease(measure, 0);
  measure->previous = NULL;
  measure->next = statistics->running;
  if (measure->next != NULL) measure->next->previous = measure;
  statistics->running = measure;
  if (measure->switches & WE_TIME) measure->since = now();
  pthread_mutex_unlock(&statistics->lock);
}

void measure_stop(we_measure *measure) {
  if (!measure->in_guest) return;
  we_statistics *statistics = measure->statistics;
  pthread_mutex_lock(&statistics->lock);
  statistics->time += elapsed(measure);
  statistics->count += counted(measure);
  settle(measure);
  measure->in_guest = false;
  *(measure->previous != NULL ? &measure->previous->next : &statistics->running) = measure->next;
  if (measure->next != NULL) measure->next->previous = measure->previous;
  pthread_mutex_unlock(&statistics->lock);
  measure->meter->costs = segments_free_of_charge;
}

static void begin(we_measure *measure, we_thread *thread, we_statistics *statistics, uint32_t switches) {
  *measure = (we_measure){
      .thread = thread,
      .statistics = statistics,
      .outer = thread->measure,
      .switches = switches,
      .meter = &own_meter,
  };
  thread->measure = measure;
  __atomic_add_fetch(&statistics->calls, 1, __ATOMIC_RELAXED);
}

int32_t we_call_measured(we_statistics *statistics, uint32_t switches, we_func *func, uint64_t *frame) {
  we_thread *thread = thread_self();
  if (statistics == NULL || switches == 0 || thread == NULL) return we_call(func, frame);
  we_measure measure;
  begin(&measure, thread, statistics, switches);
  const int32_t code = we_call(func, frame);
  thread->measure = measure.outer;
  return code;
}

we_measure *we_measure_begin(we_statistics *statistics, uint32_t switches) {
  we_thread *thread = thread_self();
  we_measure *measure = thread != NULL ? malloc(sizeof *measure) : NULL;
  if (measure != NULL) begin(measure, thread, statistics, switches);
  return measure;
}

void we_measure_end(we_measure *measure) {
  measure->thread->measure = measure->outer;
  free(measure);
}

int32_t we_statistics_charge(uint64_t cost) {
  we_thread *thread = we_current;
  if (thread == NULL || thread->measure == NULL) return 0;
  we_statistics *statistics = thread->measure->statistics;
  pthread_mutex_lock(&statistics->lock);
  const int32_t code = wait_for(statistics, cost, false, thread);
  if (code == 0) statistics->cost += cost;
  pthread_mutex_unlock(&statistics->lock);
  if (code == TRAP_INTERRUPTED) atomic_store(&thread->interrupt, 0);
  return code;
}

/* ---- Helpers of generated code ------------------------------------------------------------------------ */

static uint64_t cost_of(const cost_table *table, uint16_t opcode) {
  return table != NULL ? __atomic_load_n(&table->opcodes[opcode], __ATOMIC_RELAXED) : 1;
}

/* Where the helper that runs will return to. */
static uint64_t return_address(const we_thread *thread) { return *(const uint64_t *)(uintptr_t)thread->exit_sp; }

void rt_spend(uint32_t number) {
  we_thread *thread = we_current;
  we_measure *measure = thread->measure;
  we_statistics *statistics = measure->statistics;
  const cost_table *table = atomic_load_explicit(&statistics->table, memory_order_acquire);
  uint32_t length, done = 0;
  const uint16_t *opcodes = segment_opcodes(return_address(thread), number, &length);
  uint64_t need = 0;
  bool huge = false;
  for (uint32_t i = 0; i < length; i++) huge |= __builtin_add_overflow(need, cost_of(table, opcodes[i]), &need);

  pthread_mutex_lock(&statistics->lock);
  /* The code has put back what it took, which may be another sum if the table changed meanwhile. */
  if (measure->meter->budget > measure->lease)
    __atomic_store_n(&measure->meter->budget, measure->lease, __ATOMIC_RELAXED);
  settle(measure);
  const int32_t code = wait_for(statistics, need, huge, thread);
  if (code == 0) {
    lease(measure, need);
    __atomic_store_n(&measure->meter->budget, measure->lease - need, __ATOMIC_RELAXED);
  } else if (code == TRAP_COST_LIMIT) { /* the instructions that can be paid are done */
    for (uint64_t cost; (cost = cost_of(table, opcodes[done])) <= left_over(statistics); done++) statistics->cost += cost;
    measure->meter->count += done + 1;
  }
  pthread_mutex_unlock(&statistics->lock);
  if (code == TRAP_INTERRUPTED) trap_if_interrupted(thread);
  if (code != 0) trap_raise(code);
}

void rt_refund(we_instance *instance, uint32_t number, uint32_t done) {
  const we_thread *thread = we_current;
  const we_measure *measure = thread->measure;
  if (measure == NULL || !(measure->switches & WE_COST)) return;
  const cost_table *table = atomic_load_explicit(&measure->statistics->table, memory_order_acquire);
  uint32_t length;
  const uint16_t *opcodes = segment_opcodes(return_address(thread), number, &length);
  uint64_t budget = measure->meter->budget;
  for (uint32_t i = done; i < length; i++) budget += cost_of(table, opcodes[i]);
  __atomic_store_n(&measure->meter->budget, budget < measure->lease ? budget : measure->lease, __ATOMIC_RELAXED);
}

/* ---- The object ------------------------------------------------------------------------------------- */

we_statistics *we_statistics_new(void) {
  we_statistics *statistics = calloc(1, sizeof *statistics);
  if (statistics == NULL) return NULL;
  pthread_mutex_init(&statistics->lock, NULL);
  statistics->limit = UINT64_MAX;
  return statistics;
}

void we_statistics_free(we_statistics *statistics) {
  if (statistics == NULL) return;
  cost_table_free(atomic_load(&statistics->table));
  pthread_mutex_destroy(&statistics->lock);
  free(statistics);
}

/* A sum, with what running measures add to it. */
static uint64_t sum(we_statistics *statistics, const uint64_t *settled, uint64_t (*running)(const we_measure *)) {
  pthread_mutex_lock(&statistics->lock);
  uint64_t total = *settled;
  for (const we_measure *measure = statistics->running; measure != NULL; measure = measure->next)
    total += running(measure);
  pthread_mutex_unlock(&statistics->lock);
  return total;
}

uint64_t we_statistics_count(we_statistics *statistics) { return sum(statistics, &statistics->count, counted); }
uint64_t we_statistics_cost(we_statistics *statistics) { return sum(statistics, &statistics->cost, spent); }
uint64_t we_statistics_time(we_statistics *statistics) { return sum(statistics, &statistics->time, elapsed); }
uint64_t we_statistics_calls(we_statistics *statistics) {
  return __atomic_load_n(&statistics->calls, __ATOMIC_RELAXED);
}

double we_statistics_speed(we_statistics *statistics) {
  return (double)we_statistics_count(statistics) / ((double)we_statistics_time(statistics) / 1e9);
}

void we_statistics_report(we_statistics *statistics, uint32_t switches, char *text, size_t size) {
  char time[64] = "", count[64] = "", cost[64] = "", speed[64] = "";
  if (switches & WE_TIME) snprintf(time, sizeof time, "\n execution time: %lu ns", we_statistics_time(statistics));
  if (switches & WE_COUNT) snprintf(count, sizeof count, "\n instructions: %lu", we_statistics_count(statistics));
  if (switches & WE_COST) snprintf(cost, sizeof cost, "\n cost: %lu", we_statistics_cost(statistics));
  if (switches & WE_TIME && switches & WE_COUNT)
    snprintf(speed, sizeof speed, "\n instructions per second: %.0f", we_statistics_speed(statistics));
  snprintf(text, size, "statistics%s%s%s%s", time, count, cost, speed);
}

void we_statistics_clear(we_statistics *statistics) {
  pthread_mutex_lock(&statistics->lock);
  statistics->count = statistics->cost = statistics->time = 0;
  __atomic_store_n(&statistics->calls, 0, __ATOMIC_RELAXED);
  for (we_measure *measure = statistics->running; measure != NULL; measure = measure->next) {
    const both at = both_at(measure);
    statistics->leased -= measure->lease - at[0];
    measure->lease = at[0];
    measure->skipped = at[1];
    measure->since = now();
  }
  pthread_mutex_unlock(&statistics->lock);
}

uint64_t we_statistics_limit(we_statistics *statistics) {
  pthread_mutex_lock(&statistics->lock);
  const uint64_t limit = statistics->limit;
  pthread_mutex_unlock(&statistics->lock);
  return limit;
}

void we_statistics_set_limit(we_statistics *statistics, uint64_t limit) {
  pthread_mutex_lock(&statistics->lock);
  statistics->limit = limit;
  pthread_mutex_unlock(&statistics->lock);
}

bool we_statistics_set_table(we_statistics *statistics, const uint64_t *table, uint32_t count) {
  pthread_mutex_lock(&statistics->lock);
  cost_table *known = atomic_load(&statistics->table);
  if (known != NULL)
    cost_table_set(known, table, count);
  else
    atomic_store(&statistics->table, known = cost_table_new(table, count));
  pthread_mutex_unlock(&statistics->lock);
  return known != NULL;
}
