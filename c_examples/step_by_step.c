/* The steps that a VM takes, one by one: loader, validator, executor.
 *
 * Shows how to make several instances of one module, how to find their exports, and who deletes what. */
#include "example.h"

/* Calls "divide" of one instance and prints quotient and remainder. */
static void divide(WasmEdge_ExecutorContext *executor, const WasmEdge_ModuleInstanceContext *instance, int32_t a,
                   int32_t b) {
  /* The instance owns what it exports: a function that was found is borrowed. */
  WasmEdge_FunctionInstanceContext *function = WasmEdge_ModuleInstanceFindFunction(instance, name("divide"));
  CHECK(function != NULL);

  WasmEdge_Value params[2] = {WasmEdge_ValueGenI32(a), WasmEdge_ValueGenI32(b)};
  WasmEdge_Value returns[2];
  MUST(WasmEdge_ExecutorInvoke(executor, function, params, 2, returns, 2));
  printf("%d / %d = %d remainder %d\n", a, b, WasmEdge_ValueGetI32(returns[0]), WasmEdge_ValueGetI32(returns[1]));
}

/* The exported counter of one instance. */
static int32_t calls(const WasmEdge_ModuleInstanceContext *instance) {
  WasmEdge_GlobalInstanceContext *global = WasmEdge_ModuleInstanceFindGlobal(instance, name("calls"));
  CHECK(global != NULL);
  return WasmEdge_ValueGetI32(WasmEdge_GlobalInstanceGetValue(global));
}

int main(void) {
  /* A configuration is copied by whatever is created with it. This one says what the default says too. */
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureAddProposal(configure, WasmEdge_Proposal_MultiValue);
  CHECK(WasmEdge_ConfigureHasProposal(configure, WasmEdge_Proposal_MultiValue));

  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(configure);
  WasmEdge_ValidatorContext *validator = WasmEdge_ValidatorCreate(configure);
  WasmEdge_ExecutorContext *executor = WasmEdge_ExecutorCreate(configure, NULL);
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  WasmEdge_ConfigureDelete(configure);

  /* 1. Load: the binary becomes a module. */
  WasmEdge_ASTModuleContext *module = NULL;
  MUST(WasmEdge_LoaderParseFromFile(loader, &module, "step_by_step.wasm"));
  printf("loaded: %u exports\n", WasmEdge_ASTModuleListExportsLength(module));

  /* 2. Validate. A module that is not validated cannot be instantiated. */
  WasmEdge_ModuleInstanceContext *first = NULL, *second = NULL;
  FAILS("instantiating too early", WasmEdge_ErrCode_NotValidated,
        WasmEdge_ExecutorInstantiate(executor, &first, store, module));
  CHECK(first == NULL);
  MUST(WasmEdge_ValidatorValidate(validator, module));

  /* 3. Instantiate, here without a name. The store is where imports are looked up. */
  MUST(WasmEdge_ExecutorInstantiate(executor, &first, store, module));
  MUST(WasmEdge_ExecutorInstantiate(executor, &second, store, module));

  /* Loader, validator and module are not needed any more. */
  WasmEdge_ASTModuleDelete(module);
  WasmEdge_ValidatorDelete(validator);
  WasmEdge_LoaderDelete(loader);

  /* 4. Invoke. */
  divide(executor, first, 17, 5);
  divide(executor, first, -17, 5);
  divide(executor, second, 100, 7);

  WasmEdge_FunctionInstanceContext *function = WasmEdge_ModuleInstanceFindFunction(first, name("divide"));
  WasmEdge_Value by_zero[2] = {WasmEdge_ValueGenI32(1), WasmEdge_ValueGenI32(0)};
  WasmEdge_Value wide[2] = {WasmEdge_ValueGenI64(1), WasmEdge_ValueGenI64(1)};
  FAILS("1 / 0", WasmEdge_ErrCode_DivideByZero, WasmEdge_ExecutorInvoke(executor, function, by_zero, 2, NULL, 0));
  FAILS("i64 parameters", WasmEdge_ErrCode_FuncSigMismatch,
        WasmEdge_ExecutorInvoke(executor, function, wide, 2, NULL, 0));

  /* Each instance has its own state. The division by zero was a call, the wrong parameters were not. */
  printf("calls of the first instance: %d, of the second: %d\n", calls(first), calls(second));
  CHECK(calls(first) == 3 && calls(second) == 1);

  /* Whoever instantiates deletes the instance. */
  WasmEdge_ModuleInstanceDelete(second);
  WasmEdge_ModuleInstanceDelete(first);
  WasmEdge_StoreDelete(store);
  WasmEdge_ExecutorDelete(executor);
  return 0;
}
