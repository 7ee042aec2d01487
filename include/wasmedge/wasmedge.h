/**
 * @file
 * The C API of WasmEdge 0.10.0. Compiles as C99 and later and as C++; link with -lwasmedge_c.
 *
 * What holds for all functions:
 *
 * NULL. Pointers that the comment of a function names after "@nullable" may be NULL; the text says what that
 * means. All other pointers are required: if one is NULL, nothing is done, nothing is written to the caller's
 * memory, and the function returns, by the type of its result,
 *   WasmEdge_Result             code 0x04 (WrongVMWorkflow)
 *   pointer, number, bool       NULL, 0, false; WasmEdge_ModuleInstanceWASIGetExitCode: 1
 *   WasmEdge_String             Length 0, Buf NULL
 *   WasmEdge_Limit              HasMax false, Min 0, Max 0
 *   WasmEdge_Value              0 of type I32
 *   enum                        what the function's comment says
 * This comes before all other checks. So deleting NULL does nothing, and a NULL configuration, which is
 * always nullable, is the default configuration. Pointers that point to nothing valid are not detected.
 *
 * Results. Functions that can fail for several reasons return a WasmEdge_Result. The comments name the codes
 * of failures by number and enumerator: 0x60 (ModuleNameConflict). 0x02 (RuntimeError) is possible
 * everywhere: memory is exhausted or the run-time system cannot be started, which is said on standard error.
 * Functions that create return NULL then.
 *
 * Ownership. The caller owns what functions with Create in their name return, what loading, instantiating and
 * registering store in an out parameter, and what the VMAsync functions return, and deletes it with the
 * Delete function of its type. Everything else is borrowed: it must not be deleted, and is valid as long as
 * the comment says. "Copied" arguments may be changed or deleted after the call.
 *
 * Lists. Functions that fill an array return how many entries there are, whatever Len is; they write the
 * first min(Len, entries) ones and leave the rest of the array as it is. With a NULL array they only count.
 * Names are sorted in ascending order of their bytes, taken as unsigned.
 *
 * Calls. Functions that run guest code take ParamLen parameters; NULL means that there are none, whatever
 * ParamLen is. Number and types must be those of the function, else the code is 0x83 (FuncSigMismatch). If
 * the run succeeds, the first min(ReturnLen, results) results are written with their types to Returns, unless
 * that is NULL; the rest of the array stays as it is. Otherwise the code is one of the following, and nothing
 * is written unless it is the first one.
 *   0x01 Terminated             the guest or a host function ended the run: no failure; the results are zeros
 *   0x02 RuntimeError           the call stack is exhausted
 *   0x03 CostLimitExceeded      see WasmEdge_StatisticsSetCostLimit
 *   0x07 Interrupted            see WasmEdge_AsyncCancel
 *   0x84 to 0x8C                the guest trapped, see enum WasmEdge_ErrCode
 *   0x8D ExecutionFailed        a host function failed
 *
 * Threads. Every function may be called from any thread, and guest code runs on the thread that calls it, in
 * parallel with others. What several threads may do with one context is said in the comment of its section.
 * Creating and deleting is never among it: a context must not be deleted while another thread uses it.
 */
#ifndef WASMEDGE_C_API_H
#define WASMEDGE_C_API_H

/** In front of every exported function; WASMEDGE_COMPILE_LIBRARY is for who builds the library. */
#if defined(_WIN32) || defined(_WIN64) || defined(__WIN32__)
#ifdef WASMEDGE_COMPILE_LIBRARY
#define WASMEDGE_CAPI_EXPORT __declspec(dllexport)
#else
#define WASMEDGE_CAPI_EXPORT __declspec(dllimport)
#endif
#else
#define WASMEDGE_CAPI_EXPORT __attribute__((visibility("default")))
#endif

#include <stdbool.h>
#include <stdint.h>

#include "wasmedge/enum_configure.h"
#include "wasmedge/enum_errcode.h"
#include "wasmedge/enum_types.h"
#include "wasmedge/int128.h"
#include "wasmedge/version.h"

/* ---- Plain data -------------------------------------------------------------------------------- */

/** A WebAssembly value. 32 bytes, aligned to 16. */
typedef struct WasmEdge_Value {
  uint128_t Value;            /**< the bits, in the low 32, 64 or 128; references are 64-bit pointers */
  enum WasmEdge_ValType Type; /**< what the bits are */
} WasmEdge_Value;

/** Bytes with a length, such as a name in UTF-8. Not necessarily NUL-terminated. */
typedef struct WasmEdge_String {
  uint32_t Length; /**< number of bytes */
  const char *Buf; /**< NULL only if Length is 0 */
} WasmEdge_String;

/** Outcome of a function. One byte, by value. */
typedef struct WasmEdge_Result {
  uint8_t Code; /**< a number of enum WasmEdge_ErrCode */
} WasmEdge_Result;

/** Limits of a table (in elements) or a memory (in pages of 64 KiB). */
typedef struct WasmEdge_Limit {
  bool HasMax;  /**< whether there is a maximum */
  uint32_t Min; /**< minimum; of a table or memory that exists: the current size */
  uint32_t Max; /**< maximum, if HasMax; else ignored on the way in, the initial minimum on the way out */
} WasmEdge_Limit;

/* ---- Contexts ---------------------------------------------------------------------------------- */

typedef struct WasmEdge_ConfigureContext WasmEdge_ConfigureContext;       /**< what others are to do */
typedef struct WasmEdge_StatisticsContext WasmEdge_StatisticsContext;     /**< what executions cost */
typedef struct WasmEdge_ASTModuleContext WasmEdge_ASTModuleContext;       /**< a loaded module */
typedef struct WasmEdge_FunctionTypeContext WasmEdge_FunctionTypeContext; /**< parameters and results */
typedef struct WasmEdge_MemoryTypeContext WasmEdge_MemoryTypeContext;     /**< limits */
typedef struct WasmEdge_TableTypeContext WasmEdge_TableTypeContext;       /**< element type, limits */
typedef struct WasmEdge_GlobalTypeContext WasmEdge_GlobalTypeContext;     /**< value type, mutability */
typedef struct WasmEdge_ImportTypeContext WasmEdge_ImportTypeContext;     /**< an import: names, type */
typedef struct WasmEdge_ExportTypeContext WasmEdge_ExportTypeContext;     /**< an export: name, type */
typedef struct WasmEdge_CompilerContext WasmEdge_CompilerContext;         /**< compiles ahead of time */
typedef struct WasmEdge_LoaderContext WasmEdge_LoaderContext;             /**< decodes binaries */
typedef struct WasmEdge_ValidatorContext WasmEdge_ValidatorContext;       /**< checks modules */
typedef struct WasmEdge_ExecutorContext WasmEdge_ExecutorContext;         /**< instantiates, calls */
typedef struct WasmEdge_StoreContext WasmEdge_StoreContext;               /**< module instances by name */
typedef struct WasmEdge_ModuleInstanceContext WasmEdge_ModuleInstanceContext;     /**< exports by name */
typedef struct WasmEdge_FunctionInstanceContext WasmEdge_FunctionInstanceContext; /**< a function */
typedef struct WasmEdge_TableInstanceContext WasmEdge_TableInstanceContext;       /**< a table */
typedef struct WasmEdge_MemoryInstanceContext WasmEdge_MemoryInstanceContext;     /**< a memory */
typedef struct WasmEdge_GlobalInstanceContext WasmEdge_GlobalInstanceContext;     /**< a global */
typedef struct WasmEdge_Async WasmEdge_Async;                             /**< a run in the background */
typedef struct WasmEdge_VMContext WasmEdge_VMContext;                     /**< all stages behind one */

/* ---- Host functions ---------------------------------------------------------------------------- */

/** What a host function returns when it has written its results. */
#define WasmEdge_Result_Success ((WasmEdge_Result){.Code = 0x00})
/** What a host function returns to end the whole run, which is no failure: code 0x01 (Terminated). */
#define WasmEdge_Result_Terminate ((WasmEdge_Result){.Code = 0x01})
/** What a host function returns to fail: the run ends with code 0x8D (ExecutionFailed). */
#define WasmEdge_Result_Fail ((WasmEdge_Result){.Code = 0x02})

/**
 * A host function. It runs on the thread that runs the guest, without any lock held, and may use this API,
 * also the VM that called it. Several threads may call it at once if several run guests. It must return:
 * longjmp or a C++ exception must not leave it.
 *
 * @param Data what WasmEdge_FunctionInstanceCreate was given.
 * @param MemCxt memory 0 of the module that calls, borrowed; NULL if it has none or the host calls.
 * @param Params the parameters, as many and with the types the function's type says; NULL if there are none.
 * @param Returns where to write the results, as many as the type says, zeroed; NULL if there are none. Only
 *   the bits matter: the types are those of the function's type. Both arrays live during the call only.
 * @return WasmEdge_Result_Success or WasmEdge_Result_Terminate; any other code, whatever its number, fails
 *   the run with 0x8D (ExecutionFailed).
 */
typedef WasmEdge_Result (*WasmEdge_HostFunc_t)(void *Data, WasmEdge_MemoryInstanceContext *MemCxt,
    const WasmEdge_Value *Params, WasmEdge_Value *Returns);

/**
 * A host function that serves many bindings; otherwise like WasmEdge_HostFunc_t.
 *
 * @param This the Binding that WasmEdge_FunctionInstanceCreateBinding was given.
 * @param Data the Data it was given.
 * @param ParamLen number of parameters.
 * @param ReturnLen number of results.
 */
