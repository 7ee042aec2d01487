/* Type contexts and configurations; import and export types only for NULL. Argument: rounds of creating and
 * deleting, 100000 if there is none. */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>

#include "harness.h"

#define I32 WasmEdge_ValType_I32
#define I64 WasmEdge_ValType_I64
#define F64 WasmEdge_ValType_F64

enum { LONG = 3000 };

static WasmEdge_Limit limit(bool has_max, uint32_t min, uint32_t max) {
  return (WasmEdge_Limit){.HasMax = has_max, .Min = min, .Max = max};
}

/* ---- Types ------------------------------------------------------------------------------------------- */

static void function_types(void) {
  enum WasmEdge_ValType params[] = {I32, I64, F64}, results[] = {I64};
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(params, 3, results, 1);
  params[0] = results[0] = F64; /* copied */
  CHECK(WasmEdge_FunctionTypeGetParametersLength(type) == 3);
  CHECK(WasmEdge_FunctionTypeGetReturnsLength(type) == 1);
  enum WasmEdge_ValType list[4] = {0, 0, 0, 0};
  CHECK(WasmEdge_FunctionTypeGetParameters(type, list, 2) == 3);
  CHECK(list[0] == I32 && list[1] == I64 && list[2] == 0);
  CHECK(WasmEdge_FunctionTypeGetParameters(type, list, 4) == 3);
  CHECK(list[2] == F64 && list[3] == 0);
  CHECK(WasmEdge_FunctionTypeGetReturns(type, list, 1) == 1 && list[0] == I64);
  CHECK(WasmEdge_FunctionTypeGetReturns(type, NULL, 0) == 1);
  CHECK(WasmEdge_FunctionTypeGetParameters(type, NULL, 9) == 3);
  WasmEdge_FunctionTypeDelete(type);

  type = WasmEdge_FunctionTypeCreate(NULL, 0, NULL, 0);
  CHECK(type != NULL);
  CHECK(WasmEdge_FunctionTypeGetParameters(type, list, 4) == 0);
  CHECK(WasmEdge_FunctionTypeGetReturns(type, list, 4) == 0);
  WasmEdge_FunctionTypeDelete(type);
  CHECK(WasmEdge_FunctionTypeCreate(NULL, 0xFFFFFFFF, NULL, 0) == NULL);
  CHECK(WasmEdge_FunctionTypeCreate(NULL, 0, NULL, 0xFFFFFFFF) == NULL);
}

static void long_function_types(void) {
  static enum WasmEdge_ValType many[LONG], read[LONG];
  for (int i = 0; i < LONG; i++) many[i] = i % 3 ? I32 : F64;
  many[7] = (enum WasmEdge_ValType)0x17F; /* no byte: no type */
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(many, LONG, many + 1, LONG - 1);
  CHECK(WasmEdge_FunctionTypeGetParameters(type, read, LONG) == LONG);
  many[7] = 0;
  CHECK(memcmp(many, read, sizeof many) == 0);
  CHECK(WasmEdge_FunctionTypeGetReturns(type, read, LONG) == LONG - 1);
  CHECK(memcmp(many + 1, read, sizeof many - sizeof *many) == 0);
  WasmEdge_FunctionTypeDelete(type);
}

static void table_and_memory_types(void) {
  WasmEdge_TableTypeContext *table = WasmEdge_TableTypeCreate(WasmEdge_RefType_ExternRef, limit(true, 10, 20));
  CHECK(WasmEdge_TableTypeGetRefType(table) == WasmEdge_RefType_ExternRef);
  CHECK(WasmEdge_LimitIsEqual(WasmEdge_TableTypeGetLimit(table), limit(true, 10, 20)));
  WasmEdge_TableTypeDelete(table);
  table = WasmEdge_TableTypeCreate(WasmEdge_RefType_FuncRef, limit(false, 10, 20));
  CHECK(WasmEdge_TableTypeGetRefType(table) == WasmEdge_RefType_FuncRef);
  CHECK(WasmEdge_LimitIsEqual(WasmEdge_TableTypeGetLimit(table), limit(false, 10, 10)));
  WasmEdge_TableTypeDelete(table);
  table = WasmEdge_TableTypeCreate(WasmEdge_RefType_FuncRef, limit(true, 20, 10));
  CHECK(WasmEdge_LimitIsEqual(WasmEdge_TableTypeGetLimit(table), limit(true, 20, 10)));
  WasmEdge_TableTypeDelete(table);

  WasmEdge_MemoryTypeContext *memory = WasmEdge_MemoryTypeCreate(limit(true, 1, 0xFFFFFFFF));
  CHECK(WasmEdge_LimitIsEqual(WasmEdge_MemoryTypeGetLimit(memory), limit(true, 1, 0xFFFFFFFF)));
  WasmEdge_MemoryTypeDelete(memory);
  memory = WasmEdge_MemoryTypeCreate(limit(false, 3, 0));
  CHECK(WasmEdge_LimitIsEqual(WasmEdge_MemoryTypeGetLimit(memory), limit(false, 3, 3)));
  WasmEdge_MemoryTypeDelete(memory);
}

