/* memory.atomic.wait and memory.atomic.notify: queues of waiting threads, found by host address.
 *
 * A thread sleeps on a counter of its own (a futex), since also the handler of a signal must be able to wake it. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

typedef struct waiter {
  struct waiter *next, *previous;
  uint64_t address;
  we_thread *thread;
  bool notified;
} waiter;

typedef struct {
  pthread_mutex_t lock;
  waiter *first, *last; /* oldest first */
} bucket;

enum { BUCKETS = 64, WAIT_OK = 0, WAIT_NOT_EQUAL = 1, WAIT_TIMED_OUT = 2 };

static bucket buckets[BUCKETS] = {[0 ... BUCKETS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};

static bucket *bucket_of(uint64_t address) { return &buckets[(address >> 2) * 0x9E3779B97F4A7C15u >> 58]; }

static void append(bucket *queue, waiter *entry) {
  entry->previous = queue->last;
  entry->next = NULL;
  *(queue->last != NULL ? &queue->last->next : &queue->first) = entry;
  queue->last = entry;
}

static void take_out(bucket *queue, waiter *entry) {
  *(entry->previous != NULL ? &entry->previous->next : &queue->first) = entry->next;
  *(entry->next != NULL ? &entry->next->previous : &queue->last) = entry->previous;
}

/* Host address of an access that must be in bounds and naturally aligned. */
static uint64_t checked_address(we_instance *instance, uint32_t mem, uint64_t addr, uint32_t width) {
  const we_memory *memory = instance->memories[mem];
  const uint64_t size = __atomic_load_n(&memory->size, __ATOMIC_ACQUIRE);
  if (addr % width != 0) trap_raise(TRAP_UNALIGNED_ATOMIC_ACCESS);
  if (size < width || addr > size - width) trap_raise(TRAP_MEMORY_OUT_OF_BOUNDS);
  return (uint64_t)(uintptr_t)memory->base + addr;
}

static bool passed(const struct timespec *deadline) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec > deadline->tv_sec || (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec);
}

static struct timespec deadline_after(int64_t nanoseconds) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  at.tv_sec += nanoseconds / 1000000000;
  at.tv_nsec += nanoseconds % 1000000000;
  if (at.tv_nsec >= 1000000000) {
    at.tv_sec++;
    at.tv_nsec -= 1000000000;
  }
  return at;
}

/* Sleeps until notified, out of time or interrupted. Called with the bucket's lock held. */
static void sleep_in(bucket *queue, waiter *self, int64_t timeout_ns) {
  we_thread *thread = self->thread;
  const struct timespec deadline = timeout_ns >= 0 ? deadline_after(timeout_ns) : (struct timespec){0};
  for (;;) {
    const uint32_t wakes = atomic_load(&thread->wakes); /* before looking: what comes later is not missed */
    if (self->notified || atomic_load(&thread->interrupt) != 0) return;
    if (timeout_ns >= 0 && passed(&deadline)) return;
    pthread_mutex_unlock(&queue->lock);
    syscall(SYS_futex, &thread->wakes, FUTEX_WAIT_BITSET_PRIVATE, wakes, timeout_ns >= 0 ? &deadline : NULL, NULL,
            FUTEX_BITSET_MATCH_ANY);
    pthread_mutex_lock(&queue->lock);
  }
}

static int32_t wait_at(we_instance *instance, uint32_t mem, uint64_t addr, uint32_t width, uint64_t expected,
                       int64_t timeout_ns) {
  const uint64_t address = checked_address(instance, mem, addr, width);
  if (!instance->memories[mem]->shared) trap_raise(TRAP_EXPECTED_SHARED_MEMORY);
  we_thread *thread = we_current;
  bucket *queue = bucket_of(address);
  int32_t result = WAIT_NOT_EQUAL;
  pthread_mutex_lock(&queue->lock);
  const void *host = (const void *)(uintptr_t)address;
  const uint64_t value = width == 4 ? __atomic_load_n((const uint32_t *)host, __ATOMIC_SEQ_CST)
                                    : __atomic_load_n((const uint64_t *)host, __ATOMIC_SEQ_CST);
  if (value == expected) {
    waiter self = {.address = address, .thread = thread};
    append(queue, &self);
    guest_ends(thread); /* others may need its budget to get to where they notify it */
    sleep_in(queue, &self, timeout_ns);
    guest_begins(thread);
    if (!self.notified) take_out(queue, &self);
    result = self.notified ? WAIT_OK : WAIT_TIMED_OUT;
  }
  pthread_mutex_unlock(&queue->lock);
  trap_if_interrupted(thread);
  return result;
}

int32_t rt_atomic_wait32(we_instance *instance, uint32_t mem, uint64_t addr, int32_t expected, int64_t timeout_ns) {
  return wait_at(instance, mem, addr, 4, (uint32_t)expected, timeout_ns);
}

int32_t rt_atomic_wait64(we_instance *instance, uint32_t mem, uint64_t addr, int64_t expected, int64_t timeout_ns) {
  return wait_at(instance, mem, addr, 8, (uint64_t)expected, timeout_ns);
}

int32_t rt_atomic_notify(we_instance *instance, uint32_t mem, uint64_t addr, uint32_t count) {
  const uint64_t address = checked_address(instance, mem, addr, 4);
  bucket *queue = bucket_of(address);
  uint32_t woken = 0;
  pthread_mutex_lock(&queue->lock);
  for (waiter *entry = queue->first; entry != NULL && woken < count;) {
    waiter *next = entry->next;
    if (entry->address == address) {
      take_out(queue, entry);
      entry->notified = true;
      atomic_wait_wake(entry->thread);
      woken++;
    }
    entry = next;
  }
  pthread_mutex_unlock(&queue->lock);
  return (int32_t)woken;
}

void atomic_wait_wake(we_thread *thread) {
  const int error = errno;
  atomic_fetch_add(&thread->wakes, 1);
  syscall(SYS_futex, &thread->wakes, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
  errno = error;
}

void atomic_wait_after_fork(void) {
  for (int i = 0; i < BUCKETS; i++) buckets[i] = (bucket){.lock = PTHREAD_MUTEX_INITIALIZER};
}
