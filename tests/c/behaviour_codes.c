/* Says how far modules come. Each line of standard input is proposals to add ("+8") or remove ("-3"), the most
 * pages of a memory ("=5"), and the path of a module; for each, a line with the step that fails and its code
 * ("validate 0x41"), or "ok". A module that instantiates has its export `run` called, if it has one. */
#include "behaviour.h"

static WasmEdge_Result nothing(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                               WasmEdge_Value *returns) {
  (void)data, (void)memory, (void)params, (void)returns;
  return WasmEdge_Result_Success;
}

static WasmEdge_Result failing(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                               WasmEdge_Value *returns) {
  (void)data, (void)memory, (void)params, (void)returns;
  return WasmEdge_Result_Fail;
}

/* What the modules may import. */
static WasmEdge_ModuleInstanceContext *host(void) {
  WasmEdge_ModuleInstanceContext *made = WasmEdge_ModuleInstanceCreate(NAME("host"));
  WasmEdge_ModuleInstanceAddFunction(made, NAME("nothing"), host_function(":", nothing, NULL));
  WasmEdge_ModuleInstanceAddFunction(made, NAME("failing"), host_function(":", failing, NULL));
  WasmEdge_ModuleInstanceAddTable(made, NAME("table"), host_table(WasmEdge_RefType_FuncRef, between(2, 4)));
  WasmEdge_ModuleInstanceAddMemory(made, NAME("memory"), host_memory(between(1, 2)));
  WasmEdge_ModuleInstanceAddMemory(made, NAME("unlimited"), host_memory(at_least(1)));
  WasmEdge_ModuleInstanceAddGlobal(made, NAME("constant"),
                                   host_global(WasmEdge_ValueGenI32(1), WasmEdge_Mutability_Const));
  WasmEdge_ModuleInstanceAddGlobal(made, NAME("variable"),
                                   host_global(WasmEdge_ValueGenI32(1), WasmEdge_Mutability_Var));
  return made;
}

static void say(const char *step, WasmEdge_Result ended) {
  printf("%s 0x%02x\n", step, WasmEdge_ResultGetCode(ended));
}

static void go(const WasmEdge_ConfigureContext *configure, const char *path) {
  WasmEdge_LoaderContext *loader = WasmEdge_LoaderCreate(configure);
  WasmEdge_ValidatorContext *validator = WasmEdge_ValidatorCreate(configure);
  WasmEdge_ExecutorContext *executor = WasmEdge_ExecutorCreate(configure, NULL);
  WasmEdge_StoreContext *store = WasmEdge_StoreCreate();
  WasmEdge_ModuleInstanceContext *imports = host(), *instance = NULL;
  WasmEdge_ASTModuleContext *ast = NULL;
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, imports), 0);
  WasmEdge_Result ended = WasmEdge_LoaderParseFromFile(loader, &ast, path);
  const char *step = "load";
  if (WasmEdge_ResultOK(ended)) {
    step = "validate";
    ended = WasmEdge_ValidatorValidate(validator, ast);
  }
  if (WasmEdge_ResultOK(ended)) {
    step = "instantiate";
    ended = WasmEdge_ExecutorInstantiate(executor, &instance, store, ast);
  }
  CHECK((instance != NULL) == (WasmEdge_ResultOK(ended)));
  WasmEdge_FunctionInstanceContext *run = WasmEdge_ModuleInstanceFindFunction(instance, NAME("run"));
  if (run != NULL) {
    step = "run";
    ended = WasmEdge_ExecutorInvoke(executor, run, NULL, 0, NULL, 0);
  }
  if (WasmEdge_ResultOK(ended))
    puts("ok");
  else
    say(step, ended);
  WasmEdge_ModuleInstanceDelete(instance);
  WasmEdge_ModuleInstanceDelete(imports);
  WasmEdge_ASTModuleDelete(ast);
  WasmEdge_StoreDelete(store);
  WasmEdge_ExecutorDelete(executor);
  WasmEdge_ValidatorDelete(validator);
  WasmEdge_LoaderDelete(loader);
}

int main(void) {
  char line[4096];
  while (fgets(line, sizeof line, stdin) != NULL) {
    WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
    for (char *word = strtok(line, " \n"); word != NULL; word = strtok(NULL, " \n")) {
      const int number = atoi(word + 1);
      switch (word[0]) {
        case '+': WasmEdge_ConfigureAddProposal(configure, (enum WasmEdge_Proposal)number); break;
        case '-': WasmEdge_ConfigureRemoveProposal(configure, (enum WasmEdge_Proposal)number); break;
        case '=': WasmEdge_ConfigureSetMaxMemoryPage(configure, (uint32_t)number); break;
        default: go(configure, word);
      }
    }
    WasmEdge_ConfigureDelete(configure);
  }
  return 0;
}
