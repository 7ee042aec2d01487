/* Fails once per level: at the start, at error level, at debug level. */
#include "harness.h"

int main(void) {
  CHECK_CODE(WasmEdge_TableInstanceGrow(NULL, 0), 0x04);
  WasmEdge_LogSetErrorLevel();
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(NULL, 0), 0x04);
  WasmEdge_MemoryTypeContext *type = WasmEdge_MemoryTypeCreate((WasmEdge_Limit){.HasMax = false, .Min = 0, .Max = 0});
  WasmEdge_MemoryInstanceContext *memory = WasmEdge_MemoryInstanceCreate(type);
  WasmEdge_LogSetDebugLevel();
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(memory, (uint8_t *)&memory, 0, 1), 0x88);
  WasmEdge_MemoryInstanceDelete(memory);
  WasmEdge_MemoryTypeDelete(type);
  CHECK(!has_python());
  return 0;
}
