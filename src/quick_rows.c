/* Instructions of the table: their immediates, types and code (walk/simple.py, compiler/baseline/rows.py). */
#include "quick_decode.h"
#include "quick_machine.h"

enum { NEAR_OFFSET = (1u << 31) - 16, OP_I32_EQZ = 0x45 };

/* What an instruction has behind its opcode. */
typedef struct immediates {
  uint32_t memory, offset, lane;
  uint32_t index[2];
  uint8_t bytes[16];
  int64_t number;
  bool far; /* an access for which there is no short form */
} immediates;

/* ---- Immediates ------------------------------------------------------------------------------------------ */

static bool read_memarg(quick_state *s, quick_reader *r, int natural, bool exact, immediates *im) {
  const we_quick_source *source = &s->m->source;
  uint32_t align;
  NEED(read_u32(r, &align));
  im->memory = 0;
  if ((align & 0x40) && (source->proposals & MULTI_MEMORIES)) {
    align ^= 0x40;
    NEED(read_u32(r, &im->memory));
  }
  NEED(read_u32(r, &im->offset));
  NEED(im->memory < source->memory_count && align <= (uint32_t)natural && (!exact || align == (uint32_t)natural));
  im->far = !source->guarded || im->memory != 0 || im->offset >= NEAR_OFFSET;
  return true;
}

static bool read_immediate(quick_state *s, quick_reader *r, const quick_op *op, int which, immediates *im) {
  const we_quick_source *source = &s->m->source;
  const uint8_t limit = op->limit[which];
  uint8_t byte;
  switch (op->immediate[which]) {
  case IMM_I32: return read_signed(r, 32, &im->number);
  case IMM_I64: return read_signed(r, 64, &im->number);
  case IMM_F32: return read_bytes(r, &im->number, 4);
  case IMM_F64: return read_bytes(r, &im->number, 8);
  case IMM_V128: return read_bytes(r, im->bytes, 16);
  case IMM_MEMARG: return read_memarg(s, r, limit, false, im);
  case IMM_MEMARG_EXACT: return read_memarg(s, r, limit, true, im);
  case IMM_LANE:
    NEED(read_byte(r, &byte) && byte < limit);
    im->lane = byte;
    return true;
  case IMM_LANES16:
    NEED(read_bytes(r, im->bytes, 16));
    for (int i = 0; i < 16; i++) NEED(im->bytes[i] < 32);
    return true;
  case IMM_MEM:
    return read_index_if(r, source->proposals & MULTI_MEMORIES, source->memory_count, &im->index[which]);
  case IMM_TABLE:
    return read_index_if(r, source->proposals & REFERENCE_TYPES, source->table_count, &im->index[which]);
  case IMM_DATA: return read_index(r, source->data_count, &im->index[which]);
  case IMM_ELEM: return read_index(r, source->element_count, &im->index[which]);
  case IMM_ZERO: return read_byte(r, &byte) && byte == 0;
  default: return false;
  }
}

/* table.init and table.copy: the types of elements agree. */
static bool same_elements(const quick_module *m, const quick_op *op, const immediates *im) {
  if (op->immediates < 2 || op->immediate[1] != IMM_TABLE) return true;
  const uint8_t *from = op->immediate[0] == IMM_ELEM ? m->source.element_types : m->source.table_types;
  return from[im->index[0]] == m->source.table_types[im->index[1]];
}

/* ---- Code ------------------------------------------------------------------------------------------------ */

static void emit_constant(quick_state *s, const quick_op *op, const immediates *im) {
  quick_operand *x = &s->operands[s->count];
  quick_push(s, A_CONSTANT, op->result);
  x->value = (uint64_t)im->number;
  x->high = 0;
  x->near = op->kind == KIND_I32 || (op->kind == KIND_I64 && im->number >= INT32_MIN && im->number <= INT32_MAX);
  if (op->kind == KIND_V128) {
    memcpy(&x->value, im->bytes, 8);
    memcpy(&x->high, im->bytes + 8, 8);
  }
}

static void emit_unary(quick_state *s, const quick_op *op, bool negates) {
  const quick_pieces *forms = s->m->forms + op->form;
  const int at = s->count - 1, r = at % REGISTERS;
  quick_compare *compare = &s->compare;
  quick_need(s, at);
  const int32_t start = here(s);
  quick_pair(s, forms[FORM_R][r], 0);
  quick_becomes(&s->operands[at], IN_REGISTER, op->result);
  if (op->kind != KIND_ZERO) return;
  if (negates && compare->end == start && compare->at == at) {
    const uint16_t *holds = compare->holds;
    compare->holds = compare->fails;
    compare->fails = holds;
    compare->end = here(s);
  } else {
    *compare = (quick_compare){start, here(s), at, forms[FORM_RT][r], forms[FORM_RF][r], 0};
  }
}

static void emit_binary(quick_state *s, const quick_op *op) {
  const quick_pieces *forms = s->m->forms + op->form;
  const quick_operand *other = &s->operands[--s->count];
  const int at = s->count - 1, r = at % REGISTERS;
  const bool slots = forms[FORM_S][0][1] != NO_PIECE;
  int form = FORM_R;
  int64_t number = 0;
  quick_need(s, at);
  if (other->kind == A_CONSTANT && other->near && forms[FORM_I][0][1] != NO_PIECE) {
    form = FORM_I;
    number = (int64_t)other->value;
  } else if (other->kind == A_LOCAL && slots) {
    form = FORM_S;
    number = other->at;
  } else if (other->kind == IN_FRAME && slots) {
    form = FORM_S;
    number = quick_place_of(s, at + 1);
  } else {
    quick_need(s, at + 1);
  }
  const int32_t start = here(s);
  quick_pair(s, forms[form][r], number);
  quick_becomes(&s->operands[at], IN_REGISTER, op->result);
  if (op->kind != KIND_COMPARE) return;
  const int holds = form == FORM_R ? FORM_RT : form == FORM_S ? FORM_ST : FORM_IT;
  s->compare = (quick_compare){start, here(s), at, forms[holds][r], forms[holds + 1][r], (int32_t)number};
}

