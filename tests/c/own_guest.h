/* What hosts that go to the edges of the API share: guest.wasm and what it imports. */
#ifndef PYWASMEDGE_TESTS_OWN_GUEST_H
#define PYWASMEDGE_TESTS_OWN_GUEST_H

#include <fcntl.h>
#include <unistd.h>

#include "harness.h"

typedef struct guest {
  const char *path;
  uint8_t *bytes;
  uint32_t size;
} guest;

static inline guest read_guest(const char *path) {
  FILE *file = fopen(path, "rb");
  CHECK(file != NULL);
  CHECK(fseek(file, 0, SEEK_END) == 0);
  const long size = ftell(file);
  guest read = {path, malloc((size_t)size), (uint32_t)size};
  rewind(file);
  CHECK(read.bytes != NULL && fread(read.bytes, 1, read.size, file) == read.size);
  fclose(file);
  return read;
}

/* The host function `call` of the guest: gives its parameter back. */
static inline WasmEdge_Result give_back(void *data, WasmEdge_MemoryInstanceContext *memory,
                                        const WasmEdge_Value *params, WasmEdge_Value *returns) {
  (void)data, (void)memory;
  returns[0] = params[0];
  return WasmEdge_Result_Success;
}

/* A host function from i32 to i32. */
static inline WasmEdge_FunctionInstanceContext *host_function(WasmEdge_HostFunc_t function, void *data) {
  const enum WasmEdge_ValType i32 = WasmEdge_ValType_I32;
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(&i32, 1, &i32, 1);
  WasmEdge_FunctionInstanceContext *made = WasmEdge_FunctionInstanceCreate(type, function, data, 0);
  CHECK(made != NULL);
  WasmEdge_FunctionTypeDelete(type);
  return made;
}

/* The module `host` that the guest imports. */
static inline WasmEdge_ModuleInstanceContext *host_module(WasmEdge_HostFunc_t function, void *data) {
  WasmEdge_ModuleInstanceContext *module = WasmEdge_ModuleInstanceCreate(NAME("host"));
  CHECK(module != NULL);
  WasmEdge_ModuleInstanceAddFunction(module, NAME("call"), host_function(function, data));
  return module;
}

/* Makes the guest the VM's active module; `host` is registered already. */
static inline void start_guest(WasmEdge_VMContext *vm, const guest *from) {
  CHECK_CODE(WasmEdge_VMLoadWasmFromBuffer(vm, from->bytes, from->size), 0);
  CHECK_CODE(WasmEdge_VMValidate(vm), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
}

/* A VM with the guest as active module. */
static inline WasmEdge_VMContext *guest_vm(const guest *from, const WasmEdge_ModuleInstanceContext *host) {
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  CHECK(vm != NULL);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, host), 0);
  start_guest(vm, from);
  return vm;
}

/* The guest, loaded and validated. */
static inline WasmEdge_ASTModuleContext *guest_ast(const guest *from) {
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  WasmEdge_ValidatorContext *validator = WasmEdge_ValidatorCreate(NULL);
  WasmEdge_ASTModuleContext *ast = NULL;
  CHECK_CODE(WasmEdge_LoaderParseFromBuffer(loader, &ast, from->bytes, from->size), 0);
  CHECK_CODE(WasmEdge_ValidatorValidate(validator, ast), 0);
  WasmEdge_LoaderDelete(loader);
  WasmEdge_ValidatorDelete(validator);
  return ast;
}

/* Calls the active module's function with i32 parameters; returns its first result. */
static inline int32_t call_guest(WasmEdge_VMContext *vm, const char *name, uint32_t count, int32_t a, int32_t b) {
  const WasmEdge_Value params[] = {WasmEdge_ValueGenI32(a), WasmEdge_ValueGenI32(b)};
  WasmEdge_Value returned = WasmEdge_ValueGenI64(0);
  const WasmEdge_String function = WasmEdge_StringWrap(name, (uint32_t)strlen(name));
  CHECK_CODE(WasmEdge_VMExecute(vm, function, params, count, &returned, 1), 0);
  CHECK(returned.Type == WasmEdge_ValType_I32);
  return WasmEdge_ValueGetI32(returned);
}

/* The library's log goes nowhere; what this program itself has to say stays. */
static inline void silence_log(void) {
  FILE *own = fdopen(dup(STDERR_FILENO), "w");
  CHECK(own != NULL && dup2(open("/dev/null", O_WRONLY), STDERR_FILENO) == STDERR_FILENO);
  stderr = own;
  setvbuf(own, NULL, _IONBF, 0);
}

#endif
