/* The ahead-of-time compiler: what it writes, loads and runs like the module it was made from. */
#include "behaviour.h"

static bool is_wasm(const char *path) {
  char magic[4] = "";
  FILE *file = fopen(path, "rb");
  CHECK(file != NULL && fread(magic, 1, 4, file) == 4);
  fclose(file);
  return memcmp(magic, "\0asm", 4) == 0;
}

static WasmEdge_ConfigureContext *configuration(enum WasmEdge_CompilerOutputFormat format) {
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureCompilerSetOptimizationLevel(configure, WasmEdge_CompilerOptimizationLevel_O0);
  WasmEdge_ConfigureCompilerSetOutputFormat(configure, format);
  return configure;
}

static WasmEdge_Result compile(const char *from, const char *to, enum WasmEdge_CompilerOutputFormat format) {
  WasmEdge_ConfigureContext *configure = configuration(format);
  WasmEdge_CompilerContext *compiler = WasmEdge_CompilerCreate(configure);
  WasmEdge_ConfigureDelete(configure);
  CHECK(compiler != NULL);
  const WasmEdge_Result result = WasmEdge_CompilerCompile(compiler, from, to);
  WasmEdge_CompilerDelete(compiler);
  return result;
}

static void write_file(const char *path, const void *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  CHECK(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

static WasmEdge_Result forty_two(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *in,
                                 WasmEdge_Value *out) {
  (void)data, (void)memory;
  out[0] = WasmEdge_ValueGenI32(WasmEdge_ValueGetI32(in[0]) + 42);
  return WasmEdge_Result_Success;
}

/* Runs everything of `guest` from an AST module. */
static void run_guest(WasmEdge_ASTModuleContext *ast) {
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  WasmEdge_ModuleInstanceContext *host = WasmEdge_ModuleInstanceCreate(NAME("host"));
  WasmEdge_ModuleInstanceAddFunction(host, NAME("call"), host_function("i:i", forty_two, NULL));
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, host), 0);
  WasmEdge_Value in[3] = {WasmEdge_ValueGenI32(20), WasmEdge_ValueGenI32(22), WasmEdge_ValueGenI32(0)}, out[2];
  CHECK_CODE(WasmEdge_VMRunWasmFromASTModule(vm, ast, NAME("add"), in, 2, out, 1), 0);
  CHECK(WasmEdge_ValueGetI32(out[0]) == 42);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("through_table"), in, 3, out, 1), 0);
  CHECK(WasmEdge_ValueGetI32(out[0]) == 42);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("call"), in, 1, out, 1), 0);
  CHECK(WasmEdge_ValueGetI32(out[0]) == 62);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("sum"), in, 1, out, 1), 0);
  CHECK(WasmEdge_ValueGetI32(out[0]) == 210);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("trap"), NULL, 0, NULL, 0), 0x89);
  in[0] = WasmEdge_ValueGenI32(-1);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("load"), in, 1, out, 1), 0x88);
  CHECK_CODE(WasmEdge_VMExecute(vm, NAME("add"), in, 1, out, 1), 0x83);
  WasmEdge_VMDelete(vm);
  WasmEdge_ModuleInstanceDelete(host);
}

static WasmEdge_Result load(const char *path, WasmEdge_ASTModuleContext **ast) {
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  const WasmEdge_Result result = WasmEdge_LoaderParseFromFile(loader, ast, path);
  WasmEdge_LoaderDelete(loader);
  return result;
}

static WasmEdge_Result load_buffer(const char *path, WasmEdge_ASTModuleContext **ast) {
  uint8_t bytes[1 << 16];
  FILE *file = fopen(path, "rb");
  CHECK(file != NULL);
  const size_t size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  const WasmEdge_Result result = WasmEdge_LoaderParseFromBuffer(loader, ast, bytes, (uint32_t)size);
  WasmEdge_LoaderDelete(loader);
  return result;
}

static void formats(void) {
  binary from = read_binary("guest");
  WasmEdge_ASTModuleContext *ast = NULL;
  CHECK_CODE(compile(from.path, "guest_aot.wasm", WasmEdge_CompilerOutputFormat_Wasm), 0);
  CHECK_CODE(compile(from.path, "guest_aot.so", WasmEdge_CompilerOutputFormat_Native), 0);
  CHECK(is_wasm("guest_aot.wasm") && !is_wasm("guest_aot.so"));
  CHECK_CODE(load("guest_aot.wasm", &ast), 0);
  CHECK(WasmEdge_ASTModuleListImportsLength(ast) == 1 && WasmEdge_ASTModuleListExportsLength(ast) > 10);
  run_guest(ast);
  WasmEdge_ASTModuleDelete(ast);
  CHECK_CODE(load_buffer("guest_aot.wasm", &ast), 0);
  run_guest(ast);
  WasmEdge_ASTModuleDelete(ast);
  CHECK_CODE(load("guest_aot.so", &ast), 0);
  CHECK(WasmEdge_ASTModuleListImportsLength(ast) == 1 && WasmEdge_ASTModuleListExportsLength(ast) > 10);
  run_guest(ast);
  WasmEdge_ASTModuleDelete(ast);
  ast = NULL;
  CHECK_CODE(load_buffer("guest_aot.so", &ast), 0x23);
  CHECK(ast == NULL);
  /* The format counts, not the name. */
  CHECK_CODE(compile(from.path, "name.so", WasmEdge_CompilerOutputFormat_Wasm), 0);
  CHECK(is_wasm("name.so"));
  CHECK_CODE(load("name.so", &ast), 0);
  WasmEdge_ASTModuleDelete(ast);
  free(from.bytes);
}

