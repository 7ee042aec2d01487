/* The emitter of quick code: decodes, checks and compiles one function body at a time. It makes byte for byte
 * what `compiler/baseline` makes, which is its specification; a body that it does not know or finds invalid is
 * Python's, which compiles it or says what is wrong.
 *
 *   quick.c          modules, first calls, the registry of what was made
 *   quick_body.c     decoding and checking (`walk` in Python), control
 *   quick_rows.c     instructions that are data
 *   quick_operands.c where operands are, stencils
 *   quick_flow.c     blocks, branches, counters
 *   quick_calls.c    calls, the function's own frame
 *   quick_x86_64.c   the processor's instructions and registers */
#ifndef PYWASMEDGE_QUICK_H
#define PYWASMEDGE_QUICK_H

#include <string.h>

#include "internal.h"

/* ---- Tables (compiler/baseline/tables.py) -------------------------------------------------------- */

enum quick_symbol {
  SYM_H0, SYM_H1, SYM_H2, SYM_R, SYM_OFFSET, SYM_OFFSET_M2, SYM_OFFSET_M4, SYM_OFFSET_M8, SYM_MEMORY, SYM_MEMORY_X8,
  SYM_I0, SYM_I0_X8, SYM_I1, SYM_I1_X8, SYM_I0_X4, SYM_TYPE, SYM_TABLE, SYM_TABLE_X8, SYMBOLS
};
enum quick_kind {
  KIND_NONE, KIND_I32, KIND_I64, KIND_F32, KIND_F64, KIND_V128, KIND_UNARY, KIND_BINARY, KIND_COMPARE, KIND_ZERO,
  KIND_LOAD, KIND_STORE, KIND_VECTOR, KIND_SHUFFLE, KIND_FRAME
};
enum quick_immediate {
  IMM_NONE, IMM_I32, IMM_I64, IMM_F32, IMM_F64, IMM_V128, IMM_MEMARG, IMM_MEMARG_EXACT, IMM_LANE, IMM_LANES16, IMM_MEM,
  IMM_TABLE, IMM_DATA, IMM_ELEM, IMM_ZERO
};
/* Forms of arithmetic: the last operand in a register, in the frame, a number; branches if a comparison holds (T)
 * or fails (F). Forms of accesses: see the second line. Of vectors and of instructions in the frame: near, far. */
enum quick_form { FORM_R, FORM_S, FORM_I, FORM_RT, FORM_RF, FORM_ST, FORM_SF, FORM_IT, FORM_IF };
enum { FORM_NEAR, FORM_FAR, FORM_CONSTANT, FORM_CONSTANT_NEAR };
enum quick_special { SPECIAL_TABLE_GET, SPECIAL_TABLE_SET, SPECIAL_TABLE_GROW, SPECIAL_TABLE_FILL, SPECIAL_IS_NULL };
enum { NO_PIECE = 0xffff, HOLE_CONSTANT = 16, GROUPS = 4, REGISTERS = 4 };

/* A hole: `size` bytes at `at` for a number, or (HOLE_CONSTANT) four for the distance to 16 constant bytes. */
typedef struct quick_hole {
  uint16_t at;
  uint8_t size, symbol;
  int32_t addend;
  uint32_t data;
} quick_hole;

typedef struct quick_piece {
  uint32_t text, holes;
  uint16_t length;
  uint8_t count;
  int8_t branch; /* where the distance to the target is, or -1 */
} quick_piece;

/* For every register: the piece for numbers of one byte, signed, and the one for others. */
typedef uint16_t quick_pieces[REGISTERS][2];

typedef struct quick_op {
  uint8_t kind, params, results, immediates;
  uint8_t param[3], result;
  uint8_t immediate[2];
  uint8_t limit[2]; /* natural alignment, number of lanes */
  uint32_t proposals; /* any of them must be on; 0: none */
  uint32_t form;      /* the first one */
} quick_op;

/* The head of the file; places are bytes from its start. */
typedef struct quick_tables {
  uint32_t size;
  uint32_t ops[GROUPS]; /* by prefix: none, 0xFC, 0xFD, 0xFE */
  uint32_t pieces, holes, forms, data, texts;
  uint32_t op_count[GROUPS];
  uint32_t select[5];   /* forms, by type: i32, i64, f32, f64, v128 */
  uint32_t branch[4];   /* on an operand: rT, rF, sT, sF */
  uint32_t callee[2];   /* of table 0, of any */
  uint32_t special[5];
} quick_tables;

/* ---- Types ------------------------------------------------------------------------------------------ */

enum { T_I32 = 0x7f, T_I64 = 0x7e, T_F32 = 0x7d, T_F64 = 0x7c, T_V128 = 0x7b, T_FUNCREF = 0x70, T_EXTERNREF = 0x6f };
/* Entries of the stack of types: see walk/stack.py. */
enum { BOTTOM = 0, ANY = 1, POLY = 0xff };

