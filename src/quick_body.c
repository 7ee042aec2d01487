/* Decodes and checks a body, and says what is emitted: the walk and its sink in one (`walk`, compiler/baseline). */
#include "quick_decode.h"
#include "quick_machine.h"

enum { TRAP_UNREACHABLE = 0x89 };
enum { OP_LOOP = 0x03, OP_IF = 0x04, OP_ELSE = 0x05, OP_END = 0x0b };

/* ---- Control --------------------------------------------------------------------------------------------- */

/* What follows is only checked, up to the `else` or `end` of the innermost frame. */
static void leave(quick_state *s) {
  s->reachable = false;
  s->dead = s->frame_count;
}

static inline int label_count(const quick_frame *f) {
  return f->opcode == OP_LOOP ? f->param_count : f->result_count;
}
static inline const uint8_t *label_types(const quick_frame *f) {
  return f->opcode == OP_LOOP ? f->params : f->results;
}

static bool read_block_type(quick_state *s, quick_reader *r, quick_frame *frame) {
  NEED(r->p < r->end);
  const uint8_t byte = *r->p;
  frame->param_count = frame->result_count = 0;
  frame->params = frame->results = r->p;
  if (byte == 0x40 || is_value_type(s->m, byte)) {
    frame->result_count = byte != 0x40; /* the byte is the list of types */
    r->p++;
    return true;
  }
  int64_t index;
  NEED((s->m->source.proposals & MULTI_VALUE) && (byte <= 0x40 || byte >= 0x80));
  NEED(read_signed(r, 33, &index) && index >= 0 && index < s->m->module->type_count);
  const quick_type *type = quick_type_of(s->m, (uint32_t)index);
  NEED(type != NULL && !type->unknown);
  frame->param_count = type->param_count;
  frame->result_count = type->result_count;
  frame->params = type->params;
  frame->results = type->results;
  return true;
}

static bool block(quick_state *s, quick_reader *r, uint8_t opcode, int32_t start) {
  NEED(s->frame_count < MOST_FRAMES && s->counter_count < MOST_COUNTERS);
  quick_frame *frame = &s->frames[s->frame_count];
  NEED(read_block_type(s, r, frame));
  if (opcode == OP_IF) NEED(pop_type(s, T_I32));
  NEED(pop_types(s, frame->param_count, frame->params));
  push_type(s, BOTTOM);
  frame->opcode = opcode;
  frame->height = s->type_count;
  frame->start = start;
  s->frame_count++;
  push_types(s, frame->param_count, frame->params);
  if (s->dead) return true;
  if (opcode == OP_LOOP)
    quick_loop(s, frame);
  else if (opcode == OP_IF)
    quick_if(s, frame);
  else
    quick_block(s, frame);
  return true;
}

static bool else_or_end(quick_state *s, uint8_t opcode) {
  quick_frame *frame = &s->frames[s->frame_count - 1];
  if (s->dead == s->frame_count) s->dead = 0;
  NEED(opcode != OP_ELSE || frame->opcode == OP_IF);
  NEED(pop_types(s, frame->result_count, frame->results) && s->type_count == frame->height);
  if (opcode == OP_ELSE) {
    *top_type(s) = BOTTOM;
    push_types(s, frame->param_count, frame->params);
    if (!s->dead) quick_else(s, frame);
    frame->opcode = OP_ELSE;
    return true;
  }
  if (frame->opcode == OP_IF)
    NEED(frame->param_count == frame->result_count &&
         memcmp(frame->params, frame->results, frame->param_count) == 0);
  s->type_count--;
  s->frame_count--;
  if (s->frame_count > 0) push_types(s, frame->result_count, frame->results);
  if (s->dead) return true;
  quick_end(s, frame);
  if (!s->reachable) s->dead = s->frame_count;
  return true;
}

static bool branch(quick_state *s, quick_reader *r, bool conditional) {
  uint32_t depth;
  NEED(read_index(r, (uint32_t)s->frame_count, &depth));
  quick_frame *frame = &s->frames[s->frame_count - 1 - (int32_t)depth];
  if (conditional) NEED(pop_type(s, T_I32));
  NEED(pop_types(s, label_count(frame), label_types(frame)));
  if (conditional) {
    push_types(s, label_count(frame), label_types(frame));
    if (!s->dead) quick_br_if(s, frame);
    return true;
  }
  kill_types(s);
  if (s->dead) return true;
  quick_carry(s, &frame->label);
  quick_jump(s, &frame->label);
  leave(s);
  return true;
}

