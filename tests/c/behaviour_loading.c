/* Types read from binaries, AST modules with their import and export types, loader, validator. Writes files
 * into the current directory. */
#include "behaviour.h"

enum { IMPORTS = 6, EXPORTS = 7 };

static WasmEdge_ASTModuleContext *untouched(void) {
  static char marker;
  return (WasmEdge_ASTModuleContext *)&marker;
}

/* The code of loading a buffer with the default configuration; a module that loads is deleted. */
static WasmEdge_Result load(const void *bytes, uint32_t size) {
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  WasmEdge_ASTModuleContext *ast = untouched();
  const WasmEdge_Result ended = WasmEdge_LoaderParseFromBuffer(loader, &ast, bytes, size);
  CHECK((ast == untouched()) == !WasmEdge_ResultOK(ended));
  if (ast != untouched()) WasmEdge_ASTModuleDelete(ast);
  WasmEdge_LoaderDelete(loader);
  return ended;
}
#define LOAD(literal) load(literal, sizeof(literal) - 1)
#define HEADER "\0asm\1\0\0\0"

/* ---- AST modules ----------------------------------------------------------------------------------------------- */

/* Works right after loading. Full counts, the first entries, the rest of the buffer untouched. */
static void lists(void) {
  WasmEdge_ASTModuleContext *ast = parse("kinds");
  CHECK(WasmEdge_ASTModuleListImportsLength(ast) == IMPORTS);
  CHECK(WasmEdge_ASTModuleListExportsLength(ast) == EXPORTS);
  CHECK(WasmEdge_ASTModuleListImports(ast, NULL, 0) == IMPORTS);
  CHECK(WasmEdge_ASTModuleListImports(ast, NULL, 9) == IMPORTS);
  CHECK(WasmEdge_ASTModuleListExports(ast, NULL, 1) == EXPORTS);
  const WasmEdge_ImportTypeContext *imports[IMPORTS + 2], *no_import = (const WasmEdge_ImportTypeContext *)&imports;
  const WasmEdge_ExportTypeContext *exports[EXPORTS + 2], *no_export = (const WasmEdge_ExportTypeContext *)&exports;
  for (uint32_t length = 0; length <= EXPORTS + 1; length++) {
    for (int i = 0; i < IMPORTS + 2; i++) imports[i] = no_import;
    for (int i = 0; i < EXPORTS + 2; i++) exports[i] = no_export;
    if (length <= IMPORTS + 1) CHECK(WasmEdge_ASTModuleListImports(ast, imports, length) == IMPORTS);
    CHECK(WasmEdge_ASTModuleListExports(ast, exports, length) == EXPORTS);
    if (length <= IMPORTS + 1)
      for (uint32_t i = 0; i < IMPORTS + 2; i++) CHECK((imports[i] == no_import) == (i >= length || i >= IMPORTS));
    for (uint32_t i = 0; i < EXPORTS + 2; i++) CHECK((exports[i] == no_export) == (i >= length || i >= EXPORTS));
  }
  const char *modules[] = {"one", "", "two", "two", "two", "one"};
  const char *names[] = {"function", "table", "", "constant", "variable", "functions"};
  CHECK(WasmEdge_ASTModuleListImports(ast, imports, IMPORTS) == IMPORTS);
  for (int i = 0; i < IMPORTS; i++) { /* the order of the file */
    const WasmEdge_String module = WasmEdge_ImportTypeGetModuleName(imports[i]);
    const WasmEdge_String name = WasmEdge_ImportTypeGetExternalName(imports[i]);
    CHECK(module.Length == strlen(modules[i]) && memcmp(module.Buf, modules[i], module.Length) == 0);
    CHECK(name.Length == strlen(names[i]) && memcmp(name.Buf, names[i], name.Length) == 0);
  }
  const char *exported[] = {"variable", "again function", "", "again table", "again memory", "again global", "table"};
  for (int i = 0; i < EXPORTS; i++) {
    const WasmEdge_String name = WasmEdge_ExportTypeGetExternalName(exports[i]);
    CHECK(name.Length == strlen(exported[i]) && memcmp(name.Buf, exported[i], name.Length) == 0);
  }
  WasmEdge_ASTModuleDelete(ast);
}

