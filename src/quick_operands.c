/* Where the operands of quick code are, and stencils put into it (compiler/baseline/state.py, variables.py). */
#include "quick_machine.h"

int quick_slot(int index) { return FIRST_SLOT - 8 * index; }

int quick_place_of(const quick_state *s, int at) { return quick_slot(s->base + (at << s->wide) + s->wide); }

int quick_own_slot(quick_state *s, int at) {
  const int end = s->base + ((at + 1) << s->wide);
  if (end > s->deepest) s->deepest = end;
  return quick_slot(end - 1);
}

int quick_register(int type, int at) {
  return is_whole(type) ? machine_whole[at % REGISTERS] : machine_vectors[at % REGISTERS];
}

/* ---- Operands ------------------------------------------------------------------------------------------ */

void quick_to_register(quick_state *s, int at) {
  quick_operand *x = &s->operands[at];
  const int type = x->type, reg = quick_register(type, at);
  if (at >= REGISTERS) quick_displace(s, at);
  switch (x->kind) {
  case A_LOCAL: machine_load(s, type, reg, RBP, x->at); break;
  case A_PINNED: machine_move(s, type, reg, x->reg); break;
  case A_CONSTANT: quick_load_constant(s, type, reg, x); break;
  case IN_FRAME: machine_load(s, type, reg, RBP, quick_place_of(s, at)); break;
  }
  quick_becomes(x, IN_REGISTER, type);
}

void quick_to_frame(quick_state *s, int at) {
  quick_operand *x = &s->operands[at];
  if (x->kind == IN_FRAME) return;
  const int type = x->type, where = quick_own_slot(s, at);
  if (x->kind == IN_REGISTER) {
    machine_store(s, type, quick_register(type, at), RBP, where);
  } else if (x->kind == A_CONSTANT) {
    quick_store_constant(s, type, where, x);
  } else {
    int scratch = is_whole(type) ? SCRATCH : VECTOR_SCRATCH;
    if (x->kind == A_PINNED)
      scratch = x->reg;
    else
      machine_load(s, type, scratch, RBP, x->at);
    machine_store(s, type, scratch, RBP, where);
  }
  quick_becomes(x, IN_FRAME, type);
}

void quick_displace(quick_state *s, int at) {
  for (int below = at - REGISTERS; below >= 0; below -= REGISTERS)
    if (s->operands[below].kind == IN_REGISTER) quick_to_frame(s, below);
}

void quick_flush(quick_state *s, int count) {
  for (int at = 0; at < count; at++)
    if (s->operands[at].kind != IN_FRAME && s->operands[at].kind != A_CONSTANT) quick_to_frame(s, at);
}

void quick_spill_registers(quick_state *s, int count) {
  for (int at = 0; at < count; at++)
    if (s->operands[at].kind == IN_REGISTER) quick_to_frame(s, at);
}

/* ---- Locals -------------------------------------------------------------------------------------------- */

static bool is_local(const quick_operand *x, int index) {
  return (x->kind == A_LOCAL || x->kind == A_PINNED) && x->local == index;
}

/* Before a local changes: a copy for every operand that still means its value. */
static void settle(quick_state *s, int index) {
  for (int at = 0; at < s->count; at++) {
    if (!is_local(&s->operands[at], index)) continue;
    if (s->count - at <= REGISTERS - 1)
      quick_to_register(s, at);
    else
      quick_to_frame(s, at);
  }
}

static void assign(quick_state *s, const quick_operand *local, int at) {
  const int reg = quick_register(local->type, at);
  if (local->kind == A_PINNED)
    machine_move(s, local->type, local->reg, reg);
  else
    machine_store(s, local->type, reg, RBP, local->at);
}

static void assign_constant(quick_state *s, const quick_operand *local, const quick_operand *value) {
  if (local->kind == A_PINNED)
    quick_load_constant(s, local->type, local->reg, value);
  else
    quick_store_constant(s, local->type, local->at, value);
}