static bool branch_table(quick_state *s, quick_reader *r) {
  uint32_t count, depth;
  NEED(read_u32(r, &count) && count < r->end - r->p);
  NEED(pop_type(s, T_I32));
  int32_t table = 0;
  int arity = -1;
  if (!s->dead) {
    NEED(count < (uint32_t)(MOST_ENTRIES - s->entry_count) && 4 * (int64_t)count < s->limit - s->c);
    table = quick_table_start(s, count);
  }
  for (uint32_t i = 0; i <= count; i++) {
    NEED(read_index(r, (uint32_t)s->frame_count, &depth));
    quick_frame *frame = &s->frames[s->frame_count - 1 - (int32_t)depth];
    if (arity < 0) arity = label_count(frame);
    NEED(label_count(frame) == arity && check_top(s, arity, label_types(frame)));
    if (s->dead) continue;
    NEED(s->c <= s->limit);
    quick_table_entry(s, table, i, depth, frame);
  }
  kill_types(s);
  if (!s->dead) leave(s);
  return true;
}

static bool call(quick_state *s, quick_reader *r, bool indirect) {
  const quick_module *m = s->m;
  const we_quick_source *source = &m->source;
  uint32_t index = 0, table = 0, type_index;
  if (indirect) {
    NEED(read_index(r, m->module->type_count, &type_index));
    NEED(read_index_if(r, source->proposals & REFERENCE_TYPES, source->table_count, &table));
    NEED(source->table_types[table] == T_FUNCREF && pop_type(s, T_I32));
  } else {
    NEED(read_index(r, m->module->imported_funcs + m->module->defined_funcs, &index));
    type_index = m->module->func_types[index];
  }
  const quick_type *type = quick_type_of(s->m, type_index);
  NEED(type != NULL && !type->unknown);
  NEED(pop_types(s, type->param_count, type->params));
  push_types(s, type->result_count, type->results);
  if (s->dead) return true;
  if (indirect)
    quick_call_indirect(s, table, type_index, type);
  else
    quick_call(s, index, type);
  return true;
}

static bool control(quick_state *s, quick_reader *r, uint8_t opcode, int32_t start) {
  switch (opcode) {
  case 0x00:
    kill_types(s);
    if (s->dead) return true;
    machine_trap(s, TRAP_UNREACHABLE);
    leave(s);
    return true;
  case 0x01: return true;
  case 0x02:
  case OP_LOOP:
  case OP_IF: return block(s, r, opcode, start);
  case OP_ELSE:
  case OP_END: return else_or_end(s, opcode);
  case 0x0c:
  case 0x0d: return branch(s, r, opcode == 0x0d);
  case 0x0e: return branch_table(s, r);
  case 0x0f:
    NEED(pop_types(s, s->type->result_count, s->type->results));
    kill_types(s);
    if (s->dead) return true;
    quick_carry(s, &s->frames[0].label);
    quick_jump(s, &s->frames[0].label);
    leave(s);
    return true;
  case 0x10:
  case 0x11: return call(s, r, opcode == 0x11);
  default: return false;
  }
}

/* ---- Other instructions whose type depends on immediates or context ------------------------------------- */

static bool select_(quick_state *s, quick_reader *r, bool typed) {
  int first, second, type;
  if (typed) {
    uint8_t byte;
    uint32_t count;
    NEED((s->m->source.proposals & REFERENCE_TYPES) && read_u32(r, &count) && count == 1);
    NEED(read_byte(r, &byte) && is_value_type(s->m, byte));
    type = byte;
    NEED(pop_type(s, T_I32) && pop_type(s, type) && pop_type(s, type));
  } else {
    NEED(pop_type(s, T_I32) && pop_any(s, &second) && pop_any(s, &first));
    if (first == ANY) first = second;
    NEED(second == first || second == ANY);
    NEED(first != T_FUNCREF && first != T_EXTERNREF);
    type = first;
  }
  push_type(s, type);
  if (s->dead) return true;
  const int at = s->count - 3;
  for (int i = at; i < at + 3; i++) quick_need(s, i);
  s->count = at + 1;
  const int which = type >= T_V128 ? T_I32 - type : T_I32 - T_I64;
  quick_stencil(s, s->m->forms[s->m->tables->select[which]][at % REGISTERS][1], NULL);
  return true;
}

