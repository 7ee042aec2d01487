/* Executor, store and module instances. */
#include "behaviour.h"

static WasmEdge_ExecutorContext *executor;
static WasmEdge_StoreContext *store;

static WasmEdge_ModuleInstanceContext *untouched(void) {
  static char marker;
  return (WasmEdge_ModuleInstanceContext *)&marker;
}

static void begin(void) {
  executor = WasmEdge_ExecutorCreate(NULL, NULL);
  store = WasmEdge_StoreCreate();
}

static void end(void) {
  WasmEdge_StoreDelete(store);
  WasmEdge_ExecutorDelete(executor);
}

/* Instantiates a module that is deleted at once; `name` may be NULL for an anonymous instance. */
static WasmEdge_Result instantiate(const char *module, const char *name, WasmEdge_ModuleInstanceContext **out) {
  WasmEdge_ASTModuleContext *ast = parse_valid(module);
  *out = untouched();
  const WasmEdge_String wrapped = WasmEdge_StringWrap(name, name != NULL ? (uint32_t)strlen(name) : 0);
  const WasmEdge_Result ended = name == NULL ? WasmEdge_ExecutorInstantiate(executor, out, store, ast)
                                             : WasmEdge_ExecutorRegister(executor, out, store, ast, wrapped);
  CHECK((*out == untouched()) == !WasmEdge_ResultOK(ended)); /* on failure */
  WasmEdge_ASTModuleDelete(ast);
  return ended;
}

static int32_t call(const WasmEdge_ModuleInstanceContext *module, const char *name, uint32_t count, int32_t param) {
  const WasmEdge_Value value = WasmEdge_ValueGenI32(param);
  WasmEdge_Value returned = WasmEdge_ValueGenI64(0);
  const WasmEdge_String found = WasmEdge_StringWrap(name, (uint32_t)strlen(name));
  CHECK_CODE(WasmEdge_ExecutorInvoke(executor, WasmEdge_ModuleInstanceFindFunction(module, found), &value, count,
                                     &returned, 1), 0);
  return WasmEdge_ValueGetI32(returned);
}

/* ---- Executor: instantiating ----------------------------------------------------------------------------------- */

static void not_validated(void) {
  begin();
  WasmEdge_ASTModuleContext *ast = parse("../wat/provider");
  WasmEdge_ModuleInstanceContext *out = untouched(), *taken = WasmEdge_ModuleInstanceCreate(NAME("taken"));
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, taken), 0);
  CHECK_CODE(WasmEdge_ExecutorInstantiate(executor, &out, store, ast), 0x08);
  CHECK_CODE(WasmEdge_ExecutorRegister(executor, &out, store, ast, NAME("free")), 0x08);
  CHECK_CODE(WasmEdge_ExecutorRegister(executor, &out, store, ast, NAME("taken")), 0x08); /* before the name */
  CHECK(out == untouched() && WasmEdge_StoreListModuleLength(store) == 1);
  WasmEdge_ModuleInstanceDelete(taken);
  WasmEdge_ASTModuleDelete(ast);
  end();
}

/* Any number of them, each with its own state; none is in the store. */
static void anonymous(void) {
  begin();
  WasmEdge_ModuleInstanceContext *a, *b, *named;
  CHECK_CODE(instantiate("../wat/provider", NULL, &a), 0);
  CHECK_CODE(instantiate("../wat/provider", NULL, &b), 0);
  CHECK(a != b && is_empty(WasmEdge_ModuleInstanceGetModuleName(a)));
  CHECK(WasmEdge_StoreListModuleLength(store) == 0 && WasmEdge_StoreFindModule(store, NAME("")) == NULL);
  WasmEdge_GlobalInstanceContext *variable = WasmEdge_ModuleInstanceFindGlobal(a, NAME("var"));
  WasmEdge_GlobalInstanceSetValue(variable, WasmEdge_ValueGenI32(9));
  variable = WasmEdge_ModuleInstanceFindGlobal(b, NAME("var"));
  CHECK(WasmEdge_ValueGetI32(WasmEdge_GlobalInstanceGetValue(variable)) == 1);
  /* The empty name is a name like others. */
  CHECK_CODE(instantiate("../wat/provider", "", &named), 0);
  CHECK(WasmEdge_StoreFindModule(store, NAME("")) == named && WasmEdge_StoreListModuleLength(store) == 1);
  WasmEdge_ModuleInstanceContext *second;
  CHECK_CODE(instantiate("../wat/provider", "", &second), 0x60);
  WasmEdge_ModuleInstanceDelete(a);
  WasmEdge_ModuleInstanceDelete(b);
  WasmEdge_ModuleInstanceDelete(named);
  end();
}

