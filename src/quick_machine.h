/* What the emitter of quick code needs of a processor (see compiler/baseline/x86_64.py). Code goes to s->c. */
#ifndef PYWASMEDGE_QUICK_MACHINE_H
#define PYWASMEDGE_QUICK_MACHINE_H

#include "quick.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };
enum {
  CONTEXT = R13,        /* the instance */
  MEMORY_BASE = R12,
  SCRATCH = RAX,
  VECTOR_SCRATCH = 7,
  NO_ARGUMENT = 8,      /* an xmm register in which nothing is passed */
  FIRST_SLOT = -48,     /* from the frame pointer */
  STACK_ARGUMENTS = 16, /* of the function's own */
  WHOLE_PINS = 3,
  VECTOR_PINS = 2,
  WORD = T_I64,         /* a type for addresses */
  UNWIND = 60,          /* bytes of call frame information for one function */
};
extern const uint8_t machine_whole[REGISTERS], machine_vectors[REGISTERS]; /* registers of operands */
extern const uint8_t machine_pins[WHOLE_PINS], machine_vector_pins[VECTOR_PINS];

void machine_load(quick_state *s, int type, int reg, int base, int32_t at);
void machine_store(quick_state *s, int type, int reg, int base, int32_t at);
void machine_move(quick_state *s, int type, int to, int from);
void machine_number(quick_state *s, int reg, int64_t value);
void machine_constant(quick_state *s, int type, int reg, int64_t value);
void machine_store_constant(quick_state *s, int type, int base, int32_t at, int64_t value);
void machine_address(quick_state *s, int reg, int base, int32_t at);
void machine_trap(quick_state *s, int code);
void machine_call_at(quick_state *s, int base, int32_t at);
void machine_call_entry(quick_state *s, int32_t at); /* the same from RAX, always four bytes of distance */
void machine_call(quick_state *s, int reg);
void machine_jump(quick_state *s);                   /* the distance is in the last four bytes */
void machine_jump_if_zero(quick_state *s, int reg);
void machine_count_down(quick_state *s, int base, int32_t at);
void machine_table_jump(quick_state *s, int index, uint32_t count);
/* Instructions that end with their distance to 16 constant bytes. */
void machine_load_near(quick_state *s, int reg);
void machine_pick_bytes(quick_state *s, int reg);
void machine_or_bits(quick_state *s, int to, int from);
void machine_make_room(quick_state *s, int32_t size);
void machine_prologue(quick_state *s, int32_t size, int pins);
void machine_epilogue(quick_state *s, int pins, int32_t stack);
void machine_zero_slots(quick_state *s, int first, int count);
uint8_t *machine_unwind_info(uint8_t *to, uint32_t before, uint32_t size);

typedef struct machine_moves {
  int count;
  struct { uint8_t type, to, from; } move[MOST_VALUES + 1];
} machine_moves;
static inline void machine_add_move(machine_moves *moves, int type, int to, int from) {
  moves->move[moves->count].type = (uint8_t)type;
  moves->move[moves->count].to = (uint8_t)to;
  moves->move[moves->count++].from = (uint8_t)from;
}
/* All at once. */
void machine_shuffle(quick_state *s, machine_moves *moves);
/* Fills in how functions of a type are called; what they are is there. */
void machine_convention(quick_type *type);

#endif