static bool local(quick_state *s, quick_reader *r, uint8_t opcode) {
  uint32_t index;
  NEED(read_index(r, (uint32_t)s->locals_count, &index));
  const int type = s->local_types[index];
  if (opcode == 0x20) {
    push_type(s, type);
    if (!s->dead) s->operands[s->count++] = s->locals[index];
    return true;
  }
  NEED(pop_type(s, type));
  if (opcode == 0x22) push_type(s, type);
  if (s->dead) return true;
  if (opcode == 0x21)
    quick_local_set(s, (int)index);
  else
    quick_local_tee(s, (int)index);
  return true;
}

static bool global(quick_state *s, quick_reader *r, bool set) {
  const we_quick_source *source = &s->m->source;
  uint32_t index;
  NEED(read_index(r, source->global_count, &index));
  const int type = source->globals[index] & 0x7f, is_mutable = source->globals[index] & 0x80;
  if (set)
    NEED(is_mutable && pop_type(s, type));
  else
    push_type(s, type);
  if (!s->dead) quick_global(s, index, set);
  return true;
}

static bool in_table(quick_state *s, quick_reader *r, int special) {
  const we_quick_source *source = &s->m->source;
  uint32_t table;
  NEED((source->proposals & REFERENCE_TYPES) && read_index(r, source->table_count, &table));
  const int element = source->table_types[table];
  static const struct { uint8_t count, result; } shape[] = {{1, T_I64}, {2, 0}, {2, T_I32}, {3, 0}};
  switch (special) {
  case SPECIAL_TABLE_GET:
    NEED(pop_type(s, T_I32));
    push_type(s, element);
    break;
  case SPECIAL_TABLE_SET: NEED(pop_type(s, element) && pop_type(s, T_I32)); break;
  case SPECIAL_TABLE_GROW:
    NEED(pop_type(s, T_I32) && pop_type(s, element));
    push_type(s, T_I32);
    break;
  default: NEED(pop_type(s, T_I32) && pop_type(s, element) && pop_type(s, T_I32));
  }
  if (s->dead) return true;
  int64_t numbers[SYMBOLS];
  numbers[SYM_TABLE] = table;
  numbers[SYM_TABLE_X8] = 8 * (int64_t)table;
  quick_in_frame(s, s->m->tables->special[special], shape[special].count, shape[special].result, numbers);
  return true;
}

static bool reference(quick_state *s, quick_reader *r, uint8_t opcode) {
  NEED(s->m->source.proposals & REFERENCE_TYPES);
  if (opcode == 0xd0) {
    uint8_t byte;
    NEED(read_byte(r, &byte) && (byte == T_FUNCREF || byte == T_EXTERNREF));
    push_type(s, byte);
    if (s->dead) return true;
    quick_push(s, A_CONSTANT, T_I64);
    quick_operand *null = &s->operands[s->count - 1];
    null->value = null->high = 0;
    null->near = true;
    return true;
  }
  int type;
  NEED(opcode == 0xd1 && pop_any(s, &type) && (type == ANY || type == T_FUNCREF || type == T_EXTERNREF));
  push_type(s, T_I32);
  int64_t numbers[SYMBOLS];
  if (!s->dead) quick_in_frame(s, s->m->tables->special[SPECIAL_IS_NULL], 1, T_I32, numbers);
  return true;
}

static bool prefixed(quick_state *s, quick_reader *r, uint8_t prefix) {
  static const struct { uint8_t prefix, group; } groups[] = {{0xfc, 1}, {0xfd, 2}, {0xfe, 3}};
  uint32_t code;
  NEED(read_u32(r, &code));
  if (prefix == 0xfc && code == 15) return in_table(s, r, SPECIAL_TABLE_GROW);
  if (prefix == 0xfc && code == 17) return in_table(s, r, SPECIAL_TABLE_FILL);
  return quick_row(s, r, groups[prefix - 0xfc].group, code);
}

static bool instruction(quick_state *s, quick_reader *r, uint8_t opcode, int32_t start) {
  if (opcode < 0x1a) return control(s, r, opcode, start);
  int type;
  switch (opcode) {
  case 0x1a:
    NEED(pop_any(s, &type));
    if (!s->dead) s->count--;
    return true;
  case 0x1b:
  case 0x1c: return select_(s, r, opcode == 0x1c);
  case 0x20:
  case 0x21:
  case 0x22: return local(s, r, opcode);
  case 0x23:
  case 0x24: return global(s, r, opcode == 0x24);
  case 0x25: return in_table(s, r, SPECIAL_TABLE_GET);
  case 0x26: return in_table(s, r, SPECIAL_TABLE_SET);
  case 0xd0:
  case 0xd1: return reference(s, r, opcode);
  case 0xfc:
  case 0xfd:
  case 0xfe: return prefixed(s, r, opcode);
  default: return quick_row(s, r, 0, opcode);
  }
}

