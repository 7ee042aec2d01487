/* What a module imports and exports, with all types: the module is only loaded, nothing is run. */
#include "example.h"

static void print_types(const char *title, const enum WasmEdge_ValType *types, uint32_t count) {
  printf(" %s(", title);
  for (uint32_t i = 0; i < count; i++)
    printf("%s%s", i ? " " : "", type_name(types[i]));
  printf(")");
}

static void print_function(const WasmEdge_FunctionTypeContext *type) {
  enum WasmEdge_ValType types[8];
  uint32_t count = WasmEdge_FunctionTypeGetParameters(type, types, 8);
  /* The full count comes back, even if it is more than was asked for. */
  CHECK(count <= 8 && count == WasmEdge_FunctionTypeGetParametersLength(type));
  print_types("params", types, count);
  count = WasmEdge_FunctionTypeGetReturns(type, types, 8);
  CHECK(count <= 8 && count == WasmEdge_FunctionTypeGetReturnsLength(type));
  print_types("results", types, count);
}

static void print_limit(WasmEdge_Limit limit) {
  printf(" at least %u", limit.Min);
  if (limit.HasMax)
    printf(", at most %u", limit.Max);
}

static void print_table(const WasmEdge_TableTypeContext *type) {
  print_limit(WasmEdge_TableTypeGetLimit(type));
  printf(" of %s", type_name((enum WasmEdge_ValType)WasmEdge_TableTypeGetRefType(type)));
}

static void print_memory(const WasmEdge_MemoryTypeContext *type) {
  print_limit(WasmEdge_MemoryTypeGetLimit(type));
  printf(" pages");
}

static void print_global(const WasmEdge_GlobalTypeContext *type) {
  bool variable = WasmEdge_GlobalTypeGetMutability(type) == WasmEdge_Mutability_Var;
  printf(" %s %s", variable ? "variable" : "constant", type_name(WasmEdge_GlobalTypeGetValType(type)));
}

/* The getters give NULL unless the item is of their kind. */
static void print_import(const WasmEdge_ASTModuleContext *module, const WasmEdge_ImportTypeContext *item) {
  printf("import %.*s / %.*s:", TEXT(WasmEdge_ImportTypeGetModuleName(item)),
         TEXT(WasmEdge_ImportTypeGetExternalName(item)));
  switch (WasmEdge_ImportTypeGetExternalType(item)) {
  case WasmEdge_ExternalType_Function:
    printf(" function");
    print_function(WasmEdge_ImportTypeGetFunctionType(module, item));
    CHECK(WasmEdge_ImportTypeGetMemoryType(module, item) == NULL);
    break;
  case WasmEdge_ExternalType_Table:
    printf(" table");
    print_table(WasmEdge_ImportTypeGetTableType(module, item));
    break;
  case WasmEdge_ExternalType_Memory:
    printf(" memory");
    print_memory(WasmEdge_ImportTypeGetMemoryType(module, item));
    break;
  case WasmEdge_ExternalType_Global:
    printf(" global");
    print_global(WasmEdge_ImportTypeGetGlobalType(module, item));
    break;
  }
  printf("\n");
}

static void print_export(const WasmEdge_ASTModuleContext *module, const WasmEdge_ExportTypeContext *item) {
  printf("export %.*s:", TEXT(WasmEdge_ExportTypeGetExternalName(item)));
  switch (WasmEdge_ExportTypeGetExternalType(item)) {
  case WasmEdge_ExternalType_Function: {
    const WasmEdge_FunctionTypeContext *type = WasmEdge_ExportTypeGetFunctionType(module, item);
    printf(" function");
    if (type != NULL)
      print_function(type);
    else
      printf(", which is an import"); /* an import that is exported again has no type here */
    break;
  }
  case WasmEdge_ExternalType_Table:
    printf(" table");
    print_table(WasmEdge_ExportTypeGetTableType(module, item));
    break;
  case WasmEdge_ExternalType_Memory:
    printf(" memory");
    print_memory(WasmEdge_ExportTypeGetMemoryType(module, item));
    break;
  case WasmEdge_ExternalType_Global:
    printf(" global");
    print_global(WasmEdge_ExportTypeGetGlobalType(module, item));
    break;
  }
  printf("\n");
}

int main(void) {
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  WasmEdge_ASTModuleContext *module = NULL;
  MUST(WasmEdge_LoaderParseFromFile(loader, &module, "inspect.wasm"));
  WasmEdge_LoaderDelete(loader);

  /* The lists are in the order of the file; they and their strings live as long as the module. */
  const WasmEdge_ImportTypeContext *imports[8];
  uint32_t count = WasmEdge_ASTModuleListImports(module, imports, 8);
  CHECK(count == 4 && count == WasmEdge_ASTModuleListImportsLength(module));
  for (uint32_t i = 0; i < count; i++)
    print_import(module, imports[i]);

  const WasmEdge_ExportTypeContext *exports[8];
  count = WasmEdge_ASTModuleListExports(module, exports, 8);
  CHECK(count == 5 && count == WasmEdge_ASTModuleListExportsLength(module));
  for (uint32_t i = 0; i < count; i++)
    print_export(module, exports[i]);

  WasmEdge_ASTModuleDelete(module);
  return 0;
}
