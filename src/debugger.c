/* The interface by which GDB learns of generated code ("JIT Compilation Interface" in its manual): a list of symbol
 * files in memory, and a function in which a debugger has a breakpoint. It knows both, and the layout of the
 * structs, by the names in the symbol table, so they need not be exported. A debugger that attaches reads the list. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

typedef struct we_symbol_file {
  struct we_symbol_file *next, *previous;
  const char *file;
  uint64_t size;
} we_symbol_file;

enum { NOTHING, REGISTER, UNREGISTER };

__attribute__((used)) struct {
  uint32_t version;
  uint32_t action;
  we_symbol_file *relevant, *first;
} __jit_debug_descriptor = {.version = 1};

__attribute__((used, noinline)) void __jit_debug_register_code(void) { __asm__ volatile("" ::: "memory"); }

static FORK_SAFE_MUTEX(lock); /* guards the list */

static void tell(uint32_t action, we_symbol_file *relevant) {
  __jit_debug_descriptor.action = action;
  __jit_debug_descriptor.relevant = relevant;
  __jit_debug_register_code();
  __jit_debug_descriptor.action = NOTHING;
  __jit_debug_descriptor.relevant = NULL;
}

we_symbol_file *we_debugger_add(const uint8_t *file, uint64_t size) {
  we_symbol_file *entry = malloc(sizeof *entry + size);
  if (entry == NULL) return NULL;
  memcpy(entry + 1, file, size);
  pthread_mutex_lock(&lock);
  we_symbol_file *first = __jit_debug_descriptor.first;
  *entry = (we_symbol_file){.next = first, .file = (const char *)(entry + 1), .size = size};
  if (first != NULL) first->previous = entry;
  __jit_debug_descriptor.first = entry;
  tell(REGISTER, entry);
  pthread_mutex_unlock(&lock);
  return entry;
}

void we_debugger_remove(we_symbol_file *entry) {
  pthread_mutex_lock(&lock);
  *(entry->previous != NULL ? &entry->previous->next : &__jit_debug_descriptor.first) = entry->next;
  if (entry->next != NULL) entry->next->previous = entry->previous;
  tell(UNREGISTER, entry);
  pthread_mutex_unlock(&lock);
  free(entry);
}
