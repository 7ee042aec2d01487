/* Machine code of the x86-64 in quick code besides stencils: moves, calls, frames, call frame information. */
#include "quick_machine.h"

const uint8_t machine_whole[REGISTERS] = {RSI, RDI, R8, R9};
const uint8_t machine_vectors[REGISTERS] = {1, 2, 3, 4};
const uint8_t machine_pins[WHOLE_PINS] = {RBX, R14, R15};
const uint8_t machine_vector_pins[VECTOR_PINS] = {5, 6};

/* Where the caller's registers are, from the frame pointer. */
static const int8_t saved_at[16] = {[R13] = -8, [R12] = -16, [RBX] = -24, [R14] = -32, [R15] = -40};

enum { PAGE = 4096 };

/* ---- Bytes --------------------------------------------------------------------------------------------- */

static inline void put1(quick_state *s, int byte) { *s->c++ = (uint8_t)byte; }
static inline void put4(quick_state *s, int64_t value) {
  const uint32_t low = (uint32_t)value;
  memcpy(s->c, &low, 4);
  s->c += 4;
}
static inline void put8(quick_state *s, int64_t value) {
  memcpy(s->c, &value, 8);
  s->c += 8;
}
static inline void put(quick_state *s, const char *bytes, int count) {
  memcpy(s->c, bytes, (size_t)count);
  s->c += count;
}
#define PUT(s, text) put(s, text, sizeof(text) - 1)

static inline void rex(quick_state *s, bool wide, int reg, int rm) {
  const int bits = wide << 3 | (reg >> 3) << 2 | rm >> 3;
  if (bits != 0) put1(s, 0x40 | bits);
}

/* The ModRM byte and what follows, for the memory operand [base + at]. */
static inline void operand(quick_state *s, int reg, int base, int32_t at) {
  const int low = (reg & 7) << 3 | (base & 7);
  const bool near = at >= -128 && at < 128;
  put1(s, (near ? 0x40 : 0x80) | low);
  if ((base & 7) == RSP) put1(s, 0x24);
  if (near)
    put1(s, at);
  else
    put4(s, at);
}

static inline void with_memory(quick_state *s, int opcode, bool wide, int reg, int base, int32_t at) {
  rex(s, wide, reg, base);
  put1(s, opcode);
  operand(s, reg, base, at);
}

