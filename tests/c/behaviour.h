/* What the hosts share that test behaviour section by section. Argument 1 of each is the folder of the modules. */
#ifndef PYWASMEDGE_TESTS_BEHAVIOUR_H
#define PYWASMEDGE_TESTS_BEHAVIOUR_H

#include "harness.h"

typedef struct binary {
  char path[4096];
  uint8_t *bytes;
  uint32_t size;
} binary;

static const char *folder;

/* A module of the folder. */
static inline binary read_binary(const char *name) {
  binary read;
  snprintf(read.path, sizeof read.path, "%s/%s.wasm", folder, name);
  FILE *file = fopen(read.path, "rb");
  CHECK(file != NULL);
  CHECK(fseek(file, 0, SEEK_END) == 0);
  read.size = (uint32_t)ftell(file);
  read.bytes = malloc(read.size);
  rewind(file);
  CHECK(fread(read.bytes, 1, read.size, file) == read.size);
  fclose(file);
  return read;
}

static inline WasmEdge_Limit at_least(uint32_t min) {
  return (WasmEdge_Limit){.HasMax = false, .Min = min, .Max = min};
}

static inline WasmEdge_Limit between(uint32_t min, uint32_t max) {
  return (WasmEdge_Limit){.HasMax = true, .Min = min, .Max = max};
}

static inline bool is_limit(WasmEdge_Limit limit, bool has_max, uint32_t min, uint32_t max) {
  return WasmEdge_LimitIsEqual(limit, (WasmEdge_Limit){.HasMax = has_max, .Min = min, .Max = max});
}

static inline bool is_empty(WasmEdge_String string) { return string.Length == 0; }

/* A module, loaded; and validated, too. */
static inline WasmEdge_ASTModuleContext *parse(const char *name) {
  binary from = read_binary(name);
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(NULL);
  WasmEdge_ASTModuleContext *ast = NULL;
  CHECK_CODE(WasmEdge_LoaderParseFromBuffer(loader, &ast, from.bytes, from.size), 0);
  WasmEdge_LoaderDelete(loader);
  free(from.bytes);
  return ast;
}

static inline WasmEdge_ASTModuleContext *parse_valid(const char *name) {
  WasmEdge_ASTModuleContext *ast = parse(name);
  WasmEdge_ValidatorContext *validator = WasmEdge_ValidatorCreate(NULL);
  CHECK_CODE(WasmEdge_ValidatorValidate(validator, ast), 0);
  WasmEdge_ValidatorDelete(validator);
  return ast;
}

/* Writes the types that the letters of a text stand for; returns how many there are. */
static inline uint32_t read_types(const char *letters, size_t count, enum WasmEdge_ValType *types) {
  for (size_t i = 0; i < count; i++) {
    switch (letters[i]) {
      case 'i': types[i] = WasmEdge_ValType_I32; break;
      case 'I': types[i] = WasmEdge_ValType_I64; break;
      case 'f': types[i] = WasmEdge_ValType_F32; break;
      case 'F': types[i] = WasmEdge_ValType_F64; break;
      case 'v': types[i] = WasmEdge_ValType_V128; break;
      case 'r': types[i] = WasmEdge_ValType_FuncRef; break;
      case 'x': types[i] = WasmEdge_ValType_ExternRef; break;
      default: CHECK(!"a letter that stands for a type");
    }
  }
  return (uint32_t)count;
}

/* A function type by a text like "xi:i": parameters, results. */
static inline WasmEdge_FunctionTypeContext *type_of(const char *signature) {
  enum WasmEdge_ValType params[32], results[32];
  const char *colon = strchr(signature, ':');
  CHECK(colon != NULL && strlen(signature) < 32);
  const uint32_t in = read_types(signature, (size_t)(colon - signature), params);
  const uint32_t out = read_types(colon + 1, strlen(colon + 1), results);
  return WasmEdge_FunctionTypeCreate(params, in, results, out);
}

static inline bool has_type(const WasmEdge_FunctionTypeContext *type, const char *signature) {
  enum WasmEdge_ValType expected[32], found[32];
  const char *colon = strchr(signature, ':');
  uint32_t count = read_types(signature, (size_t)(colon - signature), expected);
  if (type == NULL || WasmEdge_FunctionTypeGetParameters(type, found, 32) != count) return false;
  if (memcmp(expected, found, count * sizeof *found) != 0) return false;
  count = read_types(colon + 1, strlen(colon + 1), expected);
  if (WasmEdge_FunctionTypeGetReturns(type, found, 32) != count) return false;
  return memcmp(expected, found, count * sizeof *found) == 0;
}

/* A host function; its type context is deleted at once. */
static inline WasmEdge_FunctionInstanceContext *host_function(const char *signature, WasmEdge_HostFunc_t function,
                                                              void *data) {
  WasmEdge_FunctionTypeContext *type = type_of(signature);
  WasmEdge_FunctionInstanceContext *made = WasmEdge_FunctionInstanceCreate(type, function, data, 0);
  WasmEdge_FunctionTypeDelete(type);
  CHECK(made != NULL);
  return made;
}

static inline WasmEdge_TableInstanceContext *host_table(enum WasmEdge_RefType of, WasmEdge_Limit limit) {
  WasmEdge_TableTypeContext *type = WasmEdge_TableTypeCreate(of, limit);
  WasmEdge_TableInstanceContext *made = WasmEdge_TableInstanceCreate(type);
  WasmEdge_TableTypeDelete(type);
  CHECK(made != NULL);
  return made;
}

static inline WasmEdge_MemoryInstanceContext *host_memory(WasmEdge_Limit limit) {
  WasmEdge_MemoryTypeContext *type = WasmEdge_MemoryTypeCreate(limit);
  WasmEdge_MemoryInstanceContext *made = WasmEdge_MemoryInstanceCreate(type);
  WasmEdge_MemoryTypeDelete(type);
  CHECK(made != NULL);
  return made;
}

static inline WasmEdge_GlobalInstanceContext *host_global(WasmEdge_Value value, enum WasmEdge_Mutability mutability) {
  WasmEdge_GlobalTypeContext *type = WasmEdge_GlobalTypeCreate(value.Type, mutability);
  WasmEdge_GlobalInstanceContext *made = WasmEdge_GlobalInstanceCreate(type, value);
  WasmEdge_GlobalTypeDelete(type);
  CHECK(made != NULL);
  return made;
}

/* Runs the parts of a program that have the given name; every part without one. */
typedef struct part {
  const char *name;
  void (*run)(void);
} part;

static inline int run_parts(int argc, char **argv, const part *parts, size_t count) {
  CHECK(argc >= 2);
  folder = argv[1];
  int done = 0;
  for (size_t i = 0; i < count; i++) {
    if (argc > 2 && strcmp(argv[2], parts[i].name) != 0) continue;
    parts[i].run();
    done++;
  }
  CHECK(done > 0);
  return 0;
}

#endif
