/* What a configuration can switch. */
#ifndef WASMEDGE_C_API_ENUM_CONFIGURE_H
#define WASMEDGE_C_API_ENUM_CONFIGURE_H

enum WasmEdge_Proposal {
  WasmEdge_Proposal_ImportExportMutGlobals = 0, /* Import/Export of mutable globals */
  WasmEdge_Proposal_NonTrapFloatToIntConversions = 1, /* Non-trapping float-to-int conversions */
  WasmEdge_Proposal_SignExtensionOperators = 2, /* Sign-extension operators */
  WasmEdge_Proposal_MultiValue = 3, /* Multi-value returns */
  WasmEdge_Proposal_BulkMemoryOperations = 4, /* Bulk memory operations */
  WasmEdge_Proposal_ReferenceTypes = 5, /* Reference types */
  WasmEdge_Proposal_SIMD = 6, /* Fixed-width SIMD */
  WasmEdge_Proposal_TailCall = 7, /* Tail call */
  WasmEdge_Proposal_MultiMemories = 8, /* Multiple memories */
  WasmEdge_Proposal_Annotations = 9, /* Custom Annotation Syntax in the Text Format */
  WasmEdge_Proposal_Memory64 = 10, /* Memory64 */
  WasmEdge_Proposal_ExceptionHandling = 11, /* Exception handling */
  WasmEdge_Proposal_ExtendedConst = 12, /* Extended const */
  WasmEdge_Proposal_Threads = 13, /* Threads */
  WasmEdge_Proposal_FunctionReferences = 14 /* Typed Function References */
};

enum WasmEdge_HostRegistration {
  WasmEdge_HostRegistration_Wasi = 0,
  WasmEdge_HostRegistration_WasmEdge_Process = 1
};

enum WasmEdge_CompilerOptimizationLevel {
  WasmEdge_CompilerOptimizationLevel_O0 = 0,
  WasmEdge_CompilerOptimizationLevel_O1 = 1,
  WasmEdge_CompilerOptimizationLevel_O2 = 2,
  WasmEdge_CompilerOptimizationLevel_O3 = 3,
  WasmEdge_CompilerOptimizationLevel_Os = 4,
  WasmEdge_CompilerOptimizationLevel_Oz = 5
};

enum WasmEdge_CompilerOutputFormat {
  WasmEdge_CompilerOutputFormat_Native = 0,
  WasmEdge_CompilerOutputFormat_Wasm = 1
};

#endif /* WASMEDGE_C_API_ENUM_CONFIGURE_H */
