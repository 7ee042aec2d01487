/* Version, values, strings, results, limits. Prints "<code>\t<message>" for each code that has one. */
#include "harness.h"

static void version(void) {
  CHECK(strcmp(WasmEdge_VersionGet(), WASMEDGE_VERSION) == 0);
  CHECK(WasmEdge_VersionGetMajor() == WASMEDGE_VERSION_MAJOR);
  CHECK(WasmEdge_VersionGetMinor() == WASMEDGE_VERSION_MINOR);
  CHECK(WasmEdge_VersionGetPatch() == WASMEDGE_VERSION_PATCH);
}

static uint64_t low(WasmEdge_Value value) { return (uint64_t)value.Value; }
static uint64_t high(WasmEdge_Value value) { return (uint64_t)(value.Value >> 64); }

static void numbers(void) {
  WasmEdge_Value value = WasmEdge_ValueGenI32(-2);
  CHECK(value.Type == WasmEdge_ValType_I32 && low(value) == 0xFFFFFFFEu && high(value) == 0);
  CHECK(WasmEdge_ValueGetI32(value) == -2);
  value = WasmEdge_ValueGenI64(INT64_MIN);
  CHECK(value.Type == WasmEdge_ValType_I64 && low(value) == 1ull << 63 && high(value) == 0);
  CHECK(WasmEdge_ValueGetI64(value) == INT64_MIN);
  CHECK(WasmEdge_ValueGetI32(value) == 0); /* whatever the type says */
  value = WasmEdge_ValueGenF32(-1.5f);
  CHECK(value.Type == WasmEdge_ValType_F32 && low(value) == 0xBFC00000u && high(value) == 0);
  CHECK(WasmEdge_ValueGetF32(value) == -1.5f);
  value = WasmEdge_ValueGenF64(-1.5);
  CHECK(value.Type == WasmEdge_ValType_F64 && low(value) == 0xBFF8000000000000u && high(value) == 0);
  CHECK(WasmEdge_ValueGetF64(value) == -1.5);
  const int128_t wide = -((int128_t)1 << 100) + 7;
  value = WasmEdge_ValueGenV128(wide);
  CHECK(value.Type == WasmEdge_ValType_V128 && value.Value == (uint128_t)wide);
  CHECK(WasmEdge_ValueGetV128(value) == wide);
  CHECK(WasmEdge_ValueGetI64(value) == 7);
  /* Bits above the type are ignored; a signalling NaN keeps its bits. */
  value = (WasmEdge_Value){.Value = ((uint128_t)5 << 64) | 0x1234567800000009u, .Type = WasmEdge_ValType_None};
  CHECK(WasmEdge_ValueGetI32(value) == 9 && WasmEdge_ValueGetI64(value) == 0x1234567800000009);
  const uint32_t bits = 0x7FA00001;
  float nan;
  memcpy(&nan, &bits, sizeof nan);
  CHECK(low(WasmEdge_ValueGenF32(nan)) == bits);
}

static void references(void) {
  WasmEdge_Value value = WasmEdge_ValueGenNullRef(WasmEdge_RefType_ExternRef);
  CHECK(value.Type == WasmEdge_ValType_ExternRef && value.Value == 0 && WasmEdge_ValueIsNullRef(value));
  value = WasmEdge_ValueGenNullRef(WasmEdge_RefType_FuncRef);
  CHECK(value.Type == WasmEdge_ValType_FuncRef && value.Value == 0 && WasmEdge_ValueIsNullRef(value));
  CHECK(WasmEdge_ValueGetFuncRef(value) == NULL && WasmEdge_ValueGetExternRef(value) == NULL);
  /* References are words that nobody looks behind. */
  const WasmEdge_FunctionInstanceContext *function = (const WasmEdge_FunctionInstanceContext *)0x100000007;
  value = WasmEdge_ValueGenFuncRef(function);
  CHECK(value.Type == WasmEdge_ValType_FuncRef && low(value) == 0x100000007 && high(value) == 0);
  CHECK(!WasmEdge_ValueIsNullRef(value) && WasmEdge_ValueGetFuncRef(value) == function);
  int object;
  value = WasmEdge_ValueGenExternRef(&object);
  CHECK(value.Type == WasmEdge_ValType_ExternRef && WasmEdge_ValueGetExternRef(value) == &object);
  CHECK(WasmEdge_ValueIsNullRef(WasmEdge_ValueGenFuncRef(NULL)));
  CHECK(WasmEdge_ValueIsNullRef(WasmEdge_ValueGenExternRef(NULL)));
  CHECK(WasmEdge_ValueIsNullRef(WasmEdge_ValueGenI32(0)) && !WasmEdge_ValueIsNullRef(WasmEdge_ValueGenI32(1)));
  value = (WasmEdge_Value){.Value = (uint128_t)1 << 64, .Type = WasmEdge_ValType_V128};
  CHECK(WasmEdge_ValueIsNullRef(value)); /* the low 64 bits count */
}

