/* Types of functions, tables, memories, globals, imports and exports. All are immutable, except that
 * the type of a table or memory instance shows its present size. */
#include <stdlib.h>

#include "capi.h"

/* A number that an enumeration's byte cannot hold stands for no type. */
static inline uint8_t type_byte(uint32_t type) { return type <= UINT8_MAX ? (uint8_t)type : 0; }

/* ---- Function types -------------------------------------------------------------------------------- */

enum { STACK_TYPES = 64 };

static void write_bytes(uint8_t *bytes, const enum WasmEdge_ValType *list, uint32_t length) {
  for (uint32_t i = 0; i < length; i++) bytes[i] = type_byte((uint32_t)list[i]);
}

WasmEdge_FunctionTypeContext *WasmEdge_FunctionTypeCreate(const enum WasmEdge_ValType *ParamList,
                                                          const uint32_t ParamLen,
                                                          const enum WasmEdge_ValType *ReturnList,
                                                          const uint32_t ReturnLen) {
  if ((ParamList == NULL && ParamLen > 0) || (ReturnList == NULL && ReturnLen > 0)) return NULL;
  uint8_t on_stack[STACK_TYPES];
  const uint64_t length = (uint64_t)ParamLen + ReturnLen;
  uint8_t *bytes = length <= STACK_TYPES ? on_stack : malloc(length);
  if (bytes == NULL) return NULL;
  write_bytes(bytes, ParamList, ParamLen);
  write_bytes(bytes + ParamLen, ReturnList, ReturnLen);
  const we_type *type = we_type_intern(bytes, ParamLen, bytes + ParamLen, ReturnLen);
  if (bytes != on_stack) free(bytes);
  return (WasmEdge_FunctionTypeContext *)type;
}

/* Copies the first types of a list; returns how many there are. */
static uint32_t list_types(const uint8_t *types, uint32_t count, enum WasmEdge_ValType *list, uint32_t length) {
  for (uint32_t i = 0; list != NULL && i < count && i < length; i++) list[i] = types[i];
  return count;
}

uint32_t WasmEdge_FunctionTypeGetParametersLength(const WasmEdge_FunctionTypeContext *Cxt) {
  return Cxt != NULL ? function_type(Cxt)->param_count : 0;
}

uint32_t WasmEdge_FunctionTypeGetParameters(const WasmEdge_FunctionTypeContext *Cxt, enum WasmEdge_ValType *List,
                                            const uint32_t Len) {
  const we_type *type = function_type(Cxt);
  return type != NULL ? list_types(type->params, type->param_count, List, Len) : 0;
}

uint32_t WasmEdge_FunctionTypeGetReturnsLength(const WasmEdge_FunctionTypeContext *Cxt) {
  return Cxt != NULL ? function_type(Cxt)->result_count : 0;
}

uint32_t WasmEdge_FunctionTypeGetReturns(const WasmEdge_FunctionTypeContext *Cxt, enum WasmEdge_ValType *List,
                                         const uint32_t Len) {
  const we_type *type = function_type(Cxt);
  return type != NULL ? list_types(type->results, type->result_count, List, Len) : 0;
}

void WasmEdge_FunctionTypeDelete(WasmEdge_FunctionTypeContext *Cxt) { (void)Cxt; /* interned */ }

/* ---- Table types, memory types --------------------------------------------------------------------- */

/* The object whose type_view a live type is. */
#define OWNER(struct_name, type) ((const struct_name *)((const char *)(type) - offsetof(struct_name, type_view)))

_Static_assert(sizeof(WasmEdge_TableTypeContext) <= sizeof((we_table){0}.type_view), "no room for a table's type");
_Static_assert(sizeof(WasmEdge_MemoryTypeContext) <= sizeof((we_memory){0}.type_view), "no room for a memory's type");

static const WasmEdge_Limit no_limit = {.HasMax = false, .Min = 0, .Max = 0};

