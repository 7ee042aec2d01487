/* What the examples share: names, texts and checks. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wasmedge/wasmedge.h>

/* Ends the program unless a condition holds. */
#define CHECK(condition) \
  do { \
    if (!(condition)) \
      example_stop(__FILE__, __LINE__, #condition); \
  } while (0)

/* Ends the program unless a call succeeds. */
#define MUST(call) example_must(__FILE__, __LINE__, (call))

/* Ends the program unless a call fails with the given code; prints the code's message. */
#define FAILS(what, code, call) example_fails(__FILE__, __LINE__, (what), (code), (call))

/* A WasmEdge_String for the format "%.*s". */
#define TEXT(string) (int)(string).Length, (string).Buf

static inline void example_stop(const char *file, int line, const char *text) {
  fprintf(stderr, "%s:%d: %s\n", file, line, text);
  exit(1);
}

static inline void example_must(const char *file, int line, WasmEdge_Result result) {
  if (!WasmEdge_ResultOK(result))
    example_stop(file, line, WasmEdge_ResultGetMessage(result));
}

static inline void example_fails(const char *file, int line, const char *what, enum WasmEdge_ErrCode code,
                                 WasmEdge_Result result) {
  if (WasmEdge_ResultGetCode(result) != (uint32_t)code)
    example_stop(file, line, what);
  printf("%s: %s (0x%02X)\n", what, WasmEdge_ResultGetMessage(result), (unsigned)code);
}

/* A name for the API. It refers to the C string: nothing is copied, nothing has to be deleted. */
static inline WasmEdge_String name(const char *text) { return WasmEdge_StringWrap(text, (uint32_t)strlen(text)); }

/* How the text format writes a value type. */
static inline const char *type_name(enum WasmEdge_ValType type) {
  switch (type) {
  case WasmEdge_ValType_I32: return "i32";
  case WasmEdge_ValType_I64: return "i64";
  case WasmEdge_ValType_F32: return "f32";
  case WasmEdge_ValType_F64: return "f64";
  case WasmEdge_ValType_V128: return "v128";
  case WasmEdge_ValType_FuncRef: return "funcref";
  case WasmEdge_ValType_ExternRef: return "externref";
  default: return "?";
  }
}

#endif