static void global_types(void) {
  WasmEdge_GlobalTypeContext *type = WasmEdge_GlobalTypeCreate(F64, WasmEdge_Mutability_Var);
  CHECK(WasmEdge_GlobalTypeGetValType(type) == F64);
  CHECK(WasmEdge_GlobalTypeGetMutability(type) == WasmEdge_Mutability_Var);
  WasmEdge_GlobalTypeDelete(type);
  type = WasmEdge_GlobalTypeCreate(WasmEdge_ValType_FuncRef, WasmEdge_Mutability_Const);
  CHECK(WasmEdge_GlobalTypeGetValType(type) == WasmEdge_ValType_FuncRef);
  CHECK(WasmEdge_GlobalTypeGetMutability(type) == WasmEdge_Mutability_Const);
  WasmEdge_GlobalTypeDelete(type);
}

static void null_types(void) {
  CHECK(WasmEdge_FunctionTypeGetParametersLength(NULL) == 0);
  CHECK(WasmEdge_FunctionTypeGetReturnsLength(NULL) == 0);
  CHECK(WasmEdge_FunctionTypeGetParameters(NULL, NULL, 5) == 0);
  CHECK(WasmEdge_FunctionTypeGetReturns(NULL, NULL, 5) == 0);
  CHECK(WasmEdge_TableTypeGetRefType(NULL) == WasmEdge_RefType_FuncRef);
  CHECK(WasmEdge_LimitIsEqual(WasmEdge_TableTypeGetLimit(NULL), limit(false, 0, 0)));
  CHECK(WasmEdge_LimitIsEqual(WasmEdge_MemoryTypeGetLimit(NULL), limit(false, 0, 0)));
  CHECK(WasmEdge_GlobalTypeGetValType(NULL) == I32);
  CHECK(WasmEdge_GlobalTypeGetMutability(NULL) == WasmEdge_Mutability_Const);
  CHECK(WasmEdge_ImportTypeGetExternalType(NULL) == WasmEdge_ExternalType_Function);
  CHECK(WasmEdge_ImportTypeGetModuleName(NULL).Buf == NULL && WasmEdge_ImportTypeGetModuleName(NULL).Length == 0);
  CHECK(WasmEdge_ImportTypeGetExternalName(NULL).Buf == NULL && WasmEdge_ImportTypeGetExternalName(NULL).Length == 0);
  CHECK(WasmEdge_ImportTypeGetFunctionType(NULL, NULL) == NULL);
  CHECK(WasmEdge_ImportTypeGetTableType(NULL, NULL) == NULL);
  CHECK(WasmEdge_ImportTypeGetMemoryType(NULL, NULL) == NULL);
  CHECK(WasmEdge_ImportTypeGetGlobalType(NULL, NULL) == NULL);
  CHECK(WasmEdge_ExportTypeGetExternalType(NULL) == WasmEdge_ExternalType_Function);
  CHECK(WasmEdge_ExportTypeGetExternalName(NULL).Buf == NULL && WasmEdge_ExportTypeGetExternalName(NULL).Length == 0);
  CHECK(WasmEdge_ExportTypeGetFunctionType(NULL, NULL) == NULL);
  CHECK(WasmEdge_ExportTypeGetTableType(NULL, NULL) == NULL);
  CHECK(WasmEdge_ExportTypeGetMemoryType(NULL, NULL) == NULL);
  CHECK(WasmEdge_ExportTypeGetGlobalType(NULL, NULL) == NULL);
  WasmEdge_FunctionTypeDelete(NULL);
  WasmEdge_TableTypeDelete(NULL);
  WasmEdge_MemoryTypeDelete(NULL);
  WasmEdge_GlobalTypeDelete(NULL);
}

/* ---- Configurations ---------------------------------------------------------------------------------- */

enum { PROPOSALS = 15, DEFAULTS = 7 };