static void failures(void) {
  binary from = read_binary("guest");
  CHECK_CODE(compile("no/such.wasm", "never.so", WasmEdge_CompilerOutputFormat_Native), 0x20);
  write_file("empty.wasm", "", 0);
  CHECK_CODE(compile("empty.wasm", "never.so", WasmEdge_CompilerOutputFormat_Native), 0x22);
  /* A function of type () -> i32 whose body is empty. */
  static const uint8_t invalid[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7F, 3, 2, 1, 0, 10, 4, 1, 2, 0, 11};
  write_file("invalid.wasm", invalid, sizeof invalid);
  CHECK_CODE(compile("invalid.wasm", "never.so", WasmEdge_CompilerOutputFormat_Native), 0x41);
  CHECK_CODE(compile(from.path, "compiled.so", WasmEdge_CompilerOutputFormat_Native), 0);
  CHECK_CODE(compile("compiled.so", "never.so", WasmEdge_CompilerOutputFormat_Native), 0x23);
  CHECK_CODE(compile(from.path, "no/such/folder.so", WasmEdge_CompilerOutputFormat_Native), 0x20);
  CHECK_CODE(compile(from.path, ".", WasmEdge_CompilerOutputFormat_Wasm), 0x20);
  CHECK(fopen("never.so", "rb") == NULL);
  WasmEdge_CompilerContext *compiler = WasmEdge_CompilerCreate(NULL);
  CHECK_CODE(WasmEdge_CompilerCompile(NULL, from.path, "never.so"), 0x04);
  CHECK_CODE(WasmEdge_CompilerCompile(compiler, NULL, "never.so"), 0x04);
  CHECK_CODE(WasmEdge_CompilerCompile(compiler, from.path, NULL), 0x04);
  WasmEdge_CompilerDelete(compiler);
  WasmEdge_CompilerDelete(NULL);
  free(from.bytes);
}

/* One context, several compilations, also of its own output; all ways of a VM to run a file. */
static void again(void) {
  binary from = read_binary("unit");
  WasmEdge_ConfigureContext *configure = configuration(WasmEdge_CompilerOutputFormat_Wasm);
  WasmEdge_CompilerContext *compiler = WasmEdge_CompilerCreate(configure);
  WasmEdge_ConfigureDelete(configure);
  for (int turn = 0; turn < 3; turn++) CHECK_CODE(WasmEdge_CompilerCompile(compiler, from.path, "unit_aot.wasm"), 0);
  CHECK_CODE(WasmEdge_CompilerCompile(compiler, "unit_aot.wasm", "unit_aot.wasm"), 0);
  WasmEdge_CompilerDelete(compiler);
  WasmEdge_ASTModuleContext *ast;
  CHECK_CODE(load("unit_aot.wasm", &ast), 0);
  WasmEdge_ValidatorContext *validator = WasmEdge_ValidatorCreate(NULL);
  CHECK_CODE(WasmEdge_ValidatorValidate(validator, ast), 0);
  WasmEdge_ValidatorDelete(validator);
  WasmEdge_ASTModuleDelete(ast);
  free(from.bytes);
}

/* A compiled module and a plain one call each other. */
static void together(void) {
  binary starts = read_binary("seven");
  CHECK_CODE(compile(starts.path, "seven_aot.so", WasmEdge_CompilerOutputFormat_Native), 0);
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromFile(vm, NAME("compiled"), "seven_aot.so"), 0);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromFile(vm, NAME("plain"), starts.path), 0);
  const WasmEdge_Value in[7] = {
      WasmEdge_ValueGenI32(1),          WasmEdge_ValueGenI64(2),
      WasmEdge_ValueGenF32(3.f),        WasmEdge_ValueGenF64(4.),
      WasmEdge_ValueGenV128((int128_t)5 << 70), WasmEdge_ValueGenNullRef(WasmEdge_RefType_FuncRef),
      WasmEdge_ValueGenNullRef(WasmEdge_RefType_ExternRef),
  };
  WasmEdge_Value one[7], other[7];
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, NAME("compiled"), NAME("turn"), in, 7, one, 7), 0);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, NAME("plain"), NAME("turn"), in, 7, other, 7), 0);
  for (int i = 0; i < 7; i++) {
    CHECK(one[i].Type == other[i].Type && one[i].Value == other[i].Value);
  }
  CHECK(WasmEdge_ValueGetV128(one[2]) == (int128_t)5 << 70);
  WasmEdge_VMDelete(vm);
  free(starts.bytes);
}

int main(int argc, char **argv) {
  static const part parts[] = {
      {"formats", formats},
      {"failures", failures},
      {"again", again},
      {"together", together},
  };
  return run_parts(argc, argv, parts, sizeof parts / sizeof *parts);
}
