/* Arguments that a host should not give, other than NULL. Arguments: guest.wasm, what to try. */
#include <setjmp.h>

#include "own_guest.h"

static guest file;
static WasmEdge_ModuleInstanceContext *host;
static WasmEdge_VMContext *vm;

/* ---- Wrong numbers and types of parameters, in every way to execute ------------------------------------------- */

/* What is called: `add` of two i32. */
typedef struct {
  const WasmEdge_Value *params;
  uint32_t param_count;
  WasmEdge_Value *returns;
  uint32_t return_count;
} arguments;

static WasmEdge_ExecutorContext *executor;
static WasmEdge_ASTModuleContext *ast;

static WasmEdge_Result invoke(const arguments *a) {
  const WasmEdge_ModuleInstanceContext *module = WasmEdge_VMGetActiveModule(vm);
  WasmEdge_FunctionInstanceContext *add = WasmEdge_ModuleInstanceFindFunction(module, NAME("add"));
  return WasmEdge_ExecutorInvoke(executor, add, a->params, a->param_count, a->returns, a->return_count);
}

static WasmEdge_Result execute(const arguments *a) {
  return WasmEdge_VMExecute(vm, NAME("add"), a->params, a->param_count, a->returns, a->return_count);
}

static WasmEdge_Result execute_registered(const arguments *a) {
  return WasmEdge_VMExecuteRegistered(vm, NAME("guest"), NAME("add"), a->params, a->param_count, a->returns,
                                      a->return_count);
}

static WasmEdge_Result run_file(const arguments *a) {
  return WasmEdge_VMRunWasmFromFile(vm, file.path, NAME("add"), a->params, a->param_count, a->returns,
                                    a->return_count);
}

static WasmEdge_Result run_buffer(const arguments *a) {
  return WasmEdge_VMRunWasmFromBuffer(vm, file.bytes, file.size, NAME("add"), a->params, a->param_count, a->returns,
                                      a->return_count);
}

static WasmEdge_Result run_ast(const arguments *a) {
  return WasmEdge_VMRunWasmFromASTModule(vm, ast, NAME("add"), a->params, a->param_count, a->returns,
                                         a->return_count);
}

static WasmEdge_Result finish(WasmEdge_Async *run, const arguments *a) {
  CHECK(run != NULL);
  const WasmEdge_Result ended = WasmEdge_AsyncGet(run, a->returns, a->return_count);
  CHECK(WasmEdge_AsyncGetReturnsLength(run) == (WasmEdge_ResultOK(ended) ? 1 : 0));
  WasmEdge_AsyncDelete(run);
  return ended;
}

static WasmEdge_Result async_execute(const arguments *a) {
  return finish(WasmEdge_VMAsyncExecute(vm, NAME("add"), a->params, a->param_count), a);
}

static WasmEdge_Result async_registered(const arguments *a) {
  return finish(WasmEdge_VMAsyncExecuteRegistered(vm, NAME("guest"), NAME("add"), a->params, a->param_count), a);
}

static WasmEdge_Result async_file(const arguments *a) {
  return finish(WasmEdge_VMAsyncRunWasmFromFile(vm, file.path, NAME("add"), a->params, a->param_count), a);
}

static WasmEdge_Result async_buffer(const arguments *a) {
  return finish(
      WasmEdge_VMAsyncRunWasmFromBuffer(vm, file.bytes, file.size, NAME("add"), a->params, a->param_count), a);
}

static WasmEdge_Result async_ast(const arguments *a) {
  return finish(WasmEdge_VMAsyncRunWasmFromASTModule(vm, ast, NAME("add"), a->params, a->param_count), a);
}

static WasmEdge_Result (*const ways[])(const arguments *) = {
    invoke,        execute,          execute_registered, run_file,     run_buffer, run_ast,
    async_execute, async_registered, async_file,         async_buffer, async_ast,
};

enum { BUFFER = 3 };

