/* alloc.wasm N: builds and frees binary trees and growing buffers, prints a checksum.
 * Linear memory grows on the way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
  struct node *left, *right;
  unsigned value;
};

static unsigned next(unsigned *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

static struct node *insert(struct node *tree, unsigned value) {
  struct node **at = &tree;
  while (*at)
    at = value < (*at)->value ? &(*at)->left : &(*at)->right;
  *at = calloc(1, sizeof **at);
  if (!*at) {
    puts("out of memory");
    exit(1);
  }
  (*at)->value = value;
  return tree;
}

static unsigned long long walk(const struct node *tree, unsigned depth) {
  if (!tree)
    return 0;
  return tree->value * (unsigned long long)depth + walk(tree->left, depth + 1) +
         walk(tree->right, depth + 1);
}

static void release(struct node *tree) {
  if (!tree)
    return;
  release(tree->left);
  release(tree->right);
  free(tree);
}

int main(int argc, char **argv) {
  unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 10000, state = 1;
  size_t pages = __builtin_wasm_memory_size(0);
  unsigned long long sum = 0;
  for (int round = 0; round < 3; round++) {
    struct node *tree = NULL;
    for (unsigned i = 0; i < count; i++)
      tree = insert(tree, next(&state));
    sum += walk(tree, 1);
    release(tree);
  }
  char *text = NULL;
  size_t length = 0;
  for (unsigned i = 0; i < count; i++) {
    text = realloc(text, length + 16);
    if (!text) {
      puts("out of memory");
      return 1;
    }
    memset(text + length, 'a' + (int)(i % 26), 16);
    length += 16;
  }
  for (size_t i = 0; i < length; i += 97)
    sum = sum * 31 + (unsigned char)text[i];
  free(text);
  printf("checksum %llu, memory %s\n", sum,
         __builtin_wasm_memory_size(0) > pages ? "grown" : "as before");
  return 0;
}