static void proposals(WasmEdge_ConfigureContext *configure) {
  for (int i = 0; i < PROPOSALS; i++) CHECK(WasmEdge_ConfigureHasProposal(configure, i) == (i < DEFAULTS));
  for (int i = 0; i < PROPOSALS; i++) {
    const bool before = WasmEdge_ConfigureHasProposal(configure, i);
    for (int twice = 0; twice < 2; twice++) {
      before ? WasmEdge_ConfigureRemoveProposal(configure, i) : WasmEdge_ConfigureAddProposal(configure, i);
      for (int j = 0; j < PROPOSALS; j++)
        CHECK(WasmEdge_ConfigureHasProposal(configure, j) == ((j < DEFAULTS) != (j <= i)));
    }
  }
  for (int i = 0; i < PROPOSALS; i++) WasmEdge_ConfigureRemoveProposal(configure, i);
  const unsigned none[] = {PROPOSALS, 31, 32, 33, 64, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    WasmEdge_ConfigureAddProposal(configure, (enum WasmEdge_Proposal)none[i]);
    CHECK(!WasmEdge_ConfigureHasProposal(configure, (enum WasmEdge_Proposal)none[i]));
    WasmEdge_ConfigureAddHostRegistration(configure, (enum WasmEdge_HostRegistration)none[i]);
    CHECK(!WasmEdge_ConfigureHasHostRegistration(configure, (enum WasmEdge_HostRegistration)none[i]));
    WasmEdge_ConfigureRemoveHostRegistration(configure, (enum WasmEdge_HostRegistration)none[i]);
  }
  for (int i = 0; i < PROPOSALS; i++) CHECK(!WasmEdge_ConfigureHasProposal(configure, i));
}

static void host_registrations(WasmEdge_ConfigureContext *configure) {
  for (int i = 0; i < 2; i++) {
    CHECK(!WasmEdge_ConfigureHasHostRegistration(configure, i));
    WasmEdge_ConfigureAddHostRegistration(configure, i);
    CHECK(WasmEdge_ConfigureHasHostRegistration(configure, i));
    CHECK(!WasmEdge_ConfigureHasHostRegistration(configure, !i));
    WasmEdge_ConfigureRemoveHostRegistration(configure, i);
  }
}

static void numbers(WasmEdge_ConfigureContext *configure) {
  CHECK(WasmEdge_ConfigureGetMaxMemoryPage(configure) == 65536);
  WasmEdge_ConfigureSetMaxMemoryPage(configure, 0xFFFFFFFF);
  CHECK(WasmEdge_ConfigureGetMaxMemoryPage(configure) == 0xFFFFFFFF);
  CHECK(WasmEdge_ConfigureCompilerGetOptimizationLevel(configure) == WasmEdge_CompilerOptimizationLevel_O3);
  WasmEdge_ConfigureCompilerSetOptimizationLevel(configure, WasmEdge_CompilerOptimizationLevel_Oz);
  WasmEdge_ConfigureCompilerSetOptimizationLevel(configure, (enum WasmEdge_CompilerOptimizationLevel)6);
  WasmEdge_ConfigureCompilerSetOptimizationLevel(configure, (enum WasmEdge_CompilerOptimizationLevel)256);
  CHECK(WasmEdge_ConfigureCompilerGetOptimizationLevel(configure) == WasmEdge_CompilerOptimizationLevel_Oz);
  CHECK(WasmEdge_ConfigureCompilerGetOutputFormat(configure) == WasmEdge_CompilerOutputFormat_Wasm);
  WasmEdge_ConfigureCompilerSetOutputFormat(configure, WasmEdge_CompilerOutputFormat_Native);
  WasmEdge_ConfigureCompilerSetOutputFormat(configure, (enum WasmEdge_CompilerOutputFormat)2);
  WasmEdge_ConfigureCompilerSetOutputFormat(configure, (enum WasmEdge_CompilerOutputFormat)257);
  CHECK(WasmEdge_ConfigureCompilerGetOutputFormat(configure) == WasmEdge_CompilerOutputFormat_Native);
}

static const struct {
  void (*set)(WasmEdge_ConfigureContext *, bool);
  bool (*is)(const WasmEdge_ConfigureContext *);
} switches[] = {
    {WasmEdge_ConfigureCompilerSetDumpIR, WasmEdge_ConfigureCompilerIsDumpIR},
    {WasmEdge_ConfigureCompilerSetGenericBinary, WasmEdge_ConfigureCompilerIsGenericBinary},
    {WasmEdge_ConfigureCompilerSetInterruptible, WasmEdge_ConfigureCompilerIsInterruptible},
    {WasmEdge_ConfigureStatisticsSetInstructionCounting, WasmEdge_ConfigureStatisticsIsInstructionCounting},
    {WasmEdge_ConfigureStatisticsSetCostMeasuring, WasmEdge_ConfigureStatisticsIsCostMeasuring},
    {WasmEdge_ConfigureStatisticsSetTimeMeasuring, WasmEdge_ConfigureStatisticsIsTimeMeasuring},
};
enum { SWITCHES = sizeof switches / sizeof *switches };

