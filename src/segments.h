/* Segments of metered code (segments.c): lists of opcodes, and what they cost by a cost table. */
#ifndef PYWASMEDGE_SEGMENTS_H
#define PYWASMEDGE_SEGMENTS_H

#include "internal.h"

/* What every opcode and every segment costs. */
typedef struct cost_table {
  struct cost_table *next, *previous; /* all tables */
  uint64_t *segments;                 /* for we_meter.costs; 2^64-1 where the sum is higher */
  uint64_t opcodes[WE_OPCODES];
} cost_table;

extern uint64_t segments_free_of_charge[]; /* for we_meter.costs: 0 everywhere, */
extern uint64_t segments_plain[];          /* and what they cost if every instruction costs 1 */

/* A table with these costs, 0 from `count` on; NULL when memory is exhausted. */
cost_table *cost_table_new(const uint64_t *opcodes, uint32_t count);
void cost_table_set(cost_table *table, const uint64_t *opcodes, uint32_t count);
void cost_table_free(cost_table *table); /* NULL is fine */
/* Opcodes of segment `number` of the code that address `pc` lies in. */
const uint16_t *segment_opcodes(uint64_t pc, uint32_t number, uint32_t *count);

#endif