/* One call; the part of the buffer that must not be written is checked. */
static void try_call(WasmEdge_Result (*way)(const arguments *), const WasmEdge_Value *params, uint32_t count,
                     uint32_t room, uint32_t code) {
  WasmEdge_Value returns[BUFFER], untouched[BUFFER];
  memset(untouched, 0x5A, sizeof untouched);
  memcpy(returns, untouched, sizeof returns);
  const arguments with_buffer = {params, count, returns, room};
  CHECK_CODE(way(&with_buffer), code);
  const uint32_t written = code == 0 && room > 0 ? 1 : 0;
  CHECK(memcmp(returns + written, untouched + written, (BUFFER - written) * sizeof *returns) == 0);
  if (written > 0) CHECK(WasmEdge_ValueGetI32(returns[0]) == 23 && returns[0].Type == WasmEdge_ValType_I32);
  const arguments without = {params, count, NULL, room};
  CHECK_CODE(way(&without), code);
}

static void calls(void) {
  WasmEdge_Value good[3], bad[3];
  for (int i = 0; i < 3; i++) good[i] = WasmEdge_ValueGenI32(i == 0 ? 20 : 3);
  executor = WasmEdge_ExecutorCreate(NULL, NULL);
  ast = guest_ast(&file);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, NAME("guest"), file.bytes, file.size), 0);
  static const uint32_t types[] = {0, 1, 0x60, 0x70, 0x6F, 0x7B, 0x7C, 0x7D, 0x7E, 0x80, 0xFF, 0x17F, 0x7F00, 0xFFFFFFFF};
  for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
    try_call(ways[w], good, 2, 1, 0);
    try_call(ways[w], good, 2, 0, 0);
    try_call(ways[w], good, 2, 3, 0);
    try_call(ways[w], good, 2, 0xFFFFFFFF, 0);
    try_call(ways[w], good, 0, 1, 0x83);
    try_call(ways[w], good, 1, 1, 0x83);
    try_call(ways[w], good, 3, 1, 0x83);
    try_call(ways[w], NULL, 0, 1, 0x83);
    try_call(ways[w], NULL, 2, 1, 0x83);
    try_call(ways[w], NULL, 0xFFFFFFFF, 1, 0x83);
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
      memcpy(bad, good, sizeof bad);
      bad[1].Type = (enum WasmEdge_ValType)types[t];
      try_call(ways[w], bad, 2, 1, 0x83);
    }
  }
  /* No parameters wanted: NULL is right whatever the number. */
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("bump"), NULL, 5, NULL, 5), 0);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("bump"), NULL, 0xFFFFFFFF, NULL, 0xFFFFFFFF), 0);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("bump"), good, 0, NULL, 0), 0);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("bump"), good, 1, NULL, 0), 0x83);
}

/* ---- Steps out of order, things that are not there ------------------------------------------------------------ */

