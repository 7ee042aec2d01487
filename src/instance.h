/* Instance structs: the one declaration of everything that generated code, the C part and Python
 * read together. setup.py derives cffi's cdef from this file (preprocessor lines are dropped), and
 * the compiler asks cffi for the offsets, so a field is moved by moving its line here.
 *
 * Conventions
 *   native entry   R tailcc f(void *ctx, params..., [uint64_t *results])
 *                  R is void, T, or { T0, T1 }; from three results on the extra last parameter
 *                  points to a frame that receives them. A v128 for which no register is left
 *                  is passed as two doubles.
 *   frame entry    void f(we_func *func, uint64_t *frame), C convention: arguments start at
 *                  frame[0], results replace them from frame[0]; 8-byte slots, two for v128,
 *                  i32/f32 in the low half of a slot (upper half unspecified).
 *   reference      funcref: address of a we_func or 0; externref: any 64-bit word, 0 is null.
 *   trap           a small integer: the WasmEdge_ErrCode.
 */
#ifndef PYWASMEDGE_INSTANCE_H
#define PYWASMEDGE_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct we_instance we_instance;
typedef struct we_func we_func;
typedef struct we_runtime we_runtime;

/* First argument of a host function's native entry: who is called, and from which instance. */
typedef struct we_hostref {
  we_func *func;
  we_instance *caller; /* NULL when called by the host */
} we_hostref;

/* Host side of a function: returns 0, or the code of a trap (0x01 = terminated). */
typedef int32_t (*we_hostfn)(void *data, we_instance *caller, uint64_t *frame);

/* A function instance; a funcref is its address. */
struct we_func {
  void *native;                       /* native entry; replaced when better code exists */
  void *ctx;                          /* its first argument: we_instance, or &self for a host function */
  void (*frame)(we_func *, uint64_t *); /* frame entry */
  uint32_t type_id;                   /* process-wide number of the function type, never 0 */
  uint32_t index;                     /* index in the instance's function space */
  we_instance *instance;              /* owner, NULL for a host function */
  we_hostfn host;                     /* NULL for a guest function */
  void *data;                         /* for host */
  we_hostref self;                    /* { this, NULL }; in a copy of an instance: { original, instance } */
  /* instance plus the index of the first type of its module that equals the function's: what an
   * indirect call in the same instance compares. 0 for a host function. Never dereferenced. */
  uint64_t key;
  uint32_t frame_slots;               /* slots the frame entry needs */
  uint32_t flags;
};

typedef struct we_memory {
  uint8_t *base;      /* never changes while the memory lives */
  uint64_t size;      /* bytes that are accessible now */
  uint64_t max_pages; /* limit for growing, configuration included */
  uint64_t reserved;  /* bytes of address space behind base, guard included */
  bool guarded;       /* every 32-bit address plus offset < 2 GiB faults instead of needing a check */
  bool shared;
  uint8_t has_max;
  bool owned;         /* not the C host's to delete */
  uint8_t pad[4];
  uint64_t declared_max; /* maximum of its type, if has_max */
  uint64_t declared_min; /* minimum of its type */
  uint32_t type_view[4]; /* its type for the C API (capi_type.c) */
} we_memory;

typedef struct we_table {
  uint64_t *elems;   /* never changes while the table lives */
  uint32_t size;     /* elements now */
  uint32_t max_size; /* limit for growing */
  uint32_t capacity; /* elements reserved behind elems */
  uint8_t type;      /* ValType byte: 0x70 or 0x6F */
  uint8_t has_max;
  bool owned;        /* not the C host's to delete */
  uint8_t pad[1];
  uint32_t declared_max;
  uint32_t declared_min;
  uint32_t type_view[4]; /* its type for the C API (capi_type.c) */
  struct we_table_room *room; /* what its elements are taken from (table.c), or NULL */
} we_table;

/* Storage of one global; v128 uses all 16 bytes, other types the low ones (rest zero). */
typedef struct we_global {
  uint64_t low;
  uint64_t high;
} we_global;

/* What an instance needs to call an import. */
typedef struct we_import {
  we_func *func; /* load func->native at each call */
  void *ctx;     /* first argument: the exporter's instance, or &host of this record */
  we_hostref host;
} we_import;

/* A passive segment: element words or bytes; length 0 once dropped. */
typedef struct we_segment {
  const void *data;
  uint64_t length; /* elements or bytes */
  void *owned;     /* memory to free with the segment, or NULL */
} we_segment;

