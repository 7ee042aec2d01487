/* Table, memory and global instances that no guest uses. Argument: rounds of creating and deleting, 100000 if
 * there is none. */
#define _GNU_SOURCE
#include <malloc.h>

#include "harness.h"

static WasmEdge_Limit limit(bool has_max, uint32_t min, uint32_t max) {
  return (WasmEdge_Limit){.HasMax = has_max, .Min = min, .Max = max};
}

/* ---- Tables ------------------------------------------------------------------------------------------ */

static WasmEdge_TableInstanceContext *table_of(uint32_t type, WasmEdge_Limit size) {
  WasmEdge_TableTypeContext *made = WasmEdge_TableTypeCreate((enum WasmEdge_RefType)type, size);
  WasmEdge_TableInstanceContext *table = WasmEdge_TableInstanceCreate(made);
  WasmEdge_TableTypeDelete(made);
  return table;
}

static void tables(void) {
  WasmEdge_TableInstanceContext *table = table_of(WasmEdge_RefType_ExternRef, limit(true, 10, 20));
  CHECK(WasmEdge_TableInstanceGetSize(table) == 10);
  WasmEdge_Value value = WasmEdge_ValueGenI32(5);
  for (uint32_t i = 0; i < 10; i++) {
    CHECK_CODE(WasmEdge_TableInstanceGetData(table, &value, i), 0);
    CHECK(WasmEdge_ValueIsNullRef(value) && value.Type == WasmEdge_ValType_ExternRef);
  }
  CHECK_CODE(WasmEdge_TableInstanceSetData(table, WasmEdge_ValueGenExternRef(&value), 9), 0);
  CHECK_CODE(WasmEdge_TableInstanceGetData(table, &value, 9), 0);
  CHECK(WasmEdge_ValueGetExternRef(value) == &value && value.Type == WasmEdge_ValType_ExternRef);
  CHECK_CODE(WasmEdge_TableInstanceGetData(table, &value, 10), 0x87);
  CHECK(WasmEdge_ValueGetExternRef(value) == &value); /* untouched */
  CHECK_CODE(WasmEdge_TableInstanceSetData(table, value, 10), 0x87);
  CHECK_CODE(WasmEdge_TableInstanceSetData(table, value, 0xFFFFFFFF), 0x87);
  CHECK_CODE(WasmEdge_TableInstanceSetData(table, WasmEdge_ValueGenFuncRef(NULL), 9), 0x8E);
  CHECK_CODE(WasmEdge_TableInstanceSetData(table, WasmEdge_ValueGenI32(0), 10), 0x8E); /* before the bounds */
  CHECK_CODE(WasmEdge_TableInstanceGetData(table, &value, 9), 0);
  CHECK(WasmEdge_ValueGetExternRef(value) == &value);

  const WasmEdge_TableTypeContext *type = WasmEdge_TableInstanceGetTableType(table);
  CHECK(WasmEdge_TableTypeGetRefType(type) == WasmEdge_RefType_ExternRef);
  CHECK(WasmEdge_LimitIsEqual(WasmEdge_TableTypeGetLimit(type), limit(true, 10, 20)));
  CHECK_CODE(WasmEdge_TableInstanceGrow(table, 11), 0x87);
  CHECK_CODE(WasmEdge_TableInstanceGrow(table, 0xFFFFFFFF), 0x87);
  CHECK(WasmEdge_TableInstanceGetSize(table) == 10);
  CHECK_CODE(WasmEdge_TableInstanceGrow(table, 8), 0);
  CHECK_CODE(WasmEdge_TableInstanceGrow(table, 0), 0);
  CHECK(WasmEdge_TableInstanceGetSize(table) == 18);
  CHECK(WasmEdge_LimitIsEqual(WasmEdge_TableTypeGetLimit(type), limit(true, 18, 20))); /* the same, live */
  CHECK_CODE(WasmEdge_TableInstanceGetData(table, &value, 17), 0);
  CHECK(WasmEdge_ValueIsNullRef(value));
  CHECK(WasmEdge_TableInstanceGetTableType(table) == type);
  WasmEdge_TableInstanceDelete(table);
}

