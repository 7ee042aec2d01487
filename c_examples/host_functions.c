/* Host functions: C functions that a module imports, and their access to the module's memory. */
#include "example.h"

/* The host's side of the console; every function gets its address as `data`. */
typedef struct console {
  const char **names; /* what "read" returns, one after the other; ends with NULL */
  uint32_t printed;
} console;

/* print(address, length): `memory` is that of the calling module. */
static WasmEdge_Result console_print(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                                     WasmEdge_Value *returns) {
  (void)returns;
  console *self = (console *)data;
  uint32_t address = (uint32_t)WasmEdge_ValueGetI32(params[0]);
  uint32_t length = (uint32_t)WasmEdge_ValueGetI32(params[1]);

  /* NULL unless all of the range lies in the memory. Never trust addresses of a guest. */
  const uint8_t *text = WasmEdge_MemoryInstanceGetPointerConst(memory, address, length);
  if (text == NULL)
    return WasmEdge_Result_Fail;
  printf("guest: %.*s\n", (int)length, (const char *)text);
  self->printed++;
  return WasmEdge_Result_Success;
}

/* read(address, capacity) -> length. Ends the execution when there is nothing to read. */
static WasmEdge_Result console_read(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                                    WasmEdge_Value *returns) {
  console *self = (console *)data;
  if (*self->names == NULL)
    return WasmEdge_Result_Terminate;
  const char *text = *self->names++;
  uint32_t length = (uint32_t)strlen(text);
  if (length > (uint32_t)WasmEdge_ValueGetI32(params[1]))
    return WasmEdge_Result_Fail;

  /* SetData checks the range as well. */
  WasmEdge_Result result = WasmEdge_MemoryInstanceSetData(
      memory, (const uint8_t *)text, (uint32_t)WasmEdge_ValueGetI32(params[0]), length);
  if (WasmEdge_ResultOK(result))
    returns[0] = WasmEdge_ValueGenI32((int32_t)length);
  return result;
}

/* quit(): ends the execution; that is no error. */
static WasmEdge_Result console_quit(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                                    WasmEdge_Value *returns) {
  (void)data, (void)memory, (void)params, (void)returns;
  return WasmEdge_Result_Terminate;
}

/* Adds a function to a host module; all parameters and results are i32. */
static void add(WasmEdge_ModuleInstanceContext *module, const char *title, WasmEdge_HostFunc_t function,
                console *data, uint32_t param_count, uint32_t result_count) {
  const enum WasmEdge_ValType words[2] = {WasmEdge_ValType_I32, WasmEdge_ValType_I32};
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(words, param_count, words, result_count);
  /* The last argument is what a call costs; see statistics.c. */
  WasmEdge_FunctionInstanceContext *instance = WasmEdge_FunctionInstanceCreate(type, function, data, 0);
  WasmEdge_FunctionTypeDelete(type);
  WasmEdge_ModuleInstanceAddFunction(module, name(title), instance); /* the module owns it now */
}

int main(void) {
  const char *names[] = {"Ada", "Grace", "Edsger", NULL};
  console self = {names, 0};

  /* A module of the host: a name and functions. */
  WasmEdge_ModuleInstanceContext *module = WasmEdge_ModuleInstanceCreate(name("console"));
  add(module, "print", console_print, &self, 2, 0);
  add(module, "read", console_read, &self, 2, 1);
  add(module, "quit", console_quit, &self, 0, 0);

  /* Registering makes it visible to imports; it still belongs to us. */
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  MUST(WasmEdge_VMRegisterModuleFromImport(vm, module));

  WasmEdge_Value returns[1];
  MUST(WasmEdge_VMRunWasmFromFile(vm, "host_functions.wasm", name("greet"), NULL, 0, returns, 1));
  printf("the name has %d letters\n", WasmEdge_ValueGetI32(returns[0]));

  /* An endless loop that a host function ends. */
  MUST(WasmEdge_VMExecute(vm, name("greet_all"), NULL, 0, NULL, 0));
  printf("%u greetings\n", self.printed);
  CHECK(self.printed == 3 && *self.names == NULL);

  /* Results are zeros when the execution was ended. */
  returns[0] = WasmEdge_ValueGenI32(-1);
  MUST(WasmEdge_VMExecute(vm, name("quit"), NULL, 0, returns, 1));
  CHECK(WasmEdge_ValueGetI32(returns[0]) == 0);

  /* Whatever a host function fails with, the run fails with this code. */
  FAILS("text outside the memory", WasmEdge_ErrCode_ExecutionFailed,
        WasmEdge_VMExecute(vm, name("overrun"), NULL, 0, NULL, 0));

  WasmEdge_VMDelete(vm);
  WasmEdge_ModuleInstanceDelete(module);
  return 0;
}
