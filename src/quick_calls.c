/* Calls, globals and the function's own frame in quick code (compiler/baseline/calls.py, writer.py). */
#define _GNU_SOURCE /* memmem */
#include "quick_machine.h"

/* ---- Calls --------------------------------------------------------------------------------------------- */

/* Stores an argument `to` bytes above the stack pointer. */
static void push_argument(quick_state *s, int at, int type, int32_t to) {
  const quick_operand *x = &s->operands[at];
  int reg = is_whole(type) ? SCRATCH : VECTOR_SCRATCH;
  switch (x->kind) {
  case IN_REGISTER: reg = quick_register(type, at); break;
  case A_CONSTANT:
    if (type == T_V128) {
      machine_store_constant(s, T_F64, RSP, to, (int64_t)x->value);
      machine_store_constant(s, T_F64, RSP, to + 8, (int64_t)x->high);
    } else {
      machine_store_constant(s, type, RSP, to, (int64_t)x->value);
    }
    return;
  case A_PINNED: reg = x->reg; break;
  default: machine_load(s, type, reg, RBP, x->kind == A_LOCAL ? x->at : quick_place_of(s, at));
  }
  machine_store(s, type, reg, RSP, to);
}

/* Brings an argument that is in no operand register into the one for it. */
static void load_argument(quick_state *s, int at, int type, int reg) {
  const quick_operand *x = &s->operands[at];
  switch (x->kind) {
  case A_CONSTANT: machine_constant(s, type, reg, (int64_t)x->value); break;
  case A_LOCAL: machine_load(s, type, reg, RBP, x->at); break;
  case IN_FRAME: machine_load(s, type, reg, RBP, quick_place_of(s, at)); break;
  default:
    if (is_whole(type))
      machine_move(s, type, reg, x->reg);
    else
      machine_load(s, type, reg, RBP, x->at); /* kept in the slot during calls */
  }
}

/* Takes the arguments of a call and brings them where the callee expects them; the position of the first. */
static int arguments(quick_state *s, const quick_type *type) {
  const int first = s->count - type->param_count;
  machine_moves moves = {0};
  memcpy(s->c, s->keep, (size_t)s->keep_size);
  s->c += s->keep_size;
  s->budget -= type->param_count + type->result_count;
  quick_spill_registers(s, first);
  machine_make_room(s, type->stack);
  /* Stack arguments at once, registers all together, then what may overwrite registers. */
  for (int i = 0; i < type->param_count; i++) {
    const quick_place *place = &type->places[i];
    if (place->reg < 0)
      push_argument(s, first + i, place->type, place->offset);
    else if (s->operands[first + i].kind == IN_REGISTER)
      machine_add_move(&moves, place->type, place->reg, quick_register(place->type, first + i));
  }
  machine_shuffle(s, &moves);
  for (int pass = 0; pass < 2; pass++) { /* vector constants come last */
    for (int i = 0; i < type->param_count; i++) {
      const quick_place *place = &type->places[i];
      const quick_operand *x = &s->operands[first + i];
      if (place->reg < 0 || x->kind == IN_REGISTER) continue;
      const bool vector = x->kind == A_CONSTANT && place->type == T_V128;
      if (pass == 0 && !vector) load_argument(s, first + i, place->type, place->reg);
      if (pass == 1 && vector) quick_load_constant(s, T_V128, place->reg, x);
    }
  }
  s->count = first;
  return first;
}

/* Where a callee leaves its results: behind where they go, from position `first` on. */
static int result_place(quick_state *s, const quick_type *type, int first) {
  int end = s->base + ((first + type->result_count) << s->wide);
  for (int i = 0; i < type->result_count; i++) end += slots_of(type->results[i]);
  if (end > s->deepest) s->deepest = end;
  return quick_slot(end - 1);
}

static void pass_pointer(quick_state *s, const quick_type *type, int first) {
  if (!type->has_pointer) return;
  const int reg = type->pointer.reg < 0 ? SCRATCH : type->pointer.reg;
  machine_address(s, reg, RBP, result_place(s, type, first));
  if (type->pointer.reg < 0) machine_store(s, WORD, SCRATCH, RSP, type->pointer.offset);
}

/* Pushes the results of a call. */
static void returned(quick_state *s, const quick_type *type) {
  memcpy(s->c, s->restore, (size_t)s->restore_size);
  s->c += s->restore_size;
  if (type->has_pointer) {
    const int low = result_place(s, type, s->count);
    for (int i = 0; i < type->result_count; i++) {
      const int value = type->results[i], reg = is_whole(value) ? SCRATCH : 0;
      machine_load(s, value, reg, RBP, low + type->offsets[i]);
      machine_store(s, value, reg, RBP, quick_own_slot(s, s->count));
      quick_push(s, IN_FRAME, value);
    }
    return;
  }
  machine_moves moves = {0};
  for (int i = 0; i < type->result_count; i++) {
    const quick_place *place = &type->returned[i];
    const int at = s->count, to = quick_register(place->type, at);
    if (at >= REGISTERS) quick_displace(s, at);
    if (type->result_count == 1)
      machine_move(s, place->type, to, place->reg);
    else
      machine_add_move(&moves, place->type, to, place->reg);
    quick_push(s, IN_REGISTER, place->type);
  }
  machine_shuffle(s, &moves);
}