static void names_taken(void) {
  begin();
  WasmEdge_ModuleInstanceContext *first, *second, *host = WasmEdge_ModuleInstanceCreate(NAME("provider"));
  CHECK_CODE(instantiate("../wat/provider", "provider", &first), 0);
  CHECK(IS(WasmEdge_ModuleInstanceGetModuleName(first), "provider"));
  CHECK_CODE(instantiate("../wat/provider", "provider", &second), 0x60);
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, host), 0x60);
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, first), 0x60); /* itself */
  CHECK(WasmEdge_StoreFindModule(store, NAME("provider")) == first);
  /* What fails later registers nothing. */
  CHECK_CODE(instantiate("../wat/partial", "partial", &second), 0x87);
  CHECK_CODE(instantiate("kinds", "kinds", &second), 0x62);
  CHECK(WasmEdge_StoreListModuleLength(store) == 1);
  WasmEdge_ModuleInstanceDelete(first);
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, host), 0);
  WasmEdge_ModuleInstanceDelete(host);
  end();
}

/* Elements before data, in order; what was written before a failure stays and can be used. */
static void segments(void) {
  begin();
  WasmEdge_ModuleInstanceContext *provider, *none;
  CHECK_CODE(instantiate("../wat/provider", "provider", &provider), 0);
  CHECK_CODE(instantiate("../wat/partial", NULL, &none), 0x87);
  CHECK(call(provider, "call", 1, 1) == 90);
  CHECK(call(provider, "peek", 1, 9) == 0);
  CHECK_CODE(instantiate("../wat/partial_data", NULL, &none), 0x88);
  CHECK(call(provider, "call", 1, 2) == 90 && call(provider, "call", 1, 1) == 90);
  CHECK(call(provider, "peek", 1, 9) == 0xFF && call(provider, "peek", 1, 65535) == 0);
  WasmEdge_ModuleInstanceDelete(provider);
  end();
}

/* Without bulk memory and reference types all segments are checked before anything is written. */
static void segments_checked_first(void) {
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureRemoveProposal(configure, WasmEdge_Proposal_BulkMemoryOperations);
  WasmEdge_ConfigureRemoveProposal(configure, WasmEdge_Proposal_ReferenceTypes);
  begin();
  WasmEdge_ModuleInstanceContext *provider, *none = untouched();
  CHECK_CODE(instantiate("../wat/provider", "provider", &provider), 0);
  WasmEdge_ExecutorContext *strict = WasmEdge_ExecutorCreate(configure, NULL);
  WasmEdge_ConfigureDelete(configure);
  const struct {
    const char *name;
    uint32_t code;
  } modules[] = {{"../wat/partial", 0x64}, {"../wat/partial_data", 0x63}};
  for (int i = 0; i < 2; i++) {
    WasmEdge_ASTModuleContext *ast = parse_valid(modules[i].name);
    CHECK_CODE(WasmEdge_ExecutorInstantiate(strict, &none, store, ast), modules[i].code);
    CHECK_CODE(WasmEdge_ExecutorRegister(strict, &none, store, ast, NAME("m")), modules[i].code);
    WasmEdge_ASTModuleDelete(ast);
  }
  CHECK(none == untouched() && WasmEdge_StoreListModuleLength(store) == 1);
  WasmEdge_Value entry;
  const WasmEdge_TableInstanceContext *table = WasmEdge_ModuleInstanceFindTable(provider, NAME("table"));
  for (uint32_t i = 0; i < 10; i++) {
    CHECK_CODE(WasmEdge_TableInstanceGetData(table, &entry, i), 0);
    CHECK(WasmEdge_ValueIsNullRef(entry));
  }
  CHECK(call(provider, "peek", 1, 9) == 0);
  WasmEdge_ExecutorDelete(strict);
  WasmEdge_ModuleInstanceDelete(provider);
  end();
}

static WasmEdge_Result give_code(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                                 WasmEdge_Value *returns) {
  (void)memory, (void)params, (void)returns;
  return (WasmEdge_Result){*(uint8_t *)data};
}