static void imports(void) {
  WasmEdge_ASTModuleContext *ast = parse("kinds");
  const WasmEdge_ImportTypeContext *all[IMPORTS];
  WasmEdge_ASTModuleListImports(ast, all, IMPORTS);
  const enum WasmEdge_ExternalType kinds[] = {WasmEdge_ExternalType_Function, WasmEdge_ExternalType_Table,
                                              WasmEdge_ExternalType_Memory,   WasmEdge_ExternalType_Global,
                                              WasmEdge_ExternalType_Global,   WasmEdge_ExternalType_Table};
  for (int i = 0; i < IMPORTS; i++) {
    CHECK(WasmEdge_ImportTypeGetExternalType(all[i]) == kinds[i]);
    /* Only the getter of the kind gives a type, and only with the module. */
    const bool given[] = {WasmEdge_ImportTypeGetFunctionType(ast, all[i]) != NULL,
                          WasmEdge_ImportTypeGetTableType(ast, all[i]) != NULL,
                          WasmEdge_ImportTypeGetMemoryType(ast, all[i]) != NULL,
                          WasmEdge_ImportTypeGetGlobalType(ast, all[i]) != NULL};
    for (int kind = 0; kind < 4; kind++) CHECK(given[kind] == ((int)kinds[i] == kind));
    CHECK(WasmEdge_ImportTypeGetFunctionType(NULL, all[i]) == NULL);
    CHECK(WasmEdge_ImportTypeGetTableType(NULL, all[i]) == NULL);
    CHECK(WasmEdge_ImportTypeGetMemoryType(NULL, all[i]) == NULL);
    CHECK(WasmEdge_ImportTypeGetGlobalType(NULL, all[i]) == NULL);
  }
  CHECK(has_type(WasmEdge_ImportTypeGetFunctionType(ast, all[0]), "ix:Fv"));
  const WasmEdge_TableTypeContext *table = WasmEdge_ImportTypeGetTableType(ast, all[1]);
  CHECK(WasmEdge_TableTypeGetRefType(table) == WasmEdge_RefType_ExternRef);
  CHECK(is_limit(WasmEdge_TableTypeGetLimit(table), false, 3, 3)); /* no maximum: the minimum */
  CHECK(is_limit(WasmEdge_MemoryTypeGetLimit(WasmEdge_ImportTypeGetMemoryType(ast, all[2])), false, 2, 2));
  const WasmEdge_GlobalTypeContext *global = WasmEdge_ImportTypeGetGlobalType(ast, all[3]);
  CHECK(WasmEdge_GlobalTypeGetValType(global) == WasmEdge_ValType_F32);
  CHECK(WasmEdge_GlobalTypeGetMutability(global) == WasmEdge_Mutability_Const);
  global = WasmEdge_ImportTypeGetGlobalType(ast, all[4]);
  CHECK(WasmEdge_GlobalTypeGetValType(global) == WasmEdge_ValType_I64);
  CHECK(WasmEdge_GlobalTypeGetMutability(global) == WasmEdge_Mutability_Var);
  table = WasmEdge_ImportTypeGetTableType(ast, all[5]);
  CHECK(WasmEdge_TableTypeGetRefType(table) == WasmEdge_RefType_FuncRef);
  CHECK(is_limit(WasmEdge_TableTypeGetLimit(table), true, 4, 7));
  WasmEdge_ASTModuleDelete(ast);
}

/* Items the module defines have types; imports that are exported again have none. */
static void exports(void) {
  WasmEdge_ASTModuleContext *ast = parse("kinds");
  const WasmEdge_ExportTypeContext *all[EXPORTS];
  WasmEdge_ASTModuleListExports(ast, all, EXPORTS);
  const enum WasmEdge_ExternalType kinds[] = {WasmEdge_ExternalType_Global, WasmEdge_ExternalType_Function,
                                              WasmEdge_ExternalType_Function, WasmEdge_ExternalType_Table,
                                              WasmEdge_ExternalType_Memory,   WasmEdge_ExternalType_Global,
                                              WasmEdge_ExternalType_Table};
  const bool defined[] = {true, false, true, false, false, false, true};
  for (int i = 0; i < EXPORTS; i++) {
    CHECK(WasmEdge_ExportTypeGetExternalType(all[i]) == kinds[i]);
    const bool given[] = {WasmEdge_ExportTypeGetFunctionType(ast, all[i]) != NULL,
                          WasmEdge_ExportTypeGetTableType(ast, all[i]) != NULL,
                          WasmEdge_ExportTypeGetMemoryType(ast, all[i]) != NULL,
                          WasmEdge_ExportTypeGetGlobalType(ast, all[i]) != NULL};
    for (int kind = 0; kind < 4; kind++) CHECK(given[kind] == (defined[i] && (int)kinds[i] == kind));
    CHECK(WasmEdge_ExportTypeGetFunctionType(NULL, all[i]) == NULL);
    CHECK(WasmEdge_ExportTypeGetTableType(NULL, all[i]) == NULL);
    CHECK(WasmEdge_ExportTypeGetMemoryType(NULL, all[i]) == NULL);
    CHECK(WasmEdge_ExportTypeGetGlobalType(NULL, all[i]) == NULL);
  }
  const WasmEdge_GlobalTypeContext *global = WasmEdge_ExportTypeGetGlobalType(ast, all[0]);
  CHECK(WasmEdge_GlobalTypeGetValType(global) == WasmEdge_ValType_ExternRef);
  CHECK(WasmEdge_GlobalTypeGetMutability(global) == WasmEdge_Mutability_Var);
  CHECK(has_type(WasmEdge_ExportTypeGetFunctionType(ast, all[2]), "v:iI"));
  const WasmEdge_TableTypeContext *table = WasmEdge_ExportTypeGetTableType(ast, all[6]);
  CHECK(WasmEdge_TableTypeGetRefType(table) == WasmEdge_RefType_FuncRef);
  CHECK(is_limit(WasmEdge_TableTypeGetLimit(table), false, 5, 5));
  WasmEdge_ASTModuleDelete(ast);
}