static void creating_strings(void) {
  char text[] = "a\0b";
  WasmEdge_String copy = WasmEdge_StringCreateByBuffer(text, 3);
  CHECK(copy.Buf != text && IS(copy, "a\0b"));
  text[0] = 'x';
  CHECK(copy.Buf[0] == 'a');
  WasmEdge_StringDelete(copy);
  copy = WasmEdge_StringCreateByCString("text");
  CHECK(IS(copy, "text"));
  WasmEdge_StringDelete(copy);
  const WasmEdge_String empty[] = {
      WasmEdge_StringCreateByCString(NULL),         WasmEdge_StringCreateByCString(""),
      WasmEdge_StringCreateByBuffer(text, 0),       WasmEdge_StringCreateByBuffer(NULL, 0),
      WasmEdge_StringCreateByBuffer(NULL, 0xFFFFFFFF),
  };
  for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
    CHECK(empty[i].Length == 0 && empty[i].Buf == NULL);
    WasmEdge_StringDelete(empty[i]);
  }
  WasmEdge_String wrapped = WasmEdge_StringWrap(text, 2);
  CHECK(wrapped.Buf == text && wrapped.Length == 2);
  wrapped = WasmEdge_StringWrap(NULL, 7);
  CHECK(wrapped.Buf == NULL && wrapped.Length == 7);
}

static void comparing_strings(void) {
  char same[] = "text";
  CHECK(WasmEdge_StringIsEqual(NAME("text"), WasmEdge_StringWrap(same, 4)));
  CHECK(!WasmEdge_StringIsEqual(NAME("text"), NAME("tex")));
  CHECK(!WasmEdge_StringIsEqual(NAME("text"), NAME("test")));
  CHECK(!WasmEdge_StringIsEqual(NAME("a\0b"), NAME("a\0c")));
  CHECK(WasmEdge_StringIsEqual(WasmEdge_StringWrap("x", 0), WasmEdge_StringWrap(NULL, 0)));
  CHECK(!WasmEdge_StringIsEqual(WasmEdge_StringWrap(NULL, 1), NAME("x")));
  CHECK(!WasmEdge_StringIsEqual(NAME("x"), WasmEdge_StringWrap(NULL, 1)));
}

static void copying_strings(void) {
  char buffer[8];
  memset(buffer, '#', sizeof buffer);
  CHECK(WasmEdge_StringCopy(NAME("abc"), buffer, 6) == 3);
  CHECK(memcmp(buffer, "abc\0\0\0##", 8) == 0);
  CHECK(WasmEdge_StringCopy(NAME("abc"), buffer, 2) == 2);
  CHECK(memcmp(buffer, "abc\0\0\0##", 8) == 0);
  CHECK(WasmEdge_StringCopy(NAME("xyz"), buffer, 0) == 0 && buffer[0] == 'a');
  CHECK(WasmEdge_StringCopy(NAME("abc"), NULL, 0) == 0);
  CHECK(WasmEdge_StringCopy(NAME("abc"), NULL, 3) == 0);
  CHECK(WasmEdge_StringCopy(WasmEdge_StringWrap(NULL, 3), buffer, 2) == 0);
  CHECK(memcmp(buffer, "\0\0c", 3) == 0);
}

static void results(void) {
  for (uint32_t code = 0; code < 256; code++) {
    const WasmEdge_Result result = {.Code = (uint8_t)code};
    CHECK(WasmEdge_ResultOK(result) == (code <= 1));
    CHECK(WasmEdge_ResultGetCode(result) == code);
    if (WasmEdge_ResultGetMessage(result) != NULL) printf("%u\t%s\n", code, WasmEdge_ResultGetMessage(result));
  }
}

static void limits(void) {
  const WasmEdge_Limit limit = {.HasMax = true, .Min = 1, .Max = 2};
  CHECK(WasmEdge_LimitIsEqual(limit, (WasmEdge_Limit){.HasMax = true, .Min = 1, .Max = 2}));
  CHECK(!WasmEdge_LimitIsEqual(limit, (WasmEdge_Limit){.HasMax = false, .Min = 1, .Max = 2}));
  CHECK(!WasmEdge_LimitIsEqual(limit, (WasmEdge_Limit){.HasMax = true, .Min = 0, .Max = 2}));
  CHECK(!WasmEdge_LimitIsEqual((WasmEdge_Limit){.HasMax = false, .Min = 1, .Max = 2},
                               (WasmEdge_Limit){.HasMax = false, .Min = 1, .Max = 3}));
}

int main(void) {
  version();
  numbers();
  references();
  creating_strings();
  comparing_strings();
  copying_strings();
  results();
  limits();
  CHECK(!has_python());
  return 0;
}
