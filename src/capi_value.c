/* Version, log, values, strings, results, limits: functions of their arguments and of the log's
 * threshold. Nothing here waits for a lock. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "capi.h"
#include "messages.inc"

/* ---- Version --------------------------------------------------------------------------------------- */

const char *WasmEdge_VersionGet(void) { return WASMEDGE_VERSION; }
uint32_t WasmEdge_VersionGetMajor(void) { return WASMEDGE_VERSION_MAJOR; }
uint32_t WasmEdge_VersionGetMinor(void) { return WASMEDGE_VERSION_MINOR; }
uint32_t WasmEdge_VersionGetPatch(void) { return WASMEDGE_VERSION_PATCH; }

/* ---- Log ------------------------------------------------------------------------------------------- */

enum { LEVEL_DEBUG, LEVEL_INFO, LEVEL_ERROR, LEVELS };

static _Atomic int32_t threshold = LEVEL_INFO;

void WasmEdge_LogSetErrorLevel(void) { atomic_store_explicit(&threshold, LEVEL_ERROR, memory_order_relaxed); }
void WasmEdge_LogSetDebugLevel(void) { atomic_store_explicit(&threshold, LEVEL_DEBUG, memory_order_relaxed); }

int32_t capi_log_level(void) { return atomic_load_explicit(&threshold, memory_order_relaxed); }

/* What a line begins with: "[YYYY-MM-DD hh:mm:ss.mmm] [level] ". Returns its length. */
static size_t write_head(char *head, size_t size, int32_t level) {
  static const char *const plain[LEVELS] = {"debug", "info", "error"};
  static const char *const coloured[LEVELS] = {"\x1b[36mdebug\x1b[0m", "\x1b[32minfo\x1b[0m", "\x1b[31merror\x1b[0m"};
  struct timespec now;
  struct tm when;
  clock_gettime(CLOCK_REALTIME, &now);
  localtime_r(&now.tv_sec, &when);
  const size_t length = strftime(head, size, "[%Y-%m-%d %H:%M:%S", &when);
  const char *name = (isatty(STDERR_FILENO) ? coloured : plain)[level];
  return length + (size_t)snprintf(head + length, size - length, ".%03ld] [%s] ", now.tv_nsec / 1000000, name);
}

void capi_log(int32_t level, const char *text) {
  if (level < capi_log_level() || level < LEVEL_DEBUG || level >= LEVELS) return;
  const int before = errno;
  char head[80];
  const size_t head_length = write_head(head, sizeof head, level);
  while (*text != '\0') {
    const size_t length = strcspn(text, "\n");
    const struct iovec line[] = {{head, head_length}, {(char *)text, length}, {"\n", 1}};
    if (writev(STDERR_FILENO, line, 3) < 0) break;
    text += length + (text[length] == '\n');
  }
  errno = before;
}

WasmEdge_Result capi_fail(uint32_t code) {
  const uint8_t shown = shown_as[code & 0xFF] != 0 ? shown_as[code & 0xFF] : (uint8_t)code;
  if (messages[shown].message != NULL && LEVEL_ERROR >= capi_log_level()) {
    char line[160];
    snprintf(line, sizeof line, "%s failed: %s, Code: 0x%02x", messages[shown].phase, messages[shown].message, shown);
    capi_log(LEVEL_ERROR, line);
  }
  return result(shown);
}

/* ---- Values ---------------------------------------------------------------------------------------- */

WasmEdge_Value WasmEdge_ValueGenI32(const int32_t Val) { return make_value((uint32_t)Val, WasmEdge_ValType_I32); }

WasmEdge_Value WasmEdge_ValueGenI64(const int64_t Val) { return make_value((uint64_t)Val, WasmEdge_ValType_I64); }

WasmEdge_Value WasmEdge_ValueGenF32(const float Val) {
  uint32_t bits;
  memcpy(&bits, &Val, sizeof bits);
  return make_value(bits, WasmEdge_ValType_F32);
}

WasmEdge_Value WasmEdge_ValueGenF64(const double Val) {
  uint64_t bits;
  memcpy(&bits, &Val, sizeof bits);
  return make_value(bits, WasmEdge_ValType_F64);
}

WasmEdge_Value WasmEdge_ValueGenV128(const int128_t Val) { return make_value((uint128_t)Val, WasmEdge_ValType_V128); }