/* Its failure is that of instantiating; a host function that ends it does no harm. */
static void start_functions(void) {
  begin();
  uint8_t code = 0;
  WasmEdge_ModuleInstanceContext *host = WasmEdge_ModuleInstanceCreate(NAME("host")), *made;
  WasmEdge_ModuleInstanceAddFunction(host, NAME("end"), host_function(":", give_code, &code));
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, host), 0);
  CHECK_CODE(instantiate("starts", NULL, &made), 0);
  CHECK(call(made, "count", 0, 0) == 6);
  WasmEdge_ModuleInstanceDelete(made);
  code = 1;
  CHECK_CODE(instantiate("starts", "ended", &made), 0);
  CHECK(call(made, "count", 0, 0) == 5);
  CHECK(WasmEdge_StoreFindModule(store, NAME("ended")) == made);
  WasmEdge_ModuleInstanceDelete(made);
  code = 2;
  CHECK_CODE(instantiate("starts", "failed", &made), 0x8D);
  CHECK(WasmEdge_StoreListModuleLength(store) == 1);
  WasmEdge_ModuleInstanceDelete(host);
  end();
}

/* The guest may end itself with any exit code. */
static void start_function_exits(void) {
  begin();
  WasmEdge_ModuleInstanceContext *wasi = WasmEdge_ModuleInstanceCreateWASI(NULL, 0, NULL, 0, NULL, 0), *made;
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, wasi), 0);
  CHECK_CODE(instantiate("start_exits", "exits", &made), 0);
  CHECK(WasmEdge_StoreFindModule(store, NAME("exits")) == made);
  CHECK(WasmEdge_ModuleInstanceWASIGetExitCode(wasi) == 3);
  CHECK(call(made, "count", 0, 0) == 5);
  WasmEdge_ModuleInstanceDelete(made);
  WasmEdge_ModuleInstanceDelete(wasi);
  end();
}

/* ---- Executor: calling ----------------------------------------------------------------------------------------- */

static bool same(WasmEdge_Value a, WasmEdge_Value b) { return a.Value == b.Value && a.Type == b.Type; }

/* Count and each type, exactly. As many results as wanted; the rest of the buffer is left alone. */
static void parameters_and_results(void) {
  begin();
  WasmEdge_ModuleInstanceContext *made;
  CHECK_CODE(instantiate("seven", NULL, &made), 0);
  WasmEdge_FunctionInstanceContext *turn = WasmEdge_ModuleInstanceFindFunction(made, NAME("turn"));
  WasmEdge_FunctionInstanceContext *none = WasmEdge_ModuleInstanceFindFunction(made, NAME("none"));
  CHECK(has_type(WasmEdge_FunctionInstanceGetFunctionType(turn), "iIfFvrx:xrvFfIi"));
  /* References are words that nobody looks behind. */
  const WasmEdge_Value good[] = {
      WasmEdge_ValueGenI32(-1),
      WasmEdge_ValueGenI64(INT64_MIN),
      WasmEdge_ValueGenF32(1.5f),
      WasmEdge_ValueGenF64(-2.5),
      WasmEdge_ValueGenV128((int128_t)3 << 100 | 4),
      WasmEdge_ValueGenFuncRef((WasmEdge_FunctionInstanceContext *)0x100000005),
      WasmEdge_ValueGenExternRef((void *)0x100000006)};
  const WasmEdge_Value marker = {.Value = (uint128_t)7 << 90, .Type = WasmEdge_ValType_None};
  for (uint32_t wanted = 0; wanted <= 9; wanted++) {
    WasmEdge_Value returned[9];
    for (int i = 0; i < 9; i++) returned[i] = marker;
    CHECK_CODE(WasmEdge_ExecutorInvoke(executor, turn, good, 7, returned, wanted), 0);
    for (uint32_t i = 0; i < 9; i++) CHECK(same(returned[i], i < wanted && i < 7 ? good[6 - i] : marker));
    CHECK_CODE(WasmEdge_ExecutorInvoke(executor, turn, good, 7, NULL, wanted), 0);
  }
  for (int wrong = 0; wrong < 7; wrong++) {
    for (int other = 0; other < 7; other++) {
      WasmEdge_Value params[7], returned = marker;
      memcpy(params, good, sizeof good);
      params[wrong].Type = good[other].Type;
      const WasmEdge_Result ended = WasmEdge_ExecutorInvoke(executor, turn, params, 7, &returned, 1);
      CHECK_CODE(ended, other == wrong ? 0 : 0x83);
      CHECK(same(returned, other == wrong ? good[6] : marker));
    }
  }
  for (uint32_t count = 0; count < 7; count++)
    CHECK_CODE(WasmEdge_ExecutorInvoke(executor, turn, good, count, NULL, 0), 0x83);
  CHECK_CODE(WasmEdge_ExecutorInvoke(executor, none, good, 1, NULL, 0), 0x83);
  /* No parameters without a buffer, whatever the length says. */
  CHECK_CODE(WasmEdge_ExecutorInvoke(executor, turn, NULL, 7, NULL, 0), 0x83);
  CHECK_CODE(WasmEdge_ExecutorInvoke(executor, none, NULL, 5, NULL, 5), 0);
  WasmEdge_ModuleInstanceDelete(made);
  end();
}

