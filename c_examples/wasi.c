/* WASI: run a command with arguments, environment and a folder of its own, and get its exit code. */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include <unistd.h>

#include "example.h"

static void write_file(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void print_file(const char *path) {
  char line[256];
  FILE *file = fopen(path, "r");
  CHECK(file != NULL);
  while (fgets(line, sizeof(line), file))
    printf("output: %s", line);
  fclose(file);
}

/* Runs the command once; returns its exit code. */
static uint32_t run(WasmEdge_VMContext *vm, const char *const *args, uint32_t arg_count, const char *const *envs,
                    uint32_t env_count, const char *preopen) {
  /* The VM has registered the WASI module; before use it has to be told what the guest may see. What a guest needs
   * beyond its standard streams has to be listed: it can open files below the preopened folders only. */
  WasmEdge_ModuleInstanceContext *wasi = WasmEdge_VMGetImportModuleContext(vm, WasmEdge_HostRegistration_Wasi);
  CHECK(wasi != NULL);
  WasmEdge_ModuleInstanceInitWASI(wasi, args, arg_count, envs, env_count, &preopen, preopen ? 1 : 0);

  fflush(stdout); /* the guest writes to the same file descriptor */
  WasmEdge_Result result = WasmEdge_VMRunWasmFromFile(vm, "wasi_guest.wasm", name("_start"), NULL, 0, NULL, 0);

  /* A command that calls exit() ends the execution: no error, whatever the exit code is. */
  MUST(result);
  return WasmEdge_ModuleInstanceWASIGetExitCode(wasi);
}

int main(void) {
  char folder[] = "/tmp/wasi-example-XXXXXX", preopen[64], input[64], output[64];
  CHECK(mkdtemp(folder) != NULL);
  snprintf(preopen, sizeof(preopen), "/data:%s", folder); /* guest's name : host's folder */
  snprintf(input, sizeof(input), "%s/input.txt", folder);
  snprintf(output, sizeof(output), "%s/output.txt", folder);
  write_file(input, "the first line\nthe second line\nthe third line\n");

  const char *args[] = {"shout", "/data/input.txt", "/data/output.txt"};
  const char *envs[] = {"GREETING=good morning"};
  const char *outside[] = {"shout", "/etc/passwd", "/data/output.txt"};

  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureAddHostRegistration(configure, WasmEdge_HostRegistration_Wasi);

  /* One VM for each run: files that are open stay open when the same WASI module is initialised again. */
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(configure, NULL);
  printf("exit code %u\n", run(vm, args, 3, envs, 1, preopen));
  WasmEdge_VMDelete(vm);
  print_file(output);

  vm = WasmEdge_VMCreate(configure, NULL);
  printf("exit code %u\n", run(vm, outside, 3, NULL, 0, preopen));
  WasmEdge_VMDelete(vm);

  vm = WasmEdge_VMCreate(configure, NULL);
  printf("exit code %u\n", run(vm, args, 3, envs, 1, NULL));
  WasmEdge_VMDelete(vm);

  WasmEdge_ConfigureDelete(configure);
  CHECK(unlink(input) == 0 && unlink(output) == 0 && rmdir(folder) == 0);
  return 0;
}
