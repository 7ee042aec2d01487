/* Function instances and host functions, in both of their forms. */
#include <pthread.h>

#include "behaviour.h"

static WasmEdge_ExecutorContext *executor;
static WasmEdge_StoreContext *store;
static WasmEdge_ModuleInstanceContext *env, *callbacks, *bare;
static int some_data, some_binding;

/* What the latest call of a host function has seen. */
static struct {
  int calls;
  WasmEdge_MemoryInstanceContext *memory;
  const WasmEdge_Value *params;
  WasmEdge_Value *returns;
  pthread_t thread;
} seen;

static void note(WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params, WasmEdge_Value *returns) {
  seen.calls++;
  seen.memory = memory;
  seen.params = params;
  seen.returns = returns;
  seen.thread = pthread_self();
}

static WasmEdge_Result nullary(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                               WasmEdge_Value *returns) {
  CHECK(data == &some_data);
  note(memory, params, returns);
  return WasmEdge_Result_Success;
}

static bool write_returns = true, end_all;

/* Gives its parameters back in the opposite order, under wrong types; may end the run then. */
static WasmEdge_Result all(void *binding, void *data, WasmEdge_MemoryInstanceContext *memory,
                           const WasmEdge_Value *params, const uint32_t param_count, WasmEdge_Value *returns,
                           const uint32_t return_count) {
  static const enum WasmEdge_ValType types[] = {
      WasmEdge_ValType_I32,  WasmEdge_ValType_I64,     WasmEdge_ValType_F32,      WasmEdge_ValType_F64,
      WasmEdge_ValType_V128, WasmEdge_ValType_FuncRef, WasmEdge_ValType_ExternRef};
  static const WasmEdge_Value zero;
  CHECK(binding == &some_binding && data == &some_data && param_count == 7 && return_count == 7);
  CHECK((uintptr_t)params % 16 == 0 && (uintptr_t)returns % 16 == 0);
  note(memory, params, returns);
  for (int i = 0; i < 7; i++) {
    CHECK(params[i].Type == types[i]);
    CHECK(returns[i].Value == zero.Value && returns[i].Type == zero.Type);
    if (write_returns) {
      returns[i] = params[6 - i];
      returns[i].Type = WasmEdge_ValType_None;
      if (types[6 - i] == WasmEdge_ValType_I32) returns[i].Value |= (uint128_t)9 << 64; /* above the type */
    }
  }
  return end_all ? WasmEdge_Result_Terminate : WasmEdge_Result_Success;
}

/* Ends with the code it is given. */
static WasmEdge_Result code(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                            WasmEdge_Value *returns) {
  CHECK(data == NULL);
  note(memory, params, returns);
  returns[0] = WasmEdge_ValueGenI32(77);
  return (WasmEdge_Result){(uint8_t)WasmEdge_ValueGetI32(params[0])};
}

static WasmEdge_ModuleInstanceContext *instantiate(const char *name) {
  WasmEdge_ASTModuleContext *ast = parse_valid(name);
  WasmEdge_ModuleInstanceContext *made = NULL;
  CHECK_CODE(WasmEdge_ExecutorRegister(executor, &made, store, ast,
                                       WasmEdge_StringWrap(name, (uint32_t)strlen(name))), 0);
  WasmEdge_ASTModuleDelete(ast);
  return made;
}

#define ALL "iIfFvrx:xrvFfIi"

static void begin(void) {
  executor = WasmEdge_ExecutorCreate(NULL, NULL);
  store = WasmEdge_StoreCreate();
  env = WasmEdge_ModuleInstanceCreate(NAME("env"));
  WasmEdge_FunctionTypeContext *type = type_of(ALL);
  WasmEdge_FunctionInstanceContext *bound =
      WasmEdge_FunctionInstanceCreateBinding(type, all, &some_binding, &some_data, 0);
  WasmEdge_FunctionTypeDelete(type); /* before the function is used */
  WasmEdge_ModuleInstanceAddFunction(env, NAME("nullary"), host_function(":", nullary, &some_data));
  WasmEdge_ModuleInstanceAddFunction(env, NAME("all"), bound);
  WasmEdge_ModuleInstanceAddFunction(env, NAME("code"), host_function("i:i", code, NULL));
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, env), 0);
  callbacks = instantiate("callbacks");
  bare = instantiate("callbacks_bare");
  seen.calls = 0;
}

