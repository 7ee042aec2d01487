/* First calls: compiles functions without Python and the interpreter lock, and remembers what it has made.
 *
 * One lock guards the state of the function in the making, which all modules share, and what modules know of
 * types and code. It is held while one function is compiled, some microseconds. */
#include <stdlib.h>

#include "quick_machine.h"

static FORK_SAFE_MUTEX(lock);
static quick_state *state; /* made when needed first, for good */
static uint8_t *output;
static bool stopped;

/* ---- Modules ---------------------------------------------------------------------------------------------- */

bool we_module_set_quick(we_module *module, const we_quick_source *source) {
  const quick_tables *tables = (const quick_tables *)source->tables;
  quick_module *m = calloc(1, sizeof *m);
  quick_type **types = calloc((size_t)module->type_count + 1, sizeof *types);
  if (m == NULL || types == NULL) {
    free(m);
    free(types);
    return false;
  }
  m->source = *source;
  m->module = module;
  m->types = types;
  m->tables = tables;
  for (int group = 0; group < GROUPS; group++) m->ops[group] = (const quick_op *)(source->tables + tables->ops[group]);
  m->pieces = (const quick_piece *)(source->tables + tables->pieces);
  m->holes = (const quick_hole *)(source->tables + tables->holes);
  m->forms = (const quick_pieces *)(source->tables + tables->forms);
  m->data = source->tables + tables->data;
  m->texts = source->tables + tables->texts;
  module->quick = m;
  return true;
}

void quick_release(we_module *module) {
  quick_module *m = module->quick;
  if (m == NULL) return;
  for (uint32_t i = 0; i < module->type_count; i++) free(m->types[i]);
  free(m->types);
  free(m->made);
  free(m);
}

void we_quick_stop(void) {
  pthread_mutex_lock(&lock);
  stopped = true;
  pthread_mutex_unlock(&lock);
}

static void describe(quick_type *type, const we_type *known) {
  type->params = known->params;
  type->results = known->results;
  type->unknown = known->param_count > MOST_VALUES || known->result_count > MOST_VALUES || !known->is_real;
  if (type->unknown) return;
  type->param_count = (uint8_t)known->param_count;
  type->result_count = (uint8_t)known->result_count;
  type->has_pointer = known->result_count > 2;
  int32_t offset = 0;
  for (uint32_t i = 0; i < known->result_count; i++) {
    type->offsets[i] = offset;
    offset += 8 * slots_of(known->results[i]);
  }
  machine_convention(type);
}

const quick_type *quick_type_of(quick_module *m, uint32_t index) {
  if (m->types[index] == NULL) {
    m->types[index] = calloc(1, sizeof *m->types[index]);
    if (m->types[index] != NULL) describe(m->types[index], we_type_get(m->module->type_ids[index]));
  }
  return m->types[index];
}

/* ---- Compilation ------------------------------------------------------------------------------------------- */

/* The code of a function with its call frame information, as compiler/baseline/writer.py puts them together: the
 * size of both, and in `*code_size` that of the code; -1: Python makes it. Called with the lock held. */
static int64_t emit(quick_module *m, uint32_t index, uint8_t **begin, int64_t *code_size) {
  if (state == NULL) state = malloc(sizeof *state);
  if (output == NULL) output = malloc(OUTPUT);
  if (state == NULL || output == NULL) return -1;
  const int64_t size = *code_size = quick_body(state, m, index, output, begin);
  if (size < 0) return -1;
  const int64_t padded = (size + 15) / 16 * 16;
  memset(*begin + size, 0, (size_t)(padded - size));
  machine_unwind_info(*begin + padded, (uint32_t)padded, (uint32_t)size);
  return padded + UNWIND;
}

int64_t we_quick_emit(we_module *module, uint32_t index, uint8_t *to, uint64_t room) {
  uint8_t *begin;
  int64_t code_size, size = -1;
  if (module->quick == NULL || index >= module->defined_funcs) return -1;
  pthread_mutex_lock(&lock);
  size = emit(module->quick, index, &begin, &code_size);
  if (size > 0 && (uint64_t)size <= room) memcpy(to, begin, (size_t)size);
  pthread_mutex_unlock(&lock);
  return size;
}

/* Has room for one more in the registry. */
static bool have_room(quick_module *m) {
  if (m->made_count < m->made_room) return true;
  const uint32_t room = m->made_room == 0 ? 64 : 2 * m->made_room;
  quick_made *made = realloc(m->made, room * sizeof *made);
  if (made == NULL) return false;
  m->made = made;
  m->made_room = room;
  return true;
}

/* Puts code where it can run and has the function start there. */
static bool publish(quick_module *m, uint32_t index, const uint8_t *code, int64_t size, int64_t code_size) {
  we_module *module = m->module;
  if (!have_room(m)) return false;
  const uint64_t entry = we_code_place(code, (uint64_t)size, 16, true);
  if (entry == 0) return false;
  if (!we_module_own_code(module, (void *)(uintptr_t)entry, (uint64_t)size)) {
    we_code_free((void *)(uintptr_t)entry, (uint64_t)size);
    return false;
  }
  m->made[m->made_count++] = (quick_made){entry, index, (uint32_t)size, (uint32_t)code_size};
  if (m->source.checked != NULL) __atomic_store_n(&m->source.checked[index], 1, __ATOMIC_RELAXED);
  module_publish_first(module, index, entry); /* Python may have been faster */
  return true;
}

bool quick_compile(we_module *module, uint32_t index) {
  quick_module *m = module->quick;
  if (m == NULL) return false;
  pthread_mutex_lock(&lock);
  bool made = !module_is_thunk(__atomic_load_n(&module->code[index], __ATOMIC_ACQUIRE), index);
  if (!made && !stopped) {
    uint8_t *begin;
    int64_t code_size;
    const int64_t size = emit(m, index, &begin, &code_size);
    made = size > 0 && publish(m, index, begin, size, code_size);
  }
  pthread_mutex_unlock(&lock);
  return made;
}

uint32_t we_quick_made(we_module *module, uint32_t first, uint64_t *made, uint32_t count) {
  const quick_module *m = module->quick;
  uint32_t written = 0;
  if (m == NULL) return 0;
  pthread_mutex_lock(&lock);
  for (; written < count && first + written < m->made_count; written++) {
    const quick_made *one = &m->made[first + written];
    const uint64_t words[4] = {one->index, one->start, one->code_size, one->size};
    memcpy(made + 4 * written, words, sizeof words);
  }
  pthread_mutex_unlock(&lock);
  return written;
}