typedef WasmEdge_Result (*WasmEdge_WrapFunc_t)(void *This, void *Data, WasmEdge_MemoryInstanceContext *MemCxt,
    const WasmEdge_Value *Params, const uint32_t ParamLen, WasmEdge_Value *Returns, const uint32_t ReturnLen);

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version ----------------------------------------------------------------------------------- */

/* These functions start nothing and never fail. */

/** The version as text, equal to WASMEDGE_VERSION. The string is static: never freed. */
WASMEDGE_CAPI_EXPORT extern const char *WasmEdge_VersionGet(void);

/** The first number of the version, WASMEDGE_VERSION_MAJOR. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_VersionGetMajor(void);

/** The second number of the version, WASMEDGE_VERSION_MINOR. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_VersionGetMinor(void);

/** The third number of the version, WASMEDGE_VERSION_PATCH. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_VersionGetPatch(void);

/* ---- Logging ----------------------------------------------------------------------------------- */

/*
 * One threshold for the process, info at the start. Lines go to standard error:
 *   [YYYY-MM-DD hh:mm:ss.mmm] [error] text
 * A function that fails with a result code logs one line that names the code, perhaps followed by details;
 * the wording is not part of this interface. Both functions may be called at any time, from any thread.
 */

/** Log errors only. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_LogSetErrorLevel(void);

/** Log everything: debug, info and error lines. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_LogSetDebugLevel(void);

/* ---- Value ------------------------------------------------------------------------------------- */

/*
 * Pure functions on plain data. A value has bits and a type; see WasmEdge_Value. The Gen functions set both
 * and leave no bit undefined. The Get functions do not look at the type: they reinterpret the low bits of the
 * value, all 128 for V128.
 *
 * References are words that the library passes through: it never dereferences an externref, and a funcref
 * only to call it.
 */

/** An I32 value. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Value WasmEdge_ValueGenI32(const int32_t Val);

/** An I64 value. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Value WasmEdge_ValueGenI64(const int64_t Val);

/** An F32 value; the bits of a NaN are kept. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Value WasmEdge_ValueGenF32(const float Val);

/** An F64 value; the bits of a NaN are kept. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Value WasmEdge_ValueGenF64(const double Val);

/** A V128 value. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Value WasmEdge_ValueGenV128(const int128_t Val);

/** The null reference of type T. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Value WasmEdge_ValueGenNullRef(const enum WasmEdge_RefType T);

/**
 * A reference to a function. It does not keep the function alive.
 * @param Cxt the function; NULL gives the null funcref.
 * @nullable Cxt
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Value WasmEdge_ValueGenFuncRef(
    const WasmEdge_FunctionInstanceContext *Cxt);

/**
 * A reference to an object of the host. The object remains the host's and must live as long as a guest may
 * give the reference back.
 * @param Ref the object; NULL gives the null externref.
 * @nullable Ref
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Value WasmEdge_ValueGenExternRef(void *Ref);

/** The low 32 bits as an integer. */
WASMEDGE_CAPI_EXPORT extern int32_t WasmEdge_ValueGetI32(const WasmEdge_Value Val);

/** The low 64 bits as an integer. */
WASMEDGE_CAPI_EXPORT extern int64_t WasmEdge_ValueGetI64(const WasmEdge_Value Val);

/** The low 32 bits as a float. */
WASMEDGE_CAPI_EXPORT extern float WasmEdge_ValueGetF32(const WasmEdge_Value Val);

/** The low 64 bits as a double. */
WASMEDGE_CAPI_EXPORT extern double WasmEdge_ValueGetF64(const WasmEdge_Value Val);

/** All 128 bits. */
WASMEDGE_CAPI_EXPORT extern int128_t WasmEdge_ValueGetV128(const WasmEdge_Value Val);

/** Whether the low 64 bits are 0, which makes a reference null. */
WASMEDGE_CAPI_EXPORT extern bool WasmEdge_ValueIsNullRef(const WasmEdge_Value Val);

/**
 * The function a funcref refers to: the pointer that WasmEdge_ModuleInstanceFindFunction gives for it,
 * borrowed from the function's module. NULL for the null reference.
 */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_FunctionInstanceContext *WasmEdge_ValueGetFuncRef(
    const WasmEdge_Value Val);

/** The pointer an externref was made from; NULL for the null reference. */
WASMEDGE_CAPI_EXPORT extern void *WasmEdge_ValueGetExternRef(const WasmEdge_Value Val);

/* ---- String ------------------------------------------------------------------------------------ */

/*
 * Length counts bytes; NUL bytes may be among them and no terminator is needed. Length must be 0 if Buf is
 * NULL. Strings the library takes are read during the call only, and copied if they are needed later.
 */

/**
 * A copy of a NUL-terminated string, without its terminator. Delete it with WasmEdge_StringDelete.
 * @return the copy; Length 0 and Buf NULL if Str is NULL or empty, or memory is exhausted.
 * @nullable Str
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_String WasmEdge_StringCreateByCString(const char *Str);

/**
 * A copy of Len bytes. Delete it with WasmEdge_StringDelete.
 * @return the copy; Length 0 and Buf NULL if Buf is NULL, Len is 0 or memory is exhausted.
 * @nullable Buf
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_String WasmEdge_StringCreateByBuffer(const char *Buf,
    const uint32_t Len);

/**
 * A string that refers to the caller's buffer: nothing is copied. It is valid as long as the buffer and must
 * not be given to WasmEdge_StringDelete. Both arguments are taken over as they are.
 * @nullable Buf
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_String WasmEdge_StringWrap(const char *Buf, const uint32_t Len);

/** Whether both have the same length and bytes. Empty strings are equal whatever their Buf. */
WASMEDGE_CAPI_EXPORT extern bool WasmEdge_StringIsEqual(const WasmEdge_String Str1,
    const WasmEdge_String Str2);

/**
 * Copies the first min(Len, Str.Length) bytes to Buf and fills the rest of its Len bytes with zeros. So the
 * copy has a terminator only if Len is greater than Str.Length.
 * @return how many bytes were copied; 0 if Buf is NULL.
 * @nullable Buf
 */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_StringCopy(const WasmEdge_String Str, char *Buf,
    const uint32_t Len);

/**
 * Frees a string made by WasmEdge_StringCreateByCString or WasmEdge_StringCreateByBuffer. Does nothing if Buf
 * is NULL. Strings from WasmEdge_StringWrap and borrowed ones must not be deleted.
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_StringDelete(WasmEdge_String Str);

/* ---- Result ------------------------------------------------------------------------------------ */

/* Pure functions on plain data. */

/** Whether a call succeeded: true for the codes 0x00 (Success) and 0x01 (Terminated). */
WASMEDGE_CAPI_EXPORT extern bool WasmEdge_ResultOK(const WasmEdge_Result Res);

/** The code, a number of enum WasmEdge_ErrCode. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_ResultGetCode(const WasmEdge_Result Res);

/**
 * The fixed English text of the code, as a static string: never freed. NULL if the number is no error code.
 */
WASMEDGE_CAPI_EXPORT extern const char *WasmEdge_ResultGetMessage(const WasmEdge_Result Res);

/* ---- Limit ------------------------------------------------------------------------------------- */

/** Whether all three fields are equal, Max also if HasMax is false. Pure. */
WASMEDGE_CAPI_EXPORT extern bool WasmEdge_LimitIsEqual(const WasmEdge_Limit Lim1, const WasmEdge_Limit Lim2);

/* ---- Configure --------------------------------------------------------------------------------- */

/*
 * What other contexts are to do. Every function that takes a configuration copies it: changing or deleting it
 * later has no effect on what was created. NULL stands for the default configuration, which is also what
 * WasmEdge_ConfigureCreate gives:
 * - proposals ImportExportMutGlobals, NonTrapFloatToIntConversions, SignExtensionOperators, MultiValue,
 *   BulkMemoryOperations, ReferenceTypes and SIMD on, the others off;
 * - no host registration;
 * - at most 65536 pages of memory;
 * - compiler: level O3, format Wasm, dump IR, generic binary and interruptible off;
 * - statistics: all three switches off.
 *
 * Proposals matter to loaders, validators, executors, VMs and compilers; host registrations to VMs; the page
 * limit to executors and VMs; compiler options to compilers; statistics switches to executors, VMs and
 * compilers.
 *
 * A lock in the context makes all of these functions safe from several threads, reading and writing.
 * Enumerators that do not exist are ignored.
 */

/**
 * A new configuration with the defaults above. Delete it with WasmEdge_ConfigureDelete.
 * @return NULL if memory is exhausted.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_ConfigureContext *WasmEdge_ConfigureCreate(void);

/** Switches a proposal on; does nothing if it is on. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ConfigureAddProposal(WasmEdge_ConfigureContext *Cxt,
    const enum WasmEdge_Proposal Prop);

/** Switches a proposal off; does nothing if it is off. Modules that use it fail to load or to validate. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ConfigureRemoveProposal(WasmEdge_ConfigureContext *Cxt,
    const enum WasmEdge_Proposal Prop);

/** Whether a proposal is on. */
WASMEDGE_CAPI_EXPORT extern bool WasmEdge_ConfigureHasProposal(const WasmEdge_ConfigureContext *Cxt,
    const enum WasmEdge_Proposal Prop);

