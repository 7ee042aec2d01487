/* Errors: in which step what goes wrong, and how the VM goes on. The modules are written as bytes. */
#include "example.h"

#define PREAMBLE 0x00, 'a', 's', 'm', 0x01, 0x00, 0x00, 0x00
#define BYTES(array) (array), (uint32_t)sizeof(array)

/* No module at all. */
static const uint8_t text[] = {'h', 'e', 'l', 'l', 'o', ' ', 'w', 'o', 'r', 'l', 'd'};
/* A module whose last section is cut off. */
static const uint8_t cut[] = {PREAMBLE, 1, 4, 1, 0x60};
/* (func (result i32)) with an empty body. */
static const uint8_t mistyped[] = {PREAMBLE, 1, 5, 1, 0x60, 0, 1, 0x7F, 3, 2, 1, 0, 10, 4, 1, 2, 0, 0x0B};
/* (import "a" "b" (func)) */
static const uint8_t importing[] = {PREAMBLE, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 'a', 1, 'b', 0, 0};
/* (func (export "f") (unreachable)) */
static const uint8_t trapping[] = {PREAMBLE, 1, 4, 1,   0x60, 0, 0,  3, 2, 1, 0,    7,   5,
                                   1,        1, 'f', 0, 0,    10, 5, 1, 3, 0, 0x00, 0x0B};
/* (func (export "f") (param i32) (result i32) (local.get 0)) */
static const uint8_t identity[] = {PREAMBLE, 1,   6, 1, 0x60, 1, 0x7F, 1, 0x7F, 3,    2, 1,   0, 7,
                                   5,        1, 1, 'f', 0,    0, 10,   6, 1,    4,    0, 0x20, 0, 0x0B};

int main(void) {
  WasmEdge_LogSetErrorLevel(); /* log lines go to standard error; failures are logged there, too */
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  WasmEdge_Value param = WasmEdge_ValueGenI32(42), wrong = WasmEdge_ValueGenF32(4.2f), result;

  /* The order of steps. */
  FAILS("validating before loading", WasmEdge_ErrCode_WrongVMWorkflow, WasmEdge_VMValidate(vm));
  FAILS("executing before instantiating", WasmEdge_ErrCode_WrongInstanceAddress,
        WasmEdge_VMExecute(vm, name("f"), &param, 1, &result, 1));

  /* Loading. */
  FAILS("a file that is not there", WasmEdge_ErrCode_IllegalPath, WasmEdge_VMLoadWasmFromFile(vm, "nowhere.wasm"));
  FAILS("an empty buffer", WasmEdge_ErrCode_UnexpectedEnd, WasmEdge_VMLoadWasmFromBuffer(vm, NULL, 0));
  FAILS("a text", WasmEdge_ErrCode_MalformedMagic, WasmEdge_VMLoadWasmFromBuffer(vm, BYTES(text)));
  FAILS("half a module", WasmEdge_ErrCode_LengthOutOfBounds, WasmEdge_VMLoadWasmFromBuffer(vm, BYTES(cut)));

  /* Validating. */
  MUST(WasmEdge_VMLoadWasmFromBuffer(vm, BYTES(mistyped)));
  FAILS("a body without its result", WasmEdge_ErrCode_TypeCheckFailed, WasmEdge_VMValidate(vm));
  FAILS("instantiating all the same", WasmEdge_ErrCode_WrongVMWorkflow, WasmEdge_VMInstantiate(vm));

  /* Instantiating. */
  MUST(WasmEdge_VMLoadWasmFromBuffer(vm, BYTES(importing)));
  MUST(WasmEdge_VMValidate(vm));
  FAILS("an import that nobody exports", WasmEdge_ErrCode_UnknownImport, WasmEdge_VMInstantiate(vm));

  /* Executing. A trap ends the run, not the VM. */
  FAILS("a trap", WasmEdge_ErrCode_Unreachable,
        WasmEdge_VMRunWasmFromBuffer(vm, BYTES(trapping), name("f"), NULL, 0, NULL, 0));
  MUST(WasmEdge_VMRunWasmFromBuffer(vm, BYTES(identity), name("f"), &param, 1, &result, 1));
  CHECK(WasmEdge_ValueGetI32(result) == 42);
  FAILS("an unknown function", WasmEdge_ErrCode_FuncNotFound,
        WasmEdge_VMExecute(vm, name("g"), &param, 1, &result, 1));
  FAILS("too few parameters", WasmEdge_ErrCode_FuncSigMismatch,
        WasmEdge_VMExecute(vm, name("f"), NULL, 0, &result, 1));
  FAILS("a parameter of another type", WasmEdge_ErrCode_FuncSigMismatch,
        WasmEdge_VMExecute(vm, name("f"), &wrong, 1, &result, 1));

  /* On failure results are not touched; results that nobody wants are dropped. */
  CHECK(WasmEdge_ValueGetI32(result) == 42);
  MUST(WasmEdge_VMExecute(vm, name("f"), &param, 1, NULL, 0));

  /* NULL instead of a context is an error, not a crash; deleting NULL does nothing. */
  FAILS("no VM", WasmEdge_ErrCode_WrongVMWorkflow, WasmEdge_VMInstantiate(NULL));
  WasmEdge_VMDelete(NULL);

  WasmEdge_VMDelete(vm);
  return 0;
}
