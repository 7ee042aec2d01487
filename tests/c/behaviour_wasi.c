/* WASI modules; the process module and plugins, as far as they are there. */
#define _GNU_SOURCE
#include "behaviour.h"

enum { BAD_FILE = 8, NAMES = 1024 };

static WasmEdge_ExecutorContext *executor;
static WasmEdge_StoreContext *store;
static WasmEdge_ModuleInstanceContext *wasi, *guest;
static WasmEdge_MemoryInstanceContext *memory;

/* Starts the guest with a WASI module. */
static void begin(WasmEdge_ModuleInstanceContext *with) {
  wasi = with;
  executor = WasmEdge_ExecutorCreate(NULL, NULL);
  store = WasmEdge_StoreCreate();
  CHECK_CODE(WasmEdge_ExecutorRegisterImport(executor, store, wasi), 0);
  WasmEdge_ASTModuleContext *ast = parse_valid("wasi");
  CHECK_CODE(WasmEdge_ExecutorInstantiate(executor, &guest, store, ast), 0);
  WasmEdge_ASTModuleDelete(ast);
  memory = WasmEdge_ModuleInstanceFindMemory(guest, NAME("memory"));
}

static void end(void) {
  WasmEdge_ModuleInstanceDelete(guest);
  WasmEdge_StoreDelete(store);
  WasmEdge_ExecutorDelete(executor);
}

static WasmEdge_Result invoke(const char *name, uint32_t count, const uint32_t *numbers, WasmEdge_Value *returned) {
  WasmEdge_Value params[4];
  for (uint32_t i = 0; i < count; i++) params[i] = WasmEdge_ValueGenI32((int32_t)numbers[i]);
  const WasmEdge_String found = WasmEdge_StringWrap(name, (uint32_t)strlen(name));
  const WasmEdge_FunctionInstanceContext *function = WasmEdge_ModuleInstanceFindFunction(guest, found);
  return WasmEdge_ExecutorInvoke(executor, function, params, count, returned, 1);
}

/* The errno of a WASI function. */
static int32_t call(const char *name, uint32_t count, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  WasmEdge_Value returned;
  CHECK_CODE(invoke(name, count, (const uint32_t[]){a, b, c, d}, &returned), 0);
  return WasmEdge_ValueGetI32(returned);
}

static uint32_t number_at(uint32_t offset) {
  uint32_t number;
  CHECK_CODE(WasmEdge_MemoryInstanceGetData(memory, (uint8_t *)&number, offset, 4), 0);
  return number;
}

/* Whether what `sizes` and `get` give are these strings. */
static bool has_strings(const char *sizes, const char *get, uint32_t count, const char *const *expected) {
  CHECK(call(sizes, 2, 0, 4, 0, 0) == 0);
  if (number_at(0) != count) return false;
  CHECK(call(get, 2, 8, NAMES, 0, 0) == 0);
  for (uint32_t i = 0; i < count; i++) {
    const char *found = (const char *)WasmEdge_MemoryInstanceGetPointer(memory, number_at(8 + 4 * i), 1);
    if (strcmp(found, expected[i]) != 0) return false;
  }
  return true;
}

static bool has_args(uint32_t count, const char *const *expected) {
  return has_strings("args_sizes_get", "args_get", count, expected);
}

static bool has_envs(uint32_t count, const char *const *expected) {
  return has_strings("environ_sizes_get", "environ_get", count, expected);
}

/* Whether a descriptor is a folder of that name for the guest. */
static bool is_folder(uint32_t fd, const char *name) {
  if (call("fd_prestat_get", 2, fd, 0, 0, 0) != 0) return false;
  const uint32_t length = number_at(4);
  CHECK(call("fd_prestat_dir_name", 3, fd, NAMES, length, 0) == 0);
  return length == strlen(name) &&
         memcmp(WasmEdge_MemoryInstanceGetPointer(memory, NAMES, length), name, length) == 0;
}

/* ---- Making them ----------------------------------------------------------------------------------------------- */

static const char *const ARGS[] = {"program", "one", "two words", ""};
static const char *const ENVS[] = {"A=1", "B=", "C=\xFF"};