/* A limit as it is kept: without maximum, Max is the minimum. */
static WasmEdge_Limit kept(WasmEdge_Limit limit) {
  if (!limit.HasMax) limit.Max = limit.Min;
  return limit;
}

WasmEdge_TableTypeContext *WasmEdge_TableTypeCreate(const enum WasmEdge_RefType RefType, const WasmEdge_Limit Limit) {
  WasmEdge_TableTypeContext *type = malloc(sizeof *type);
  if (type != NULL) *type = (WasmEdge_TableTypeContext){.type = type_byte((uint32_t)RefType), .limit = kept(Limit)};
  return type;
}

enum WasmEdge_RefType WasmEdge_TableTypeGetRefType(const WasmEdge_TableTypeContext *Cxt) {
  if (Cxt == NULL) return WasmEdge_RefType_FuncRef;
  return Cxt->live ? OWNER(we_table, Cxt)->type : Cxt->type;
}

WasmEdge_Limit WasmEdge_TableTypeGetLimit(const WasmEdge_TableTypeContext *Cxt) {
  if (Cxt == NULL) return no_limit;
  if (!Cxt->live) return Cxt->limit;
  const we_table *table = OWNER(we_table, Cxt);
  return (WasmEdge_Limit){
      .HasMax = table->has_max,
      .Min = __atomic_load_n(&table->size, __ATOMIC_ACQUIRE),
      .Max = table->has_max ? table->declared_max : table->declared_min,
  };
}

void WasmEdge_TableTypeDelete(WasmEdge_TableTypeContext *Cxt) {
  if (Cxt != NULL && !Cxt->live) free(Cxt);
}

WasmEdge_MemoryTypeContext *WasmEdge_MemoryTypeCreate(const WasmEdge_Limit Limit) {
  WasmEdge_MemoryTypeContext *type = malloc(sizeof *type);
  if (type != NULL) *type = (WasmEdge_MemoryTypeContext){.limit = kept(Limit)};
  return type;
}

WasmEdge_Limit WasmEdge_MemoryTypeGetLimit(const WasmEdge_MemoryTypeContext *Cxt) {
  if (Cxt == NULL) return no_limit;
  if (!Cxt->live) return Cxt->limit;
  const we_memory *memory = OWNER(we_memory, Cxt);
  return (WasmEdge_Limit){
      .HasMax = memory->has_max,
      .Min = (uint32_t)(__atomic_load_n(&memory->size, __ATOMIC_ACQUIRE) / WASM_PAGE),
      .Max = (uint32_t)(memory->has_max ? memory->declared_max : memory->declared_min),
  };
}

void WasmEdge_MemoryTypeDelete(WasmEdge_MemoryTypeContext *Cxt) {
  if (Cxt != NULL && !Cxt->live) free(Cxt);
}

/* ---- Global types ---------------------------------------------------------------------------------- */

WasmEdge_GlobalTypeContext *WasmEdge_GlobalTypeCreate(const enum WasmEdge_ValType ValType,
                                                      const enum WasmEdge_Mutability Mut) {
  WasmEdge_GlobalTypeContext *type = malloc(sizeof *type);
  if (type != NULL) *type = (WasmEdge_GlobalTypeContext){type_byte((uint32_t)ValType), type_byte((uint32_t)Mut)};
  return type;
}

enum WasmEdge_ValType WasmEdge_GlobalTypeGetValType(const WasmEdge_GlobalTypeContext *Cxt) {
  return Cxt != NULL ? Cxt->type : WasmEdge_ValType_I32;
}

enum WasmEdge_Mutability WasmEdge_GlobalTypeGetMutability(const WasmEdge_GlobalTypeContext *Cxt) {
  return Cxt != NULL ? Cxt->mutability : WasmEdge_Mutability_Const;
}

void WasmEdge_GlobalTypeDelete(WasmEdge_GlobalTypeContext *Cxt) { free(Cxt); }

/* ---- Import types, export types -------------------------------------------------------------------- */