/* What no validator has looked at may refer to nothing. */
static void dangling_indices(void) {
  const char binary[] =
      HEADER "\x02\x07\x01\x01m\x01" "f\x00\x05" "\x07\x0d\x03\x01" "a\x00\x09" "\x01" "b\x01\x09" "\x01" "c\x02\x09";
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  WasmEdge_ASTModuleContext *ast = NULL;
  CHECK_CODE(WasmEdge_LoaderParseFromBuffer(loader, &ast, (const uint8_t *)binary, sizeof binary - 1), 0);
  const WasmEdge_ImportTypeContext *import;
  CHECK(WasmEdge_ASTModuleListImports(ast, &import, 1) == 1);
  CHECK(WasmEdge_ImportTypeGetExternalType(import) == WasmEdge_ExternalType_Function);
  CHECK(WasmEdge_ImportTypeGetFunctionType(ast, import) == NULL);
  const WasmEdge_ExportTypeContext *all[3];
  CHECK(WasmEdge_ASTModuleListExports(ast, all, 3) == 3);
  CHECK(WasmEdge_ExportTypeGetFunctionType(ast, all[0]) == NULL);
  CHECK(WasmEdge_ExportTypeGetTableType(ast, all[1]) == NULL);
  CHECK(WasmEdge_ExportTypeGetMemoryType(ast, all[2]) == NULL);
  WasmEdge_ASTModuleDelete(ast);
  WasmEdge_LoaderDelete(loader);
}

/* ---- Loader ---------------------------------------------------------------------------------------------------- */

static void buffers(void) {
  CHECK_CODE(load(NULL, 0), 0x22);
  CHECK_CODE(LOAD("\0as"), 0x22);
  CHECK_CODE(LOAD("\0asm"), 0x22);
  CHECK_CODE(LOAD("\0asm\1\0\0"), 0x22);
  CHECK_CODE(LOAD("\0asn\1\0\0\0"), 0x23);
  CHECK_CODE(LOAD("\0asm\2\0\0\0"), 0x24);
  CHECK_CODE(LOAD("\x7f" "ELF\2\1\1\0"), 0x23); /* libraries are read from files only */
  CHECK_CODE(LOAD("\xcf\xfa\xed\xfe\2\1\1\0"), 0x23);
  CHECK_CODE(LOAD("MZ\x90\0\2\1\1\0"), 0x23);
  CHECK_CODE(LOAD(HEADER), 0);
  CHECK_CODE(LOAD(HEADER "\x03\x02\x01\x00" "\x0a\x04\x01\x02\x00\x0b" "\x01\x04\x01\x60\x00\x00"), 0x28); /* order */
  CHECK_CODE(LOAD(HEADER "\x01\x01\x00" "\x01\x01\x00"), 0x28);
  CHECK_CODE(LOAD(HEADER "\x0d\x00"), 0x25);
  CHECK_CODE(LOAD(HEADER "\x00\x03\x02" "ab" "\x00\x01\x00"), 0); /* custom sections may be repeated */
}

static void file_of(const char *path, const char *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  CHECK(file != NULL && fwrite(bytes, 1, size, file) == size);
  fclose(file);
}

