/**
 * @file
 * Types of values and of what modules import and export. Included by wasmedge.h.
 */
#ifndef WASMEDGE_C_API_ENUM_TYPES_H
#define WASMEDGE_C_API_ENUM_TYPES_H

/** Types of values, by their numbers in the binary format. */
enum WasmEdge_ValType {
  WasmEdge_ValType_None = 0x40,     /**< no value; not the type of a value */
  WasmEdge_ValType_I32 = 0x7F,      /**< 32-bit integer */
  WasmEdge_ValType_I64 = 0x7E,      /**< 64-bit integer */
  WasmEdge_ValType_F32 = 0x7D,      /**< single precision */
  WasmEdge_ValType_F64 = 0x7C,      /**< double precision */
  WasmEdge_ValType_V128 = 0x7B,     /**< 128-bit vector */
  WasmEdge_ValType_FuncRef = 0x70,  /**< reference to a function */
  WasmEdge_ValType_ExternRef = 0x6F /**< reference to an object of the host */
};

/** The types of values that are numbers or vectors; numbered as in enum WasmEdge_ValType. */
enum WasmEdge_NumType {
  WasmEdge_NumType_I32 = 0x7F, /**< 32-bit integer */
  WasmEdge_NumType_I64 = 0x7E, /**< 64-bit integer */
  WasmEdge_NumType_F32 = 0x7D, /**< single precision */
  WasmEdge_NumType_F64 = 0x7C, /**< double precision */
  WasmEdge_NumType_V128 = 0x7B /**< 128-bit vector */
};

/** The types of values that are references; numbered as in enum WasmEdge_ValType. */
enum WasmEdge_RefType {
  WasmEdge_RefType_FuncRef = 0x70,  /**< reference to a function */
  WasmEdge_RefType_ExternRef = 0x6F /**< reference to an object of the host */
};

/** Whether a global can change. */
enum WasmEdge_Mutability {
  WasmEdge_Mutability_Const = 0, /**< it cannot */
  WasmEdge_Mutability_Var = 1    /**< it can */
};

/** Kinds of imports and exports. */
enum WasmEdge_ExternalType {
  WasmEdge_ExternalType_Function = 0, /**< a function */
  WasmEdge_ExternalType_Table = 1,    /**< a table */
  WasmEdge_ExternalType_Memory = 2,   /**< a memory */
  WasmEdge_ExternalType_Global = 3    /**< a global */
};

#endif /* WASMEDGE_C_API_ENUM_TYPES_H */