void quick_local_set(quick_state *s, int index) {
  const quick_operand *local = &s->locals[index];
  const quick_operand value = s->operands[--s->count];
  if (is_local(&value, index)) return;
  settle(s, index);
  const int at = s->count;
  if (value.kind == IN_REGISTER) {
    assign(s, local, at);
  } else if (value.kind == A_CONSTANT) {
    assign_constant(s, local, &value);
  } else if (value.kind == A_PINNED && local->kind == A_PINNED) {
    machine_move(s, local->type, local->reg, value.reg);
  } else if (value.kind == A_LOCAL && local->kind == A_PINNED) {
    machine_load(s, value.type, local->reg, RBP, value.at);
  } else {
    s->operands[at] = value; /* what was there may have been looked at since */
    quick_to_register(s, at);
    assign(s, local, at);
  }
}

void quick_local_tee(quick_state *s, int index) {
  const quick_operand *local = &s->locals[index];
  const int at = s->count - 1;
  quick_operand *value = &s->operands[at];
  if (is_local(value, index)) return;
  if (value->kind != IN_REGISTER && value->kind != A_CONSTANT) quick_to_register(s, at);
  settle(s, index);
  if (value->kind == A_CONSTANT)
    assign_constant(s, local, value);
  else
    assign(s, local, at);
}

/* ---- Constants ----------------------------------------------------------------------------------------- */

void quick_data(quick_state *s, int32_t at, int32_t addend, const uint8_t data[16]) {
  const int32_t i = s->constant_count++;
  if (i >= MOST_CONSTANTS) return; /* quick_body looks at the count */
  s->constants[i].at = at;
  s->constants[i].addend = addend;
  memcpy(s->constants[i].data, data, 16);
}

void quick_load_constant(quick_state *s, int type, int reg, const quick_operand *value) {
  if (type == T_V128 && (value->value | value->high) != 0) {
    const uint64_t data[2] = {value->value, value->high};
    machine_load_near(s, reg);
    quick_data(s, here(s) - 4, -4, (const uint8_t *)data);
  } else {
    machine_constant(s, type, reg, (int64_t)value->value);
  }
}

void quick_store_constant(quick_state *s, int type, int at, const quick_operand *value) {
  if (type == T_V128) { /* in one piece, as it will be loaded */
    quick_load_constant(s, type, VECTOR_SCRATCH, value);
    machine_store(s, type, VECTOR_SCRATCH, RBP, at);
  } else {
    machine_store_constant(s, type, RBP, at, (int64_t)value->value);
  }
}

/* ---- Stencils ------------------------------------------------------------------------------------------ */

/* Appends a piece, its holes filled by what their symbols stand for; where the distance of its branch is, or -1. */
int32_t quick_stencil(quick_state *s, uint32_t number, const int64_t *numbers) {
  const quick_piece *piece = &s->m->pieces[number];
  const quick_hole *hole = &s->m->holes[piece->holes], *end = hole + piece->count;
  uint8_t *to = s->c;
  const int32_t start = here(s);
  memcpy(to, s->m->texts + piece->text, piece->length <= 16 ? 16 : piece->length);
  for (; hole < end; hole++) {
    if (hole->size == HOLE_CONSTANT) {
      quick_data(s, start + hole->at, hole->addend, s->m->data + hole->data);
      continue;
    }
    const int64_t value = numbers[hole->symbol] + hole->addend;
    memcpy(to + hole->at, &value, hole->size);
  }
  s->c += piece->length;
  return piece->branch < 0 ? -1 : start + piece->branch;
}

void quick_in_frame(quick_state *s, uint32_t form, int count, int result, int64_t *numbers) {
  static const uint8_t symbols[3] = {SYM_H0, SYM_H1, SYM_H2};
  const int first = s->count - count;
  memcpy(s->c, s->keep, (size_t)s->keep_size);
  s->c += s->keep_size;
  quick_spill_registers(s, first);
  for (int i = 0; i < count; i++) {
    const quick_operand *x = &s->operands[first + i];
    if (x->kind == A_LOCAL) {
      numbers[symbols[i]] = x->at;
    } else {
      quick_to_frame(s, first + i);
      numbers[symbols[i]] = quick_place_of(s, first + i);
    }
  }
  s->count = first;
  if (result != 0) {
    numbers[SYM_R] = quick_own_slot(s, first);
    quick_push(s, IN_FRAME, result);
  }
  quick_stencil(s, s->m->forms[form][0][1], numbers);
  memcpy(s->c, s->restore, (size_t)s->restore_size);
  s->c += s->restore_size;
}