static const WasmEdge_String no_string = {.Length = 0, .Buf = NULL};

/* The type context of an import or export that belongs to a module and is of a kind, or NULL. */
#define TYPE_OF(context, external) \
  (ASTCxt != NULL && (context) != NULL && (context)->kind == (external) ? (context)->type : NULL)

enum WasmEdge_ExternalType WasmEdge_ImportTypeGetExternalType(const WasmEdge_ImportTypeContext *Cxt) {
  return Cxt != NULL ? Cxt->kind : WasmEdge_ExternalType_Function;
}

WasmEdge_String WasmEdge_ImportTypeGetModuleName(const WasmEdge_ImportTypeContext *Cxt) {
  return Cxt != NULL ? Cxt->module : no_string;
}

WasmEdge_String WasmEdge_ImportTypeGetExternalName(const WasmEdge_ImportTypeContext *Cxt) {
  return Cxt != NULL ? Cxt->name : no_string;
}

const WasmEdge_FunctionTypeContext *WasmEdge_ImportTypeGetFunctionType(const WasmEdge_ASTModuleContext *ASTCxt,
                                                                       const WasmEdge_ImportTypeContext *Cxt) {
  return TYPE_OF(Cxt, WasmEdge_ExternalType_Function);
}

const WasmEdge_TableTypeContext *WasmEdge_ImportTypeGetTableType(const WasmEdge_ASTModuleContext *ASTCxt,
                                                                 const WasmEdge_ImportTypeContext *Cxt) {
  return TYPE_OF(Cxt, WasmEdge_ExternalType_Table);
}

const WasmEdge_MemoryTypeContext *WasmEdge_ImportTypeGetMemoryType(const WasmEdge_ASTModuleContext *ASTCxt,
                                                                   const WasmEdge_ImportTypeContext *Cxt) {
  return TYPE_OF(Cxt, WasmEdge_ExternalType_Memory);
}

const WasmEdge_GlobalTypeContext *WasmEdge_ImportTypeGetGlobalType(const WasmEdge_ASTModuleContext *ASTCxt,
                                                                   const WasmEdge_ImportTypeContext *Cxt) {
  return TYPE_OF(Cxt, WasmEdge_ExternalType_Global);
}

enum WasmEdge_ExternalType WasmEdge_ExportTypeGetExternalType(const WasmEdge_ExportTypeContext *Cxt) {
  return Cxt != NULL ? Cxt->kind : WasmEdge_ExternalType_Function;
}

WasmEdge_String WasmEdge_ExportTypeGetExternalName(const WasmEdge_ExportTypeContext *Cxt) {
  return Cxt != NULL ? Cxt->name : no_string;
}

const WasmEdge_FunctionTypeContext *WasmEdge_ExportTypeGetFunctionType(const WasmEdge_ASTModuleContext *ASTCxt,
                                                                       const WasmEdge_ExportTypeContext *Cxt) {
  return TYPE_OF(Cxt, WasmEdge_ExternalType_Function);
}

const WasmEdge_TableTypeContext *WasmEdge_ExportTypeGetTableType(const WasmEdge_ASTModuleContext *ASTCxt,
                                                                 const WasmEdge_ExportTypeContext *Cxt) {
  return TYPE_OF(Cxt, WasmEdge_ExternalType_Table);
}

const WasmEdge_MemoryTypeContext *WasmEdge_ExportTypeGetMemoryType(const WasmEdge_ASTModuleContext *ASTCxt,
                                                                   const WasmEdge_ExportTypeContext *Cxt) {
  return TYPE_OF(Cxt, WasmEdge_ExternalType_Memory);
}

const WasmEdge_GlobalTypeContext *WasmEdge_ExportTypeGetGlobalType(const WasmEdge_ASTModuleContext *ASTCxt,
                                                                   const WasmEdge_ExportTypeContext *Cxt) {
  return TYPE_OF(Cxt, WasmEdge_ExternalType_Global);
}
