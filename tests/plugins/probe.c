/* A plugin that shows all there is: two modules, every type of option, host data with a finaliser. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wasmedge/plugin.h>

#ifndef API_VERSION
#define API_VERSION WasmEdge_Plugin_CurrentAPIVersion
#endif
#ifndef NAME
#define NAME "probe"
#endif

static struct {
  bool toggle;
  int8_t i8;
  int16_t i16;
  int32_t i32;
  int64_t i64;
  uint8_t u8;
  uint16_t u16;
  uint32_t u32;
  uint64_t u64;
  float f32;
  double f64;
  WasmEdge_String text;
} stored;

static const int32_t default_i32 = -7;
static const double default_f64 = 2.5;
static const WasmEdge_String default_text = {5, "grain"};

/* (address, capacity) -> length: the options as text. */
static WasmEdge_Result describe(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                                WasmEdge_Value *returns) {
  char text[512];
  (void)data;
  const int length = snprintf(text, sizeof text, "%d %d %d %d %lld %u %u %u %llu %g %g %.*s|%zu", stored.toggle,
                              stored.i8, stored.i16, stored.i32, (long long)stored.i64, stored.u8, stored.u16,
                              stored.u32, (unsigned long long)stored.u64, (double)stored.f32, stored.f64,
                              (int)stored.text.Length, stored.text.Buf, strlen(stored.text.Buf));
  const uint32_t room = (uint32_t)WasmEdge_ValueGetI32(params[1]);
  const uint32_t wanted = (uint32_t)length < room ? (uint32_t)length : room;
  const WasmEdge_Result done =
      WasmEdge_MemoryInstanceSetData(memory, (const uint8_t *)text, (uint32_t)WasmEdge_ValueGetI32(params[0]), wanted);
  returns[0] = WasmEdge_ValueGenI32(length);
  return done;
}

/* () -> i32: how often it was called in this instance of the module. */
static WasmEdge_Result count(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                             WasmEdge_Value *returns) {
  (void)memory, (void)params;
  returns[0] = WasmEdge_ValueGenI32(++*(int32_t *)data);
  return WasmEdge_Result_Success;
}

static void add(WasmEdge_ModuleInstanceContext *module, const char *name, uint32_t params, WasmEdge_HostFunc_t function,
                void *data) {
  static const enum WasmEdge_ValType types[] = {WasmEdge_ValType_I32, WasmEdge_ValType_I32};
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(types, params, types, 1);
  WasmEdge_FunctionInstanceContext *made = WasmEdge_FunctionInstanceCreate(type, function, data, 0);
  WasmEdge_FunctionTypeDelete(type);
  WasmEdge_ModuleInstanceAddFunction(module, WasmEdge_StringWrap(name, (uint32_t)strlen(name)), made);
}

static void end(void *data) {
  if (getenv("PROBE_ENDS") != NULL) fprintf(stderr, "end after %d\n", *(int32_t *)data);
  free(data);
}

static WasmEdge_ModuleInstanceContext *create_probe(const WasmEdge_ModuleDescriptor *module) {
  int32_t *data = calloc(1, sizeof *data);
  WasmEdge_ModuleInstanceContext *made =
      WasmEdge_ModuleInstanceCreateWithData(WasmEdge_StringWrap(module->Name, (uint32_t)strlen(module->Name)), data, end);
  if (made == NULL || WasmEdge_ModuleInstanceGetHostData(made) != data) abort();
  add(made, "describe", 2, describe, NULL);
  add(made, "count", 0, count, data);
  return made;
}

static WasmEdge_ModuleInstanceContext *create_nothing(const WasmEdge_ModuleDescriptor *module) {
  (void)module;
  return NULL;
}

static WasmEdge_ModuleDescriptor modules[] = {
    {"probe_module", "Counts and describes.", create_probe},
    {"none", "Cannot be made.", create_nothing},
};

#define OPTION(name, type, storage, initial) {name, "Probe.", WasmEdge_ProgramOptionType_##type, storage, initial}

static WasmEdge_ProgramOption options[] = {
    OPTION("probe-toggle", Toggle, &stored.toggle, NULL), OPTION("probe-i8", Int8, &stored.i8, NULL),
    OPTION("probe-i16", Int16, &stored.i16, NULL),        OPTION("probe-i32", Int32, &stored.i32, &default_i32),
    OPTION("probe-i64", Int64, &stored.i64, NULL),        OPTION("probe-u8", UInt8, &stored.u8, NULL),
    OPTION("probe-u16", UInt16, &stored.u16, NULL),       OPTION("probe-u32", UInt32, &stored.u32, NULL),
    OPTION("probe-u64", UInt64, &stored.u64, NULL),       OPTION("probe-f32", Float, &stored.f32, NULL),
    OPTION("probe-f64", Double, &stored.f64, &default_f64), OPTION("probe-text", String, &stored.text, &default_text),
};

static const WasmEdge_PluginDescriptor descriptor = {
    .Name = NAME,
    .Description = "For tests.",
    .APIVersion = API_VERSION,
    .Version = {1, 2, 3, 4},
    .ModuleCount = 2,
    .ProgramOptionCount = sizeof options / sizeof options[0],
    .ModuleDescriptions = modules,
    .ProgramOptions = options,
};

const WasmEdge_PluginDescriptor *WasmEdge_Plugin_GetDescriptor(void) { return &descriptor; }
