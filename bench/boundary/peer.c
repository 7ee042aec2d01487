/* The same operations through the C API of the wasmtime package: ./peer guest.wasm
 *
 * The package has the library but no headers; what is used is declared here, with the sizes of the
 * package's own ctypes declarations (bench/boundary.py compares them before it runs this). */
#include <stdbool.h>

#include "clock.h"

typedef struct wasm_engine wasm_engine;
typedef struct wasm_valtype wasm_valtype;
typedef struct wasm_functype wasm_functype;
typedef struct wasm_trap wasm_trap;
typedef struct wasmtime_store wasmtime_store;
typedef struct wasmtime_context wasmtime_context;
typedef struct wasmtime_module wasmtime_module;
typedef struct wasmtime_linker wasmtime_linker;
typedef struct wasmtime_error wasmtime_error;
typedef struct wasmtime_caller wasmtime_caller;
typedef struct {
  size_t size;
  wasm_valtype **data;
} wasm_valtype_vec;
typedef struct {
  uint8_t kind;
  union {
    int32_t i32;
    uint64_t words[3];
  } of;
} wasmtime_val;
typedef struct {
  uint8_t kind;
  uint64_t of[3];
} wasmtime_extern;
typedef struct {
  uint64_t words[2];
} wasmtime_instance;
typedef size_t (*callback)(void *, wasmtime_caller *, const wasmtime_val *, size_t, wasmtime_val *, size_t);

_Static_assert(sizeof(wasmtime_val) == 32 && sizeof(wasmtime_extern) == 32, "layout");

wasm_engine *wasm_engine_new(void);
wasmtime_store *wasmtime_store_new(wasm_engine *, void *, void (*)(void *));
wasmtime_context *wasmtime_store_context(wasmtime_store *);
wasmtime_error *wasmtime_module_new(wasm_engine *, const uint8_t *, size_t, wasmtime_module **);
wasmtime_linker *wasmtime_linker_new(wasm_engine *);
wasm_valtype *wasm_valtype_new(uint8_t);
void wasm_valtype_vec_new(wasm_valtype_vec *, size_t, wasm_valtype *const *);
wasm_functype *wasm_functype_new(wasm_valtype_vec *, wasm_valtype_vec *);
wasmtime_error *wasmtime_linker_define_func(wasmtime_linker *, const char *, size_t, const char *, size_t,
                                            const wasm_functype *, callback, void *, void (*)(void *));
wasmtime_error *wasmtime_linker_instantiate(wasmtime_linker *, wasmtime_context *, const wasmtime_module *,
                                            wasmtime_instance *, wasm_trap **);
bool wasmtime_instance_export_get(wasmtime_context *, const wasmtime_instance *, const char *, size_t,
                                  wasmtime_extern *);
wasmtime_error *wasmtime_func_call(wasmtime_context *, const void *, const wasmtime_val *, size_t, wasmtime_val *,
                                   size_t, wasm_trap **);
void wasmtime_global_get(wasmtime_context *, const void *, wasmtime_val *);
wasmtime_error *wasmtime_global_set(wasmtime_context *, const void *, const wasmtime_val *);
bool wasmtime_table_get(wasmtime_context *, const void *, uint64_t, wasmtime_val *);
wasmtime_error *wasmtime_table_set(wasmtime_context *, const void *, uint64_t, const wasmtime_val *);

enum { ROUNDS = 1000000, TICKS = 5000000 };

static size_t tick(void *data, wasmtime_caller *caller, const wasmtime_val *params, size_t param_count,
                   wasmtime_val *results, size_t result_count) {
  (void)data, (void)caller, (void)param_count, (void)result_count;
  results[0].kind = 0;
  results[0].of.i32 = params[0].of.i32 + 1;
  return 0;
}

static wasmtime_extern find(wasmtime_context *context, const wasmtime_instance *instance, const char *name) {
  wasmtime_extern found;
  size_t length = 0;
  while (name[length]) length++;
  require(wasmtime_instance_export_get(context, instance, name, length, &found), name);
  return found;
}

int main(int argc, char **argv) {
  require(argc == 2, "usage: peer guest.wasm");
  size_t length;
  const uint8_t *bytes = read_file(argv[1], &length);
  const double start = seconds();
  wasm_engine *engine = wasm_engine_new();
  wasmtime_context *context = wasmtime_store_context(wasmtime_store_new(engine, NULL, NULL));
  printf("first %.0f\n", (seconds() - start) * 1e9);
  wasmtime_module *module;
  require(wasmtime_module_new(engine, bytes, length, &module) == NULL, "module");
  wasmtime_linker *linker = wasmtime_linker_new(engine);
  wasm_valtype *in[] = {wasm_valtype_new(0)}, *out[] = {wasm_valtype_new(0)};
  wasm_valtype_vec params_type, results_type;
  wasm_valtype_vec_new(&params_type, 1, in);
  wasm_valtype_vec_new(&results_type, 1, out);
  wasm_functype *type = wasm_functype_new(&params_type, &results_type);
  require(wasmtime_linker_define_func(linker, "env", 3, "tick", 4, type, tick, NULL, NULL) == NULL, "define");
  wasmtime_instance instance;
  wasm_trap *trap = NULL;
  require(wasmtime_linker_instantiate(linker, context, module, &instance, &trap) == NULL && !trap, "instantiate");
  wasmtime_extern add = find(context, &instance, "add");
  const wasmtime_extern ticks = find(context, &instance, "ticks"), global = find(context, &instance, "global");
  const wasmtime_extern table = find(context, &instance, "table");
  const wasmtime_val params[2] = {{0, {.i32 = 3}}, {0, {.i32 = 4}}}, count = {0, {.i32 = TICKS}};
  wasmtime_val result, element;

  MEASURE("call-by-name", ROUNDS, {
    add = find(context, &instance, "add");
    wasmtime_func_call(context, add.of, params, 2, &result, 1, &trap);
  });
  MEASURE("call", ROUNDS, wasmtime_func_call(context, add.of, params, 2, &result, 1, &trap));
  MEASURE("host-call", 1, wasmtime_func_call(context, ticks.of, &count, 1, &result, 1, &trap));
  require(trap == NULL && result.of.i32 == TICKS, "host call");
  MEASURE("find", ROUNDS, add = find(context, &instance, "add"));
  MEASURE("global-get", ROUNDS, wasmtime_global_get(context, global.of, &result));
  MEASURE("global-set", ROUNDS, wasmtime_global_set(context, global.of, params));
  MEASURE("table-get", ROUNDS, wasmtime_table_get(context, table.of, 0, &element));
  MEASURE("table-set", ROUNDS, wasmtime_table_set(context, table.of, 1, &element));
  return 0;
}
