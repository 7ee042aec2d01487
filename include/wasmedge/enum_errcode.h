/* Result codes. */
#ifndef WASMEDGE_C_API_ENUM_ERRCODE_H
#define WASMEDGE_C_API_ENUM_ERRCODE_H

enum WasmEdge_ErrCode {
  WasmEdge_ErrCode_Success = 0x00, /* success */
  WasmEdge_ErrCode_Terminated = 0x01, /* terminated */
  WasmEdge_ErrCode_RuntimeError = 0x02, /* generic runtime error */
  WasmEdge_ErrCode_CostLimitExceeded = 0x03, /* cost limit exceeded */
  WasmEdge_ErrCode_WrongVMWorkflow = 0x04, /* wrong VM workflow */
  WasmEdge_ErrCode_FuncNotFound = 0x05, /* wasm function not found */
  WasmEdge_ErrCode_AOTDisabled = 0x06, /* AOT runtime is disabled in this build */
  WasmEdge_ErrCode_Interrupted = 0x07, /* execution interrupted */
  WasmEdge_ErrCode_NotValidated = 0x08, /* wasm module hasn't passed validation yet */
  WasmEdge_ErrCode_IllegalPath = 0x20, /* invalid path */
  WasmEdge_ErrCode_ReadError = 0x21, /* read error */
  WasmEdge_ErrCode_UnexpectedEnd = 0x22, /* unexpected end */
  WasmEdge_ErrCode_MalformedMagic = 0x23, /* magic header not detected */
  WasmEdge_ErrCode_MalformedVersion = 0x24, /* unknown binary version */
  WasmEdge_ErrCode_MalformedSection = 0x25, /* malformed section id */
  WasmEdge_ErrCode_SectionSizeMismatch = 0x26, /* section size mismatch */
  WasmEdge_ErrCode_LengthOutOfBounds = 0x27, /* length out of bounds */
  WasmEdge_ErrCode_JunkSection = 0x28, /* unexpected content after last section */
  WasmEdge_ErrCode_IncompatibleFuncCode = 0x29, /* function and code section have inconsistent lengths */
  WasmEdge_ErrCode_IncompatibleDataCount = 0x2A, /* data count and data section have inconsistent lengths */
  WasmEdge_ErrCode_DataCountRequired = 0x2B, /* data count section required */
  WasmEdge_ErrCode_MalformedImportKind = 0x2C, /* malformed import kind */
  WasmEdge_ErrCode_MalformedExportKind = 0x2D, /* malformed export kind */
  WasmEdge_ErrCode_ExpectedZeroByte = 0x2E, /* zero byte expected */
  WasmEdge_ErrCode_InvalidMut = 0x2F, /* malformed mutability */
  WasmEdge_ErrCode_TooManyLocals = 0x30, /* too many locals */
  WasmEdge_ErrCode_MalformedValType = 0x31, /* malformed value type */
  WasmEdge_ErrCode_MalformedElemType = 0x32, /* malformed element type */
  WasmEdge_ErrCode_MalformedRefType = 0x33, /* malformed reference type */
  WasmEdge_ErrCode_MalformedUTF8 = 0x34, /* malformed UTF-8 encoding */
  WasmEdge_ErrCode_IntegerTooLarge = 0x35, /* integer too large */
  WasmEdge_ErrCode_IntegerTooLong = 0x36, /* integer representation too long */
  WasmEdge_ErrCode_IllegalOpCode = 0x37, /* illegal opcode */
  WasmEdge_ErrCode_ENDCodeExpected = 0x38, /* END opcode expected */
  WasmEdge_ErrCode_IllegalGrammar = 0x39, /* invalid wasm grammar */
  WasmEdge_ErrCode_InvalidAlignment = 0x40, /* alignment must not be larger than natural */
  WasmEdge_ErrCode_TypeCheckFailed = 0x41, /* type mismatch */
  WasmEdge_ErrCode_InvalidLabelIdx = 0x42, /* unknown label */
  WasmEdge_ErrCode_InvalidLocalIdx = 0x43, /* unknown local */
  WasmEdge_ErrCode_InvalidFuncTypeIdx = 0x44, /* unknown type */
  WasmEdge_ErrCode_InvalidFuncIdx = 0x45, /* unknown function */
  WasmEdge_ErrCode_InvalidTableIdx = 0x46, /* unknown table */
  WasmEdge_ErrCode_InvalidMemoryIdx = 0x47, /* unknown memory */
  WasmEdge_ErrCode_InvalidGlobalIdx = 0x48, /* unknown global */
  WasmEdge_ErrCode_InvalidElemIdx = 0x49, /* unknown elem segment */
  WasmEdge_ErrCode_InvalidDataIdx = 0x4A, /* unknown data segment */
  WasmEdge_ErrCode_InvalidRefIdx = 0x4B, /* undeclared function reference */
  WasmEdge_ErrCode_ConstExprRequired = 0x4C, /* constant expression required */
  WasmEdge_ErrCode_DupExportName = 0x4D, /* duplicate export name */
  WasmEdge_ErrCode_ImmutableGlobal = 0x4E, /* global is immutable */
  WasmEdge_ErrCode_InvalidResultArity = 0x4F, /* invalid result arity */
  WasmEdge_ErrCode_MultiTables = 0x50, /* multiple tables */
  WasmEdge_ErrCode_MultiMemories = 0x51, /* multiple memories */
  WasmEdge_ErrCode_InvalidLimit = 0x52, /* size minimum must not be greater than maximum */
  WasmEdge_ErrCode_InvalidMemPages = 0x53, /* memory size must be at most 65536 pages (4GiB) */
  WasmEdge_ErrCode_InvalidStartFunc = 0x54, /* start function */
  WasmEdge_ErrCode_InvalidLaneIdx = 0x55, /* invalid lane index */
  WasmEdge_ErrCode_ModuleNameConflict = 0x60, /* module name conflict */
  WasmEdge_ErrCode_IncompatibleImportType = 0x61, /* incompatible import type */
  WasmEdge_ErrCode_UnknownImport = 0x62, /* unknown import */
  WasmEdge_ErrCode_DataSegDoesNotFit = 0x63, /* data segment does not fit */
  WasmEdge_ErrCode_ElemSegDoesNotFit = 0x64, /* elements segment does not fit */
  WasmEdge_ErrCode_WrongInstanceAddress = 0x80, /* wrong instance address */
  WasmEdge_ErrCode_WrongInstanceIndex = 0x81, /* wrong instance index */
  WasmEdge_ErrCode_InstrTypeMismatch = 0x82, /* instruction type mismatch */
  WasmEdge_ErrCode_FuncSigMismatch = 0x83, /* function signature mismatch */
  WasmEdge_ErrCode_DivideByZero = 0x84, /* integer divide by zero */
  WasmEdge_ErrCode_IntegerOverflow = 0x85, /* integer overflow */
  WasmEdge_ErrCode_InvalidConvToInt = 0x86, /* invalid conversion to integer */
  WasmEdge_ErrCode_TableOutOfBounds = 0x87, /* out of bounds table access */
  WasmEdge_ErrCode_MemoryOutOfBounds = 0x88, /* out of bounds memory access */
  WasmEdge_ErrCode_Unreachable = 0x89, /* unreachable */
  WasmEdge_ErrCode_UninitializedElement = 0x8A, /* uninitialized element */
  WasmEdge_ErrCode_UndefinedElement = 0x8B, /* undefined element */
  WasmEdge_ErrCode_IndirectCallTypeMismatch = 0x8C, /* indirect call type mismatch */
  WasmEdge_ErrCode_ExecutionFailed = 0x8D, /* host function failed */
  WasmEdge_ErrCode_RefTypeMismatch = 0x8E /* reference type mismatch */
};

#endif /* WASMEDGE_C_API_ENUM_ERRCODE_H */