/* A type taken from an instance makes an instance of its present size. */
static void table_from_live_type(void) {
  WasmEdge_TableInstanceContext *table = table_of(WasmEdge_RefType_FuncRef, limit(false, 2, 9));
  CHECK_CODE(WasmEdge_TableInstanceGrow(table, 3), 0);
  const WasmEdge_TableTypeContext *type = WasmEdge_TableInstanceGetTableType(table);
  CHECK(WasmEdge_LimitIsEqual(WasmEdge_TableTypeGetLimit(type), limit(false, 5, 2)));
  WasmEdge_TableInstanceContext *other = WasmEdge_TableInstanceCreate(type);
  WasmEdge_TableInstanceDelete(table);
  CHECK(WasmEdge_TableInstanceGetSize(other) == 5);
  type = WasmEdge_TableInstanceGetTableType(other);
  CHECK(WasmEdge_TableTypeGetRefType(type) == WasmEdge_RefType_FuncRef);
  CHECK(WasmEdge_LimitIsEqual(WasmEdge_TableTypeGetLimit(type), limit(false, 5, 5)));
  WasmEdge_TableInstanceDelete(other);
}

/* Words that are no functions pass through a funcref table. */
static void invented_funcrefs(void) {
  WasmEdge_TableInstanceContext *table = table_of(WasmEdge_RefType_FuncRef, limit(false, 3, 0));
  const uint64_t words[] = {0x100000001, 0xFFFFFFFFFFFFFFFF, 7};
  WasmEdge_Value value;
  for (uint32_t i = 0; i < 3; i++) {
    value = (WasmEdge_Value){.Value = words[i], .Type = WasmEdge_ValType_FuncRef};
    CHECK_CODE(WasmEdge_TableInstanceSetData(table, value, i), 0);
    CHECK_CODE(WasmEdge_TableInstanceGetData(table, &value, i), 0);
    CHECK((uint64_t)value.Value == words[i] && value.Type == WasmEdge_ValType_FuncRef);
  }
  WasmEdge_TableInstanceDelete(table);
}

static void odd_tables(void) {
  WasmEdge_TableInstanceContext *table = table_of(WasmEdge_RefType_FuncRef, limit(true, 5, 2));
  CHECK(WasmEdge_TableInstanceGetSize(table) == 5);
  CHECK_CODE(WasmEdge_TableInstanceGrow(table, 1), 0x87);
  CHECK_CODE(WasmEdge_TableInstanceGrow(table, 0), 0);
  const WasmEdge_TableTypeContext *type = WasmEdge_TableInstanceGetTableType(table);
  CHECK(WasmEdge_LimitIsEqual(WasmEdge_TableTypeGetLimit(type), limit(true, 5, 2)));
  WasmEdge_TableInstanceDelete(table);
  CHECK(table_of(WasmEdge_ValType_I32, limit(false, 1, 0)) == NULL);
  CHECK(table_of(0x170, limit(false, 1, 0)) == NULL);
}

static void null_tables(void) {
  WasmEdge_Value value = WasmEdge_ValueGenI32(1);
  WasmEdge_TableInstanceContext *table = table_of(WasmEdge_RefType_FuncRef, limit(false, 1, 0));
  CHECK(WasmEdge_TableInstanceCreate(NULL) == NULL);
  CHECK(WasmEdge_TableInstanceGetTableType(NULL) == NULL);
  CHECK_CODE(WasmEdge_TableInstanceGetData(NULL, &value, 0), 0x04);
  CHECK_CODE(WasmEdge_TableInstanceGetData(table, NULL, 0), 0x04);
  CHECK_CODE(WasmEdge_TableInstanceGetData(table, NULL, 7), 0x04);
  CHECK_CODE(WasmEdge_TableInstanceSetData(NULL, value, 0), 0x04);
  CHECK(WasmEdge_TableInstanceGetSize(NULL) == 0);
  CHECK_CODE(WasmEdge_TableInstanceGrow(NULL, 0), 0x04);
  WasmEdge_TableInstanceDelete(NULL);
  WasmEdge_TableInstanceDelete(table);
}