/* A module instance: the ctx of generated code. Arrays are parallel to the module's index spaces
 * (imports first) unless said otherwise; they live as long as the instance and never move. */
struct we_instance {
  uint8_t *memory0;           /* memories[0]->base, or NULL */
  we_memory *mem0;            /* memories[0], or NULL */
  void **code;                /* native entry of every defined function, shared by all instances of the module */
  uint32_t *counters;         /* of the module's functions, for quick code (kernel.h, heat.c) */
  const we_runtime *runtime;  /* helpers that generated code calls */
  uint64_t *table0;           /* tables[0]->elems, or NULL */
  we_table *tab0;             /* tables[0], or NULL */
  we_memory **memories;
  we_table **tables;
  we_global **globals;        /* storage of every global */
  we_import *imports;         /* imported functions only */
  const uint32_t *type_ids;   /* process-wide number of each type of the module */
  we_func **funcs;            /* function instances; NULL until first referenced */
  we_segment *elements;
  we_segment *datas;
  void *module;               /* the we_module (kernel.h) of which this is an instance */
  void *self;                 /* Python handle of the ModuleInstance */
  uint32_t func_count;        /* entries of funcs */
  uint32_t imported_funcs;
  uint32_t memory_count;
  uint32_t table_count;
  uint32_t element_count;
  uint32_t data_count;
  struct we_func_block *own_funcs; /* storage behind funcs for defined functions; the latest block */
  we_func *host_copies;           /* the same for imported host functions: see create_copy */
  we_instance *next_of_module;    /* ring of the live instances of the module */
  we_instance *prev_of_module;
  we_global own_globals[];    /* storage of the globals the module defines, in order */
};

/* What metered code counts with; every thread has one, at the distance `we_meter` (an import of the
 * code) from its thread pointer. Metered code is charged by segments, straight-line stretches: it
 * subtracts a segment's cost from the budget, adds its length to the count, and runs it then. */
typedef struct we_meter {
  uint64_t budget;       /* cost that may be spent before the kernel is asked (we_spend, an import) */
  uint64_t count;        /* instructions */
  const uint64_t *costs; /* cost of every segment of the process; a piece of code has its own at `we_costs` */
} we_meter;

/* Helpers called by generated code (C convention). They trap by unwinding to the host's entry, so
 * they do not return then. Offsets in this struct are part of generated code. */
struct we_runtime {
  int32_t (*memory_grow)(we_instance *, uint32_t mem, int32_t pages);
  void (*memory_copy)(we_instance *, uint32_t dst_mem, uint32_t src_mem, uint32_t dst, uint32_t src, uint32_t len);
  void (*memory_fill)(we_instance *, uint32_t mem, uint32_t dst, int32_t byte, uint32_t len);
  void (*memory_init)(we_instance *, uint32_t mem, uint32_t segment, uint32_t dst, uint32_t src, uint32_t len);
  void (*data_drop)(we_instance *, uint32_t segment);
  int32_t (*table_grow)(we_instance *, uint32_t table, uint64_t init, uint32_t count);
  void (*table_fill)(we_instance *, uint32_t table, uint32_t start, uint64_t value, uint32_t len);
  void (*table_copy)(we_instance *, uint32_t dst_table, uint32_t src_table, uint32_t dst, uint32_t src, uint32_t len);
  void (*table_init)(we_instance *, uint32_t table, uint32_t segment, uint32_t dst, uint32_t src, uint32_t len);
  void (*elem_drop)(we_instance *, uint32_t segment);
  uint64_t (*ref_func)(we_instance *, uint32_t func);
  int32_t (*atomic_wait32)(we_instance *, uint32_t mem, uint64_t addr, int32_t expected, int64_t timeout_ns);
  int32_t (*atomic_wait64)(we_instance *, uint32_t mem, uint64_t addr, int64_t expected, int64_t timeout_ns);
  int32_t (*atomic_notify)(we_instance *, uint32_t mem, uint64_t addr, uint32_t count);
  /* Takes back what was paid for instructions of segment `number` behind the first `done`. */
  void (*refund)(we_instance *, uint32_t number, uint32_t done);
  /* A counter of a defined function has run out, at its entry (0) or in the loop at an offset of the
   * module, `around` being that of the loop around it, if there is one: NULL, or where to go on. */
  void *(*hot)(we_instance *, uint32_t index, uint32_t loop, uint32_t around);
};

#endif
