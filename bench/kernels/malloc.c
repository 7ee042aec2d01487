/* Allocator with size classes and free lists; lists and trees are built and torn down. n = rounds. */
#include "kernel.h"

typedef struct block {
  struct block *next;
} block;

#define ARENA (4 * 1024 * 1024)
static uint64_t arena[ARENA / 8];
static uint32_t used;
static block *free_lists[16];

static NOINLINE void *allocate(uint32_t size) {
  uint32_t class = (size + 15) / 16;
  block *b = free_lists[class];
  if (b) {
    free_lists[class] = b->next;
    return b;
  }
  void *fresh = &arena[used];
  used += class * 2;
  return fresh;
}

static NOINLINE void release(void *p, uint32_t size) {
  block *b = p;
  uint32_t class = (size + 15) / 16;
  b->next = free_lists[class];
  free_lists[class] = b;
}

typedef struct tree {
  struct tree *left, *right;
  uint32_t key, extra;
} tree;

static tree *build(int depth, uint32_t key) {
  tree *t = allocate(sizeof *t + (key & 1) * 24);
  t->key = key;
  t->extra = (key & 1) * 24;
  t->left = depth ? build(depth - 1, key * 2) : 0;
  t->right = depth ? build(depth - 1, key * 2 + 1) : 0;
  return t;
}

static uint64_t tear_down(tree *t) {
  if (!t) return 1;
  uint64_t sum = mix(tear_down(t->left), t->key) + tear_down(t->right);
  release(t, (uint32_t)sizeof *t + t->extra);
  return sum;
}

typedef struct cell {
  struct cell *next;
  uint64_t value;
} cell;

KERNEL {
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) {
    tree *t = build(11, round | 1);
    cell *list = 0;
    for (uint32_t i = 0; i < 4000; i++) {
      cell *c = allocate(sizeof *c);
      c->value = i ^ round;
      c->next = list;
      list = c;
      if (i % 3 == 2) {
        list = c->next;
        release(c, sizeof *c);
      }
    }
    sum = mix(sum, tear_down(t));
    while (list) {
      cell *c = list;
      sum += c->value;
      list = c->next;
      release(c, sizeof *c);
    }
  }
  return sum;
}