static void what_the_guest_sees(void) {
  const char *const folders[] = {"/data:/", "missing:/no/such/folder", ".", "/a//b/../c/:.", "/:.", "../d:."};
  begin(WasmEdge_ModuleInstanceCreateWASI(ARGS, 4, ENVS, 3, folders, 6));
  CHECK(IS(WasmEdge_ModuleInstanceGetModuleName(wasi), "wasi_snapshot_preview1"));
  CHECK(has_args(4, ARGS) && has_envs(3, ENVS));
  CHECK(is_folder(3, "/data") && is_folder(4, ".") && is_folder(5, "/a//b/../c/")); /* in order, without gaps */
  CHECK(is_folder(6, "/") && is_folder(7, "../d"));
  CHECK(call("fd_prestat_get", 2, 8, 0, 0, 0) == BAD_FILE);
  CHECK(WasmEdge_ModuleInstanceWASIGetExitCode(wasi) == 0);
  end();
  WasmEdge_ModuleInstanceDelete(wasi);
}

static void nothing_given(void) {
  const char *const empty[] = {""}, *const *const lists[] = {NULL, ARGS};
  for (int i = 0; i < 2; i++) {
    begin(WasmEdge_ModuleInstanceCreateWASI(lists[i], 0, lists[i], 0, lists[i], 0));
    CHECK(has_args(1, empty) && has_envs(0, NULL)); /* a program always has a name */
    CHECK(call("fd_prestat_get", 2, 3, 0, 0, 0) == BAD_FILE);
    end();
    WasmEdge_ModuleInstanceDelete(wasi);
  }
}

/* That of a VM has nothing, not even the standard streams, until it is initialised. */
static void of_a_vm(void) {
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureAddHostRegistration(configure, WasmEdge_HostRegistration_Wasi);
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(configure, NULL);
  WasmEdge_ConfigureDelete(configure);
  begin(WasmEdge_VMGetImportModuleContext(vm, WasmEdge_HostRegistration_Wasi));
  CHECK(call("fd_write", 4, 1, 0, 0, 0) == BAD_FILE);
  CHECK(has_args(0, NULL) && has_envs(0, NULL));
  WasmEdge_ModuleInstanceInitWASI(wasi, ARGS, 2, ENVS, 1, NULL, 0);
  CHECK(call("fd_write", 4, 1, 0, 0, 0) == 0);
  CHECK(has_args(2, ARGS) && has_envs(1, ENVS));
  end();
  WasmEdge_VMDelete(vm);
}

/* Again: arguments, environment, exit code and folders are new. */
static void initialised_twice(void) {
  const char *const first[] = {"a:.", "b:."}, *const second[] = {"c:.", "d:.", "e:."};
  begin(WasmEdge_ModuleInstanceCreateWASI(ARGS, 1, ENVS, 1, first, 2));
  CHECK(call("fd_close", 1, 3, 0, 0, 0) == 0);
  CHECK_CODE(invoke("proc_exit", 1, &(uint32_t){7}, NULL), 0x01);
  WasmEdge_ModuleInstanceInitWASI(wasi, ARGS + 1, 2, ENVS + 1, 2, second, 3);
  CHECK(WasmEdge_ModuleInstanceWASIGetExitCode(wasi) == 0);
  CHECK(has_args(2, ARGS + 1) && has_envs(2, ENVS + 1));
  CHECK(is_folder(3, "c") && is_folder(4, "d") && is_folder(5, "e"));
  CHECK(call("fd_prestat_get", 2, 6, 0, 0, 0) == BAD_FILE);
  end();
  WasmEdge_ModuleInstanceDelete(wasi);
}