/** Has VMs create and register a host module by themselves; see WasmEdge_VMCreate. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ConfigureAddHostRegistration(WasmEdge_ConfigureContext *Cxt,
    const enum WasmEdge_HostRegistration Host);

/** Undoes WasmEdge_ConfigureAddHostRegistration; does nothing if it is not set. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ConfigureRemoveHostRegistration(WasmEdge_ConfigureContext *Cxt,
    const enum WasmEdge_HostRegistration Host);

/** Whether a host registration is set. */
WASMEDGE_CAPI_EXPORT extern bool WasmEdge_ConfigureHasHostRegistration(const WasmEdge_ConfigureContext *Cxt,
    const enum WasmEdge_HostRegistration Host);

/**
 * Limits the memories of modules that are instantiated: to begin with, and when guest or host grow them.
 * Memories from WasmEdge_MemoryInstanceCreate are not limited.
 * @param Page number of pages of 64 KiB; any number is accepted, and more than 65536 has the effect of 65536.
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ConfigureSetMaxMemoryPage(WasmEdge_ConfigureContext *Cxt,
    const uint32_t Page);

/** The number that was set. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_ConfigureGetMaxMemoryPage(const WasmEdge_ConfigureContext *Cxt);

/** Sets how hard the compiler optimises. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ConfigureCompilerSetOptimizationLevel(
    WasmEdge_ConfigureContext *Cxt, const enum WasmEdge_CompilerOptimizationLevel Level);

/** How hard the compiler optimises; O0 if Cxt is NULL. */
WASMEDGE_CAPI_EXPORT extern enum WasmEdge_CompilerOptimizationLevel
    WasmEdge_ConfigureCompilerGetOptimizationLevel(const WasmEdge_ConfigureContext *Cxt);

/** Sets what the compiler writes. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ConfigureCompilerSetOutputFormat(WasmEdge_ConfigureContext *Cxt,
    const enum WasmEdge_CompilerOutputFormat Format);

/** What the compiler writes; Wasm if Cxt is NULL. */
WASMEDGE_CAPI_EXPORT extern enum WasmEdge_CompilerOutputFormat WasmEdge_ConfigureCompilerGetOutputFormat(
    const WasmEdge_ConfigureContext *Cxt);

/**
 * Sets whether the compiler writes its intermediate code to wasm.ll and wasm-opt.ll in the current directory.
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ConfigureCompilerSetDumpIR(WasmEdge_ConfigureContext *Cxt,
    const bool IsDump);

/** Whether the compiler writes its intermediate code. */
WASMEDGE_CAPI_EXPORT extern bool WasmEdge_ConfigureCompilerIsDumpIR(const WasmEdge_ConfigureContext *Cxt);

/**
 * Sets whether compiled code is for every processor of the architecture, not just for the one it is made on.
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ConfigureCompilerSetGenericBinary(WasmEdge_ConfigureContext *Cxt,
    const bool IsGeneric);

/** Whether compiled code is for every processor of the architecture. */
WASMEDGE_CAPI_EXPORT extern bool WasmEdge_ConfigureCompilerIsGenericBinary(
    const WasmEdge_ConfigureContext *Cxt);

/** Sets whether code compiled ahead of time can be stopped by WasmEdge_AsyncCancel. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ConfigureCompilerSetInterruptible(WasmEdge_ConfigureContext *Cxt,
    const bool IsInterruptible);

/** Whether code compiled ahead of time can be stopped. */
WASMEDGE_CAPI_EXPORT extern bool WasmEdge_ConfigureCompilerIsInterruptible(
    const WasmEdge_ConfigureContext *Cxt);

/** Sets whether executed instructions are counted. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ConfigureStatisticsSetInstructionCounting(
    WasmEdge_ConfigureContext *Cxt, const bool IsCount);

/** Whether executed instructions are counted. */
WASMEDGE_CAPI_EXPORT extern bool WasmEdge_ConfigureStatisticsIsInstructionCounting(
    const WasmEdge_ConfigureContext *Cxt);

/** Sets whether the cost of instructions is summed up and limited. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ConfigureStatisticsSetCostMeasuring(WasmEdge_ConfigureContext *Cxt,
    const bool IsMeasure);

/** Whether cost is measured. */
WASMEDGE_CAPI_EXPORT extern bool WasmEdge_ConfigureStatisticsIsCostMeasuring(
    const WasmEdge_ConfigureContext *Cxt);

/** Sets whether the time spent in guest code is measured. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ConfigureStatisticsSetTimeMeasuring(WasmEdge_ConfigureContext *Cxt,
    const bool IsMeasure);

/** Whether time is measured. */
WASMEDGE_CAPI_EXPORT extern bool WasmEdge_ConfigureStatisticsIsTimeMeasuring(
    const WasmEdge_ConfigureContext *Cxt);

/** Deletes a configuration. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ConfigureDelete(WasmEdge_ConfigureContext *Cxt);

/* ---- Statistics -------------------------------------------------------------------------------- */

/*
 * What executions cost. An executor or a VM adds to a statistics context if its configuration has at least
 * one statistics switch on; otherwise the context stays as it is. Creating one with a switch on resets the
 * cost limit of its statistics, so WasmEdge_StatisticsSetCostLimit comes after that.
 *
 * Instructions and their costs are those of instances that an executor or VM with the same switch made; what
 * others execute is not counted. Time is measured whoever made the instance.
 *
 * The counters add up over all runs until WasmEdge_StatisticsClear (or WasmEdge_VMCleanup). Every top-level
 * run logs them at info level. A lock in the context makes all of these functions safe from several threads,
 * and several threads may run with one context; a guest that is running sees a new table or limit when it is
 * entered or returned to next.
 *
 * The context of a VM comes from WasmEdge_VMGetStatisticsContext and must not be deleted.
 */

/**
 * A new context: counters 0, every instruction costs 1, cost limit 2^64 - 1. Delete it with
 * WasmEdge_StatisticsDelete.
 * @return NULL if memory is exhausted.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_StatisticsContext *WasmEdge_StatisticsCreate(void);

/** How many instructions were executed. The `end` of a block that is reached is an instruction. */
WASMEDGE_CAPI_EXPORT extern uint64_t WasmEdge_StatisticsGetInstrCount(const WasmEdge_StatisticsContext *Cxt);

/**
 * Instructions per second of time in guest code; time in host functions is excluded. Without a measured time
 * it is NaN, or infinity if instructions were counted.
 */
WASMEDGE_CAPI_EXPORT extern double WasmEdge_StatisticsGetInstrPerSecond(
    const WasmEdge_StatisticsContext *Cxt);

/** The sum of the costs of what was executed. */
WASMEDGE_CAPI_EXPORT extern uint64_t WasmEdge_StatisticsGetTotalCost(const WasmEdge_StatisticsContext *Cxt);

/**
 * Sets what each instruction costs. The array is copied.
 * @param CostArr costs by opcode: one-byte opcodes at their number, prefixed ones at 0xFC00 and 0xFD00 plus
 *   their number. NULL is an empty array.
 * @param Len number of entries, 65536 at most; instructions beyond cost 0.
 * @nullable CostArr
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_StatisticsSetCostTable(WasmEdge_StatisticsContext *Cxt,
    uint64_t *CostArr, const uint32_t Len);

/**
 * Sets the greatest sum of costs. An instruction or host function that would exceed it fails the run with
 * 0x03 (CostLimitExceeded), and its cost is not added.
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_StatisticsSetCostLimit(WasmEdge_StatisticsContext *Cxt,
    const uint64_t Limit);

/** Sets instruction count, cost sum and time to 0; keeps cost table and limit. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_StatisticsClear(WasmEdge_StatisticsContext *Cxt);

/** Deletes a context, after all executors that use it. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_StatisticsDelete(WasmEdge_StatisticsContext *Cxt);

/* ---- Ast module -------------------------------------------------------------------------------- */

/*
 * A loaded module. Contexts come from WasmEdge_LoaderParseFromFile and WasmEdge_LoaderParseFromBuffer. They
 * are immutable but for the mark that validation succeeded, which WasmEdge_ValidatorValidate leaves through a
 * const pointer; several threads may use one.
 *
 * Import and export types, and everything got from them, are borrowed from the AST module and valid until it
 * is deleted. They can be listed before validation.
 */

/** Number of imports. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_ASTModuleListImportsLength(
    const WasmEdge_ASTModuleContext *Cxt);

/**
 * Lists the imports in the order of the binary; see "Lists" above.
 * @return the number of imports.
 * @nullable Imports
 */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_ASTModuleListImports(const WasmEdge_ASTModuleContext *Cxt,
    const WasmEdge_ImportTypeContext **Imports, const uint32_t Len);

/** Number of exports. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_ASTModuleListExportsLength(
    const WasmEdge_ASTModuleContext *Cxt);

/**
 * Lists the exports in the order of the binary; see "Lists" above.
 * @return the number of exports.
 * @nullable Exports
 */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_ASTModuleListExports(const WasmEdge_ASTModuleContext *Cxt,
    const WasmEdge_ExportTypeContext **Exports, const uint32_t Len);

/** Deletes a module. Instances made from it and VMs that loaded it are not affected. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ASTModuleDelete(WasmEdge_ASTModuleContext *Cxt);

/* ---- Function type ----------------------------------------------------------------------------- */

/*
 * Type contexts, of all kinds, are immutable and may be used by several threads. Those a Create function
 * gives are the caller's to delete; functions that take one copy it, so it may be deleted at once. Those got
 * from instances, import and export types and VMs are borrowed.
 */