static void emit_access(quick_state *s, const quick_op *op, const immediates *im) {
  const quick_pieces *forms = s->m->forms + op->form;
  const int first = s->count - op->params, r = first % REGISTERS;
  int64_t numbers[SYMBOLS];
  numbers[SYM_OFFSET] = im->offset;
  numbers[SYM_MEMORY_X8] = 8 * (int64_t)im->memory;
  quick_need(s, first);
  const quick_operand *value = &s->operands[first + 1];
  const bool small = im->offset <= 127;
  if (im->far) {
    if (op->params > 1) quick_need(s, first + 1);
    quick_stencil(s, forms[FORM_FAR][r][1], numbers);
  } else if (op->params > 1 && value->kind == A_CONSTANT && value->near && forms[FORM_CONSTANT][0][1] != NO_PIECE) {
    const int64_t number = numbers[SYM_H0] = (int64_t)value->value;
    const int form = small ? FORM_CONSTANT_NEAR : FORM_CONSTANT;
    quick_stencil(s, forms[form][r][number < -128 || number > 127], numbers);
  } else {
    if (op->params > 1) quick_need(s, first + 1);
    quick_stencil(s, forms[FORM_NEAR][r][!small], numbers);
  }
  s->count = first;
  if (op->results) quick_push(s, IN_REGISTER, op->result);
}

static void emit_vector(quick_state *s, const quick_op *op, const immediates *im) {
  const int first = s->count - op->params;
  for (int at = first; at < s->count; at++) quick_need(s, at);
  int64_t numbers[SYMBOLS];
  numbers[SYM_OFFSET] = im->offset;
  numbers[SYM_MEMORY_X8] = 8 * (int64_t)im->memory;
  quick_stencil(s, s->m->forms[op->form + 2 * im->lane + im->far][first % REGISTERS][1], numbers);
  s->count = first;
  if (op->results) quick_push(s, IN_REGISTER, op->result);
}

static void emit_shuffle(quick_state *s, const immediates *im) {
  const int first = s->count - 2;
  for (int which = 0; which < 2; which++) {
    uint8_t picked[16];
    quick_need(s, first + which);
    for (int i = 0; i < 16; i++) picked[i] = im->bytes[i] / 16 == which ? im->bytes[i] % 16 : 0x80;
    machine_pick_bytes(s, quick_register(T_V128, first + which));
    quick_data(s, here(s) - 4, -4, picked);
  }
  machine_or_bits(s, quick_register(T_V128, first), quick_register(T_V128, first + 1));
  s->count--;
}

static void emit_in_frame(quick_state *s, const quick_op *op, const immediates *im) {
  int64_t numbers[SYMBOLS];
  for (int i = 0; i < op->immediates; i++) {
    numbers[i == 0 ? SYM_I0 : SYM_I1] = im->index[i];
    numbers[i == 0 ? SYM_I0_X8 : SYM_I1_X8] = 8 * (int64_t)im->index[i];
    if (op->immediate[i] == IMM_MEM) numbers[SYM_MEMORY_X8] = 8 * (int64_t)im->index[i];
    if (op->immediate[i] == IMM_MEMARG_EXACT) {
      numbers[SYM_MEMORY] = im->memory;
      numbers[SYM_MEMORY_X8] = 8 * (int64_t)im->memory;
      numbers[SYM_OFFSET] = im->offset;
      numbers[SYM_OFFSET_M2] = im->offset % 2;
      numbers[SYM_OFFSET_M4] = im->offset % 4;
      numbers[SYM_OFFSET_M8] = im->offset % 8;
    }
  }
  quick_in_frame(s, op->form + im->far, op->params, op->results ? op->result : 0, numbers);
}

bool quick_row(quick_state *s, quick_reader *r, int group, uint32_t code) {
  const quick_module *m = s->m;
  NEED(code < m->tables->op_count[group]);
  const quick_op *op = &m->ops[group][code];
  NEED(op->kind != KIND_NONE && (op->proposals == 0 || (op->proposals & m->source.proposals)));
  immediates im;
  im.number = 0;
  im.far = false;
  im.memory = im.offset = im.lane = im.index[0] = im.index[1] = 0;
  for (int i = 0; i < op->immediates; i++) NEED(read_immediate(s, r, op, i, &im));
  NEED(same_elements(m, op, &im));
  NEED(pop_types(s, op->params, op->param));
  if (op->results) push_type(s, op->result);
  if (s->dead) return true;
  switch (op->kind) {
  case KIND_UNARY:
  case KIND_ZERO: emit_unary(s, op, group == 0 && code == OP_I32_EQZ); break;
  case KIND_BINARY:
  case KIND_COMPARE: emit_binary(s, op); break;
  case KIND_LOAD:
  case KIND_STORE: emit_access(s, op, &im); break;
  case KIND_VECTOR: emit_vector(s, op, &im); break;
  case KIND_SHUFFLE: emit_shuffle(s, &im); break;
  case KIND_FRAME: emit_in_frame(s, op, &im); break;
  default: emit_constant(s, op, &im);
  }
  return true;
}