static void all_switches(WasmEdge_ConfigureContext *configure) {
  for (int i = 0; i < SWITCHES; i++) {
    switches[i].set(configure, true);
    for (int j = 0; j < SWITCHES; j++) CHECK(switches[j].is(configure) == (i == j));
    switches[i].set(configure, false);
    CHECK(!switches[i].is(configure));
    switches[i].set(NULL, true);
    CHECK(!switches[i].is(NULL));
  }
}

static void null_configuration(void) {
  WasmEdge_ConfigureAddProposal(NULL, WasmEdge_Proposal_SIMD);
  WasmEdge_ConfigureRemoveProposal(NULL, WasmEdge_Proposal_SIMD);
  CHECK(!WasmEdge_ConfigureHasProposal(NULL, WasmEdge_Proposal_SIMD));
  WasmEdge_ConfigureAddHostRegistration(NULL, WasmEdge_HostRegistration_Wasi);
  WasmEdge_ConfigureRemoveHostRegistration(NULL, WasmEdge_HostRegistration_Wasi);
  CHECK(!WasmEdge_ConfigureHasHostRegistration(NULL, WasmEdge_HostRegistration_Wasi));
  WasmEdge_ConfigureSetMaxMemoryPage(NULL, 1);
  CHECK(WasmEdge_ConfigureGetMaxMemoryPage(NULL) == 0);
  WasmEdge_ConfigureCompilerSetOptimizationLevel(NULL, WasmEdge_CompilerOptimizationLevel_O1);
  CHECK(WasmEdge_ConfigureCompilerGetOptimizationLevel(NULL) == WasmEdge_CompilerOptimizationLevel_O0);
  WasmEdge_ConfigureCompilerSetOutputFormat(NULL, WasmEdge_CompilerOutputFormat_Native);
  CHECK(WasmEdge_ConfigureCompilerGetOutputFormat(NULL) == WasmEdge_CompilerOutputFormat_Wasm);
  WasmEdge_ConfigureDelete(NULL);
}

/* Each thread switches a proposal of its own; a lost update would be seen. */
typedef struct {
  WasmEdge_ConfigureContext *configure;
  enum WasmEdge_Proposal proposal;
} switcher;

enum { THREADS = 8, ROUNDS = 20000 };

static void *switch_on_and_off(void *argument) {
  const switcher *mine = argument;
  for (int i = 0; i < ROUNDS; i++) {
    WasmEdge_ConfigureAddProposal(mine->configure, mine->proposal);
    CHECK(WasmEdge_ConfigureHasProposal(mine->configure, mine->proposal));
    WasmEdge_ConfigureRemoveProposal(mine->configure, mine->proposal);
    CHECK(!WasmEdge_ConfigureHasProposal(mine->configure, mine->proposal));
  }
  return NULL;
}

static void threads(void) {
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  pthread_t ids[THREADS];
  switcher arguments[THREADS];
  for (int i = 0; i < THREADS; i++) {
    arguments[i] = (switcher){configure, (enum WasmEdge_Proposal)i};
    CHECK(pthread_create(&ids[i], NULL, switch_on_and_off, &arguments[i]) == 0);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(ids[i], NULL);
  WasmEdge_ConfigureDelete(configure);
}

/* ---- Memory ------------------------------------------------------------------------------------------ */

static void create_and_delete_all(void) {
  const enum WasmEdge_ValType list[] = {I32, F64};
  WasmEdge_FunctionTypeDelete(WasmEdge_FunctionTypeCreate(list, 2, list, 1));
  WasmEdge_TableTypeDelete(WasmEdge_TableTypeCreate(WasmEdge_RefType_FuncRef, limit(false, 1, 0)));
  WasmEdge_MemoryTypeDelete(WasmEdge_MemoryTypeCreate(limit(false, 1, 0)));
  WasmEdge_GlobalTypeDelete(WasmEdge_GlobalTypeCreate(I32, WasmEdge_Mutability_Var));
  WasmEdge_ConfigureDelete(WasmEdge_ConfigureCreate());
  WasmEdge_StringDelete(WasmEdge_StringCreateByCString("a string"));
}

static void no_leak(int rounds) {
  for (int i = 0; i < 100; i++) create_and_delete_all(); /* fills the allocator's caches, which count as used */
  const size_t before = mallinfo2().uordblks;
  for (int i = 0; i < rounds; i++) create_and_delete_all();
  CHECK(mallinfo2().uordblks == before);
}

int main(int argc, char **argv) {
  function_types();
  long_function_types();
  table_and_memory_types();
  global_types();
  null_types();
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  proposals(configure);
  host_registrations(configure);
  numbers(configure);
  all_switches(configure);
  WasmEdge_ConfigureDelete(configure);
  null_configuration();
  threads();
  no_leak(argc > 1 ? atoi(argv[1]) : 100000);
  CHECK(!has_python());
  return 0;
}