/**
 * A new function type. Delete it with WasmEdge_FunctionTypeDelete.
 * @param ParamList types of the parameters, copied. May be NULL if ParamLen is 0.
 * @param ReturnList types of the results, copied. May be NULL if ReturnLen is 0.
 * @return NULL if a list is NULL and its length is not 0, or memory is exhausted.
 * @nullable ParamList ReturnList
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_FunctionTypeContext *WasmEdge_FunctionTypeCreate(
    const enum WasmEdge_ValType *ParamList, const uint32_t ParamLen, const enum WasmEdge_ValType *ReturnList,
    const uint32_t ReturnLen);

/** Number of parameters. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_FunctionTypeGetParametersLength(
    const WasmEdge_FunctionTypeContext *Cxt);

/**
 * Lists the types of the parameters, in order; see "Lists" above.
 * @return the number of parameters.
 * @nullable List
 */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_FunctionTypeGetParameters(
    const WasmEdge_FunctionTypeContext *Cxt, enum WasmEdge_ValType *List, const uint32_t Len);

/** Number of results. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_FunctionTypeGetReturnsLength(
    const WasmEdge_FunctionTypeContext *Cxt);

/**
 * Lists the types of the results, in order; see "Lists" above.
 * @return the number of results.
 * @nullable List
 */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_FunctionTypeGetReturns(const WasmEdge_FunctionTypeContext *Cxt,
    enum WasmEdge_ValType *List, const uint32_t Len);

/** Deletes a type that WasmEdge_FunctionTypeCreate gave. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_FunctionTypeDelete(WasmEdge_FunctionTypeContext *Cxt);

/* ---- Table type -------------------------------------------------------------------------------- */

/* Ownership and threads: see function types. */

/**
 * A new table type. Delete it with WasmEdge_TableTypeDelete.
 * @param Limit numbers of elements; Min > Max is accepted here.
 * @return NULL if memory is exhausted.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_TableTypeContext *WasmEdge_TableTypeCreate(
    const enum WasmEdge_RefType RefType, const WasmEdge_Limit Limit);

/** Type of the elements; FuncRef if Cxt is NULL. */
WASMEDGE_CAPI_EXPORT extern enum WasmEdge_RefType WasmEdge_TableTypeGetRefType(
    const WasmEdge_TableTypeContext *Cxt);

/** The numbers of elements. Without a maximum, Max is the minimum the type was created with. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Limit WasmEdge_TableTypeGetLimit(const WasmEdge_TableTypeContext *Cxt);

/** Deletes a type that WasmEdge_TableTypeCreate gave. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_TableTypeDelete(WasmEdge_TableTypeContext *Cxt);

/* ---- Memory type ------------------------------------------------------------------------------- */

/* Ownership and threads: see function types. */

/**
 * A new memory type. Delete it with WasmEdge_MemoryTypeDelete.
 * @param Limit numbers of pages of 64 KiB; Min > Max is accepted here.
 * @return NULL if memory is exhausted.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_MemoryTypeContext *WasmEdge_MemoryTypeCreate(const WasmEdge_Limit Limit);

/** The numbers of pages. Without a maximum, Max is the minimum the type was created with. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Limit WasmEdge_MemoryTypeGetLimit(const WasmEdge_MemoryTypeContext *Cxt);

/** Deletes a type that WasmEdge_MemoryTypeCreate gave. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_MemoryTypeDelete(WasmEdge_MemoryTypeContext *Cxt);

/* ---- Global type ------------------------------------------------------------------------------- */

/* Ownership and threads: see function types. */

/**
 * A new global type. Delete it with WasmEdge_GlobalTypeDelete.
 * @return NULL if memory is exhausted.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_GlobalTypeContext *WasmEdge_GlobalTypeCreate(
    const enum WasmEdge_ValType ValType, const enum WasmEdge_Mutability Mut);

/** Type of the value; I32 if Cxt is NULL. */
WASMEDGE_CAPI_EXPORT extern enum WasmEdge_ValType WasmEdge_GlobalTypeGetValType(
    const WasmEdge_GlobalTypeContext *Cxt);

/** Whether the value can change; Const if Cxt is NULL. */
WASMEDGE_CAPI_EXPORT extern enum WasmEdge_Mutability WasmEdge_GlobalTypeGetMutability(
    const WasmEdge_GlobalTypeContext *Cxt);

/** Deletes a type that WasmEdge_GlobalTypeCreate gave. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_GlobalTypeDelete(WasmEdge_GlobalTypeContext *Cxt);

/* ---- Import type ------------------------------------------------------------------------------- */

/*
 * One import of an AST module, from WasmEdge_ASTModuleListImports. Everything these functions give is
 * borrowed from the AST module. The four that give a type need the AST module the import belongs to, and
 * return NULL if the import is of another kind.
 */

/** Kind of the import; Function if Cxt is NULL. */
WASMEDGE_CAPI_EXPORT extern enum WasmEdge_ExternalType WasmEdge_ImportTypeGetExternalType(
    const WasmEdge_ImportTypeContext *Cxt);

/** Name of the module imported from; may be empty. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_String WasmEdge_ImportTypeGetModuleName(
    const WasmEdge_ImportTypeContext *Cxt);

/** Name of the export imported from there; may be empty. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_String WasmEdge_ImportTypeGetExternalName(
    const WasmEdge_ImportTypeContext *Cxt);

/** Type of an imported function; also NULL if its index exceeds the types of the module. */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_FunctionTypeContext *WasmEdge_ImportTypeGetFunctionType(
    const WasmEdge_ASTModuleContext *ASTCxt, const WasmEdge_ImportTypeContext *Cxt);

/** Type of an imported table. */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_TableTypeContext *WasmEdge_ImportTypeGetTableType(
    const WasmEdge_ASTModuleContext *ASTCxt, const WasmEdge_ImportTypeContext *Cxt);

/** Type of an imported memory. */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_MemoryTypeContext *WasmEdge_ImportTypeGetMemoryType(
    const WasmEdge_ASTModuleContext *ASTCxt, const WasmEdge_ImportTypeContext *Cxt);

/** Type of an imported global. */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_GlobalTypeContext *WasmEdge_ImportTypeGetGlobalType(
    const WasmEdge_ASTModuleContext *ASTCxt, const WasmEdge_ImportTypeContext *Cxt);

/* ---- Export type ------------------------------------------------------------------------------- */

/*
 * One export of an AST module, from WasmEdge_ASTModuleListExports. Everything these functions give is
 * borrowed from the AST module. The four that give a type need the AST module the export belongs to, and
 * return NULL if the export is of another kind, or is an import that the module exports again.
 */

/** Kind of the export; Function if Cxt is NULL. */
WASMEDGE_CAPI_EXPORT extern enum WasmEdge_ExternalType WasmEdge_ExportTypeGetExternalType(
    const WasmEdge_ExportTypeContext *Cxt);

/** Name of the export; may be empty. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_String WasmEdge_ExportTypeGetExternalName(
    const WasmEdge_ExportTypeContext *Cxt);

/** Type of an exported function. */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_FunctionTypeContext *WasmEdge_ExportTypeGetFunctionType(
    const WasmEdge_ASTModuleContext *ASTCxt, const WasmEdge_ExportTypeContext *Cxt);

/** Type of an exported table. */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_TableTypeContext *WasmEdge_ExportTypeGetTableType(
    const WasmEdge_ASTModuleContext *ASTCxt, const WasmEdge_ExportTypeContext *Cxt);

/** Type of an exported memory. */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_MemoryTypeContext *WasmEdge_ExportTypeGetMemoryType(
    const WasmEdge_ASTModuleContext *ASTCxt, const WasmEdge_ExportTypeContext *Cxt);

/** Type of an exported global. */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_GlobalTypeContext *WasmEdge_ExportTypeGetGlobalType(
    const WasmEdge_ASTModuleContext *ASTCxt, const WasmEdge_ExportTypeContext *Cxt);

/* ---- Compiler ---------------------------------------------------------------------------------- */

/*
 * Compiling ahead of time, to a file that loads like any module, by path or, in format Wasm, from a buffer.
 * It runs where the same version of this library is, on a processor with the same abilities (or any, with
 * WasmEdge_ConfigureCompilerSetGenericBinary). Modules are compiled when they are run, too, which needs none
 * of this. A compiler has no state but its configuration: several threads may use one.
 */

/**
 * A new compiler with a copy of a configuration. Delete it with WasmEdge_CompilerDelete.
 * @return NULL if memory is exhausted or Python cannot be started.
 * @nullable ConfCxt
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_CompilerContext *WasmEdge_CompilerCreate(
    const WasmEdge_ConfigureContext *ConfCxt);

/**
 * Compiles the module in file InPath to file OutPath, which is replaced when all is done and untouched on
 * failure. The configured format counts, not the name. All processors are used.
 * @return 0x04 (WrongVMWorkflow) if an argument is NULL, 0x20 (IllegalPath) if a file cannot be opened or
 *   written, another code from 0x21 to 0x5F if the module is malformed or not valid.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_CompilerCompile(WasmEdge_CompilerContext *Cxt,
    const char *InPath, const char *OutPath);

/** Deletes a compiler. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_CompilerDelete(WasmEdge_CompilerContext *Cxt);

/* ---- Loader ------------------------------------------------------------------------------------ */

/* Decodes binaries. A loader has no state but its configuration: several threads may use one. */