static inline void with_register(quick_state *s, int opcode, bool wide, int reg, int rm) {
  rex(s, wide, reg, rm);
  put1(s, opcode);
  put1(s, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

/* Opcodes that begin with 0x0F. */
static inline void with_register_0f(quick_state *s, int opcode, bool wide, int reg, int rm) {
  rex(s, wide, reg, rm);
  put1(s, 0x0f);
  put1(s, opcode);
  put1(s, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

/* ---- Single instructions ------------------------------------------------------------------------------- */

static inline void access(quick_state *s, int type, int reg, int base, int32_t at, int whole, int vector) {
  if (is_whole(type)) {
    with_memory(s, whole, type != T_I32, reg, base, at);
    return;
  }
  if (type != T_V128) put1(s, type == T_F32 ? 0xf3 : 0xf2);
  rex(s, false, reg, base);
  put1(s, 0x0f);
  put1(s, vector);
  operand(s, reg, base, at);
}

void machine_load(quick_state *s, int type, int reg, int base, int32_t at) {
  access(s, type, reg, base, at, 0x8b, 0x10);
}

void machine_store(quick_state *s, int type, int reg, int base, int32_t at) {
  access(s, type, reg, base, at, 0x89, 0x11);
}

void machine_move(quick_state *s, int type, int to, int from) {
  if (is_whole(type))
    with_register(s, 0x89, type != T_I32, from, to);
  else if (to != from)
    with_register_0f(s, 0x28, false, to, from);
}

static void wide_number(quick_state *s, int reg, int64_t value) {
  rex(s, true, 0, reg);
  put1(s, 0xb8 | (reg & 7));
  put8(s, value);
}

/* Bits of floats are unsigned, so that they are never a negative number of four bytes. */
static inline bool is_high(int type, int64_t value) { return type == T_F64 && value < 0; }

void machine_number(quick_state *s, int reg, int64_t value) {
  if (value == 0) {
    with_register(s, 0x31, false, reg, reg);
  } else if (value > 0 && value < 1ll << 32) {
    rex(s, false, 0, reg);
    put1(s, 0xb8 | (reg & 7));
    put4(s, value);
  } else if (value >= INT32_MIN && value < 0) {
    rex(s, true, 0, reg);
    put1(s, 0xc7);
    put1(s, 0xc0 | (reg & 7));
    put4(s, value);
  } else {
    wide_number(s, reg, value);
  }
}

static void bits_to(quick_state *s, int type, int reg, int64_t value) {
  if (is_high(type, value))
    wide_number(s, reg, value);
  else
    machine_number(s, reg, value);
}

void machine_constant(quick_state *s, int type, int reg, int64_t value) {
  if (type == T_I32 && value != 0) {
    rex(s, false, 0, reg);
    put1(s, 0xb8 | (reg & 7));
    put4(s, value);
  } else if (is_whole(type)) {
    machine_number(s, reg, value);
  } else if (value == 0) {
    with_register_0f(s, 0x57, false, reg, reg);
  } else {
    bits_to(s, type, RAX, value);
    put1(s, 0x66);
    with_register_0f(s, 0x6e, type == T_F64, reg, RAX);
  }
}

void machine_store_constant(quick_state *s, int type, int base, int32_t at, int64_t value) {
  const bool wide = type != T_I32 && type != T_F32;
  if (!wide || (value >= INT32_MIN && value <= INT32_MAX && !is_high(type, value))) {
    with_memory(s, 0xc7, wide, 0, base, at);
    put4(s, value);
  } else {
    bits_to(s, type, RAX, value);
    with_memory(s, 0x89, true, RAX, base, at);
  }
}

void machine_address(quick_state *s, int reg, int base, int32_t at) { with_memory(s, 0x8d, true, reg, base, at); }

void machine_trap(quick_state *s, int code) {
  PUT(s, "\x67\x0f\xb9\x40");
  put1(s, code - 0x80);
}

void machine_call_at(quick_state *s, int base, int32_t at) { with_memory(s, 0xff, false, 2, base, at); }

void machine_call_entry(quick_state *s, int32_t at) {
  PUT(s, "\xff\x90");
  put4(s, at);
}

void machine_call(quick_state *s, int reg) { with_register(s, 0xff, false, 2, reg); }

void machine_jump(quick_state *s) { PUT(s, "\xe9\0\0\0\0"); }

void machine_jump_if_zero(quick_state *s, int reg) {
  with_register(s, 0x85, true, reg, reg);
  PUT(s, "\x0f\x84\0\0\0\0");
}

void machine_count_down(quick_state *s, int base, int32_t at) {
  with_memory(s, 0x83, false, 5, base, at);
  PUT(s, "\x01\x0f\x82\0\0\0\0");
}

void machine_table_jump(quick_state *s, int index, uint32_t count) {
  if (count != 0)
    machine_number(s, RAX, count);
  else
    PUT(s, "\x31\xc0");
  with_register(s, 0x39, false, RAX, index);    /* cmp index, eax */
  with_register_0f(s, 0x42, false, RAX, index); /* cmovb eax, index */
  /* lea rcx, [rip + 9]; movsxd rax, [rcx + 4 * rax]; add rax, rcx; jmp rax */
  PUT(s, "\x48\x8d\x0d\x09\0\0\0\x48\x63\x04\x81\x48\x01\xc8\xff\xe0");
}

void machine_load_near(quick_state *s, int reg) {
  rex(s, false, reg, 0);
  PUT(s, "\x0f\x28");
  put1(s, 0x05 | (reg & 7) << 3);
  put4(s, 0);
}

void machine_pick_bytes(quick_state *s, int reg) {
  put1(s, 0x66);
  rex(s, false, reg, 0);
  PUT(s, "\x0f\x38\x00");
  put1(s, 0x05 | (reg & 7) << 3);
  put4(s, 0);
}

void machine_or_bits(quick_state *s, int to, int from) { with_register_0f(s, 0x56, false, to, from); }

/* ---- Calls --------------------------------------------------------------------------------------------- */

void machine_shuffle(quick_state *s, machine_moves *moves) {
  int left = 0;
  for (int i = 0; i < moves->count; i++)
    if (moves->move[i].to != moves->move[i].from) moves->move[left++] = moves->move[i];
  while (left > 0) {
    int ready = 0;
    for (; ready < left; ready++) { /* one whose target nobody needs any more */
      int reader = 0;
      while (reader < left && (is_whole(moves->move[reader].type) != is_whole(moves->move[ready].type) ||
                               moves->move[reader].from != moves->move[ready].to))
        reader++;
      if (reader == left) break;
    }
    if (ready < left) {
      machine_move(s, moves->move[ready].type, moves->move[ready].to, moves->move[ready].from);
      left--;
      memmove(&moves->move[ready], &moves->move[ready + 1], (size_t)(left - ready) * sizeof moves->move[0]);
    } else { /* a cycle */
      const int type = moves->move[0].type, scratch = is_whole(type) ? RAX : NO_ARGUMENT;
      machine_move(s, is_whole(type) ? T_I64 : type, scratch, moves->move[0].from);
      moves->move[0].from = (uint8_t)scratch;
    }
  }
}

void machine_convention(quick_type *type) {
  static const uint8_t integers[] = {RSI, RDX, RCX, R8, R9};
  static const uint8_t first_result[2] = {RAX, RDX};
  uint32_t whole = 0, vectors = 0;
  int results[2] = {0, 0};
  for (int i = 0; i < type->param_count + type->has_pointer; i++) {
    const int value = i < type->param_count ? type->params[i] : WORD;
    quick_place place = {(uint8_t)value, -1, 0};
    if (is_whole(value) && whole < sizeof integers) {
      place.reg = (int8_t)integers[whole++];
    } else if (!is_whole(value) && vectors < 8) {
      place.reg = (int8_t)vectors++;
    } else {
      place.offset = type->stack;
      type->stack += 8 * slots_of(value);
    }
    if (i < type->param_count)
      type->places[i] = place;
    else
      type->pointer = place;
  }
  for (int i = 0; i < type->result_count && i < 2 && !type->has_pointer; i++) {
    const int value = type->results[i];
    int *used = &results[is_whole(value)];
    type->returned[i] = (quick_place){(uint8_t)value, (int8_t)(is_whole(value) ? first_result[*used] : *used), 0};
    *used += 1;
  }
}

/* ---- Frames -------------------------------------------------------------------------------------------- */

void machine_make_room(quick_state *s, int32_t size) {
  if (size == 0) return;
  if (size < PAGE) {
    PUT(s, "\x48\x81\xec");
    put4(s, size);
    if (size >= PAGE / 2) PUT(s, "\x83\x0c\x24\x00");
    return;
  }
  machine_address(s, RAX, RSP, -size);
  PUT(s, "\x48\x81\xec"); /* next: sub rsp, 4096 */
  put4(s, PAGE);
  PUT(s, "\x83\x0c\x24\x00\x4c\x8d\x9c\x24"); /* or dword [rsp], 0; lea r11, [rsp - 4096] */
  put4(s, -PAGE);
  PUT(s, "\x49\x39\xc3\x73\xe8\x48\x89\xc4\x83\x0c\x24\x00"); /* cmp r11, rax; jae next; mov rsp, rax; or ... */
}

void machine_prologue(quick_state *s, int32_t size, int pins) {
  PUT(s, "\x55\x48\x89\xe5\x41\x55\x41\x54"); /* push rbp; mov rbp, rsp; push r13; push r12 */
  machine_make_room(s, -FIRST_SLOT - 8 - 16 + size);
  for (int i = 0; i < pins; i++) with_memory(s, 0x89, true, machine_pins[i], RBP, saved_at[machine_pins[i]]);
  machine_move(s, T_I64, CONTEXT, RDI);
}

void machine_epilogue(quick_state *s, int pins, int32_t stack) {
  for (int i = 0; i < pins; i++) with_memory(s, 0x8b, true, machine_pins[i], RBP, saved_at[machine_pins[i]]);
  with_memory(s, 0x8b, true, R12, RBP, saved_at[R12]);
  with_memory(s, 0x8b, true, R13, RBP, saved_at[R13]);
  put1(s, 0xc9);
  if (stack != 0) {
    put1(s, 0xc2);
    put1(s, stack);
    put1(s, stack >> 8);
  } else {
    put1(s, 0xc3);
  }
}

void machine_zero_slots(quick_state *s, int first, int count) {
  if (count == 0) return;
  const int32_t last = FIRST_SLOT - 8 * (first + count - 1);
  if (count == 1) {
    PUT(s, "\x31\xc0");
    machine_store(s, T_I64, RAX, RBP, last);
  } else if (count <= 32) {
    PUT(s, "\x0f\x57\xc0");
    for (int32_t at = last; at < last + 8 * count - 8; at += 16) machine_store(s, T_V128, 0, RBP, at);
    if (count & 1) machine_store(s, T_F64, 0, RBP, last + 8 * count - 8);
  } else {
    PUT(s, "\x31\xc0");
    machine_address(s, RDI, RBP, last);
    machine_number(s, RCX, count);
    PUT(s, "\xf3\x48\xab");
  }
}

/* Call frame information for one function of `size` bytes, which begins `before` bytes before it. */
uint8_t *machine_unwind_info(uint8_t *to, uint32_t before, uint32_t size) {
  static const uint8_t cie[] = {20,   0, 0, 0, 0, 0, 0, 0,    1,    'z',  'R', 0,
                                1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x80 | 16, 1, 0, 0};
  static const uint8_t frame[] = {0, 0x41, 0x0e, 16, 0x80 | 6, 2, 0x43, 0x0d, 6, 0x80 | 13, 3, 0x80 | 12, 4, 0, 0, 0};
  const uint32_t head[4] = {12 + sizeof frame, sizeof cie + 4, -(before + (uint32_t)sizeof cie + 8), size};
  memcpy(to, cie, sizeof cie);
  memcpy(to + sizeof cie, head, sizeof head);
  memcpy(to + sizeof cie + sizeof head, frame, sizeof frame);
  memset(to + sizeof cie + sizeof head + sizeof frame, 0, 4);
  return to + UNWIND;
}