static void workflow(void) {
  static const uint8_t not_wasm[] = "this is no module";
  WasmEdge_VMContext *fresh = WasmEdge_VMCreate(NULL, NULL);
  WasmEdge_Value value = WasmEdge_ValueGenI32(1);
  for (int round = 0; round < 2; round++) { /* the second one after VMCleanup */
    CHECK_CODE(WasmEdge_VMExecute(fresh, NAME("add"), NULL, 0, NULL, 0), 0x80);
    CHECK_CODE(WasmEdge_VMExecuteRegistered(fresh, NAME("nobody"), NAME("add"), NULL, 0, NULL, 0), 0x80);
    CHECK_CODE(finish(WasmEdge_VMAsyncExecute(fresh, NAME("add"), NULL, 0), &(arguments){0}), 0x80);
    CHECK_CODE(WasmEdge_VMValidate(fresh), 0x04);
    CHECK_CODE(WasmEdge_VMInstantiate(fresh), 0x04);
    CHECK_CODE(WasmEdge_VMLoadWasmFromBuffer(fresh, not_wasm, sizeof not_wasm), 0x23);
    CHECK_CODE(WasmEdge_VMLoadWasmFromFile(fresh, "/nowhere/nothing.wasm"), 0x20);
    CHECK_CODE(WasmEdge_VMValidate(fresh), 0x04);
    CHECK_CODE(WasmEdge_VMLoadWasmFromBuffer(fresh, file.bytes, file.size), 0);
    CHECK_CODE(WasmEdge_VMInstantiate(fresh), 0x04);
    CHECK_CODE(WasmEdge_VMExecute(fresh, NAME("add"), &value, 1, NULL, 0), 0x80);
    CHECK_CODE(WasmEdge_VMValidate(fresh), 0);
    CHECK_CODE(WasmEdge_VMInstantiate(fresh), 0x62); /* the module "host" is unknown */
    CHECK_CODE(WasmEdge_VMExecute(fresh, NAME("add"), &value, 1, NULL, 0), 0x80);
    CHECK(WasmEdge_VMGetActiveModule(fresh) == NULL);
    CHECK(WasmEdge_VMGetFunctionListLength(fresh) == 0);
    CHECK(WasmEdge_VMGetFunctionType(fresh, NAME("add")) == NULL);
    CHECK(WasmEdge_VMGetFunctionTypeRegistered(fresh, NAME("host"), NAME("call")) == NULL);
    WasmEdge_VMCleanup(fresh);
  }
  WasmEdge_VMDelete(fresh);

  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  WasmEdge_ModuleInstanceContext *instance = host;
  executor = WasmEdge_ExecutorCreate(NULL, NULL);
  ast = NULL;
  CHECK_CODE(WasmEdge_LoaderParseFromBuffer(loader, &ast, not_wasm, sizeof not_wasm), 0x23);
  CHECK_CODE(WasmEdge_LoaderParseFromFile(loader, &ast, "/"), 0x20);
  CHECK(ast == NULL);
  CHECK_CODE(WasmEdge_LoaderParseFromBuffer(loader, &ast, file.bytes, file.size), 0);
  CHECK_CODE(WasmEdge_ExecutorInstantiate(executor, &instance, store, ast), 0x08);
  CHECK_CODE(WasmEdge_ExecutorRegister(executor, &instance, store, ast, NAME("guest")), 0x08);
  CHECK(instance == host && WasmEdge_StoreListModuleLength(store) == 0);

  /* Every kind, deleted once with and once without anything to delete. */
  WasmEdge_ASTModuleDelete(ast);
  WasmEdge_ASTModuleDelete(NULL);
  WasmEdge_LoaderDelete(loader);
  WasmEdge_LoaderDelete(NULL);
  WasmEdge_ExecutorDelete(executor);
  WasmEdge_ExecutorDelete(NULL);
  WasmEdge_StoreDelete(store);
  WasmEdge_StoreDelete(NULL);
  WasmEdge_StringDelete((WasmEdge_String){0, NULL});
}

/* ---- Names ---------------------------------------------------------------------------------------------------- */

/* In the order of their bytes: empty, with NUL, not UTF-8 (a lone byte, an encoded surrogate, an overlong form). */
static const WasmEdge_String odd_names[] = {
    {0, NULL}, {1, "\0"}, {3, "a\0b"}, {3, "a\0c"}, {2, "\xC0\x80"}, {3, "\xED\xA0\x80"}, {4, "\xF4\x90\x80\x80"}, {1, "\xFF"},
};
enum { ODD = sizeof odd_names / sizeof *odd_names };

static void check_list(const WasmEdge_String *found, uint32_t count) {
  CHECK(count == ODD);
  for (int i = 0; i < ODD; i++) CHECK(WasmEdge_StringIsEqual(found[i], odd_names[i]));
}

