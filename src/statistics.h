/* Statistics: what executions cost. Read by the C compiler and, like kernel.h, by cffi.
 *
 * A thread measures while it is inside we_call_measured, or between we_measure_begin and we_measure_end:
 * everything guests do on it meanwhile counts, nested calls included, unless these measure themselves.
 * One we_statistics may be measured with on several threads at once, and read or changed at any time.
 */
#ifndef PYWASMEDGE_STATISTICS_H
#define PYWASMEDGE_STATISTICS_H

#include "instance.h"

typedef struct we_statistics we_statistics;
typedef struct we_measure we_measure;

/* What is measured: bits of `switches`. */
enum { WE_COUNT = 1, WE_COST = 2, WE_TIME = 4 };

/* Counters 0, every instruction costs 1, no limit (2^64-1). NULL when memory is exhausted. */
we_statistics *we_statistics_new(void);
void we_statistics_free(we_statistics *statistics);
/* Calls like we_call, measuring what `switches` say on this thread until the call returns. */
int32_t we_call_measured(we_statistics *statistics, uint32_t switches, we_func *func, uint64_t *frame);
/* Adds the cost of a host function to what the calling thread measures, if anything: 0, or 0x03 when
 * the limit would be exceeded (and nothing is added); 0x07 when it had to wait for the budget of other
 * threads and was interrupted. For host functions only. */
int32_t we_statistics_charge(uint64_t cost);

/* Measures the calling thread's calls until we_measure_end; NULL when memory is exhausted. Pairs nest. */
we_measure *we_measure_begin(we_statistics *statistics, uint32_t switches);
void we_measure_end(we_measure *measure);

/* Sums since the beginning or the latest we_statistics_clear. */
uint64_t we_statistics_count(we_statistics *statistics); /* instructions */
uint64_t we_statistics_cost(we_statistics *statistics);
uint64_t we_statistics_time(we_statistics *statistics);  /* ns inside guests, without host functions and compiling */
uint64_t we_statistics_calls(we_statistics *statistics); /* measured ones */
double we_statistics_speed(we_statistics *statistics);   /* instructions per second; NaN or infinite without time */
/* Writes the sums that `switches` name as lines of text with a final 0; `size` should be WE_REPORT_SIZE. */
void we_statistics_report(we_statistics *statistics, uint32_t switches, char *text, size_t size);
enum { WE_REPORT_SIZE = 256 };
/* Sets the sums to 0; table and limit stay. */
void we_statistics_clear(we_statistics *statistics);

uint64_t we_statistics_limit(we_statistics *statistics);
/* The highest sum of costs that is allowed. Guests see a change when they are entered or returned to. */
void we_statistics_set_limit(we_statistics *statistics, uint64_t limit);
/* The cost of each instruction: entry n belongs to opcode n, behind a prefix byte to prefix << 8 | opcode.
 * Entries from `count` on become 0. Functions that are running may go on with the costs they began with.
 * False, and nothing has changed, when memory is exhausted. */
bool we_statistics_set_table(we_statistics *statistics, const uint64_t *table, uint32_t count);
enum { WE_OPCODES = 65536 };

/* Makes the segments that a piece of code (from we_code_alloc) lists in [start, end) known, until the code
 * is freed: what is to be written where it refers to we_costs, or -1 when memory is exhausted. */
int64_t we_segments_add(const void *code, uint64_t size, const void *start, const void *end);

#endif