static void end(void) {
  WasmEdge_ModuleInstanceDelete(bare);
  WasmEdge_ModuleInstanceDelete(callbacks);
  WasmEdge_ModuleInstanceDelete(env);
  WasmEdge_StoreDelete(store);
  WasmEdge_ExecutorDelete(executor);
}

static WasmEdge_Result invoke(const WasmEdge_ModuleInstanceContext *module, WasmEdge_String name,
                              const WasmEdge_Value *params, uint32_t count, WasmEdge_Value *returns,
                              uint32_t length) {
  const WasmEdge_FunctionInstanceContext *function = WasmEdge_ModuleInstanceFindFunction(module, name);
  CHECK(function != NULL);
  return WasmEdge_ExecutorInvoke(executor, function, params, count, returns, length);
}

/* ---------------------------------------------------------------------------------------------------------------- */

static void creating(void) {
  WasmEdge_FunctionTypeContext *type = type_of("ii:i");
  CHECK(WasmEdge_FunctionInstanceCreate(NULL, nullary, NULL, 0) == NULL);
  CHECK(WasmEdge_FunctionInstanceCreate(type, NULL, NULL, 0) == NULL);
  CHECK(WasmEdge_FunctionInstanceCreateBinding(NULL, all, NULL, NULL, 0) == NULL);
  CHECK(WasmEdge_FunctionInstanceCreateBinding(type, NULL, NULL, NULL, 0) == NULL);
  /* Data and binding are words that nobody looks behind. */
  WasmEdge_FunctionInstanceContext *made = WasmEdge_FunctionInstanceCreate(type, nullary, (void *)1, 0);
  WasmEdge_FunctionInstanceContext *bound =
      WasmEdge_FunctionInstanceCreateBinding(type, all, (void *)1, (void *)3, 7);
  WasmEdge_FunctionTypeDelete(type);
  const WasmEdge_FunctionTypeContext *kept = WasmEdge_FunctionInstanceGetFunctionType(made);
  CHECK(has_type(kept, "ii:i") && kept == WasmEdge_FunctionInstanceGetFunctionType(made));
  CHECK(has_type(WasmEdge_FunctionInstanceGetFunctionType(bound), "ii:i"));
  WasmEdge_FunctionInstanceDelete(made);
  WasmEdge_FunctionInstanceDelete(bound);
}

/* Arrays are NULL if empty; the memory is that of the calling module. */
static void arguments(void) {
  begin();
  WasmEdge_MemoryInstanceContext *memory = WasmEdge_ModuleInstanceFindMemory(callbacks, NAME("memory"));
  const WasmEdge_Value zero = WasmEdge_ValueGenI32(0);
  CHECK_CODE(invoke(callbacks, NAME("call nullary"), NULL, 0, NULL, 0), 0);
  CHECK(seen.calls == 1 && seen.params == NULL && seen.returns == NULL && seen.memory == memory);
  CHECK(pthread_equal(seen.thread, pthread_self()));
  CHECK_CODE(invoke(callbacks, NAME("call through table"), &zero, 1, NULL, 0), 0);
  CHECK(seen.calls == 2 && seen.memory == memory);
  CHECK_CODE(invoke(bare, NAME("call again"), NULL, 0, NULL, 0), 0);
  CHECK(seen.calls == 3 && seen.memory == NULL);
  CHECK_CODE(invoke(bare, NAME("call inside"), NULL, 0, NULL, 0), 0);
  CHECK(seen.calls == 4 && seen.memory == memory);
  CHECK_CODE(invoke(env, NAME("nullary"), NULL, 0, NULL, 0), 0); /* by the host */
  CHECK(seen.calls == 5 && seen.memory == NULL);
  CHECK_CODE(invoke(callbacks, NAME("again"), NULL, 0, NULL, 0), 0);
  CHECK(seen.calls == 6 && seen.memory == NULL);
  end();
}

