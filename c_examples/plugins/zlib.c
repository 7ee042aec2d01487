/* A plugin: guests compress with the zlib of the host.
 *
 *   cc -shared -fPIC $(pywasmedge-config --cflags) zlib.c -lz -o zlib.so
 *   WASMEDGE_PLUGIN_PATH=zlib.so wasmedge --zlib-level=9 zlib_guest.wasm
 */
#include <string.h>

#include <wasmedge/plugin.h>
#include <zlib.h>

static int32_t level;
static const int32_t default_level = 6;

typedef int transform(Bytef *, uLongf *, const Bytef *, uLong);

static int pack(Bytef *to, uLongf *room, const Bytef *from, uLong length) {
  return compress2(to, room, from, length, level);
}

/* (from, length, to, address of the room, where the length of the result goes) -> result code of zlib. All ranges
 * are checked by WasmEdge_MemoryInstanceGetPointer: NULL is outside of the guest's memory. */
static WasmEdge_Result run(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                           WasmEdge_Value *returns) {
  const uint32_t length = (uint32_t)WasmEdge_ValueGetI32(params[1]);
  const uint32_t at = (uint32_t)WasmEdge_ValueGetI32(params[3]);
  uint32_t room;
  if (!WasmEdge_ResultOK(WasmEdge_MemoryInstanceGetData(memory, (uint8_t *)&room, at, sizeof room)))
    return WasmEdge_Result_Fail;
  const uint8_t *from =
      WasmEdge_MemoryInstanceGetPointerConst(memory, (uint32_t)WasmEdge_ValueGetI32(params[0]), length);
  uint8_t *to = WasmEdge_MemoryInstanceGetPointer(memory, (uint32_t)WasmEdge_ValueGetI32(params[2]), room);
  if (from == NULL || to == NULL) return WasmEdge_Result_Fail;
  uLongf made = room;
  const int code = (*(transform *const *)data)(to, &made, from, length);
  const uint32_t stored = (uint32_t)made;
  if (code == Z_OK) WasmEdge_MemoryInstanceSetData(memory, (const uint8_t *)&stored, at, sizeof stored);
  returns[0] = WasmEdge_ValueGenI32(code);
  return WasmEdge_Result_Success;
}

static void add(WasmEdge_ModuleInstanceContext *module, const char *name, transform *const *data) {
  static const enum WasmEdge_ValType types[] = {WasmEdge_ValType_I32, WasmEdge_ValType_I32, WasmEdge_ValType_I32,
                                                WasmEdge_ValType_I32};
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(types, 4, types, 1);
  WasmEdge_ModuleInstanceAddFunction(module, WasmEdge_StringWrap(name, (uint32_t)strlen(name)),
                                     WasmEdge_FunctionInstanceCreate(type, run, (void *)data, 0));
  WasmEdge_FunctionTypeDelete(type);
}

static WasmEdge_ModuleInstanceContext *create(const WasmEdge_ModuleDescriptor *descriptor) {
  static transform *const compressing = pack, *const uncompressing = uncompress;
  WasmEdge_ModuleInstanceContext *module =
      WasmEdge_ModuleInstanceCreate(WasmEdge_StringWrap(descriptor->Name, (uint32_t)strlen(descriptor->Name)));
  if (module == NULL) return NULL;
  add(module, "compress", &compressing);
  add(module, "uncompress", &uncompressing);
  return module;
}

static WasmEdge_ModuleDescriptor modules[] = {{"zlib", "compress and uncompress.", create}};

static WasmEdge_ProgramOption options[] = {
    {"zlib-level", "Effort, 0 to 9.", WasmEdge_ProgramOptionType_Int32, &level, &default_level}};

static const WasmEdge_PluginDescriptor plugin = {
    .Name = "zlib",
    .Description = "The host's zlib for guests.",
    .APIVersion = WasmEdge_Plugin_CurrentAPIVersion,
    .Version = {1, 0, 0, 0},
    .ModuleCount = 1,
    .ProgramOptionCount = 1,
    .ModuleDescriptions = modules,
    .ProgramOptions = options,
};

const WasmEdge_PluginDescriptor *WasmEdge_Plugin_GetDescriptor(void) { return &plugin; }