static void files(void) {
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  WasmEdge_ASTModuleContext *ast = untouched();
  CHECK_CODE(WasmEdge_LoaderParseFromFile(loader, &ast, "no/such/file.wasm"), 0x20);
  CHECK_CODE(WasmEdge_LoaderParseFromFile(loader, &ast, ""), 0x20);
  CHECK_CODE(WasmEdge_LoaderParseFromFile(loader, &ast, folder), 0x20);
  const struct {
    const char *bytes;
    size_t size;
    uint32_t code;
  } contents[] = {{"", 0, 0x22}, {"\0a", 2, 0x22}, {"asm\0", 4, 0x23}, {HEADER "\x01", 9, 0x22}, {HEADER, 8, 0}};
  for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
    file_of("some.wasm", contents[i].bytes, contents[i].size);
    CHECK(ast == untouched());
    CHECK_CODE(WasmEdge_LoaderParseFromFile(loader, &ast, "./some.wasm"), contents[i].code);
  }
  CHECK(ast != untouched());
  WasmEdge_ASTModuleDelete(ast);
  ast = untouched();
  /* A program is no compiled module. */
  CHECK_CODE(WasmEdge_LoaderParseFromFile(loader, &ast, "/proc/self/exe"), 0x20);
  CHECK(ast == untouched());
  CHECK(remove("some.wasm") == 0);
  WasmEdge_LoaderDelete(loader);
}

/* One loader serves many; the buffer and the configuration are not needed afterwards. */
static void many(void) {
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureRemoveProposal(configure, WasmEdge_Proposal_SIMD);
  WasmEdge_LoaderContext *without = WasmEdge_LoaderCreate(configure);
  WasmEdge_ConfigureAddProposal(configure, WasmEdge_Proposal_SIMD);
  WasmEdge_ConfigureDelete(configure);
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  binary from = read_binary("kinds");
  WasmEdge_ASTModuleContext *all[3] = {untouched(), untouched(), untouched()};
  CHECK_CODE(WasmEdge_LoaderParseFromBuffer(without, &all[0], from.bytes, from.size), 0x31);
  CHECK(all[0] == untouched());
  CHECK_CODE(WasmEdge_LoaderParseFromBuffer(loader, &all[0], from.bytes, from.size), 0);
  CHECK_CODE(WasmEdge_LoaderParseFromBuffer(loader, &all[1], from.bytes, from.size / 2), 0x22);
  CHECK_CODE(WasmEdge_LoaderParseFromFile(loader, &all[1], from.path), 0);
  memset(from.bytes, 0, from.size);
  free(from.bytes);
  WasmEdge_LoaderDelete(loader);
  WasmEdge_LoaderDelete(without);
  CHECK(WasmEdge_ASTModuleListImportsLength(all[0]) == IMPORTS);
  CHECK(WasmEdge_ASTModuleListImportsLength(all[1]) == IMPORTS);
  WasmEdge_ASTModuleDelete(all[0]);
  WasmEdge_ASTModuleDelete(all[1]);
}

/* ---- Validator ------------------------------------------------------------------------------------------------- */

/* Success marks the module, failure leaves its mark alone; both repeatedly. */
static void marks(void) {
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureRemoveProposal(configure, WasmEdge_Proposal_ReferenceTypes);
  WasmEdge_ValidatorContext *strict = WasmEdge_ValidatorCreate(configure);
  WasmEdge_ValidatorContext *validator = WasmEdge_ValidatorCreate(NULL);
  WasmEdge_ConfigureDelete(configure);
  WasmEdge_ExecutorContext *executor = WasmEdge_ExecutorCreate(NULL, NULL);
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  WasmEdge_ModuleInstanceContext *instance = NULL;
  WasmEdge_ASTModuleContext *ast = parse("two_tables");
  for (int i = 0; i < 2; i++) {
    CHECK_CODE(WasmEdge_ValidatorValidate(strict, ast), 0x50);
    CHECK_CODE(WasmEdge_ExecutorInstantiate(executor, &instance, store, ast), 0x08);
  }
  for (int i = 0; i < 2; i++) CHECK_CODE(WasmEdge_ValidatorValidate(validator, ast), 0);
  CHECK_CODE(WasmEdge_ValidatorValidate(strict, ast), 0x50);
  CHECK_CODE(WasmEdge_ExecutorInstantiate(executor, &instance, store, ast), 0);
  WasmEdge_ModuleInstanceDelete(instance);
  WasmEdge_ASTModuleDelete(ast);
  WasmEdge_StoreDelete(store);
  WasmEdge_ExecutorDelete(executor);
  WasmEdge_ValidatorDelete(validator);
  WasmEdge_ValidatorDelete(strict);
}

int main(int argc, char **argv) {
  static const part parts[] = {
      {"lists", lists},     {"imports", imports}, {"exports", exports}, {"dangling_indices", dangling_indices},
      {"buffers", buffers}, {"files", files},     {"many", many},       {"marks", marks},
  };
  return run_parts(argc, argv, parts, sizeof parts / sizeof *parts);
}