static void names(void) {
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  WasmEdge_ModuleInstanceContext *modules[ODD], *copy;
  WasmEdge_VMContext *other = WasmEdge_VMCreate(NULL, store);
  WasmEdge_String found[ODD];
  const WasmEdge_Value seven = WasmEdge_ValueGenI32(7);
  WasmEdge_Value returned;
  executor = WasmEdge_ExecutorCreate(NULL, NULL);
  ast = guest_ast(&file);
  for (int i = ODD - 1; i >= 0; i--) {
    modules[i] = WasmEdge_ModuleInstanceCreate(odd_names[i]);
    CHECK(WasmEdge_StringIsEqual(WasmEdge_ModuleInstanceGetModuleName(modules[i]), odd_names[i]));
    for (int k = 0; k < ODD; k++) WasmEdge_ModuleInstanceAddFunction(modules[i], odd_names[k], host_function(give_back, NULL));
    check_list(found, WasmEdge_ModuleInstanceListFunction(modules[i], found, ODD));
    CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, modules[i]), 0);
    CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, modules[i]), 0x60);
    CHECK_CODE(WasmEdge_ExecutorRegister(executor, &copy, store, ast, odd_names[i]), 0x60);
    CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(other, odd_names[i], file.bytes, file.size), 0x60);
  }
  check_list(found, WasmEdge_StoreListModule(store, found, ODD));
  for (int i = 0; i < ODD; i++) {
    CHECK(WasmEdge_StoreFindModule(store, odd_names[i]) == modules[i]);
    CHECK(WasmEdge_ModuleInstanceFindFunction(modules[0], odd_names[i]) != NULL);
    CHECK(WasmEdge_ModuleInstanceFindTable(modules[0], odd_names[i]) == NULL);
    CHECK(WasmEdge_VMGetFunctionTypeRegistered(other, odd_names[i], odd_names[ODD - 1 - i]) != NULL);
    CHECK_CODE(WasmEdge_VMExecuteRegistered(other, odd_names[i], odd_names[i], &seven, 1, &returned, 1), 0);
    CHECK(WasmEdge_ValueGetI32(returned) == 7);
  }
  CHECK(WasmEdge_StoreFindModule(store, NAME("a")) == NULL); /* not cut off at the NUL */
  CHECK(WasmEdge_ModuleInstanceFindFunction(modules[0], NAME("a")) == NULL);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(other, NAME("a"), NAME("a"), &seven, 1, NULL, 0), 0x80);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(other, odd_names[3], NAME("a"), &seven, 1, NULL, 0), 0x05);
  CHECK_CODE(WasmEdge_VMExecute(vm, odd_names[7], NULL, 0, NULL, 0), 0x05);

  /* A name that is not UTF-8, in what refers to it by a path. */
  CHECK_CODE(WasmEdge_VMLoadWasmFromFile(vm, "/nowhere/\xFF\xC0.wasm"), 0x20);
  for (int i = 0; i < ODD; i++) WasmEdge_ModuleInstanceDelete(modules[i]);
  CHECK(WasmEdge_StoreListModuleLength(store) == 0);
  WasmEdge_VMDelete(other);
  WasmEdge_StoreDelete(store);
}

/* ---- Lengths -------------------------------------------------------------------------------------------------- */

enum { MOST = -1 }; /* 2^32-1 as uint32_t */

