/* Tables, memories and globals that a guest uses too. Argument: guest.wasm. */
#include "harness.h"

static WasmEdge_VMContext *vm;

static WasmEdge_Result nothing(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                               WasmEdge_Value *returns) {
  (void)data, (void)memory;
  returns[0] = params[0];
  return WasmEdge_Result_Success;
}

static WasmEdge_FunctionInstanceContext *host_function(void) {
  const enum WasmEdge_ValType i32 = WasmEdge_ValType_I32;
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(&i32, 1, &i32, 1);
  WasmEdge_FunctionInstanceContext *function = WasmEdge_FunctionInstanceCreate(type, nothing, NULL, 0);
  WasmEdge_FunctionTypeDelete(type);
  return function;
}

/* Calls with i32 parameters; returns the first result. */
static int32_t call(const char *name, uint32_t count, int32_t a, int32_t b, int32_t c) {
  const WasmEdge_Value params[] = {WasmEdge_ValueGenI32(a), WasmEdge_ValueGenI32(b), WasmEdge_ValueGenI32(c)};
  WasmEdge_Value returned = WasmEdge_ValueGenI32(0);
  const WasmEdge_String function = WasmEdge_StringWrap(name, (uint32_t)strlen(name));
  CHECK_CODE(WasmEdge_VMExecute(vm, function, params, count, &returned, 1), 0);
  return WasmEdge_ValueGetI32(returned);
}

static void memory(const WasmEdge_ModuleInstanceContext *module) {
  WasmEdge_MemoryInstanceContext *found = WasmEdge_ModuleInstanceFindMemory(module, NAME("memory"));
  const WasmEdge_MemoryTypeContext *type = WasmEdge_MemoryInstanceGetMemoryType(found);
  uint8_t byte = 11;
  CHECK_CODE(WasmEdge_MemoryInstanceSetData(found, &byte, 1000, 1), 0);
  CHECK(call("load", 1, 1000, 0, 0) == 11);
  call("store", 2, 1001, 12, 0);
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(found, &byte, 1001, 1), 0);
  CHECK(byte == 12);
  CHECK(call("grow_memory", 1, 1, 0, 0) == 1);
  CHECK(WasmEdge_MemoryInstanceGetPageSize(found) == 2);
  CHECK(WasmEdge_MemoryTypeGetLimit(type).Min == 2 && WasmEdge_MemoryTypeGetLimit(type).Max == 3);
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(found, 1), 0);
  CHECK(call("size", 0, 0, 0, 0) == 3);
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(found, 1), 0x88);
  CHECK(call("load", 1, 3 * 65536 - 1, 0, 0) == 0);
}

static void table(const WasmEdge_ModuleInstanceContext *module) {
  WasmEdge_TableInstanceContext *found = WasmEdge_ModuleInstanceFindTable(module, NAME("table"));
  const WasmEdge_TableTypeContext *type = WasmEdge_TableInstanceGetTableType(found);
  CHECK(WasmEdge_TableTypeGetRefType(type) == WasmEdge_RefType_FuncRef);
  const WasmEdge_FunctionInstanceContext *add = WasmEdge_ModuleInstanceFindFunction(module, NAME("add"));
  WasmEdge_Value value;
  CHECK_CODE(WasmEdge_TableInstanceGetData(found, &value, 0), 0);
  CHECK(WasmEdge_ValueGetFuncRef(value) == add);
  CHECK_CODE(WasmEdge_TableInstanceGetData(found, &value, 1), 0);
  CHECK(WasmEdge_ValueIsNullRef(value));
  CHECK_CODE(WasmEdge_TableInstanceSetData(found, WasmEdge_ValueGenFuncRef(add), 1), 0);
  CHECK(call("through_table", 3, 30, 4, 1) == 34);
  CHECK(call("grow_table", 1, 3, 0, 0) == 2);
  CHECK(WasmEdge_TableInstanceGetSize(found) == 5);
  CHECK(WasmEdge_TableTypeGetLimit(type).Min == 5 && WasmEdge_TableTypeGetLimit(type).Max == 10);
  CHECK_CODE(WasmEdge_TableInstanceGrow(found, 5), 0);
  CHECK_CODE(WasmEdge_TableInstanceGrow(found, 1), 0x87);
  CHECK(call("through_table", 3, 30, 5, 4) == 35);
}

