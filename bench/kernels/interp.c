/* Interpreter of a small register bytecode as a loop around a switch: branch tables. n = loop count
 * of the interpreted program. */
#include "kernel.h"

enum { LOAD, MOVE, ADD, SUB, MUL, AND, XOR, SHL, SHR, JUMP, JUMP_LESS, JUMP_ODD, ADD_CONST, STORE, FETCH, HALT };

typedef struct {
  uint8_t op, a, b, c;
} instruction;

/* r0 counter, r1 limit, r2 value, r3 step, r4 scratch */
static instruction program[] = {
    {LOAD, 0, 0, 0},      {LOAD, 2, 1, 0},       {LOAD, 3, 3, 0},  {MUL, 2, 2, 3},
    {ADD, 2, 2, 0},       {JUMP_ODD, 2, 8, 0},   {SHR, 4, 2, 3},   {JUMP, 10, 0, 0},
    {SHL, 4, 2, 3},       {ADD_CONST, 4, 7, 0},  {XOR, 2, 2, 4},   {STORE, 2, 0, 0},
    {AND, 4, 2, 3},       {FETCH, 4, 4, 0},      {SUB, 2, 2, 4},   {MOVE, 5, 2, 0},
    {ADD_CONST, 0, 1, 0}, {JUMP_LESS, 0, 1, 3},  {HALT, 2, 0, 0},
};

static uint32_t memory[256];

static NOINLINE uint32_t interpret(const instruction *code, uint32_t limit) {
  uint32_t r[8] = {0, limit};
  const instruction *pc = code;
  for (;;) {
    instruction i = *pc++;
    switch (i.op) {
      case LOAD: r[i.a] = i.b; break;
      case MOVE: r[i.a] = r[i.b]; break;
      case ADD: r[i.a] = r[i.b] + r[i.c]; break;
      case SUB: r[i.a] = r[i.b] - r[i.c]; break;
      case MUL: r[i.a] = r[i.b] * r[i.c]; break;
      case AND: r[i.a] = r[i.b] & r[i.c]; break;
      case XOR: r[i.a] = r[i.b] ^ r[i.c]; break;
      case SHL: r[i.a] = r[i.b] << (r[i.c] & 31); break;
      case SHR: r[i.a] = r[i.b] >> (r[i.c] & 31); break;
      case JUMP: pc = code + i.a; break;
      case JUMP_LESS: if (r[i.a] < r[i.b]) pc = code + i.c; break;
      case JUMP_ODD: if (r[i.a] & 1) pc = code + i.b; break;
      case ADD_CONST: r[i.a] += i.b; break;
      case STORE: memory[r[i.b] & 255] = r[i.a]; break;
      case FETCH: r[i.a] = memory[r[i.b] & 255]; break;
      case HALT: return r[i.a];
    }
  }
}

KERNEL {
  for (int i = 0; i < 256; i++) memory[i] = 0;
  return interpret(program, n);
}