static WasmEdge_Result twice(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                             WasmEdge_Value *returns) {
  (void)data;
  CHECK(memory == NULL); /* called by the host */
  returns[0] = WasmEdge_ValueGenI32(WasmEdge_ValueGetI32(params[0]) * 2);
  return WasmEdge_Result_Success;
}

/* Exported functions, functions from a table, functions of no module; with any executor. */
static void any_function(void) {
  begin();
  WasmEdge_ModuleInstanceContext *provider;
  CHECK_CODE(instantiate("../wat/provider", NULL, &provider), 0);
  WasmEdge_ExecutorDelete(executor);
  executor = WasmEdge_ExecutorCreate(NULL, NULL);
  WasmEdge_FunctionInstanceContext *function = WasmEdge_ModuleInstanceFindFunction(provider, NAME("double"));
  WasmEdge_TableInstanceContext *table = WasmEdge_ModuleInstanceFindTable(provider, NAME("table"));
  const WasmEdge_Value four = WasmEdge_ValueGenI32(4);
  WasmEdge_Value entry, returned;
  CHECK_CODE(WasmEdge_TableInstanceSetData(table, WasmEdge_ValueGenFuncRef(function), 3), 0);
  CHECK_CODE(WasmEdge_TableInstanceGetData(table, &entry, 3), 0);
  CHECK(WasmEdge_ValueGetFuncRef(entry) == function); /* the very pointer */
  CHECK_CODE(WasmEdge_ExecutorInvoke(executor, WasmEdge_ValueGetFuncRef(entry), &four, 1, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 8);
  WasmEdge_FunctionInstanceContext *own = host_function("i:i", twice, NULL);
  CHECK_CODE(WasmEdge_ExecutorInvoke(executor, own, &four, 1, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 8);
  CHECK_CODE(WasmEdge_TableInstanceSetData(table, WasmEdge_ValueGenFuncRef(own), 4), 0);
  CHECK_CODE(WasmEdge_TableInstanceGetData(table, &entry, 4), 0);
  CHECK(WasmEdge_ValueGetFuncRef(entry) == own);
  CHECK_CODE(WasmEdge_TableInstanceSetData(table, WasmEdge_ValueGenNullRef(WasmEdge_RefType_FuncRef), 4), 0);
  WasmEdge_FunctionInstanceDelete(own);
  WasmEdge_ModuleInstanceDelete(provider);
  end();
}

/* Tables and memories fit by their present size. */
static void limits_by_size(void) {
  begin();
  WasmEdge_ModuleInstanceContext *host = WasmEdge_ModuleInstanceCreate(NAME("one")), *made;
  WasmEdge_ModuleInstanceContext *two = WasmEdge_ModuleInstanceCreate(NAME("two"));
  WasmEdge_ModuleInstanceContext *empty = WasmEdge_ModuleInstanceCreate(NAME(""));
  WasmEdge_TableInstanceContext *table = host_table(WasmEdge_RefType_ExternRef, at_least(2));
  WasmEdge_MemoryInstanceContext *memory = host_memory(at_least(1));
  WasmEdge_ModuleInstanceAddFunction(host, NAME("function"), host_function("ix:Fv", give_code, NULL));
  WasmEdge_ModuleInstanceAddTable(host, NAME("functions"), host_table(WasmEdge_RefType_FuncRef, between(4, 7)));
  WasmEdge_ModuleInstanceAddTable(empty, NAME("table"), table);
  WasmEdge_ModuleInstanceAddMemory(two, NAME(""), memory);
  WasmEdge_ModuleInstanceAddGlobal(two, NAME("constant"),
                                   host_global(WasmEdge_ValueGenF32(1), WasmEdge_Mutability_Const));
  WasmEdge_ModuleInstanceAddGlobal(two, NAME("variable"),
                                   host_global(WasmEdge_ValueGenI64(1), WasmEdge_Mutability_Var));
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, host), 0);
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, two), 0);
  CHECK_CODE(instantiate("kinds", NULL, &made), 0x62);
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, empty), 0);
  CHECK_CODE(instantiate("kinds", NULL, &made), 0x61);
  CHECK_CODE(WasmEdge_TableInstanceGrow(table, 1), 0);
  CHECK_CODE(instantiate("kinds", NULL, &made), 0x61);
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(memory, 1), 0);
  CHECK_CODE(instantiate("kinds", NULL, &made), 0);
  CHECK(WasmEdge_ModuleInstanceFindTable(made, NAME("again table")) == table); /* the very pointers */
  CHECK(WasmEdge_ModuleInstanceFindMemory(made, NAME("again memory")) == memory);
  CHECK(WasmEdge_ModuleInstanceFindFunction(made, NAME("again function")) ==
        WasmEdge_ModuleInstanceFindFunction(host, NAME("function")));
  WasmEdge_GlobalInstanceContext *again = WasmEdge_ModuleInstanceFindGlobal(made, NAME("again global"));
  CHECK(WasmEdge_ValueGetF32(WasmEdge_GlobalInstanceGetValue(again)) == 1);
  WasmEdge_ModuleInstanceDelete(host);
  WasmEdge_ModuleInstanceDelete(two);
  WasmEdge_ModuleInstanceDelete(empty);
  WasmEdge_ModuleInstanceDelete(made);
  end();
}