/* ---- Memories ---------------------------------------------------------------------------------------- */

enum { PAGE = 65536 };

static WasmEdge_MemoryInstanceContext *memory_of(WasmEdge_Limit size) {
  WasmEdge_MemoryTypeContext *type = WasmEdge_MemoryTypeCreate(size);
  WasmEdge_MemoryInstanceContext *memory = WasmEdge_MemoryInstanceCreate(type);
  WasmEdge_MemoryTypeDelete(type);
  return memory;
}

static void memories(void) {
  WasmEdge_MemoryInstanceContext *memory = memory_of(limit(true, 1, 3));
  CHECK(WasmEdge_MemoryInstanceGetPageSize(memory) == 1);
  uint8_t bytes[4] = {1, 2, 3, 4}, read[4] = {9, 9, 9, 9};
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(memory, read, PAGE - 4, 4), 0);
  CHECK(memcmp(read, "\0\0\0\0", 4) == 0);
  CHECK_CODE(WasmEdge_MemoryInstanceSetData(memory, bytes, PAGE - 4, 4), 0);
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(memory, read, PAGE - 4, 4), 0);
  CHECK(memcmp(read, bytes, 4) == 0);
  const uint32_t outside[][2] = {{PAGE - 3, 4},   {PAGE, 1},       {PAGE + 1, 0},
                                  {0, PAGE + 1},   {0xFFFFFFFF, 4}, {4, 0xFFFFFFFF}};
  for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
    const uint32_t offset = outside[i][0], length = outside[i][1];
    CHECK_CODE(WasmEdge_MemoryInstanceSetData(memory, (const uint8_t *)"zzzz", offset, length), 0x88);
    CHECK_CODE(WasmEdge_MemoryInstanceGetData(memory, read, offset, length), 0x88);
    CHECK(WasmEdge_MemoryInstanceGetPointer(memory, offset, length) == NULL);
    CHECK(WasmEdge_MemoryInstanceGetPointerConst(memory, offset, length) == NULL);
  }
  CHECK(memcmp(read, bytes, 4) == 0);
  CHECK_CODE(WasmEdge_MemoryInstanceSetData(memory, bytes, PAGE, 0), 0);
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(memory, read, PAGE, 0), 0);
  uint8_t *start = WasmEdge_MemoryInstanceGetPointer(memory, 0, PAGE);
  CHECK(start != NULL && memcmp(start + PAGE - 4, bytes, 4) == 0);
  CHECK(WasmEdge_MemoryInstanceGetPointerConst(memory, 5, 1) == start + 5);
  CHECK(WasmEdge_MemoryInstanceGetPointer(memory, PAGE, 0) == start + PAGE);
  start[0] = 77;
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(memory, read, 0, 1), 0);
  CHECK(read[0] == 77);

  const WasmEdge_MemoryTypeContext *type = WasmEdge_MemoryInstanceGetMemoryType(memory);
  CHECK(WasmEdge_LimitIsEqual(WasmEdge_MemoryTypeGetLimit(type), limit(true, 1, 3)));
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(memory, 3), 0x88);
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(memory, 0xFFFFFFFF), 0x88);
  CHECK(WasmEdge_MemoryInstanceGetPageSize(memory) == 1);
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(memory, 2), 0);
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(memory, 0), 0);
  CHECK(WasmEdge_MemoryInstanceGetPageSize(memory) == 3);
  CHECK(WasmEdge_LimitIsEqual(WasmEdge_MemoryTypeGetLimit(type), limit(true, 3, 3)));
  CHECK(WasmEdge_MemoryInstanceGetPointer(memory, 0, 3 * PAGE) == start); /* growing moves nothing */
  CHECK_CODE(WasmEdge_MemoryInstanceSetData(memory, bytes, 3 * PAGE - 4, 4), 0);
  WasmEdge_MemoryInstanceDelete(memory);
}