static void exit_codes(void) {
  begin(WasmEdge_ModuleInstanceCreateWASI(NULL, 0, NULL, 0, NULL, 0));
  CHECK(WasmEdge_ModuleInstanceWASIGetExitCode(wasi) == 0);
  const uint32_t codes[] = {0, 1, 256, 0x80000000, 0xFFFFFFFF};
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    const WasmEdge_Result ended = invoke("proc_exit", 1, &codes[i], NULL);
    CHECK_CODE(ended, 0x01);
    CHECK(WasmEdge_ResultOK(ended) && WasmEdge_ModuleInstanceWASIGetExitCode(wasi) == codes[i]);
    CHECK(call("fd_close", 1, 99, 0, 0, 0) == BAD_FILE); /* a failing function gives its errno */
    CHECK_CODE(invoke("trap", 0, NULL, NULL), 0x89);
    CHECK(WasmEdge_ModuleInstanceWASIGetExitCode(wasi) == codes[i]);
  }
  /* The results of a function that was ended are zeros. */
  const WasmEdge_FunctionInstanceContext *function =
      WasmEdge_ModuleInstanceFindFunction(guest, NAME("exit in a function with results"));
  const WasmEdge_Value five = WasmEdge_ValueGenI32(5);
  WasmEdge_Value returned[] = {WasmEdge_ValueGenF32(1), WasmEdge_ValueGenF32(2), WasmEdge_ValueGenF32(3)};
  CHECK_CODE(WasmEdge_ExecutorInvoke(executor, function, &five, 1, returned, 3), 0x01);
  CHECK(WasmEdge_ModuleInstanceWASIGetExitCode(wasi) == 5);
  CHECK(returned[0].Type == WasmEdge_ValType_I64 && returned[0].Value == 0);
  CHECK(returned[1].Type == WasmEdge_ValType_V128 && returned[1].Value == 0);
  CHECK(returned[2].Type == WasmEdge_ValType_F32 && WasmEdge_ValueGetF32(returned[2]) == 3);
  WasmEdge_ModuleInstanceInitWASI(wasi, NULL, 0, NULL, 0, NULL, 0);
  CHECK(WasmEdge_ModuleInstanceWASIGetExitCode(wasi) == 0);
  /* Not a WASI module. */
  CHECK(WasmEdge_ModuleInstanceWASIGetExitCode(NULL) == 1 && WasmEdge_ModuleInstanceWASIGetExitCode(guest) == 1);
  WasmEdge_ModuleInstanceInitWASI(guest, ARGS, 1, ENVS, 1, NULL, 0);
  WasmEdge_ModuleInstanceInitWASI(NULL, ARGS, 1, ENVS, 1, NULL, 0);
  end();
  WasmEdge_ModuleInstanceDelete(wasi);
}