/**
 * A new loader with a copy of a configuration. Delete it with WasmEdge_LoaderDelete.
 * @nullable ConfCxt
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_LoaderContext *WasmEdge_LoaderCreate(
    const WasmEdge_ConfigureContext *ConfCxt);

/**
 * Loads the binary in a file.
 * @param Module receives the module on success, the caller's to delete with WasmEdge_ASTModuleDelete;
 *   untouched on failure.
 * @param Path NUL-terminated.
 * @return 0x20 (IllegalPath) if there is no such file, it is not readable or Path is NULL, 0x21 (ReadError)
 *   if reading fails, 0x22 (UnexpectedEnd) if it is empty, another code below 0x40 if it is malformed.
 * @nullable Path
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_LoaderParseFromFile(WasmEdge_LoaderContext *Cxt,
    WasmEdge_ASTModuleContext **Module, const char *Path);

/**
 * Loads a binary in memory. The buffer is not needed after the call.
 * @param Module as for WasmEdge_LoaderParseFromFile.
 * @param Buf the binary; NULL is an empty buffer.
 * @return 0x22 (UnexpectedEnd) if the buffer is empty, another code from 0x21 to 0x3F if the binary is
 *   malformed.
 * @nullable Buf
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_LoaderParseFromBuffer(WasmEdge_LoaderContext *Cxt,
    WasmEdge_ASTModuleContext **Module, const uint8_t *Buf, const uint32_t BufLen);

/** Deletes a loader. Modules it loaded are not affected. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_LoaderDelete(WasmEdge_LoaderContext *Cxt);

/* ---- Validator --------------------------------------------------------------------------------- */

/* Checks loaded modules. A validator has no state but its configuration: several threads may use one. */

/**
 * A new validator with a copy of a configuration. Delete it with WasmEdge_ValidatorDelete.
 * @nullable ConfCxt
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_ValidatorContext *WasmEdge_ValidatorCreate(
    const WasmEdge_ConfigureContext *ConfCxt);

/**
 * Validates a module and marks it as valid, which instantiating it requires. May be repeated; a failure does
 * not remove the mark.
 * @return a code from 0x40 to 0x5F if the module is not valid.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_ValidatorValidate(WasmEdge_ValidatorContext *Cxt,
    const WasmEdge_ASTModuleContext *ASTCxt);

/** Deletes a validator. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ValidatorDelete(WasmEdge_ValidatorContext *Cxt);

/* ---- Executor ---------------------------------------------------------------------------------- */

/*
 * Makes instances of validated modules and calls functions. An executor has no state but its configuration
 * and its statistics: several threads may use one, and their calls run in parallel. Instances do not depend
 * on the executor that made them, nor on the AST module.
 */

/**
 * A new executor with a copy of a configuration. Delete it with WasmEdge_ExecutorDelete.
 * @param StatCxt what WasmEdge_ExecutorInvoke adds to; it must outlive the executor. Ignored unless the
 *   configuration has a statistics switch on; else its cost limit is reset to 2^64 - 1.
 * @nullable ConfCxt StatCxt
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_ExecutorContext *WasmEdge_ExecutorCreate(
    const WasmEdge_ConfigureContext *ConfCxt, WasmEdge_StatisticsContext *StatCxt);

/**
 * Makes an anonymous instance of a module; imports come from the store. Runs the start function, if any. The
 * store does not change.
 * @param ModuleCxt receives the instance on success, the caller's to delete with
 *   WasmEdge_ModuleInstanceDelete; untouched on failure.
 * @return
 * - 0x08 (NotValidated): the module is not marked as valid;
 * - 0x62 (UnknownImport), 0x61 (IncompatibleImportType): in the order of the imports;
 * - 0x88 (MemoryOutOfBounds): a memory needs more pages than the configuration allows;
 * - 0x87 (TableOutOfBounds), 0x88: an active segment does not fit; what was written before stays. With
 *   BulkMemoryOperations and ReferenceTypes both off, 0x64 (ElemSegDoesNotFit), 0x63 (DataSegDoesNotFit), and
 *   nothing is written;
 * - what the start function fails with; ending the execution (0x01) counts as success.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_ExecutorInstantiate(WasmEdge_ExecutorContext *Cxt,
    WasmEdge_ModuleInstanceContext **ModuleCxt, WasmEdge_StoreContext *StoreCxt,
    const WasmEdge_ASTModuleContext *ASTCxt);

/**
 * Makes an instance of a module and registers it in the store under a name. The empty name is a name.
 * @param ModuleCxt receives the instance on success, the caller's to delete with
 *   WasmEdge_ModuleInstanceDelete, which also removes it from the store; untouched on failure.
 * @return 0x08 (NotValidated), then 0x60 (ModuleNameConflict) if the name is taken, then as for
 *   WasmEdge_ExecutorInstantiate. Nothing is registered on failure.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_ExecutorRegister(WasmEdge_ExecutorContext *Cxt,
    WasmEdge_ModuleInstanceContext **ModuleCxt, WasmEdge_StoreContext *StoreCxt,
    const WasmEdge_ASTModuleContext *ASTCxt, WasmEdge_String ModuleName);

/**
 * Registers an existing instance in the store under its own name. It remains the caller's, and may be in
 * several stores.
 * @return 0x60 (ModuleNameConflict) if the name is taken, by this very instance too.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_ExecutorRegisterImport(WasmEdge_ExecutorContext *Cxt,
    WasmEdge_StoreContext *StoreCxt, const WasmEdge_ModuleInstanceContext *ImportCxt);

/**
 * Calls a function: of a module or of the host, exported or got from a table. No store is needed, but the
 * function's module and all it imports from must be alive. See "Calls" above for parameters, results and
 * codes.
 * @nullable Params Returns
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_ExecutorInvoke(WasmEdge_ExecutorContext *Cxt,
    const WasmEdge_FunctionInstanceContext *FuncCxt, const WasmEdge_Value *Params, const uint32_t ParamLen,
    WasmEdge_Value *Returns, const uint32_t ReturnLen);

/** Deletes an executor. Instances it made are not affected. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ExecutorDelete(WasmEdge_ExecutorContext *Cxt);

/* ---- Store ------------------------------------------------------------------------------------- */

/*
 * Module instances by name, from which modules import. A store owns none of them. An instance leaves all its
 * stores when it is deleted, and in no other way. Anonymous instances are in no store.
 *
 * A lock in the context makes finding, listing and registering safe from several threads.
 */

/** A new, empty store. Delete it with WasmEdge_StoreDelete. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_StoreContext *WasmEdge_StoreCreate(void);

/**
 * The instance registered under a name, borrowed from its owner: the very pointer that was registered.
 * @return NULL if there is none.
 */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_ModuleInstanceContext *WasmEdge_StoreFindModule(
    WasmEdge_StoreContext *Cxt, const WasmEdge_String Name);

/** Number of registered instances. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_StoreListModuleLength(const WasmEdge_StoreContext *Cxt);

/**
 * Lists the names, in ascending order; see "Lists" above. They are borrowed from the store, each valid until
 * its instance is deleted or the store is.
 * @return the number of names.
 * @nullable Names
 */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_StoreListModule(const WasmEdge_StoreContext *Cxt,
    WasmEdge_String *Names, const uint32_t Len);

/**
 * Deletes a store. It forgets its instances, which live on. VMs that were created with it may only be deleted
 * after that.
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_StoreDelete(WasmEdge_StoreContext *Cxt);

/* ---- Module instance --------------------------------------------------------------------------- */

/*
 * What a module exports, by name, or the functions and other instances that a host offers. Names of
 * functions, tables, memories and globals do not collide. Of instantiated modules only exports can be found.
 *
 * What a Find function gives is borrowed from the module and valid until that is deleted: always the same
 * pointer for the same export, and the very pointer that was added. Names from a List function are borrowed
 * from the module in the same way.
 *
 * Finding, listing and adding are safe from several threads: finding takes no lock, the others take one in
 * the context. Deleting is not: no other thread may use the module or what belongs to it, and no guest that
 * imports from it may run any more (such guests may be deleted later, however).
 */

/**
 * A new host module without exports. Delete it with WasmEdge_ModuleInstanceDelete.
 * @param ModuleName is copied; may be empty.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_ModuleInstanceContext *WasmEdge_ModuleInstanceCreate(
    const WasmEdge_String ModuleName);

/**
 * A new WASI module, wasi_snapshot_preview1, initialised as by WasmEdge_ModuleInstanceInitWASI. It has to be
 * registered to be imported from. Delete it with WasmEdge_ModuleInstanceDelete.
 * @nullable Args Envs Preopens
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_ModuleInstanceContext *WasmEdge_ModuleInstanceCreateWASI(
    const char *const *Args, const uint32_t ArgLen, const char *const *Envs, const uint32_t EnvLen,
    const char *const *Preopens, const uint32_t PreopenLen);

/**
 * Sets what the guests that import a WASI module see, and its exit code to 0. Does nothing to other modules.
 * The strings, NUL-terminated, are copied. A NULL array is an empty one. On a module that was initialised
 * before, the directories replace those of before; other descriptors that are open stay.
 * @param Args the program's name, then its arguments. If empty, the name is "".
 * @param Envs environment, as NAME=VALUE.
 * @param Preopens directories, as GUEST:HOST or one path for both; the guest gets them from descriptor 3 up,
 *   in this order. One that cannot be opened is logged and skipped.
 * @nullable Args Envs Preopens
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ModuleInstanceInitWASI(WasmEdge_ModuleInstanceContext *Cxt,
    const char *const *Args, const uint32_t ArgLen, const char *const *Envs, const uint32_t EnvLen,
    const char *const *Preopens, const uint32_t PreopenLen);

/**
 * The number the guest gave to proc_exit; 0 if it has not called it since the initialisation.
 * @return 1 if Cxt is NULL or no WASI module.
 */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_ModuleInstanceWASIGetExitCode(
    const WasmEdge_ModuleInstanceContext *Cxt);

