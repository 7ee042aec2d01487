/**
 * @file
 * Result codes. Included by wasmedge.h.
 */
#ifndef WASMEDGE_C_API_ENUM_ERRCODE_H
#define WASMEDGE_C_API_ENUM_ERRCODE_H

/**
 * What a WasmEdge_Result says. WasmEdge_ResultGetMessage gives a text for each; the comments here say what
 * the reason is.
 */
enum WasmEdge_ErrCode {
  /* The library itself. */
  WasmEdge_ErrCode_Success = 0x00,           /**< it succeeded */
  WasmEdge_ErrCode_Terminated = 0x01,        /**< the guest or a host function ended the run; a success */
  WasmEdge_ErrCode_RuntimeError = 0x02,      /**< no memory, stack or run-time system: see standard error */
  WasmEdge_ErrCode_CostLimitExceeded = 0x03, /**< the cost limit was reached */
  WasmEdge_ErrCode_WrongVMWorkflow = 0x04,   /**< a required pointer is NULL, or the VM is not that far */
  WasmEdge_ErrCode_FuncNotFound = 0x05,      /**< the module exports no function of that name */
  WasmEdge_ErrCode_AOTDisabled = 0x06,       /**< not used: there is an ahead-of-time compiler */
  WasmEdge_ErrCode_Interrupted = 0x07,       /**< the run was cancelled */
  WasmEdge_ErrCode_NotValidated = 0x08,      /**< the module to instantiate has not been validated */

  /* Loading: the binary cannot be read or is malformed. */
  WasmEdge_ErrCode_IllegalPath = 0x20,           /**< a file cannot be opened */
  WasmEdge_ErrCode_ReadError = 0x21,             /**< reading an open file fails */
  WasmEdge_ErrCode_UnexpectedEnd = 0x22,         /**< the binary ends early, or is empty */
  WasmEdge_ErrCode_MalformedMagic = 0x23,        /**< it begins neither like a binary nor like a text */
  WasmEdge_ErrCode_MalformedVersion = 0x24,      /**< a version other than 1 */
  WasmEdge_ErrCode_MalformedSection = 0x25,      /**< unknown section, or one whose proposal is off */
  WasmEdge_ErrCode_SectionSizeMismatch = 0x26,   /**< a section is longer or shorter than it says */
  WasmEdge_ErrCode_LengthOutOfBounds = 0x27,     /**< a section or name reaches beyond the end */
  WasmEdge_ErrCode_JunkSection = 0x28,           /**< a section twice, or out of order */
  WasmEdge_ErrCode_IncompatibleFuncCode = 0x29,  /**< numbers of functions and of bodies differ */
  WasmEdge_ErrCode_IncompatibleDataCount = 0x2A, /**< announced and actual data segments differ */
  WasmEdge_ErrCode_DataCountRequired = 0x2B,     /**< memory.init or data.drop without data count section */
  WasmEdge_ErrCode_MalformedImportKind = 0x2C,   /**< an import of no known kind */
  WasmEdge_ErrCode_MalformedExportKind = 0x2D,   /**< an export of no known kind */
  WasmEdge_ErrCode_ExpectedZeroByte = 0x2E,      /**< a reserved byte is not zero */
  WasmEdge_ErrCode_InvalidMut = 0x2F,            /**< mutability is not 0 or 1, or its proposal is off */
  WasmEdge_ErrCode_TooManyLocals = 0x30,         /**< a function has 2^32 locals or more */
  WasmEdge_ErrCode_MalformedValType = 0x31,      /**< no type of a value, or its proposal is off */
  WasmEdge_ErrCode_MalformedElemType = 0x32,     /**< a type of reference whose proposal is off */
  WasmEdge_ErrCode_MalformedRefType = 0x33,      /**< no type of reference */
  WasmEdge_ErrCode_MalformedUTF8 = 0x34,         /**< a name is not UTF-8 */
  WasmEdge_ErrCode_IntegerTooLarge = 0x35,       /**< an integer does not fit its type */
  WasmEdge_ErrCode_IntegerTooLong = 0x36,        /**< an integer is encoded in too many bytes */
  WasmEdge_ErrCode_IllegalOpCode = 0x37,         /**< no such instruction, or its proposal is off */
  WasmEdge_ErrCode_ENDCodeExpected = 0x38,       /**< the end of a body is missing */
  WasmEdge_ErrCode_IllegalGrammar = 0x39,        /**< something else that the grammar does not allow */