static void odd_memories(void) {
  WasmEdge_MemoryInstanceContext *memory = memory_of(limit(false, 0, 0));
  CHECK(WasmEdge_MemoryInstanceGetPageSize(memory) == 0);
  CHECK(WasmEdge_MemoryInstanceGetPointer(memory, 0, 1) == NULL);
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(memory, 65537), 0x88);
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(memory, 1), 0);
  WasmEdge_MemoryInstanceDelete(memory);
  memory = memory_of(limit(true, 2, 1));
  CHECK(WasmEdge_MemoryInstanceGetPageSize(memory) == 2);
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(memory, 1), 0x88);
  const WasmEdge_MemoryTypeContext *type = WasmEdge_MemoryInstanceGetMemoryType(memory);
  CHECK(WasmEdge_LimitIsEqual(WasmEdge_MemoryTypeGetLimit(type), limit(true, 2, 1)));
  WasmEdge_MemoryInstanceDelete(memory);
  CHECK(memory_of(limit(false, 65537, 0)) == NULL);
  CHECK(memory_of(limit(true, 0xFFFFFFFF, 0xFFFFFFFF)) == NULL);
}

static void null_memories(void) {
  uint8_t byte = 0;
  WasmEdge_MemoryInstanceContext *memory = memory_of(limit(false, 1, 0));
  CHECK(WasmEdge_MemoryInstanceCreate(NULL) == NULL);
  CHECK(WasmEdge_MemoryInstanceGetMemoryType(NULL) == NULL);
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(NULL, &byte, 0, 1), 0x04);
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(memory, NULL, 0, 0), 0x04);
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(memory, NULL, PAGE, 0xFFFFFFFF), 0x04);
  CHECK_CODE(WasmEdge_MemoryInstanceSetData(NULL, &byte, 0, 1), 0x04);
  CHECK_CODE(WasmEdge_MemoryInstanceSetData(memory, NULL, 0, 0), 0x04);
  CHECK(WasmEdge_MemoryInstanceGetPointer(NULL, 0, 0) == NULL);
  CHECK(WasmEdge_MemoryInstanceGetPointerConst(NULL, 0, 0) == NULL);
  CHECK(WasmEdge_MemoryInstanceGetPageSize(NULL) == 0);
  CHECK_CODE(WasmEdge_MemoryInstanceGrowPage(NULL, 0), 0x04);
  WasmEdge_MemoryInstanceDelete(NULL);
  WasmEdge_MemoryInstanceDelete(memory);
}

/* ---- Globals ----------------------------------------------------------------------------------------- */

static WasmEdge_GlobalInstanceContext *global_of(uint32_t type, bool mutable_, WasmEdge_Value value) {
  WasmEdge_GlobalTypeContext *made = WasmEdge_GlobalTypeCreate(
      (enum WasmEdge_ValType)type, mutable_ ? WasmEdge_Mutability_Var : WasmEdge_Mutability_Const);
  WasmEdge_GlobalInstanceContext *global = WasmEdge_GlobalInstanceCreate(made, value);
  WasmEdge_GlobalTypeDelete(made);
  return global;
}

static bool same(WasmEdge_Value a, WasmEdge_Value b) { return a.Value == b.Value && a.Type == b.Type; }