static inline bool is_whole(int type) { return type == T_I32 || type == T_I64 || type <= T_FUNCREF; }
static inline int slots_of(int type) { return type == T_V128 ? 2 : 1; }

/* Where an argument or result is: in a register, or (-1) on the stack. */
typedef struct quick_place {
  uint8_t type;
  int8_t reg;
  int32_t offset;
} quick_place;

enum { MOST_VALUES = 32 }; /* parameters and results of a type that is known here */

/* A function type and how such functions are called. */
typedef struct quick_type {
  bool unknown; /* too many values */
  bool has_pointer;
  uint8_t param_count, result_count;
  const uint8_t *params, *results;
  int32_t stack; /* bytes of arguments, which the callee takes off */
  quick_place pointer, returned[2];
  int32_t offsets[MOST_VALUES]; /* of results behind the pointer */
  quick_place places[MOST_VALUES + 1];
} quick_type;

/* ---- A module ---------------------------------------------------------------------------------------- */

typedef struct quick_made {
  uint64_t start;
  uint32_t index, size, code_size; /* with and without call frame information */
} quick_made;

typedef struct quick_module {
  we_quick_source source; /* from Python, which keeps what it points to */
  we_module *module;
  const quick_tables *tables;
  const quick_op *ops[GROUPS];
  const quick_piece *pieces;
  const quick_hole *holes;
  const quick_pieces *forms;
  const uint8_t *data, *texts;
  quick_type **types; /* made when needed */
  quick_made *made;   /* in the order of publication */
  uint32_t made_count, made_room;
} quick_module;

/* The type with an index of the module; NULL when memory is exhausted. */
const quick_type *quick_type_of(quick_module *module, uint32_t index);

/* ---- A function in the making ------------------------------------------------------------------------ */

enum {
  MOST_OPERANDS = 62, /* more of them: Python's (there `sunk` keeps time linear) */
  MOST_LOCALS = 4096,
  MOST_BODY = 1 << 20, /* bytes: nothing interrupts the making of a function, some ten milliseconds at most */
  MOST_FRAMES = 1024,
  MOST_TYPES = 4096,
  MOST_ENTRIES = 1 << 15, /* of all jump tables */
  MOST_COUNTERS = 4096,
  MOST_CONSTANTS = 512,
  FRONT = 4096, /* room for what comes before the body */
  SLACK = 1 << 14, /* room for any one instruction */
  OUTPUT = 1 << 23,
  PINNABLE = 128, /* locals that may get a register */
};

enum operand_kind { IN_REGISTER, A_LOCAL, A_PINNED, A_CONSTANT, IN_FRAME };

/* See Operand in compiler/baseline/operands.py. */
typedef struct quick_operand {
  uint8_t kind, type;
  bool near;
  int8_t reg;    /* of a pinned local */
  int32_t at;    /* place of a local, from the frame pointer */
  int32_t local; /* index of a local */
  uint64_t value, high;
} quick_operand;

/* Branches to a label wait in chains through the code: each distance holds the place of the next one, -1 ends. */
typedef struct quick_label {
  int32_t at; /* -1 while it is not known */
  int32_t height;
  int32_t fixups, else_;
  int32_t entries; /* of jump tables, the latest; -1: none */
  bool listed, loop;
  uint8_t count;
  const uint8_t *types;
} quick_label;

typedef struct quick_frame {
  uint8_t opcode, param_count, result_count;
  const uint8_t *params, *results;
  int32_t height, start;
  quick_label label;
} quick_frame;

typedef struct quick_entry {
  int32_t at, table, next;
} quick_entry;

typedef struct quick_counter {
  int32_t at, loop, around, back;
} quick_counter;

/* The latest comparison: see State.compare. */
typedef struct quick_compare {
  int32_t start, end, at;
  const uint16_t *holds, *fails;
  int32_t number;
} quick_compare;

typedef struct quick_state {
  quick_module *m;
  const quick_type *type;
  uint8_t *code, *c, *limit; /* the body's start, where it goes on, where it must not */
  uint32_t index;
  int32_t count, base, wide, deepest, pins, locals_count, pointer, budget;
  bool reachable;
  quick_compare compare;
  int32_t loop_count, counter_count, entry_count, constant_count;
  int32_t type_count, frame_count; /* of the check */
  int32_t dead; /* unreachable code is only checked: the depth of its frame, else 0 */
  uint8_t keep[64], restore[64];
  int32_t keep_size, restore_size;
  int32_t pinned[8], pinned_count; /* locals in registers, in that order */
  uint8_t front[FRONT]; /* the prologue */
  quick_operand operands[MOST_OPERANDS + 2 * MOST_VALUES], before[MOST_OPERANDS + 2 * MOST_VALUES];
  quick_operand locals[MOST_LOCALS];
  uint8_t local_types[MOST_LOCALS];
  uint8_t types[MOST_TYPES + 4 * MOST_VALUES];
  quick_frame frames[MOST_FRAMES];
  int32_t loops[MOST_FRAMES], trampolines[MOST_FRAMES];
  quick_entry entries[MOST_ENTRIES];
  quick_counter counters[MOST_COUNTERS];
  struct { int32_t at, addend; uint8_t data[16]; } constants[MOST_CONSTANTS];
} quick_state;

