/* Interpreter whose instructions are functions that tail-call the next one (wasm: return_call_indirect;
 * gcc -O2 turns the same calls into jumps). n = loop count of the interpreted program. */
#include "kernel.h"

#ifdef __clang__
#define MUSTTAIL __attribute__((musttail))
#else
#define MUSTTAIL
#endif

typedef struct instruction instruction;
typedef uint64_t (*handler)(const instruction *pc, uint64_t acc, uint64_t x, uint64_t y, uint32_t *memory);

struct instruction {
  handler run;
  uint32_t operand;
};

#define HANDLER(name) \
  static uint64_t name(const instruction *pc, uint64_t acc, uint64_t x, uint64_t y, uint32_t *memory)
#define NEXT(to) MUSTTAIL return (to)->run(to, acc, x, y, memory)

HANDLER(load) { acc = pc->operand; NEXT(pc + 1); }
HANDLER(add_x) { acc += x; NEXT(pc + 1); }
HANDLER(mul_y) { acc *= y; NEXT(pc + 1); }
HANDLER(xor_shift) { acc ^= acc >> pc->operand; NEXT(pc + 1); }
HANDLER(store) { memory[x & 255] = (uint32_t)acc; NEXT(pc + 1); }
HANDLER(fetch) { acc += memory[acc & 255]; NEXT(pc + 1); }
HANDLER(to_y) { y = acc | 1; NEXT(pc + 1); }
HANDLER(skip_odd) { pc += acc & 1 ? pc->operand : 1; NEXT(pc); }
HANDLER(add_const) { acc += pc->operand; NEXT(pc + 1); }
HANDLER(loop) {
  x--;
  if (x) pc -= pc->operand; else pc += 1;
  NEXT(pc);
}
HANDLER(halt) { (void)pc, (void)x, (void)y, (void)memory; return acc; }

static const instruction program[] = {
    {load, 12345}, {to_y, 0},      {add_x, 0},  {mul_y, 0}, {xor_shift, 7}, {skip_odd, 3},
    {add_const, 99}, {mul_y, 0},   {store, 0},  {fetch, 0}, {to_y, 0},      {loop, 9},
    {halt, 0},
};

static uint32_t memory[256];

KERNEL {
  for (int i = 0; i < 256; i++) memory[i] = 0;
  return program[0].run(program, 0, n, 1, memory);
}