/* The type of a table or memory shows its present size; without a maximum, that is the minimum it began with. */
static void types_of_growing(void) {
  begin();
  WasmEdge_MemoryInstanceContext *memory = host_memory(at_least(1));
  const WasmEdge_MemoryTypeContext *memory_type = WasmEdge_MemoryInstanceGetMemoryType(memory);
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(memory, 2), 0);
  CHECK(is_limit(WasmEdge_MemoryTypeGetLimit(memory_type), false, 3, 1));
  WasmEdge_MemoryInstanceDelete(memory);
  WasmEdge_ModuleInstanceContext *made, *host = WasmEdge_ModuleInstanceCreate(NAME("extern"));
  const char *const names[] = {"func-add", "func-sub", "func-mul", "func-div", "func-term", "func-fail"};
  for (int i = 0; i < 6; i++)
    WasmEdge_ModuleInstanceAddFunction(host, WasmEdge_StringWrap(names[i], 8 + (i > 3)),
                                       host_function(i > 3 ? ":i" : "xi:i", give_code, NULL));
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, host), 0);
  CHECK_CODE(instantiate("unit", NULL, &made), 0);
  WasmEdge_TableInstanceContext *table = WasmEdge_ModuleInstanceFindTable(made, NAME("objects"));
  const WasmEdge_TableTypeContext *table_type = WasmEdge_TableInstanceGetTableType(table);
  CHECK(is_limit(WasmEdge_TableTypeGetLimit(table_type), false, 10, 10));
  CHECK_CODE(WasmEdge_TableInstanceGrow(table, 5), 0);
  CHECK(is_limit(WasmEdge_TableTypeGetLimit(table_type), false, 15, 10));
  memory = WasmEdge_ModuleInstanceFindMemory(made, NAME("memory"));
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(memory, 1), 0);
  CHECK(is_limit(WasmEdge_MemoryTypeGetLimit(WasmEdge_MemoryInstanceGetMemoryType(memory)), true, 2, 3));
  WasmEdge_ModuleInstanceDelete(made);
  WasmEdge_ModuleInstanceDelete(host);
  end();
}

/* The most pages of a configuration hold for the memories of instances, as it was when the executor was made. */
static void most_pages(void) {
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureSetMaxMemoryPage(configure, 1);
  executor = WasmEdge_ExecutorCreate(configure, NULL);
  WasmEdge_ConfigureSetMaxMemoryPage(configure, 65536);
  WasmEdge_ConfigureDelete(configure);
  store = WasmEdge_StoreCreate();
  WasmEdge_ModuleInstanceContext *made;
  CHECK_CODE(instantiate("../wat/provider", NULL, &made), 0); /* its memory has 1 to 2 pages */
  WasmEdge_MemoryInstanceContext *memory = WasmEdge_ModuleInstanceFindMemory(made, NAME("memory"));
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(memory, 1), 0x88);
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(memory, 0), 0);
  CHECK(WasmEdge_MemoryInstanceGetPageSize(memory) == 1);
  CHECK(is_limit(WasmEdge_MemoryTypeGetLimit(WasmEdge_MemoryInstanceGetMemoryType(memory)), true, 1, 2));
  WasmEdge_ModuleInstanceDelete(made);
  end();
}

int main(int argc, char **argv) {
  static const part parts[] = {
      {"not_validated", not_validated},
      {"anonymous", anonymous},
      {"names_taken", names_taken},
      {"segments", segments},
      {"segments_checked_first", segments_checked_first},
      {"start_functions", start_functions},
      {"start_function_exits", start_function_exits},
      {"parameters_and_results", parameters_and_results},
      {"any_function", any_function},
      {"limits_by_size", limits_by_size},
      {"types_of_growing", types_of_growing},
      {"most_pages", most_pages},
  };
  return run_parts(argc, argv, parts, sizeof parts / sizeof *parts);
}