  /* Validation: the module is well-formed, but not valid. */
  WasmEdge_ErrCode_InvalidAlignment = 0x40,   /**< alignment greater than the access */
  WasmEdge_ErrCode_TypeCheckFailed = 0x41,    /**< operands or results of the wrong type or number */
  WasmEdge_ErrCode_InvalidLabelIdx = 0x42,    /**< no such label */
  WasmEdge_ErrCode_InvalidLocalIdx = 0x43,    /**< no such local */
  WasmEdge_ErrCode_InvalidFuncTypeIdx = 0x44, /**< no such type */
  WasmEdge_ErrCode_InvalidFuncIdx = 0x45,     /**< no such function */
  WasmEdge_ErrCode_InvalidTableIdx = 0x46,    /**< no such table, or one of the wrong type */
  WasmEdge_ErrCode_InvalidMemoryIdx = 0x47,   /**< no such memory */
  WasmEdge_ErrCode_InvalidGlobalIdx = 0x48,   /**< no such global, or none that a constant may read */
  WasmEdge_ErrCode_InvalidElemIdx = 0x49,     /**< no such element segment */
  WasmEdge_ErrCode_InvalidDataIdx = 0x4A,     /**< no such data segment */
  WasmEdge_ErrCode_InvalidRefIdx = 0x4B,      /**< ref.func of a function that is not declared */
  WasmEdge_ErrCode_ConstExprRequired = 0x4C,  /**< an expression is not constant */
  WasmEdge_ErrCode_DupExportName = 0x4D,      /**< two exports of the same name */
  WasmEdge_ErrCode_ImmutableGlobal = 0x4E,    /**< a constant global is written */
  WasmEdge_ErrCode_InvalidResultArity = 0x4F, /**< select with several types */
  WasmEdge_ErrCode_MultiTables = 0x50,        /**< several tables, whose proposal is off */
  WasmEdge_ErrCode_MultiMemories = 0x51,      /**< several memories, whose proposal is off */
  WasmEdge_ErrCode_InvalidLimit = 0x52,       /**< a minimum greater than its maximum */
  WasmEdge_ErrCode_InvalidMemPages = 0x53,    /**< a memory of more than 65536 pages */
  WasmEdge_ErrCode_InvalidStartFunc = 0x54,   /**< the start function has parameters or results */
  WasmEdge_ErrCode_InvalidLaneIdx = 0x55,     /**< no such lane of a vector */

  /* Instantiation. */
  WasmEdge_ErrCode_ModuleNameConflict = 0x60,     /**< the store has a module of that name */
  WasmEdge_ErrCode_IncompatibleImportType = 0x61, /**< an import is of another kind or type */
  WasmEdge_ErrCode_UnknownImport = 0x62,          /**< an imported module or name is unknown */
  WasmEdge_ErrCode_DataSegDoesNotFit = 0x63,      /**< see WasmEdge_ExecutorInstantiate */
  WasmEdge_ErrCode_ElemSegDoesNotFit = 0x64,      /**< see WasmEdge_ExecutorInstantiate */

  /* Execution. 0x84 to 0x8C: traps; 0x87 and 0x88 also from instantiating and accessing instances. */
  WasmEdge_ErrCode_WrongInstanceAddress = 0x80,     /**< no active instance, or no module of that name */
  WasmEdge_ErrCode_WrongInstanceIndex = 0x81,       /**< not used */
  WasmEdge_ErrCode_InstrTypeMismatch = 0x82,        /**< not used */
  WasmEdge_ErrCode_FuncSigMismatch = 0x83,          /**< number or types of the parameters are wrong */
  WasmEdge_ErrCode_DivideByZero = 0x84,             /**< integer division by zero */
  WasmEdge_ErrCode_IntegerOverflow = 0x85,          /**< a result too big for its integer */
  WasmEdge_ErrCode_InvalidConvToInt = 0x86,         /**< NaN cannot become an integer */
  WasmEdge_ErrCode_TableOutOfBounds = 0x87,         /**< access outside of a table */
  WasmEdge_ErrCode_MemoryOutOfBounds = 0x88,        /**< access outside of a memory */
  WasmEdge_ErrCode_Unreachable = 0x89,              /**< the instruction unreachable */
  WasmEdge_ErrCode_UninitializedElement = 0x8A,     /**< call through a null reference */
  WasmEdge_ErrCode_UndefinedElement = 0x8B,         /**< call through an index outside of the table */
  WasmEdge_ErrCode_IndirectCallTypeMismatch = 0x8C, /**< call of a function of another type */
  WasmEdge_ErrCode_ExecutionFailed = 0x8D,          /**< a host function has failed */
  WasmEdge_ErrCode_RefTypeMismatch = 0x8E           /**< a reference of another type than the table */
};

#endif /* WASMEDGE_C_API_ENUM_ERRCODE_H */