static bool same(WasmEdge_Value a, WasmEdge_Value b) { return a.Value == b.Value && a.Type == b.Type; }

/* The bits written count, the declared types win; what is not written is zero. */
static void values(void) {
  begin();
  int object;
  const WasmEdge_Value params[] = {
      WasmEdge_ValueGenI32(-5),
      WasmEdge_ValueGenI64(-6),
      WasmEdge_ValueGenF32(1.5f),
      WasmEdge_ValueGenF64(-2.5),
      WasmEdge_ValueGenV128(-7),
      WasmEdge_ValueGenFuncRef(WasmEdge_ModuleInstanceFindFunction(env, NAME("all"))),
      WasmEdge_ValueGenExternRef(&object)};
  for (int direct = 0; direct < 2; direct++) {
    const WasmEdge_ModuleInstanceContext *module = direct ? env : callbacks;
    const WasmEdge_String name = direct ? NAME("all") : NAME("call all");
    WasmEdge_Value returns[7];
    write_returns = true;
    CHECK_CODE(invoke(module, name, params, 7, returns, 7), 0);
    CHECK((seen.memory == NULL) == direct);
    for (int i = 0; i < 7; i++) CHECK(same(returns[i], params[6 - i]));
    write_returns = false;
    CHECK_CODE(invoke(module, name, params, 7, returns, 7), 0);
    for (int i = 0; i < 7; i++) CHECK(returns[i].Value == 0 && returns[i].Type == params[6 - i].Type);
  }
  end();
}

/* Success; the end of the execution; a trap, whatever the number. */
static void codes(void) {
  begin();
  const int given[] = {0, 1, 2, 3, 7, 0x80, 0x8D, 0xFF};
  WasmEdge_GlobalInstanceContext *count = WasmEdge_ModuleInstanceFindGlobal(callbacks, NAME("count"));
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
    const WasmEdge_Value param = WasmEdge_ValueGenI32(given[i]), untouched = WasmEdge_ValueGenI64(5);
    const uint32_t expected = given[i] <= 1 ? (uint32_t)given[i] : 0x8D;
    WasmEdge_GlobalInstanceSetValue(count, WasmEdge_ValueGenI32(0));
    for (int direct = 0; direct < 2; direct++) {
      WasmEdge_Value returned = untouched;
      const WasmEdge_String name = direct ? NAME("code") : NAME("call code");
      const WasmEdge_Result ended = invoke(direct ? env : callbacks, name, &param, 1, &returned, 1);
      CHECK_CODE(ended, expected);
      CHECK(WasmEdge_ResultOK(ended) == (given[i] <= 1));
      const WasmEdge_Value results[] = {WasmEdge_ValueGenI32(77), WasmEdge_ValueGenI32(0)};
      CHECK(same(returned, given[i] <= 1 ? results[given[i]] : untouched));
    }
    /* The guest went on after success only. */
    CHECK(WasmEdge_ValueGetI32(WasmEdge_GlobalInstanceGetValue(count)) == (given[i] == 0 ? 2 : 1));
  }
  end();
}

