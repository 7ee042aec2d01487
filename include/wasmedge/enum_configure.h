/**
 * @file
 * What a configuration can switch. Included by wasmedge.h.
 */
#ifndef WASMEDGE_C_API_ENUM_CONFIGURE_H
#define WASMEDGE_C_API_ENUM_CONFIGURE_H

/**
 * WebAssembly proposals, for WasmEdge_ConfigureAddProposal. The first seven, part of WebAssembly 2.0, are on
 * by default. "No effect" ones can be switched and asked for, but change nothing.
 */
enum WasmEdge_Proposal {
  WasmEdge_Proposal_ImportExportMutGlobals = 0, /**< importing mutable globals */
  WasmEdge_Proposal_NonTrapFloatToIntConversions = 1, /**< float to integer, saturating */
  WasmEdge_Proposal_SignExtensionOperators = 2, /**< i32.extend8_s and its like */
  WasmEdge_Proposal_MultiValue = 3, /**< several results of functions, block types */
  WasmEdge_Proposal_BulkMemoryOperations = 4, /**< memory.copy, memory.fill, table.init and their like */
  WasmEdge_Proposal_ReferenceTypes = 5, /**< externref, several tables, instructions on tables */
  WasmEdge_Proposal_SIMD = 6, /**< v128 and its instructions */
  WasmEdge_Proposal_TailCall = 7, /**< return_call, return_call_indirect */
  WasmEdge_Proposal_MultiMemories = 8, /**< several memories */
  WasmEdge_Proposal_Annotations = 9, /**< no effect: custom annotations in the text format */
  WasmEdge_Proposal_Memory64 = 10, /**< no effect: memories with 64-bit addresses */
  WasmEdge_Proposal_ExceptionHandling = 11, /**< no effect: exceptions */
  WasmEdge_Proposal_ExtendedConst = 12, /**< addition, subtraction, multiplication in constant expressions */
  WasmEdge_Proposal_Threads = 13, /**< shared memories, atomic instructions */
  WasmEdge_Proposal_FunctionReferences = 14 /**< no effect: typed references to functions */
};

/** Host modules that a VM makes by itself, for WasmEdge_ConfigureAddHostRegistration. */
enum WasmEdge_HostRegistration {
  WasmEdge_HostRegistration_Wasi = 0,            /**< wasi_snapshot_preview1 */
  WasmEdge_HostRegistration_WasmEdge_Process = 1 /**< wasmedge_process, if its plugin is loaded */
};

/** How hard the ahead-of-time compiler optimises. */
enum WasmEdge_CompilerOptimizationLevel {
  WasmEdge_CompilerOptimizationLevel_O0 = 0, /**< not at all */
  WasmEdge_CompilerOptimizationLevel_O1 = 1, /**< little */
  WasmEdge_CompilerOptimizationLevel_O2 = 2, /**< as far as code does not grow much */
  WasmEdge_CompilerOptimizationLevel_O3 = 3, /**< for speed; the default */
  WasmEdge_CompilerOptimizationLevel_Os = 4, /**< for size */
  WasmEdge_CompilerOptimizationLevel_Oz = 5  /**< for size, at the expense of speed */
};

/** What the ahead-of-time compiler writes. */
enum WasmEdge_CompilerOutputFormat {
  WasmEdge_CompilerOutputFormat_Native = 0, /**< a shared library of the platform */
  WasmEdge_CompilerOutputFormat_Wasm = 1    /**< the module with the code in a custom section; the default */
};

#endif /* WASMEDGE_C_API_ENUM_CONFIGURE_H */