/* Compiles a body to s->code - FRONT ..; the size of its code, -1: it is Python's. `*begin` is where it starts. */
int64_t quick_body(quick_state *s, quick_module *m, uint32_t index, uint8_t *output, uint8_t **begin);

static inline int32_t here(const quick_state *s) { return (int32_t)(s->c - s->code); }

/* ---- quick_operands.c --------------------------------------------------------------------------------- */

int quick_slot(int index);                    /* place of a slot */
int quick_place_of(const quick_state *s, int at);
int quick_own_slot(quick_state *s, int at);   /* the same; it becomes part of the frame */
int quick_register(int type, int at);
void quick_to_register(quick_state *s, int at);
void quick_to_frame(quick_state *s, int at);
void quick_displace(quick_state *s, int at);  /* free the register of position `at` */
void quick_flush(quick_state *s, int count);
void quick_spill_registers(quick_state *s, int count);
void quick_local_set(quick_state *s, int index);
void quick_local_tee(quick_state *s, int index);
void quick_load_constant(quick_state *s, int type, int reg, const quick_operand *value);
void quick_store_constant(quick_state *s, int type, int at, const quick_operand *value);
/* A place for the distance to 16 constant bytes, at the end of the code. */
void quick_data(quick_state *s, int32_t at, int32_t addend, const uint8_t data[16]);
int32_t quick_stencil(quick_state *s, uint32_t piece, const int64_t *numbers);
void quick_in_frame(quick_state *s, uint32_t form, int count, int result, int64_t *numbers);

/* A form with one number: where the distance of its branch is, or -1. */
static inline int32_t quick_pair(quick_state *s, const uint16_t pair[2], int64_t number) {
  int64_t numbers[SYMBOLS];
  numbers[SYM_H0] = numbers[SYM_OFFSET] = number;
  return quick_stencil(s, pair[number < -128 || number > 127], numbers);
}
static inline void quick_becomes(quick_operand *operand, int kind, int type) {
  operand->kind = (uint8_t)kind;
  operand->type = (uint8_t)type;
  operand->local = -1;
}
static inline void quick_push(quick_state *s, int kind, int type) { quick_becomes(&s->operands[s->count++], kind, type); }
/* Brings it to its register unless it is there. */
static inline void quick_need(quick_state *s, int at) {
  if (s->operands[at].kind != IN_REGISTER) quick_to_register(s, at);
}

/* ---- quick_flow.c ------------------------------------------------------------------------------------- */

void quick_patch(quick_state *s, int32_t at, int32_t target);
void quick_label_init(quick_label *label, int height, int count, const uint8_t *types, bool loop);
void quick_place_label(quick_state *s, quick_label *label);
void quick_carry(quick_state *s, quick_label *label);
void quick_jump(quick_state *s, quick_label *label);
void quick_block(quick_state *s, quick_frame *frame);
void quick_loop(quick_state *s, quick_frame *frame);
void quick_if(quick_state *s, quick_frame *frame);
void quick_else(quick_state *s, quick_frame *frame);
void quick_end(quick_state *s, quick_frame *frame);
void quick_br_if(quick_state *s, quick_frame *frame);
/* Begins a jump table with `count` + 1 entries; its place. */
int32_t quick_table_start(quick_state *s, uint32_t count);
void quick_table_entry(quick_state *s, int32_t table, uint32_t number, uint32_t depth, quick_frame *frame);
void quick_count(quick_state *s, int32_t loop);
void quick_run_out(quick_state *s, int32_t end);

/* ---- quick_calls.c ------------------------------------------------------------------------------------ */

void quick_lay_out(quick_state *s, const uint8_t *body, const uint8_t *end);
void quick_call(quick_state *s, uint32_t index, const quick_type *type);
void quick_call_indirect(quick_state *s, uint32_t table, uint32_t type_index, const quick_type *type);
void quick_results(quick_state *s);
void quick_global(quick_state *s, uint32_t index, bool set);
/* Writes the prologue to `front`; its size. */
int32_t quick_start(quick_state *s, uint8_t *front);

#endif