/* The results of a call that was ended are zeros of their types, as many as wanted; also of a run of its own. */
static void ended_calls(void) {
  begin();
  WasmEdge_Value params[7], returns[8];
  uint32_t count = 0;
  enum WasmEdge_ValType types[7];
  count = read_types("iIfFvrx", 7, types);
  for (uint32_t i = 0; i < count; i++) params[i] = (WasmEdge_Value){.Value = ~(uint128_t)0, .Type = types[i]};
  const WasmEdge_Value untouched = WasmEdge_ValueGenI64(5);
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, store);
  end_all = true;
  for (int way = 0; way < 4; way++) {
    for (uint32_t length = 0; length <= 8; length++) {
      for (int i = 0; i < 8; i++) returns[i] = untouched;
      WasmEdge_Result ended;
      if (way < 2) {
        ended = invoke(way ? env : callbacks, way ? NAME("all") : NAME("call all"), params, 7, returns, length);
      } else if (way == 2) {
        ended = WasmEdge_VMExecuteRegistered(vm, NAME("callbacks"), NAME("call all"), params, 7, returns, length);
      } else {
        WasmEdge_Async *run =
            WasmEdge_VMAsyncExecuteRegistered(vm, NAME("callbacks"), NAME("call all"), params, 7);
        CHECK(WasmEdge_AsyncGetReturnsLength(run) == 7);
        ended = WasmEdge_AsyncGet(run, returns, length);
        WasmEdge_AsyncDelete(run);
      }
      CHECK_CODE(ended, 0x01);
      for (uint32_t i = 0; i < 8; i++) {
        const WasmEdge_Value zero = {.Value = 0, .Type = types[i < 7 ? 6 - i : 0]};
        CHECK(same(returns[i], i < length && i < 7 ? zero : untouched));
      }
    }
    CHECK_CODE(invoke(callbacks, NAME("call all"), params, 7, NULL, 7), 0x01);
  }
  end_all = false;
  WasmEdge_VMDelete(vm);
  end();
}

/* A function of no module is called, is in a table, and goes with its maker. */
static void of_no_module(void) {
  begin();
  WasmEdge_FunctionInstanceContext *own = host_function(":", nullary, &some_data);
  WasmEdge_TableInstanceContext *table = WasmEdge_ModuleInstanceFindTable(callbacks, NAME("table"));
  const WasmEdge_Value one = WasmEdge_ValueGenI32(1), null = WasmEdge_ValueGenNullRef(WasmEdge_RefType_FuncRef);
  CHECK_CODE(WasmEdge_ExecutorInvoke(executor, own, NULL, 0, NULL, 0), 0);
  CHECK_CODE(invoke(callbacks, NAME("call through table"), &one, 1, NULL, 0), 0x8A);
  CHECK_CODE(WasmEdge_TableInstanceSetData(table, WasmEdge_ValueGenFuncRef(own), 1), 0);
  CHECK_CODE(invoke(callbacks, NAME("call through table"), &one, 1, NULL, 0), 0);
  CHECK(seen.calls == 2 && seen.memory == WasmEdge_ModuleInstanceFindMemory(callbacks, NAME("memory")));
  CHECK_CODE(WasmEdge_TableInstanceSetData(table, null, 1), 0);
  WasmEdge_FunctionInstanceDelete(own);
  end();
}

/* The funcrefs of a table that the guest filled are the functions that the host finds. */
static void identity(void) {
  begin();
  WasmEdge_TableInstanceContext *table = WasmEdge_ModuleInstanceFindTable(callbacks, NAME("table"));
  WasmEdge_Value entry;
  CHECK_CODE(WasmEdge_TableInstanceGetData(table, &entry, 0), 0);
  CHECK(WasmEdge_ValueGetFuncRef(entry) == WasmEdge_ModuleInstanceFindFunction(env, NAME("nullary")));
  CHECK(WasmEdge_ModuleInstanceFindFunction(callbacks, NAME("again")) == WasmEdge_ValueGetFuncRef(entry));
  CHECK(has_type(WasmEdge_FunctionInstanceGetFunctionType(WasmEdge_ValueGetFuncRef(entry)), ":"));
  CHECK(has_type(WasmEdge_FunctionInstanceGetFunctionType(
                     WasmEdge_ModuleInstanceFindFunction(callbacks, NAME("call all"))), ALL));
  end();
}

int main(int argc, char **argv) {
  static const part parts[] = {
      {"creating", creating},
      {"arguments", arguments},
      {"values", values},
      {"codes", codes},
      {"ended_calls", ended_calls},
      {"of_no_module", of_no_module},
      {"identity", identity},
  };
  return run_parts(argc, argv, parts, sizeof parts / sizeof *parts);
}