/**
 * A new module wasmedge_process, with which guests run commands of the host, after setting the defaults like
 * WasmEdge_ModuleInstanceInitWasmEdgeProcess. Delete it with WasmEdge_ModuleInstanceDelete.
 * @return NULL unless the plugin is loaded; see WasmEdge_Plugin_loadWithDefaultPluginPaths.
 * @nullable AllowedCmds
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_ModuleInstanceContext *WasmEdge_ModuleInstanceCreateWasmEdgeProcess(
    const char *const *AllowedCmds, const uint32_t CmdsLen, const bool AllowAll);

/**
 * Sets what modules wasmedge_process that are created from now on allow, by VMs as well. Holds for the whole
 * process; call it before WasmEdge_VMCreate. Does nothing unless the plugin is loaded.
 * @param AllowedCmds names of commands, NUL-terminated, copied; NULL is an empty array.
 * @param AllowAll allow all commands.
 * @nullable AllowedCmds
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ModuleInstanceInitWasmEdgeProcess(const char *const *AllowedCmds,
    const uint32_t CmdsLen, const bool AllowAll);

/** The name the module was created or registered with, borrowed from the module; empty for anonymous ones. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_String WasmEdge_ModuleInstanceGetModuleName(
    const WasmEdge_ModuleInstanceContext *Cxt);

/**
 * The function exported under a name.
 * @return NULL if there is none.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_FunctionInstanceContext *WasmEdge_ModuleInstanceFindFunction(
    const WasmEdge_ModuleInstanceContext *Cxt, const WasmEdge_String Name);

/**
 * The table exported under a name.
 * @return NULL if there is none.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_TableInstanceContext *WasmEdge_ModuleInstanceFindTable(
    const WasmEdge_ModuleInstanceContext *Cxt, const WasmEdge_String Name);

/**
 * The memory exported under a name.
 * @return NULL if there is none.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_MemoryInstanceContext *WasmEdge_ModuleInstanceFindMemory(
    const WasmEdge_ModuleInstanceContext *Cxt, const WasmEdge_String Name);

/**
 * The global exported under a name.
 * @return NULL if there is none.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_GlobalInstanceContext *WasmEdge_ModuleInstanceFindGlobal(
    const WasmEdge_ModuleInstanceContext *Cxt, const WasmEdge_String Name);

/** Number of exported functions. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_ModuleInstanceListFunctionLength(
    const WasmEdge_ModuleInstanceContext *Cxt);

/**
 * Lists the names of the exported functions, in ascending order; see "Lists" above.
 * @return the number of functions.
 * @nullable Names
 */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_ModuleInstanceListFunction(
    const WasmEdge_ModuleInstanceContext *Cxt, WasmEdge_String *Names, const uint32_t Len);

/** Number of exported tables. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_ModuleInstanceListTableLength(
    const WasmEdge_ModuleInstanceContext *Cxt);

/**
 * Lists the names of the exported tables, in ascending order; see "Lists" above.
 * @return the number of tables.
 * @nullable Names
 */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_ModuleInstanceListTable(
    const WasmEdge_ModuleInstanceContext *Cxt, WasmEdge_String *Names, const uint32_t Len);

/** Number of exported memories. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_ModuleInstanceListMemoryLength(
    const WasmEdge_ModuleInstanceContext *Cxt);

/**
 * Lists the names of the exported memories, in ascending order; see "Lists" above.
 * @return the number of memories.
 * @nullable Names
 */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_ModuleInstanceListMemory(
    const WasmEdge_ModuleInstanceContext *Cxt, WasmEdge_String *Names, const uint32_t Len);

/** Number of exported globals. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_ModuleInstanceListGlobalLength(
    const WasmEdge_ModuleInstanceContext *Cxt);

/**
 * Lists the names of the exported globals, in ascending order; see "Lists" above.
 * @return the number of globals.
 * @nullable Names
 */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_ModuleInstanceListGlobal(
    const WasmEdge_ModuleInstanceContext *Cxt, WasmEdge_String *Names, const uint32_t Len);

/**
 * Exports a function, which becomes the module's: it is deleted with the module, and its pointer is borrowed
 * from now on. It must be the caller's, so not be in a module yet. If a pointer is NULL it stays with the
 * caller. A function that has the name already is hidden, but lives on. Adding is possible at any time and
 * seen by later look-ups.
 * @param Name is copied.
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ModuleInstanceAddFunction(WasmEdge_ModuleInstanceContext *Cxt,
    const WasmEdge_String Name, WasmEdge_FunctionInstanceContext *FuncCxt);

/** Exports a table, like WasmEdge_ModuleInstanceAddFunction. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ModuleInstanceAddTable(WasmEdge_ModuleInstanceContext *Cxt,
    const WasmEdge_String Name, WasmEdge_TableInstanceContext *TableCxt);

/** Exports a memory, like WasmEdge_ModuleInstanceAddFunction. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ModuleInstanceAddMemory(WasmEdge_ModuleInstanceContext *Cxt,
    const WasmEdge_String Name, WasmEdge_MemoryInstanceContext *MemoryCxt);

/** Exports a global, like WasmEdge_ModuleInstanceAddFunction. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ModuleInstanceAddGlobal(WasmEdge_ModuleInstanceContext *Cxt,
    const WasmEdge_String Name, WasmEdge_GlobalInstanceContext *GlobalCxt);

/** Deletes a module and what it owns, and removes it from all stores. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ModuleInstanceDelete(WasmEdge_ModuleInstanceContext *Cxt);

/* ---- Function instance ------------------------------------------------------------------------- */

/*
 * Functions of the host, made here, and those of modules, which are borrowed from their modules. They may be
 * called, put into tables and passed as references. See WasmEdge_HostFunc_t for what happens in a call.
 */

/**
 * A new host function. Delete it with WasmEdge_FunctionInstanceDelete, or hand it over to a module.
 * @param Data is passed to every call; never dereferenced or freed.
 * @param Cost what a call adds to the measured cost, if the run is measured; exceeding the limit fails the
 *   run with 0x03 (CostLimitExceeded), without the call.
 * @return NULL if the type contains something that is no type of a value, or memory is exhausted.
 * @nullable Data
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_FunctionInstanceContext *WasmEdge_FunctionInstanceCreate(
    const WasmEdge_FunctionTypeContext *Type, WasmEdge_HostFunc_t HostFunc, void *Data, const uint64_t Cost);

/**
 * The same for a function that is told more about the call, so that one C function can serve many.
 * @param Binding is passed to every call, as its first argument; never dereferenced or freed.
 * @nullable Binding Data
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_FunctionInstanceContext *WasmEdge_FunctionInstanceCreateBinding(
    const WasmEdge_FunctionTypeContext *Type, WasmEdge_WrapFunc_t WrapFunc, void *Binding, void *Data,
    const uint64_t Cost);

/** Type of the function, borrowed from it. */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_FunctionTypeContext *WasmEdge_FunctionInstanceGetFunctionType(
    const WasmEdge_FunctionInstanceContext *Cxt);

/**
 * Deletes a function that was made here and not handed over to a module; does nothing to functions of
 * modules. No table a guest can call through may contain it any more.
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_FunctionInstanceDelete(WasmEdge_FunctionInstanceContext *Cxt);

/* ---- Table instance ---------------------------------------------------------------------------- */

/*
 * Tables, memories and globals are made here or borrowed from their modules. Changes are seen by guests at
 * once, and the other way round. Reading, writing and growing is safe from several threads and while guests
 * run. Elements, and values other than V128, are read and written as a whole; bytes of a memory are not
 * guarded.
 */

/**
 * A new table of null references. Delete it with WasmEdge_TableInstanceDelete, or hand it over to a module.
 * @return NULL if the type is not one of references, or memory is exhausted.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_TableInstanceContext *WasmEdge_TableInstanceCreate(
    const WasmEdge_TableTypeContext *TabType);

/** Type of the table, borrowed from it. Its Min is the current size. */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_TableTypeContext *WasmEdge_TableInstanceGetTableType(
    const WasmEdge_TableInstanceContext *Cxt);

/**
 * Reads an element.
 * @param Data receives the element on success, with the table's type; untouched on failure.
 * @return 0x87 (TableOutOfBounds) if Offset is not below the size.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_TableInstanceGetData(
    const WasmEdge_TableInstanceContext *Cxt, WasmEdge_Value *Data, const uint32_t Offset);

/**
 * Writes an element. A function put into a table has to live as long as it can be called from there.
 * @return 0x8E (RefTypeMismatch) if Data is not of the table's type, then 0x87 (TableOutOfBounds) if Offset
 *   is not below the size.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_TableInstanceSetData(WasmEdge_TableInstanceContext *Cxt,
    WasmEdge_Value Data, const uint32_t Offset);

/** Number of elements. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_TableInstanceGetSize(const WasmEdge_TableInstanceContext *Cxt);

/**
 * Adds null references.
 * @param Size how many; 0 always succeeds.
 * @return 0x87 (TableOutOfBounds) if that exceeds the maximum or the memory of the system; nothing changes
 *   then.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_TableInstanceGrow(WasmEdge_TableInstanceContext *Cxt,
    const uint32_t Size);

/** Deletes a table that was made here and not handed over to a module. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_TableInstanceDelete(WasmEdge_TableInstanceContext *Cxt);

/* ---- Memory instance --------------------------------------------------------------------------- */