static void lengths(void) {
  const WasmEdge_String endless = {(uint32_t)MOST, NULL};
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  char nothing[1] = {'x'};
  uint8_t byte = 1;
  ast = NULL;

  /* Length 0. */
  CHECK_CODE(WasmEdge_LoaderParseFromBuffer(loader, &ast, &byte, 0), 0x22);
  CHECK_CODE(WasmEdge_VMLoadWasmFromBuffer(vm, &byte, 0), 0x22);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, NAME("x"), &byte, 0), 0x22);
  CHECK_CODE(WasmEdge_VMRunWasmFromBuffer(vm, &byte, 0, NAME("add"), NULL, 0, NULL, 0), 0x22);
  CHECK_CODE(finish(WasmEdge_VMAsyncRunWasmFromBuffer(vm, &byte, 0, NAME("add"), NULL, 0), &(arguments){0}), 0x22);
  CHECK(WasmEdge_StringCreateByBuffer("text", 0).Buf == NULL);
  CHECK(WasmEdge_StringCopy(NAME("text"), nothing, 0) == 0 && nothing[0] == 'x');
  CHECK(WasmEdge_StringCopy(WasmEdge_StringWrap(nothing, 0), nothing, 1) == 0 && nothing[0] == 0);
  WasmEdge_String list[1] = {{7, nothing}};
  CHECK(WasmEdge_VMGetFunctionList(vm, list, NULL, 0) > 0 && list[0].Length == 7);
  CHECK(WasmEdge_ModuleInstanceListFunction(host, list, 0) == 1 && list[0].Length == 7);

  /* 2^32-1 without data. */
  CHECK_CODE(WasmEdge_LoaderParseFromBuffer(loader, &ast, NULL, (uint32_t)MOST), 0x22);
  CHECK_CODE(WasmEdge_VMLoadWasmFromBuffer(vm, NULL, (uint32_t)MOST), 0x22);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, NAME("x"), NULL, (uint32_t)MOST), 0x22);
  CHECK_CODE(WasmEdge_VMRunWasmFromBuffer(vm, NULL, (uint32_t)MOST, NAME("add"), NULL, (uint32_t)MOST, NULL, (uint32_t)MOST), 0x22);
  CHECK_CODE(finish(WasmEdge_VMAsyncRunWasmFromBuffer(vm, NULL, (uint32_t)MOST, endless, NULL, (uint32_t)MOST), &(arguments){0}), 0x22);
  CHECK(WasmEdge_StringCreateByBuffer(NULL, (uint32_t)MOST).Buf == NULL);
  CHECK(WasmEdge_StringCopy(NAME("text"), NULL, (uint32_t)MOST) == 0);
  CHECK(WasmEdge_StringCopy(endless, nothing, 1) == 0);
  CHECK(!WasmEdge_StringIsEqual(endless, NAME("text")));
  CHECK(WasmEdge_VMGetFunctionList(vm, NULL, NULL, (uint32_t)MOST) == WasmEdge_VMGetFunctionListLength(vm));
  CHECK(WasmEdge_ModuleInstanceListFunction(host, NULL, (uint32_t)MOST) == 1);
  CHECK(WasmEdge_StoreListModule(WasmEdge_VMGetStoreContext(vm), NULL, (uint32_t)MOST) == 1);
  CHECK(WasmEdge_FunctionTypeCreate(NULL, (uint32_t)MOST, NULL, (uint32_t)MOST) == NULL);
  WasmEdge_ModuleInstanceContext *wasi =
      WasmEdge_ModuleInstanceCreateWASI(NULL, (uint32_t)MOST, NULL, (uint32_t)MOST, NULL, (uint32_t)MOST);
  CHECK(wasi != NULL);
  WasmEdge_ModuleInstanceInitWASI(wasi, NULL, (uint32_t)MOST, NULL, (uint32_t)MOST, NULL, (uint32_t)MOST);
  WasmEdge_ModuleInstanceDelete(wasi);

  /* Names of that length have no bytes. */
  WasmEdge_ModuleInstanceContext *module = WasmEdge_ModuleInstanceCreate(endless);
  CHECK(module != NULL && WasmEdge_ModuleInstanceGetModuleName(module).Length == 0);
  WasmEdge_ModuleInstanceAddFunction(module, endless, host_function(give_back, NULL));
  CHECK(WasmEdge_ModuleInstanceListFunctionLength(module) == 1);
  CHECK(WasmEdge_ModuleInstanceFindFunction(host, endless) == NULL);
  CHECK(WasmEdge_StoreFindModule(WasmEdge_VMGetStoreContext(vm), endless) == NULL);
  CHECK(WasmEdge_VMGetFunctionType(vm, endless) == NULL);
  CHECK_CODE(WasmEdge_VMExecute(vm, endless, NULL, 0, NULL, 0), 0x05);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, endless, endless, NULL, 0, NULL, 0), 0x80);
  CHECK_CODE(finish(WasmEdge_VMAsyncExecute(vm, endless, NULL, (uint32_t)MOST), &(arguments){0}), 0x05);
  WasmEdge_ModuleInstanceDelete(module);

  /* Ranges of a memory that end beyond 2^32. */
  WasmEdge_MemoryInstanceContext *memory = WasmEdge_ModuleInstanceFindMemory(WasmEdge_VMGetActiveModule(vm), NAME("memory"));
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(memory, &byte, 1, (uint32_t)MOST), 0x88);
  CHECK_CODE(WasmEdge_MemoryInstanceSetData(memory, &byte, (uint32_t)MOST, (uint32_t)MOST), 0x88);
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(memory, NULL, 0, 0), 0x04);
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(memory, &byte, 65536, 0), 0);
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(memory, &byte, 65537, 0), 0x88);
  CHECK(WasmEdge_MemoryInstanceGetPointer(memory, (uint32_t)MOST, (uint32_t)MOST) == NULL);
  CHECK(WasmEdge_MemoryInstanceGetPointer(memory, 0, 65536) != NULL);
  CHECK(WasmEdge_MemoryInstanceGetPointer(memory, 0, 65537) == NULL);
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(memory, (uint32_t)MOST), 0x88);
  WasmEdge_LoaderDelete(loader);
}