/* ---- Functions ------------------------------------------------------------------------------------------- */

static bool read_locals(quick_state *s, quick_reader *r) {
  uint32_t groups, count;
  uint8_t type;
  s->locals_count = s->type->param_count;
  memcpy(s->local_types, s->type->params, s->type->param_count);
  NEED(read_u32(r, &groups));
  while (groups-- > 0) {
    NEED(read_u32(r, &count) && read_byte(r, &type) && is_value_type(s->m, type));
    NEED(count <= (uint32_t)(MOST_LOCALS - s->locals_count));
    memset(s->local_types + s->locals_count, type, count);
    s->locals_count += (int32_t)count;
  }
  return true;
}

static bool has_room(const quick_state *s) {
  return s->c <= s->limit && s->count <= MOST_OPERANDS && s->type_count <= MOST_TYPES && s->budget >= 0 &&
         s->constant_count <= MOST_CONSTANTS;
}

static bool walk(quick_state *s, quick_reader *r) {
  while (r->p < r->end && s->frame_count > 0) {
    NEED(has_room(s));
    const int32_t start = (int32_t)(r->p - s->m->source.data);
    const uint8_t opcode = *r->p++;
    NEED(instruction(s, r, opcode, start));
  }
  return s->frame_count == 0 && r->p == r->end && has_room(s);
}

/* Puts constant bytes behind the code, each once, and fills in the distances to them; `before` bytes come before
 * the code, which will begin at a multiple of 16. */
static void place_constants(quick_state *s, int32_t before) {
  if (s->constant_count == 0) return;
  while ((here(s) + before) % 16 != 0) *s->c++ = 0;
  const int32_t first = here(s);
  for (int i = 0; i < s->constant_count; i++) {
    int32_t where = first;
    while (where < here(s) && memcmp(s->code + where, s->constants[i].data, 16) != 0) where += 16;
    if (where == here(s)) {
      memcpy(s->c, s->constants[i].data, 16);
      s->c += 16;
    }
    const int32_t distance = where + s->constants[i].addend - s->constants[i].at;
    memcpy(s->code + s->constants[i].at, &distance, 4);
  }
}

int64_t quick_body(quick_state *s, quick_module *m, uint32_t index, uint8_t *output, uint8_t **begin) {
  const we_quick_source *source = &m->source;
  quick_reader r = {source->data + source->marks[index], source->data + source->marks[index + 1]};
  uint32_t size;
  s->m = m;
  s->type = quick_type_of(m, m->module->func_types[m->module->imported_funcs + index]);
  if (s->type == NULL || s->type->unknown || !read_u32(&r, &size) || size > MOST_BODY)
    return -1;
  s->index = index;
  s->code = s->c = output + FRONT;
  s->limit = output + OUTPUT - SLACK;
  s->count = s->loop_count = s->counter_count = s->entry_count = s->constant_count = s->dead = 0;
  s->compare.end = -1;
  s->reachable = true;
  const int64_t bytes_left = r.end - r.p;
  if (bytes_left > OUTPUT || !read_locals(s, &r)) return -1;
  s->budget = (1 << 17) + 16 * (int32_t)(r.end - r.p);
  quick_lay_out(s, r.p, r.end);
  s->types[0] = s->types[1] = BOTTOM;
  s->type_count = 2;
  s->frame_count = 1;
  s->frames[0] = (quick_frame){.result_count = s->type->result_count, .results = s->type->results, .height = 2};
  quick_label *last = &s->frames[0].label;
  quick_label_init(last, 0, s->type->result_count, s->type->results, false);
  if (source->counting) quick_count(s, 0);
  if (!walk(s, &r)) return -1;
  if (s->reachable) quick_carry(s, last);
  quick_place_label(s, last);
  quick_results(s);
  const int32_t end = here(s);
  machine_epilogue(s, s->pins, s->type->stack);
  quick_run_out(s, end);
  const int32_t front_size = quick_start(s, s->front);
  if (!has_room(s)) return -1;
  place_constants(s, front_size);
  *begin = s->code - front_size;
  memcpy(*begin, s->front, (size_t)front_size);
  return here(s) + front_size;
}