void quick_call(quick_state *s, uint32_t index, const quick_type *type) {
  const uint32_t imported = s->m->module->imported_funcs;
  const int first = arguments(s, type);
  pass_pointer(s, type, first);
  if (index >= imported) {
    machine_load(s, WORD, RAX, CONTEXT, offsetof(we_instance, code));
    machine_move(s, WORD, RDI, CONTEXT);
    machine_call_entry(s, (int32_t)(8 * (index - imported)));
  } else {
    const int32_t record = (int32_t)(sizeof(we_import) * index);
    machine_load(s, WORD, RAX, CONTEXT, offsetof(we_instance, imports));
    machine_load(s, WORD, RDI, RAX, record + (int32_t)offsetof(we_import, ctx));
    machine_load(s, WORD, RAX, RAX, record + (int32_t)offsetof(we_import, func));
    machine_call_at(s, RAX, offsetof(we_func, native));
  }
  returned(s, type);
}

void quick_call_indirect(quick_state *s, uint32_t table, uint32_t type_index, const quick_type *type) {
  const quick_module *m = s->m;
  const int at = s->count - 1;
  quick_need(s, at);
  s->count--;
  const int entry = quick_own_slot(s, at), ctx = quick_own_slot(s, at + 1);
  int64_t numbers[SYMBOLS];
  numbers[SYM_H0] = entry;
  numbers[SYM_H1] = ctx;
  numbers[SYM_TYPE] = m->source.canonical[type_index];
  numbers[SYM_I0_X4] = 4 * (int64_t)type_index;
  numbers[SYM_TABLE_X8] = 8 * (int64_t)table;
  quick_stencil(s, m->forms[m->tables->callee[table != 0]][at % REGISTERS][1], numbers);
  const int first = arguments(s, type);
  pass_pointer(s, type, first);
  machine_load(s, WORD, RDI, RBP, ctx);
  machine_call_at(s, RBP, entry);
  returned(s, type);
}

/* ---- Globals ------------------------------------------------------------------------------------------- */

void quick_global(quick_state *s, uint32_t index, bool set) {
  const we_quick_source *source = &s->m->source;
  const int type = source->globals[index] & 0x7f, at = s->count - set;
  if (set) {
    quick_need(s, at);
    s->count--;
  } else if (at >= REGISTERS) {
    quick_displace(s, at);
  }
  int base = CONTEXT;
  int32_t place = (int32_t)offsetof(we_instance, own_globals) +
                  (int32_t)sizeof(we_global) * (int32_t)(index - source->imported_globals);
  if (index < source->imported_globals) {
    machine_load(s, WORD, RAX, CONTEXT, offsetof(we_instance, globals));
    machine_load(s, WORD, RAX, RAX, (int32_t)(8 * index));
    base = RAX;
    place = 0;
  }
  const int reg = quick_register(type, at);
  if (set) { /* the bytes above an i32 stay zero: its upper half is written, too */
    machine_store(s, is_whole(type) ? T_I64 : type, reg, base, place);
  } else {
    machine_load(s, type, reg, base, place);
    quick_push(s, IN_REGISTER, type);
  }
}

/* ---- The function's frame ------------------------------------------------------------------------------ */

static void pin(quick_state *s, int local, int reg) {
  quick_operand *x = &s->locals[local];
  x->kind = A_PINNED;
  x->reg = (int8_t)reg;
  s->pinned[s->pinned_count++] = local;
}

/* Counts `local.get` of the first locals as Python's bytes.count does, which does not let matches overlap. */
static void count_uses(const uint8_t *body, const uint8_t *end, int32_t uses[PINNABLE]) {
  const uint8_t *last = NULL;
  for (const uint8_t *p = body; p + 1 < end; p++) {
    if (*p != 0x20 || p[1] >= PINNABLE) continue;
    if (p[1] == 0x20) {
      if (last != NULL && last == p - 1) continue;
      last = p;
    }
    uses[p[1]]++;
  }
}