static void globals(void) {
  int object;
  const WasmEdge_Value values[][2] = {
      {WasmEdge_ValueGenI32(-1), WasmEdge_ValueGenI32(5)},
      {WasmEdge_ValueGenI64(-1), WasmEdge_ValueGenI64(5)},
      {WasmEdge_ValueGenF32(-1), WasmEdge_ValueGenF32(5)},
      {WasmEdge_ValueGenF64(-1), WasmEdge_ValueGenF64(5)},
      {WasmEdge_ValueGenV128(-1), WasmEdge_ValueGenV128((int128_t)5 << 70)},
      {WasmEdge_ValueGenFuncRef(NULL), WasmEdge_ValueGenFuncRef((const WasmEdge_FunctionInstanceContext *)7)},
      {WasmEdge_ValueGenExternRef(&object), WasmEdge_ValueGenExternRef(NULL)},
  };
  const size_t count = sizeof values / sizeof *values;
  for (size_t i = 0; i < count; i++) {
    for (int variable = 0; variable < 2; variable++) {
      const WasmEdge_Value first = values[i][0], second = values[i][1], other = values[(i + 1) % count][1];
      WasmEdge_GlobalInstanceContext *global = global_of(first.Type, variable, first);
      const WasmEdge_GlobalTypeContext *type = WasmEdge_GlobalInstanceGetGlobalType(global);
      CHECK(WasmEdge_GlobalTypeGetValType(type) == first.Type);
      CHECK(WasmEdge_GlobalTypeGetMutability(type) == (enum WasmEdge_Mutability)variable);
      CHECK(same(WasmEdge_GlobalInstanceGetValue(global), first));
      WasmEdge_GlobalInstanceSetValue(global, other); /* another type */
      CHECK(same(WasmEdge_GlobalInstanceGetValue(global), first));
      WasmEdge_GlobalInstanceSetValue(global, second);
      CHECK(same(WasmEdge_GlobalInstanceGetValue(global), variable ? second : first));
      WasmEdge_GlobalInstanceDelete(global);
      CHECK(global_of(first.Type, variable, other) == NULL);
    }
  }
}

static void odd_globals(void) {
  const WasmEdge_Value dirty = {.Value = ~(uint128_t)0, .Type = WasmEdge_ValType_I32};
  WasmEdge_GlobalInstanceContext *global = global_of(WasmEdge_ValType_I32, true, dirty);
  CHECK(same(WasmEdge_GlobalInstanceGetValue(global), WasmEdge_ValueGenI32(-1)));
  WasmEdge_GlobalInstanceDelete(global);
  const WasmEdge_Value none = {.Value = 0, .Type = WasmEdge_ValType_None}, zero = {.Value = 0, .Type = 0};
  CHECK(global_of(WasmEdge_ValType_None, true, none) == NULL);
  CHECK(global_of(0, true, zero) == NULL);
  CHECK(WasmEdge_GlobalInstanceCreate(NULL, none) == NULL);
  CHECK(WasmEdge_GlobalInstanceGetGlobalType(NULL) == NULL);
  CHECK(same(WasmEdge_GlobalInstanceGetValue(NULL), WasmEdge_ValueGenI32(0)));
  WasmEdge_GlobalInstanceSetValue(NULL, none);
  WasmEdge_GlobalInstanceDelete(NULL);
}

/* ---- Memory ------------------------------------------------------------------------------------------ */

static void create_and_delete_all(void) {
  WasmEdge_TableInstanceDelete(table_of(WasmEdge_RefType_FuncRef, limit(true, 1, 8)));
  WasmEdge_MemoryInstanceDelete(memory_of(limit(true, 0, 1)));
  WasmEdge_GlobalInstanceDelete(global_of(WasmEdge_ValType_I32, true, WasmEdge_ValueGenI32(1)));
}

static void no_leak(int rounds) {
  for (int i = 0; i < 100; i++) create_and_delete_all(); /* fills the allocator's caches, which count as used */
  const size_t before = mallinfo2().uordblks;
  for (int i = 0; i < rounds; i++) create_and_delete_all(); /* address space would not last either */
  CHECK(mallinfo2().uordblks == before);
}

int main(int argc, char **argv) {
  WasmEdge_LogSetErrorLevel();
  tables();
  table_from_live_type();
  invented_funcrefs();
  odd_tables();
  null_tables();
  memories();
  odd_memories();
  null_memories();
  globals();
  odd_globals();
  no_leak(argc > 1 ? atoi(argv[1]) : 100000);
  CHECK(!has_python());
  return 0;
}