WasmEdge_Value WasmEdge_ValueGenNullRef(const enum WasmEdge_RefType T) { return make_value(0, (enum WasmEdge_ValType)T); }

WasmEdge_Value WasmEdge_ValueGenFuncRef(const WasmEdge_FunctionInstanceContext *Cxt) {
  return make_value((uintptr_t)Cxt, WasmEdge_ValType_FuncRef);
}

WasmEdge_Value WasmEdge_ValueGenExternRef(void *Ref) { return make_value((uintptr_t)Ref, WasmEdge_ValType_ExternRef); }

int32_t WasmEdge_ValueGetI32(const WasmEdge_Value Val) { return (int32_t)Val.Value; }

int64_t WasmEdge_ValueGetI64(const WasmEdge_Value Val) { return (int64_t)Val.Value; }

float WasmEdge_ValueGetF32(const WasmEdge_Value Val) {
  float number;
  memcpy(&number, &Val.Value, sizeof number);
  return number;
}

double WasmEdge_ValueGetF64(const WasmEdge_Value Val) {
  double number;
  memcpy(&number, &Val.Value, sizeof number);
  return number;
}

int128_t WasmEdge_ValueGetV128(const WasmEdge_Value Val) { return (int128_t)Val.Value; }

bool WasmEdge_ValueIsNullRef(const WasmEdge_Value Val) { return (uint64_t)Val.Value == 0; }

const WasmEdge_FunctionInstanceContext *WasmEdge_ValueGetFuncRef(const WasmEdge_Value Val) {
  return (const WasmEdge_FunctionInstanceContext *)(uintptr_t)Val.Value;
}

void *WasmEdge_ValueGetExternRef(const WasmEdge_Value Val) { return (void *)(uintptr_t)Val.Value; }

/* ---- Strings --------------------------------------------------------------------------------------- */

/* Bytes that can be read from a string: none without a buffer. */
static inline uint32_t length_of(WasmEdge_String string) { return string.Buf != NULL ? string.Length : 0; }

WasmEdge_String WasmEdge_StringCreateByBuffer(const char *Buf, const uint32_t Len) {
  char *copy = Buf != NULL && Len > 0 ? malloc(Len) : NULL;
  if (copy == NULL) return (WasmEdge_String){0, NULL};
  memcpy(copy, Buf, Len);
  return (WasmEdge_String){Len, copy};
}

WasmEdge_String WasmEdge_StringCreateByCString(const char *Str) {
  const size_t length = Str != NULL ? strlen(Str) : 0;
  return WasmEdge_StringCreateByBuffer(Str, length <= UINT32_MAX ? (uint32_t)length : 0);
}

WasmEdge_String WasmEdge_StringWrap(const char *Buf, const uint32_t Len) { return (WasmEdge_String){Len, Buf}; }

bool WasmEdge_StringIsEqual(const WasmEdge_String Str1, const WasmEdge_String Str2) {
  if (Str1.Length != Str2.Length) return false;
  if (Str1.Length == 0 || Str1.Buf == Str2.Buf) return true;
  return Str1.Buf != NULL && Str2.Buf != NULL && memcmp(Str1.Buf, Str2.Buf, Str1.Length) == 0;
}

uint32_t WasmEdge_StringCopy(const WasmEdge_String Str, char *Buf, const uint32_t Len) {
  if (Buf == NULL) return 0;
  const uint32_t length = length_of(Str);
  const uint32_t copied = length < Len ? length : Len;
  if (copied > 0) memmove(Buf, Str.Buf, copied);
  memset(Buf + copied, 0, Len - copied);
  return copied;
}

void WasmEdge_StringDelete(WasmEdge_String Str) { free((char *)Str.Buf); }

/* ---- Results, limits ------------------------------------------------------------------------------- */

bool WasmEdge_ResultOK(const WasmEdge_Result Res) { return Res.Code <= WasmEdge_ErrCode_Terminated; }

uint32_t WasmEdge_ResultGetCode(const WasmEdge_Result Res) { return Res.Code; }

const char *WasmEdge_ResultGetMessage(const WasmEdge_Result Res) { return messages[Res.Code].message; }

bool WasmEdge_LimitIsEqual(const WasmEdge_Limit Lim1, const WasmEdge_Limit Lim2) {
  return Lim1.HasMax == Lim2.HasMax && Lim1.Min == Lim2.Min && Lim1.Max == Lim2.Max;
}