/*
 * In pages of 64 KiB. For ownership and threads see tables. Offsets and lengths are added without wrapping
 * around.
 */

/**
 * A new memory, filled with zeros. Delete it with WasmEdge_MemoryInstanceDelete, or hand it over to a module.
 * @return NULL if Min exceeds 65536 pages, or memory is exhausted.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_MemoryInstanceContext *WasmEdge_MemoryInstanceCreate(
    const WasmEdge_MemoryTypeContext *MemType);

/** Type of the memory, borrowed from it. Its Min is the current size. */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_MemoryTypeContext *WasmEdge_MemoryInstanceGetMemoryType(
    const WasmEdge_MemoryInstanceContext *Cxt);

/**
 * Copies Length bytes at Offset from the memory to Data, which must not be NULL even if Length is 0.
 * @return 0x88 (MemoryOutOfBounds) if the range is not inside the memory; nothing is copied then.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_MemoryInstanceGetData(
    const WasmEdge_MemoryInstanceContext *Cxt, uint8_t *Data, const uint32_t Offset, const uint32_t Length);

/**
 * Copies Length bytes from Data to Offset of the memory. Data must not be NULL even if Length is 0.
 * @return 0x88 (MemoryOutOfBounds) if the range is not inside the memory; nothing is copied then.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_MemoryInstanceSetData(
    WasmEdge_MemoryInstanceContext *Cxt, const uint8_t *Data, const uint32_t Offset, const uint32_t Length);

/**
 * Where the memory's bytes are, for reading and writing. Valid until the memory is deleted, also when it
 * grows.
 * @return NULL if Length bytes at Offset are not inside the memory. Length 0 at the very end is inside.
 */
WASMEDGE_CAPI_EXPORT extern uint8_t *WasmEdge_MemoryInstanceGetPointer(WasmEdge_MemoryInstanceContext *Cxt,
    const uint32_t Offset, const uint32_t Length);

/** The same as WasmEdge_MemoryInstanceGetPointer, for reading only. */
WASMEDGE_CAPI_EXPORT extern const uint8_t *WasmEdge_MemoryInstanceGetPointerConst(
    const WasmEdge_MemoryInstanceContext *Cxt, const uint32_t Offset, const uint32_t Length);

/** Size of the memory, in pages. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_MemoryInstanceGetPageSize(
    const WasmEdge_MemoryInstanceContext *Cxt);

/**
 * Adds pages filled with zeros.
 * @param Page how many; 0 always succeeds.
 * @return 0x88 (MemoryOutOfBounds) if that exceeds the type's maximum, 65536, the page limit of the
 *   configuration the memory was instantiated with, or the memory of the system; nothing changes then.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_MemoryInstanceGrowPage(
    WasmEdge_MemoryInstanceContext *Cxt, const uint32_t Page);

/** Deletes a memory that was made here and not handed over to a module. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_MemoryInstanceDelete(WasmEdge_MemoryInstanceContext *Cxt);

/* ---- Global instance --------------------------------------------------------------------------- */

/* For ownership and threads see tables. */

/**
 * A new global. Delete it with WasmEdge_GlobalInstanceDelete, or hand it over to a module.
 * @return NULL if Value is not of the global's type, or memory is exhausted.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_GlobalInstanceContext *WasmEdge_GlobalInstanceCreate(
    const WasmEdge_GlobalTypeContext *GlobType, const WasmEdge_Value Value);

/** Type of the global, borrowed from it. */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_GlobalTypeContext *WasmEdge_GlobalInstanceGetGlobalType(
    const WasmEdge_GlobalInstanceContext *Cxt);

/** The current value, with the global's type; 0 of type I32 if Cxt is NULL. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Value WasmEdge_GlobalInstanceGetValue(
    const WasmEdge_GlobalInstanceContext *Cxt);

/** Sets the value. Does nothing if the global is constant or Value is not of its type. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_GlobalInstanceSetValue(WasmEdge_GlobalInstanceContext *Cxt,
    const WasmEdge_Value Value);

/** Deletes a global that was made here and not handed over to a module. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_GlobalInstanceDelete(WasmEdge_GlobalInstanceContext *Cxt);

/* ---- Async ------------------------------------------------------------------------------------- */

/*
 * Runs in the background, started by the VMAsync functions. Each has a thread of its own and begins at once.
 * The VM must live until the run is over. All functions but the last may be called by several threads at
 * once, any number of times.
 */

/** Waits for the end of the run. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_AsyncWait(WasmEdge_Async *Cxt);

/**
 * Waits for the end of the run, but not longer than a time.
 * @param Milliseconds 0 does not wait.
 * @return whether the run is over.
 */
WASMEDGE_CAPI_EXPORT extern bool WasmEdge_AsyncWaitFor(WasmEdge_Async *Cxt, uint64_t Milliseconds);

/**
 * Stops the run, which then fails with 0x07 (Interrupted), and does not wait for that. Other runs of the VM
 * are not affected; a run that is over stays as it ended. Waits of WASI functions end; a host function of the
 * host's own is not interrupted, but the guest is when it returns.
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_AsyncCancel(WasmEdge_Async *Cxt);

/**
 * Waits for the end of the run.
 * @return the number of its results, 0 if it failed.
 */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_AsyncGetReturnsLength(WasmEdge_Async *Cxt);

/**
 * Waits for the end of the run and gives its outcome: the code and, if it succeeded, the results, as the
 * synchronous function would have. See "Calls" above.
 * @nullable Returns
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_AsyncGet(WasmEdge_Async *Cxt, WasmEdge_Value *Returns,
    const uint32_t ReturnLen);

/**
 * Deletes the context. Neither waits nor cancels: a run that is not over goes on, and its outcome is dropped.
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_AsyncDelete(WasmEdge_Async *Cxt);

/* ---- Vm ---------------------------------------------------------------------------------------- */

/*
 * All stages behind one context, with the module that was loaded last, how far it has come (its stage), and
 * the active instance, which executing refers to whatever was loaded since.
 *
 * call                   needs                           success                failure
 * VMLoadWasm...          -                               stage Loaded           nothing changes
 * VMValidate             stage Loaded or later           stage Validated        stage unchanged
 * VMInstantiate          stage Validated or later        new active instance    instance and stage unchanged
 * VMExecute              an active instance              -                      -
 * VMExecuteRegistered    a registered module             -                      -
 * VMRegisterModule...    -                               one more module        nothing is registered
 * VMRunWasm...           -                               new active instance    see below
 * VMCleanup              -                               as after VMCreate      -
 *
 * Register and run functions take stage Instantiated back to Validated and leave the loaded module alone. A
 * run function that fails before its instance is made keeps the active instance.
 *
 * The VM functions but WasmEdge_VMDelete are safe from several threads. A lock guards the loaded module, the
 * stage and the active instance; it is not held while guest code runs, so executions run in parallel on one
 * VM, and host functions may use the VM that runs them. A run keeps its instance alive when another becomes
 * active.
 *
 * Borrowed from the VM: the active instance and the types and names of its functions, until another instance
 * becomes active, the VM is cleaned up or deleted; types of registered functions until their module is
 * deleted; host modules, statistics and its own store until the VM is deleted.
 */