static void functions(void) {
  static const struct {
    const char *name, *type;
  } all[] = {
      {"args_get", "ii:i"},
      {"args_sizes_get", "ii:i"},
      {"clock_res_get", "ii:i"},
      {"clock_time_get", "iIi:i"},
      {"environ_get", "ii:i"},
      {"environ_sizes_get", "ii:i"},
      {"fd_advise", "iIIi:i"},
      {"fd_allocate", "iII:i"},
      {"fd_close", "i:i"},
      {"fd_datasync", "i:i"},
      {"fd_fdstat_get", "ii:i"},
      {"fd_fdstat_set_flags", "ii:i"},
      {"fd_fdstat_set_rights", "iII:i"},
      {"fd_filestat_get", "ii:i"},
      {"fd_filestat_set_size", "iI:i"},
      {"fd_filestat_set_times", "iIIi:i"},
      {"fd_pread", "iiiIi:i"},
      {"fd_prestat_dir_name", "iii:i"},
      {"fd_prestat_get", "ii:i"},
      {"fd_pwrite", "iiiIi:i"},
      {"fd_read", "iiii:i"},
      {"fd_readdir", "iiiIi:i"},
      {"fd_renumber", "ii:i"},
      {"fd_seek", "iIii:i"},
      {"fd_sync", "i:i"},
      {"fd_tell", "ii:i"},
      {"fd_write", "iiii:i"},
      {"path_create_directory", "iii:i"},
      {"path_filestat_get", "iiiii:i"},
      {"path_filestat_set_times", "iiiiIIi:i"},
      {"path_link", "iiiiiii:i"},
      {"path_open", "iiiiiIIii:i"},
      {"path_readlink", "iiiiii:i"},
      {"path_remove_directory", "iii:i"},
      {"path_rename", "iiiiii:i"},
      {"path_symlink", "iiiii:i"},
      {"path_unlink_file", "iii:i"},
      {"poll_oneoff", "iiii:i"},
      {"proc_exit", "i:"},
      {"proc_raise", "i:i"},
      {"random_get", "ii:i"},
      {"sched_yield", ":i"},
      {"sock_accept", "ii:i"},
      {"sock_bind", "iii:i"},
      {"sock_connect", "iii:i"},
      {"sock_getaddrinfo", "iiiiiiii:i"},
      {"sock_getlocaladdr", "iiii:i"},
      {"sock_getpeeraddr", "iiii:i"},
      {"sock_getsockopt", "iiiii:i"},
      {"sock_listen", "ii:i"},
      {"sock_open", "iii:i"},
      {"sock_recv", "iiiiii:i"},
      {"sock_recv_from", "iiiiiii:i"},
      {"sock_send", "iiiii:i"},
      {"sock_send_to", "iiiiiii:i"},
      {"sock_setsockopt", "iiiii:i"},
      {"sock_shutdown", "ii:i"},
  };
  enum { COUNT = sizeof all / sizeof *all };
  enum { LATER = 11 }; /* names of later releases, which end in _v2 */
  WasmEdge_String names[COUNT + LATER];
  wasi = WasmEdge_ModuleInstanceCreateWASI(NULL, 0, NULL, 0, NULL, 0);
  CHECK(COUNT == 57 && WasmEdge_ModuleInstanceListFunction(wasi, names, COUNT + LATER) == COUNT + LATER);
  for (int i = 0, listed = 0; i < COUNT; i++, listed++) {
    while (names[listed].Length > 3 && memcmp(names[listed].Buf + names[listed].Length - 3, "_v2", 3) == 0) listed++;
    const WasmEdge_String name = WasmEdge_StringWrap(all[i].name, (uint32_t)strlen(all[i].name));
    CHECK(WasmEdge_StringIsEqual(names[listed], name));
    const WasmEdge_FunctionInstanceContext *found = WasmEdge_ModuleInstanceFindFunction(wasi, name);
    CHECK(has_type(WasmEdge_FunctionInstanceGetFunctionType(found), all[i].type));
  }
  CHECK(WasmEdge_ModuleInstanceListMemoryLength(wasi) == 0 && WasmEdge_ModuleInstanceListTableLength(wasi) == 0);
  CHECK(WasmEdge_ModuleInstanceListGlobalLength(wasi) == 0);
  WasmEdge_ModuleInstanceDelete(wasi);
}

/* ---- What plugins bring ----------------------------------------------------------------------------------------- */

static void process_module(void) {
  const char *const commands[] = {"true"};
  CHECK(WasmEdge_ModuleInstanceCreateWasmEdgeProcess(commands, 1, false) == NULL);
  CHECK(WasmEdge_ModuleInstanceCreateWasmEdgeProcess(NULL, 0, true) == NULL);
  WasmEdge_ModuleInstanceInitWasmEdgeProcess(commands, 1, true);
  /* Harmless, whatever is there, and again. */
  const char *const paths[] = {NULL, "", ":", "no/such/folder", ".:", "../c:/etc/passwd:/proc/self/exe"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    if (paths[i] != NULL) CHECK(setenv("WASMEDGE_PLUGIN_PATH", paths[i], 1) == 0);
    for (int again = 0; again < 2; again++) WasmEdge_Plugin_loadWithDefaultPluginPaths();
  }
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureAddHostRegistration(configure, WasmEdge_HostRegistration_WasmEdge_Process);
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(configure, NULL);
  CHECK(vm != NULL);
  CHECK(WasmEdge_StoreFindModule(WasmEdge_VMGetStoreContext(vm), NAME("wasmedge_process")) != NULL);
  CHECK(WasmEdge_VMGetImportModuleContext(vm, WasmEdge_HostRegistration_WasmEdge_Process) != NULL);
  WasmEdge_VMDelete(vm);
  WasmEdge_ConfigureDelete(configure);
}

int main(int argc, char **argv) {
  static const part parts[] = {
      {"what_the_guest_sees", what_the_guest_sees},
      {"nothing_given", nothing_given},
      {"of_a_vm", of_a_vm},
      {"initialised_twice", initialised_twice},
      {"exit_codes", exit_codes},
      {"functions", functions},
      {"process_module", process_module},
  };
  return run_parts(argc, argv, parts, sizeof parts / sizeof *parts);
}
