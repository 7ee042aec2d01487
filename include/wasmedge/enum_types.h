/* Types of values and of what modules import and export. */
#ifndef WASMEDGE_C_API_ENUM_TYPES_H
#define WASMEDGE_C_API_ENUM_TYPES_H

enum WasmEdge_ValType {
  WasmEdge_ValType_None = 0x40, /* none */
  WasmEdge_ValType_I32 = 0x7F, /* i32 */
  WasmEdge_ValType_I64 = 0x7E, /* i64 */
  WasmEdge_ValType_F32 = 0x7D, /* f32 */
  WasmEdge_ValType_F64 = 0x7C, /* f64 */
  WasmEdge_ValType_V128 = 0x7B, /* v128 */
  WasmEdge_ValType_FuncRef = 0x70, /* funcref */
  WasmEdge_ValType_ExternRef = 0x6F /* externref */
};

enum WasmEdge_NumType {
  WasmEdge_NumType_I32 = 0x7F, /* i32 */
  WasmEdge_NumType_I64 = 0x7E, /* i64 */
  WasmEdge_NumType_F32 = 0x7D, /* f32 */
  WasmEdge_NumType_F64 = 0x7C, /* f64 */
  WasmEdge_NumType_V128 = 0x7B /* v128 */
};

enum WasmEdge_RefType {
  WasmEdge_RefType_FuncRef = 0x70, /* funcref */
  WasmEdge_RefType_ExternRef = 0x6F /* externref */
};

enum WasmEdge_Mutability {
  WasmEdge_Mutability_Const = 0, /* const */
  WasmEdge_Mutability_Var = 1 /* var */
};

enum WasmEdge_ExternalType {
  WasmEdge_ExternalType_Function = 0, /* function */
  WasmEdge_ExternalType_Table = 1, /* table */
  WasmEdge_ExternalType_Memory = 2, /* memory */
  WasmEdge_ExternalType_Global = 3 /* global */
};

#endif /* WASMEDGE_C_API_ENUM_TYPES_H */
