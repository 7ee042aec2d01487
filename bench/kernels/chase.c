/* Following links through a random cycle of 4 MiB: latency of dependent loads. The links are indices,
 * so that both sides touch the same amount of memory. n = steps. */
#include "kernel.h"

#define NODES (512 * 1024)
static struct {
  uint32_t next, value;
} nodes[NODES];

KERNEL {
  static uint32_t order[NODES];
  uint64_t state = 11;
  for (uint32_t i = 0; i < NODES; i++) order[i] = i;
  for (uint32_t i = NODES - 1; i > 0; i--) { /* one cycle through all nodes */
    uint32_t j = next_random(&state) % i, kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  for (uint32_t i = 0; i < NODES; i++) {
    nodes[i].next = order[i];
    nodes[i].value = order[i] * 2654435761u;
  }
  uint64_t sum = 0;
  for (uint32_t i = 0, at = 0; i < n; i++) {
    sum += nodes[at].value;
    at = nodes[at].next;
  }
  return sum;
}