static void globals(const WasmEdge_ModuleInstanceContext *module) {
  WasmEdge_GlobalInstanceContext *counter = WasmEdge_ModuleInstanceFindGlobal(module, NAME("counter"));
  const WasmEdge_GlobalTypeContext *type = WasmEdge_GlobalInstanceGetGlobalType(counter);
  CHECK(WasmEdge_GlobalTypeGetValType(type) == WasmEdge_ValType_I32);
  CHECK(WasmEdge_GlobalTypeGetMutability(type) == WasmEdge_Mutability_Var);
  CHECK(call("bump", 0, 0, 0, 0) == 6);
  CHECK(WasmEdge_ValueGetI32(WasmEdge_GlobalInstanceGetValue(counter)) == 6);
  WasmEdge_GlobalInstanceSetValue(counter, WasmEdge_ValueGenI32(-2));
  CHECK(call("bump", 0, 0, 0, 0) == -1);
  WasmEdge_GlobalInstanceContext *constant = WasmEdge_ModuleInstanceFindGlobal(module, NAME("constant"));
  WasmEdge_GlobalInstanceSetValue(constant, WasmEdge_ValueGenV128(0));
  const WasmEdge_Value value = WasmEdge_GlobalInstanceGetValue(constant);
  CHECK(value.Type == WasmEdge_ValType_V128 && value.Value == ((uint128_t)9 << 64 | 7));
}

/* A type read from a binary has the limit rules of one that was made. */
static void declared_types(const char *path) {
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  WasmEdge_ASTModuleContext *ast = NULL;
  CHECK_CODE(WasmEdge_LoaderParseFromFile(loader, &ast, path), 0);
  const WasmEdge_ImportTypeContext *import;
  CHECK(WasmEdge_ASTModuleListImports(ast, &import, 1) == 1);
  CHECK(WasmEdge_ImportTypeGetExternalType(import) == WasmEdge_ExternalType_Function);
  CHECK(IS(WasmEdge_ImportTypeGetModuleName(import), "host"));
  CHECK(IS(WasmEdge_ImportTypeGetExternalName(import), "call"));
  CHECK(WasmEdge_FunctionTypeGetParametersLength(WasmEdge_ImportTypeGetFunctionType(ast, import)) == 1);
  CHECK(WasmEdge_ImportTypeGetFunctionType(NULL, import) == NULL);
  CHECK(WasmEdge_ImportTypeGetTableType(ast, import) == NULL);
  CHECK(WasmEdge_ImportTypeGetMemoryType(ast, import) == NULL);
  CHECK(WasmEdge_ImportTypeGetGlobalType(ast, import) == NULL);
  const WasmEdge_ExportTypeContext *exports[5];
  CHECK(WasmEdge_ASTModuleListExports(ast, exports, 5) == WasmEdge_ASTModuleListExportsLength(ast));
  CHECK(IS(WasmEdge_ExportTypeGetExternalName(exports[0]), "memory"));
  CHECK(WasmEdge_ExportTypeGetExternalType(exports[0]) == WasmEdge_ExternalType_Memory);
  WasmEdge_Limit limit = WasmEdge_MemoryTypeGetLimit(WasmEdge_ExportTypeGetMemoryType(ast, exports[0]));
  CHECK(limit.HasMax && limit.Min == 1 && limit.Max == 3);
  CHECK(WasmEdge_ExportTypeGetFunctionType(ast, exports[0]) == NULL);
  limit = WasmEdge_TableTypeGetLimit(WasmEdge_ExportTypeGetTableType(ast, exports[1]));
  CHECK(limit.HasMax && limit.Min == 2 && limit.Max == 10);
  const WasmEdge_GlobalTypeContext *counter = WasmEdge_ExportTypeGetGlobalType(ast, exports[2]);
  CHECK(WasmEdge_GlobalTypeGetMutability(counter) == WasmEdge_Mutability_Var);
  CHECK(WasmEdge_GlobalTypeGetValType(WasmEdge_ExportTypeGetGlobalType(ast, exports[3])) == WasmEdge_ValType_V128);
  CHECK(WasmEdge_ExportTypeGetGlobalType(NULL, exports[3]) == NULL);
  CHECK(WasmEdge_FunctionTypeGetParametersLength(WasmEdge_ExportTypeGetFunctionType(ast, exports[4])) == 2);
  WasmEdge_ASTModuleDelete(ast);
  WasmEdge_LoaderDelete(loader);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  declared_types(argv[1]);
  WasmEdge_ModuleInstanceContext *host = WasmEdge_ModuleInstanceCreate(NAME("host"));
  WasmEdge_ModuleInstanceAddFunction(host, NAME("call"), host_function());
  vm = WasmEdge_VMCreate(NULL, NULL);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, host), 0);
  CHECK_CODE(WasmEdge_VMLoadWasmFromFile(vm, argv[1]), 0);
  CHECK_CODE(WasmEdge_VMValidate(vm), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
  const WasmEdge_ModuleInstanceContext *module = WasmEdge_VMGetActiveModule(vm);
  memory(module);
  table(module);
  globals(module);
  WasmEdge_VMDelete(vm);
  WasmEdge_ModuleInstanceDelete(host);
  return 0;
}