/* Keeps the most used locals in registers: only in loops does it pay. */
static void choose_pins(quick_state *s, const uint8_t *body, const uint8_t *end) {
  int32_t uses[PINNABLE] = {0};
  int vectors[VECTOR_PINS], vector_count = 0;
  const int count = s->locals_count < PINNABLE ? s->locals_count : PINNABLE;
  if (memmem(body, (size_t)(end - body), "\x03\x40", 2) == NULL) return;
  count_uses(body, end, uses);
  while (s->pins < WHOLE_PINS || vector_count < VECTOR_PINS) {
    int best = -1;
    for (int i = 0; i < count; i++)
      if (uses[i] >= 3 && (best < 0 || uses[i] >= uses[best])) best = i;
    if (best < 0) break;
    uses[best] = 0;
    if (!is_whole(s->local_types[best])) {
      if (vector_count < VECTOR_PINS) vectors[vector_count++] = best;
    } else if (s->pins < WHOLE_PINS) {
      pin(s, best, machine_pins[s->pins++]);
    }
  }
  uint8_t *const start = s->c;
  for (int i = 0; i < vector_count; i++) {
    const quick_operand *local = &s->locals[vectors[i]];
    pin(s, vectors[i], machine_vector_pins[i]);
    s->c = s->keep + s->keep_size;
    machine_store(s, local->type, local->reg, RBP, local->at);
    s->keep_size = (int32_t)(s->c - s->keep);
    s->c = s->restore + s->restore_size;
    machine_load(s, local->type, local->reg, RBP, local->at);
    s->restore_size = (int32_t)(s->c - s->restore);
  }
  s->c = start;
}

void quick_lay_out(quick_state *s, const uint8_t *body, const uint8_t *end) {
  bool vectors = s->m->source.vectors || memchr(body, 0xfd, (size_t)(end - body)) != NULL;
  int slots = 0;
  for (int i = 0; i < s->locals_count; i++) {
    const int type = s->local_types[i];
    slots += slots_of(type);
    vectors |= type == T_V128;
    s->locals[i] = (quick_operand){
        .kind = A_LOCAL, .type = (uint8_t)type, .reg = -1, .at = quick_slot(slots - 1), .local = i};
  }
  s->wide = vectors;
  s->base = slots;
  s->pins = s->pinned_count = s->keep_size = s->restore_size = 0;
  choose_pins(s, body, end);
  s->pointer = 0;
  if (s->type->has_pointer) s->pointer = s->base++;
  s->deepest = s->base;
}

/* Moves the results from where branches to the end leave them to where callers expect them. */
void quick_results(quick_state *s) {
  const quick_type *type = s->type;
  if (type->has_pointer) {
    machine_load(s, WORD, RAX, RBP, quick_slot(s->pointer));
    for (int i = 0; i < type->result_count; i++) {
      const int value = type->results[i], reg = is_whole(value) ? RCX : 0;
      machine_load(s, value, reg, RBP, quick_place_of(s, i));
      machine_store(s, value, reg, RAX, type->offsets[i]);
    }
  } else if (type->result_count == 1) {
    machine_move(s, type->results[0], type->returned[0].reg, quick_register(type->results[0], 0));
  } else {
    for (int i = 0; i < type->result_count; i++)
      machine_load(s, type->results[i], type->returned[i].reg, RBP, quick_place_of(s, i));
  }
}

static void start_params(quick_state *s) {
  const quick_type *type = s->type;
  machine_moves pinned = {0};
  for (int i = 0; i < type->param_count; i++) {
    const quick_operand *to = &s->locals[i];
    const quick_place *place = &type->places[i];
    if (place->reg < 0) {
      if (to->kind == A_PINNED) continue;
      const int scratch = is_whole(to->type) ? SCRATCH : NO_ARGUMENT;
      machine_load(s, to->type, scratch, RBP, STACK_ARGUMENTS + place->offset);
      machine_store(s, to->type, scratch, RBP, to->at);
    } else if (to->kind != A_PINNED) {
      machine_store(s, to->type, place->reg, RBP, to->at);
    } else {
      machine_add_move(&pinned, to->type, to->reg, place->reg);
    }
  }
  if (type->has_pointer) {
    int reg = type->pointer.reg;
    if (reg < 0) machine_load(s, WORD, reg = SCRATCH, RBP, STACK_ARGUMENTS + type->pointer.offset);
    machine_store(s, WORD, reg, RBP, quick_slot(s->pointer));
  }
  machine_shuffle(s, &pinned); /* to registers that may be those of arguments, which are stored by now */
  for (int i = 0; i < type->param_count; i++) {
    const quick_operand *to = &s->locals[i];
    if (type->places[i].reg < 0 && to->kind == A_PINNED)
      machine_load(s, to->type, to->reg, RBP, STACK_ARGUMENTS + type->places[i].offset);
  }
}

int32_t quick_start(quick_state *s, uint8_t *front) {
  const quick_type *type = s->type;
  uint8_t *const body_end = s->c;
  s->c = front;
  machine_prologue(s, 8 * s->deepest, s->pins);
  start_params(s);
  int slots = 0, all = 0;
  for (int i = 0; i < s->locals_count; i++) {
    all += slots_of(s->local_types[i]);
    if (i < type->param_count) slots = all;
  }
  if (s->locals_count > type->param_count) machine_zero_slots(s, slots, all - slots);
  for (int i = type->param_count; i < s->locals_count && s->pinned_count > 0; i++)
    if (s->locals[i].kind == A_PINNED) machine_constant(s, s->locals[i].type, s->locals[i].reg, 0);
  if (s->m->source.memory_count > 0) machine_load(s, WORD, MEMORY_BASE, CONTEXT, offsetof(we_instance, memory0));
  const int32_t size = (int32_t)(s->c - front);
  s->c = body_end;
  return size;
}
