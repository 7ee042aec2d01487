/* Statistics: what executions cost. Read by the C compiler and, like kernel.h, by cffi.
 *
 * A thread measures while it is inside we_call_measured; counters may be used from several threads.
 */
#ifndef PYWASMEDGE_STATISTICS_H
#define PYWASMEDGE_STATISTICS_H

#include "instance.h"

typedef struct we_statistics we_statistics;

/* What is measured: bits of `switches`. */
enum { WE_COUNT = 1, WE_COST = 2, WE_TIME = 4 };

/* Counters 0, every instruction costs 1, no limit (2^64-1). NULL when memory is exhausted. */
we_statistics *we_statistics_new(void);
void we_statistics_free(we_statistics *statistics);
/* Calls like we_call, measuring what `switches` say on this thread until the call returns. */
int32_t we_call_measured(we_statistics *statistics, uint32_t switches, we_func *func, uint64_t *frame);
/* Adds the cost of a host function to what the calling thread measures, if anything: 0, or 0x03 when
 * the limit would be exceeded (and nothing is added). */
int32_t we_statistics_charge(uint64_t cost);

#endif