/* ---- Host functions --------------------------------------------------------------------------------------------- */

static uint8_t host_code;

static WasmEdge_Result end_with_code(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                                     WasmEdge_Value *returns) {
  (void)data, (void)memory;
  returns[0] = params[0];
  returns[0].Type = (enum WasmEdge_ValType)0xDEAD; /* the declared type counts */
  return (WasmEdge_Result){host_code};
}

static jmp_buf within;

static int jump(const void *a, const void *b) {
  (void)a, (void)b;
  longjmp(within, 5);
}

static WasmEdge_Result jump_about(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                                  WasmEdge_Value *returns) {
  (void)data, (void)memory;
  const int came_by = setjmp(within);
  int sorted[] = {WasmEdge_ValueGetI32(params[0]), 0};
  if (came_by == 0) qsort(sorted, 2, sizeof *sorted, jump);
  returns[0] = WasmEdge_ValueGenI32(came_by);
  return WasmEdge_Result_Success;
}

static void host_functions(void) {
  const WasmEdge_Value seven = WasmEdge_ValueGenI32(7);
  executor = WasmEdge_ExecutorCreate(NULL, NULL);
  WasmEdge_FunctionInstanceContext *function = host_function(end_with_code, NULL);
  WasmEdge_ModuleInstanceContext *codes = host_module(end_with_code, NULL), *jumps = host_module(jump_about, NULL);
  WasmEdge_VMContext *with_codes = guest_vm(&file, codes), *with_jumps = guest_vm(&file, jumps);
  WasmEdge_Value returned;
  for (int code = 0; code < 256; code++) {
    const uint32_t expected = code <= 1 ? (uint32_t)code : 0x8D;
    host_code = (uint8_t)code;
    returned = WasmEdge_ValueGenI64(99);
    CHECK_CODE(WasmEdge_VMExecute(with_codes, NAME("call"), &seven, 1, &returned, 1), expected);
    if (code <= 1) CHECK(returned.Type == WasmEdge_ValType_I32 && WasmEdge_ValueGetI32(returned) == (code ? 0 : 7));
    if (code > 1) CHECK(returned.Type == WasmEdge_ValType_I64 && WasmEdge_ValueGetI64(returned) == 99);
    CHECK_CODE(WasmEdge_ExecutorInvoke(executor, function, &seven, 1, NULL, 0), expected);
    CHECK_CODE(WasmEdge_VMExecuteRegistered(with_codes, NAME("host"), NAME("call"), &seven, 1, NULL, 0), expected);
  }
  for (int i = 0; i < 100; i++) {
    CHECK(call_guest(with_jumps, "call", 1, i, 0) == 5);
    CHECK_CODE(WasmEdge_VMExecute(with_jumps, NAME("trap"), NULL, 0, NULL, 0), 0x89);
  }
  WasmEdge_VMDelete(with_codes);
  WasmEdge_VMDelete(with_jumps);
  WasmEdge_ModuleInstanceDelete(codes);
  WasmEdge_ModuleInstanceDelete(jumps);
  WasmEdge_FunctionInstanceDelete(function);
}

/* ------------------------------------------------------------------------------------------------------------------ */

int main(int argc, char **argv) {
  CHECK(argc == 3);
  file = read_guest(argv[1]);
  host = host_module(give_back, NULL);
  vm = guest_vm(&file, host);
  if (strcmp(argv[2], "calls") == 0) calls();
  else if (strcmp(argv[2], "workflow") == 0) workflow();
  else if (strcmp(argv[2], "names") == 0) names();
  else if (strcmp(argv[2], "lengths") == 0) lengths();
  else if (strcmp(argv[2], "host") == 0) host_functions();
  else CHECK(!"known part");
  CHECK(call_guest(vm, "add", 2, 20, 3) == 23);
  WasmEdge_VMDelete(vm);
  WasmEdge_ModuleInstanceDelete(host);
  return 0;
}
