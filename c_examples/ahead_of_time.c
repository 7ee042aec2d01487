/* Compiling a module ahead of time: to a shared library, and to a file that any WebAssembly engine runs, too.
 *
 * Shows the options of the compiler and that compiled files are used like the modules they were made from. */
#include "example.h"

/* Compiles to a file in the given format. */
static void compile(const char *from, const char *to, enum WasmEdge_CompilerOutputFormat format) {
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureCompilerSetOutputFormat(configure, format);
  WasmEdge_ConfigureCompilerSetOptimizationLevel(configure, WasmEdge_CompilerOptimizationLevel_O2);
  /* The file may be used on other processors than this one. */
  WasmEdge_ConfigureCompilerSetGenericBinary(configure, true);

  WasmEdge_CompilerContext *compiler = WasmEdge_CompilerCreate(configure);
  CHECK(compiler != NULL);
  MUST(WasmEdge_CompilerCompile(compiler, from, to));
  WasmEdge_CompilerDelete(compiler);
  WasmEdge_ConfigureDelete(configure);
}

/* The first bytes of a file say what it is. */
static const char *kind_of(const char *path) {
  char bytes[4] = "";
  FILE *file = fopen(path, "rb");
  CHECK(file != NULL && fread(bytes, 1, sizeof bytes, file) == sizeof bytes);
  fclose(file);
  if (memcmp(bytes, "\0asm", 4) == 0) return "a WebAssembly module";
  return memcmp(bytes, "\177ELF", 4) == 0 ? "a shared library" : "something else";
}

/* Runs a function of a file. Nothing is compiled any more, and function bodies are not even decoded. */
static int32_t fibonacci(const char *path, int32_t n) {
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  const WasmEdge_Value params[1] = {WasmEdge_ValueGenI32(n)};
  WasmEdge_Value returns[1];
  MUST(WasmEdge_VMRunWasmFromFile(vm, path, name("fib"), params, 1, returns, 1));
  WasmEdge_VMDelete(vm);
  return WasmEdge_ValueGetI32(returns[0]);
}

int main(void) {
  static const char library[] = "quick_start_aot.so", universal[] = "quick_start_aot.wasm";
  compile("quick_start.wasm", library, WasmEdge_CompilerOutputFormat_Native);
  compile("quick_start.wasm", universal, WasmEdge_CompilerOutputFormat_Wasm);
  printf("native: %s\nuniversal: %s\n", kind_of(library), kind_of(universal));
  printf("plain, native, universal: %d, %d, %d\n", fibonacci("quick_start.wasm", 20), fibonacci(library, 20),
         fibonacci(universal, 20));

  /* What cannot be compiled says why, with the code that loading or validating it would give. */
  WasmEdge_CompilerContext *compiler = WasmEdge_CompilerCreate(NULL);
  FAILS("no such file", WasmEdge_ErrCode_IllegalPath,
        WasmEdge_CompilerCompile(compiler, "no_such.wasm", universal));
  FAILS("compiling a library", WasmEdge_ErrCode_MalformedMagic,
        WasmEdge_CompilerCompile(compiler, library, universal));
  WasmEdge_CompilerDelete(compiler);

  CHECK(remove(library) == 0 && remove(universal) == 0);
  return 0;
}