/**
 * A new VM with a copy of a configuration. Delete it with WasmEdge_VMDelete.
 *
 * Host registration Wasi makes a WASI module, registered unless the store has that name already; it is not
 * initialised, see WasmEdge_ModuleInstanceInitWASI and WasmEdge_VMGetImportModuleContext. Host registration
 * WasmEdge_Process does the same for wasmedge_process if the plugin is loaded. With a statistics switch on,
 * the VM measures all its runs.
 * @param StoreCxt where modules are registered and found; remains the caller's and may be shared with other
 *   VMs. Delete it after the VM, or before: then the VM may only be deleted. NULL gives the VM a store of its
 *   own.
 * @nullable ConfCxt StoreCxt
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_VMContext *WasmEdge_VMCreate(const WasmEdge_ConfigureContext *ConfCxt,
    WasmEdge_StoreContext *StoreCxt);

/**
 * Loads, validates and instantiates a file and registers the instance under a name. The VM owns it until the
 * VM is deleted.
 * @param ModuleName is copied.
 * @return what WasmEdge_LoaderParseFromFile and WasmEdge_ValidatorValidate give, then 0x60
 *   (ModuleNameConflict) if the name is taken, then what WasmEdge_ExecutorInstantiate gives.
 * @nullable Path
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_VMRegisterModuleFromFile(WasmEdge_VMContext *Cxt,
    const WasmEdge_String ModuleName, const char *Path);

/**
 * The same for a binary in memory, which is not needed after the call. NULL is an empty buffer: 0x22
 * (UnexpectedEnd).
 * @nullable Buf
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_VMRegisterModuleFromBuffer(WasmEdge_VMContext *Cxt,
    const WasmEdge_String ModuleName, const uint8_t *Buf, const uint32_t BufLen);

/** The same for a loaded module, which is validated and marked as valid, and remains the caller's. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_VMRegisterModuleFromASTModule(WasmEdge_VMContext *Cxt,
    const WasmEdge_String ModuleName, const WasmEdge_ASTModuleContext *ASTCxt);

/**
 * Registers an existing instance, such as a host module, under its own name. It remains the caller's and may
 * be deleted before the VM.
 * @return 0x60 (ModuleNameConflict) if the name is taken, by this very instance too.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_VMRegisterModuleFromImport(WasmEdge_VMContext *Cxt,
    const WasmEdge_ModuleInstanceContext *ImportCxt);

/**
 * Loads, validates and instantiates a file, makes the instance the active one and calls one of its functions.
 * @return what loading, validating and instantiating give, see WasmEdge_VMRegisterModuleFromFile, then as for
 *   WasmEdge_VMExecute.
 * @nullable Path Params Returns
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_VMRunWasmFromFile(WasmEdge_VMContext *Cxt,
    const char *Path, const WasmEdge_String FuncName, const WasmEdge_Value *Params, const uint32_t ParamLen,
    WasmEdge_Value *Returns, const uint32_t ReturnLen);

/**
 * The same for a binary in memory, which is not needed after the call. NULL is an empty buffer: 0x22
 * (UnexpectedEnd).
 * @nullable Buf Params Returns
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_VMRunWasmFromBuffer(WasmEdge_VMContext *Cxt,
    const uint8_t *Buf, const uint32_t BufLen, const WasmEdge_String FuncName, const WasmEdge_Value *Params,
    const uint32_t ParamLen, WasmEdge_Value *Returns, const uint32_t ReturnLen);

/**
 * The same for a loaded module, which is validated and marked as valid, and remains the caller's.
 * @nullable Params Returns
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_VMRunWasmFromASTModule(WasmEdge_VMContext *Cxt,
    const WasmEdge_ASTModuleContext *ASTCxt, const WasmEdge_String FuncName, const WasmEdge_Value *Params,
    const uint32_t ParamLen, WasmEdge_Value *Returns, const uint32_t ReturnLen);

/**
 * Starts WasmEdge_VMRunWasmFromFile in the background. Path, name and parameters are copied.
 * @return the run, the caller's to delete with WasmEdge_AsyncDelete. Failures show in WasmEdge_AsyncGet.
 * @nullable Path Params
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Async *WasmEdge_VMAsyncRunWasmFromFile(WasmEdge_VMContext *Cxt,
    const char *Path, const WasmEdge_String FuncName, const WasmEdge_Value *Params, const uint32_t ParamLen);

/**
 * Starts WasmEdge_VMRunWasmFromBuffer in the background. Name, parameters and buffer are copied (the buffer
 * is not in WasmEdge 0.10.0, where it must live until the run is over).
 * @return as for WasmEdge_VMAsyncRunWasmFromFile.
 * @nullable Buf Params
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Async *WasmEdge_VMAsyncRunWasmFromBuffer(WasmEdge_VMContext *Cxt,
    const uint8_t *Buf, const uint32_t BufLen, const WasmEdge_String FuncName, const WasmEdge_Value *Params,
    const uint32_t ParamLen);

/**
 * Starts WasmEdge_VMRunWasmFromASTModule in the background. Name and parameters are copied; the module may be
 * deleted at once.
 * @return as for WasmEdge_VMAsyncRunWasmFromFile.
 * @nullable Params
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Async *WasmEdge_VMAsyncRunWasmFromASTModule(WasmEdge_VMContext *Cxt,
    const WasmEdge_ASTModuleContext *ASTCxt, const WasmEdge_String FuncName, const WasmEdge_Value *Params,
    const uint32_t ParamLen);

/**
 * Loads a file. The active instance stays.
 * @return as for WasmEdge_LoaderParseFromFile.
 * @nullable Path
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_VMLoadWasmFromFile(WasmEdge_VMContext *Cxt,
    const char *Path);

/**
 * Loads a binary in memory, which is not needed after the call. NULL is an empty buffer.
 * @return as for WasmEdge_LoaderParseFromBuffer.
 * @nullable Buf
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_VMLoadWasmFromBuffer(WasmEdge_VMContext *Cxt,
    const uint8_t *Buf, const uint32_t BufLen);

/**
 * Takes a loaded module, which remains the caller's and may be deleted at once. It still has to be validated
 * by WasmEdge_VMValidate.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_VMLoadWasmFromASTModule(WasmEdge_VMContext *Cxt,
    const WasmEdge_ASTModuleContext *ASTCxt);

/**
 * Validates the loaded module.
 * @return 0x04 (WrongVMWorkflow) if none is loaded, a code from 0x40 to 0x5F if it is not valid.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_VMValidate(WasmEdge_VMContext *Cxt);

/**
 * Instantiates the validated module and makes the instance the active one; may be repeated.
 * @return 0x04 (WrongVMWorkflow) if the loaded module is not validated, else as for
 *   WasmEdge_ExecutorInstantiate.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_VMInstantiate(WasmEdge_VMContext *Cxt);

/**
 * Calls a function that the active instance exports.
 * @return 0x80 (WrongInstanceAddress) if there is no active instance, 0x05 (FuncNotFound) if it exports no
 *   such function; see "Calls" above for parameters, results and the other codes.
 * @nullable Params Returns
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_VMExecute(WasmEdge_VMContext *Cxt,
    const WasmEdge_String FuncName, const WasmEdge_Value *Params, const uint32_t ParamLen,
    WasmEdge_Value *Returns, const uint32_t ReturnLen);

/**
 * The same for a registered module; 0x80 (WrongInstanceAddress) if there is none of that name.
 * @nullable Params Returns
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Result WasmEdge_VMExecuteRegistered(WasmEdge_VMContext *Cxt,
    const WasmEdge_String ModuleName, const WasmEdge_String FuncName, const WasmEdge_Value *Params,
    const uint32_t ParamLen, WasmEdge_Value *Returns, const uint32_t ReturnLen);

/**
 * Starts WasmEdge_VMExecute in the background. Name and parameters are copied.
 * @return as for WasmEdge_VMAsyncRunWasmFromFile.
 * @nullable Params
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Async *WasmEdge_VMAsyncExecute(WasmEdge_VMContext *Cxt,
    const WasmEdge_String FuncName, const WasmEdge_Value *Params, const uint32_t ParamLen);

/**
 * Starts WasmEdge_VMExecuteRegistered in the background. Names and parameters are copied.
 * @return as for WasmEdge_VMAsyncRunWasmFromFile.
 * @nullable Params
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_Async *WasmEdge_VMAsyncExecuteRegistered(WasmEdge_VMContext *Cxt,
    const WasmEdge_String ModuleName, const WasmEdge_String FuncName, const WasmEdge_Value *Params,
    const uint32_t ParamLen);

/**
 * Type of a function of the active instance, borrowed.
 * @return NULL if there is no active instance or no such function.
 */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_FunctionTypeContext *WasmEdge_VMGetFunctionType(
    WasmEdge_VMContext *Cxt, const WasmEdge_String FuncName);

/**
 * Type of a function of a registered module, host modules included, borrowed.
 * @return NULL if there is no such module or function.
 */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_FunctionTypeContext *WasmEdge_VMGetFunctionTypeRegistered(
    WasmEdge_VMContext *Cxt, const WasmEdge_String ModuleName, const WasmEdge_String FuncName);

/**
 * Drops the loaded module and the active instance and clears the statistics. Registered modules, host modules
 * and the store stay.
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_VMCleanup(WasmEdge_VMContext *Cxt);

/** Number of functions the active instance exports; 0 if there is none. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_VMGetFunctionListLength(WasmEdge_VMContext *Cxt);

/**
 * Lists name and type of the functions the active instance exports, in ascending order of the names; see
 * "Lists" above. Both are borrowed.
 * @return the number of functions.
 * @nullable Names FuncTypes
 */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_VMGetFunctionList(WasmEdge_VMContext *Cxt,
    WasmEdge_String *Names, const WasmEdge_FunctionTypeContext **FuncTypes, const uint32_t Len);

/**
 * The module of a host registration, borrowed from the VM.
 * @return NULL if it was not configured, or is not available.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_ModuleInstanceContext *WasmEdge_VMGetImportModuleContext(
    WasmEdge_VMContext *Cxt, const enum WasmEdge_HostRegistration Reg);

/**
 * The active instance, borrowed from the VM.
 * @return NULL if there is none.
 */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_ModuleInstanceContext *WasmEdge_VMGetActiveModule(
    const WasmEdge_VMContext *Cxt);

/** The store: the very pointer given to WasmEdge_VMCreate, or the VM's own, borrowed. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_StoreContext *WasmEdge_VMGetStoreContext(WasmEdge_VMContext *Cxt);

/** The statistics of the VM, borrowed. Never NULL for a VM, also if nothing is measured. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_StatisticsContext *WasmEdge_VMGetStatisticsContext(
    WasmEdge_VMContext *Cxt);

/**
 * Deletes a VM with its instances, the modules it registered itself, its host modules and its own store. No
 * run may be under way. Modules registered by WasmEdge_VMRegisterModuleFromImport and a store that was given
 * stay.
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_VMDelete(WasmEdge_VMContext *Cxt);

/* ---- Plugin ------------------------------------------------------------------------------------ */

/**
 * Loads the plugins found in the entries of the environment variable WASMEDGE_PLUGIN_PATH (separated by
 * colons; directories, searched with all below, or files), in the directory wasmedge beside the library, and
 * in .wasmedge/plugin in the user's home directory. What is missing or no plugin is skipped. May be repeated.
 * Plugins stay for the rest of the process and matter to VMs created later; nothing is loaded without this
 * call.
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_Plugin_loadWithDefaultPluginPaths(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* WASMEDGE_C_API_H */
