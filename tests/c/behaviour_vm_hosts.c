/* VMs and the host: host functions that use the VM which runs them, modules of the host, the log. */
#include "behaviour.h"

static WasmEdge_VMContext *vm;
static binary guest, starts;
static int calls, names;

static WasmEdge_Result execute(const char *name, const WasmEdge_Value *param, WasmEdge_Value *returned) {
  return WasmEdge_VMExecute(vm, WasmEdge_StringWrap(name, (uint32_t)strlen(name)), param, param != NULL, returned, 1);
}

static void load_guest(void) {
  CHECK_CODE(WasmEdge_VMLoadWasmFromBuffer(vm, guest.bytes, guest.size), 0);
  CHECK_CODE(WasmEdge_VMValidate(vm), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
}

/* A positive number: does everything that can be done with the VM, the calls with half of it. */
static WasmEdge_Result busy(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                            WasmEdge_Value *returns) {
  (void)data, (void)memory;
  calls++;
  returns[0] = params[0];
  const WasmEdge_Value half = WasmEdge_ValueGenI32(WasmEdge_ValueGetI32(params[0]) / 2);
  if (WasmEdge_ValueGetI32(params[0]) == 0) return WasmEdge_Result_Success;
  char name[16];
  const int length = snprintf(name, sizeof name, "name %d", names++);
  const WasmEdge_String registered = WasmEdge_StringWrap(name, (uint32_t)length);
  WasmEdge_Value returned;
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, registered, guest.bytes, guest.size), 0);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, registered, guest.bytes, guest.size), 0x60);
  CHECK(has_type(WasmEdge_VMGetFunctionTypeRegistered(vm, registered, NAME("call")), "i:i"));
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, registered, NAME("call"), &half, 1, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == WasmEdge_ValueGetI32(half));
  load_guest();
  CHECK(WasmEdge_VMGetFunctionListLength(vm) > 0 && WasmEdge_VMGetActiveModule(vm) != NULL);
  CHECK(has_type(WasmEdge_VMGetFunctionType(vm, NAME("call")), "i:i"));
  CHECK_CODE(execute("call", &half, &returned), 0);
  CHECK_CODE(WasmEdge_VMRunWasmFromBuffer(vm, guest.bytes, guest.size, NAME("call"), &half, 1, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == WasmEdge_ValueGetI32(half));
  WasmEdge_Async *run = WasmEdge_VMAsyncRunWasmFromBuffer(vm, guest.bytes, guest.size, NAME("call"), &half, 1);
  CHECK_CODE(WasmEdge_AsyncGet(run, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == WasmEdge_ValueGetI32(half));
  WasmEdge_AsyncDelete(run);
  WasmEdge_VMCleanup(vm);
  CHECK_CODE(execute("call", &half, &returned), 0x80);
  return WasmEdge_Result_Success;
}

static WasmEdge_Result busy_start(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                                  WasmEdge_Value *returns) {
  const WasmEdge_Value one = WasmEdge_ValueGenI32(1);
  WasmEdge_Value returned;
  (void)params, (void)returns;
  return busy(data, memory, &one, &returned);
}

static WasmEdge_ModuleInstanceContext *begin(void) {
  vm = WasmEdge_VMCreate(NULL, NULL);
  guest = read_binary("guest");
  starts = read_binary("starts");
  WasmEdge_ModuleInstanceContext *host = WasmEdge_ModuleInstanceCreate(NAME("host"));
  WasmEdge_ModuleInstanceAddFunction(host, NAME("call"), host_function("i:i", busy, NULL));
  WasmEdge_ModuleInstanceAddFunction(host, NAME("end"), host_function(":", busy_start, NULL));
  CHECK_CODE(WasmEdge_VMRegisterModuleFromImport(vm, host), 0);
  calls = names = 0;
  return host;
}

static void end(WasmEdge_ModuleInstanceContext *host) {
  WasmEdge_VMDelete(vm);
  WasmEdge_ModuleInstanceDelete(host);
  free(guest.bytes);
  free(starts.bytes);
}

/* However the host function was reached, the VM does what it is told, and the call under way ends well. */
static void calls_back(void) {
  enum { EXECUTE, REGISTERED, RUN, ASYNC, ASYNC_RUN, DIRECT, WAYS };
  WasmEdge_ModuleInstanceContext *host = begin();
  const WasmEdge_Value three = WasmEdge_ValueGenI32(3);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, NAME("guest"), guest.bytes, guest.size), 0);
  for (int way = 0; way < WAYS; way++) {
    WasmEdge_Value returned = WasmEdge_ValueGenI64(0);
    WasmEdge_Async *run = NULL;
    WasmEdge_Result ended = WasmEdge_Result_Success;
    load_guest();
    calls = 0;
    switch (way) {
      case EXECUTE: ended = execute("call", &three, &returned); break;
      case REGISTERED:
        ended = WasmEdge_VMExecuteRegistered(vm, NAME("guest"), NAME("call"), &three, 1, &returned, 1);
        break;
      case RUN:
        ended = WasmEdge_VMRunWasmFromBuffer(vm, guest.bytes, guest.size, NAME("call"), &three, 1, &returned, 1);
        break;
      case ASYNC: run = WasmEdge_VMAsyncExecute(vm, NAME("call"), &three, 1); break;
      case ASYNC_RUN:
        run = WasmEdge_VMAsyncRunWasmFromBuffer(vm, guest.bytes, guest.size, NAME("call"), &three, 1);
        break;
      default: ended = WasmEdge_VMExecuteRegistered(vm, NAME("host"), NAME("call"), &three, 1, &returned, 1);
    }
    if (run != NULL) {
      ended = WasmEdge_AsyncGet(run, &returned, 1);
      WasmEdge_AsyncDelete(run);
    }
    CHECK_CODE(ended, 0);
    CHECK(WasmEdge_ValueGetI32(returned) == 3 && returned.Type == WasmEdge_ValType_I32);
    CHECK(calls == 1 + 4 * (1 + 4)); /* with 3, 1, 0 */
  }
  end(host);
}

/* The same out of start functions, while the VM instantiates. */
static void starting(void) {
  WasmEdge_ModuleInstanceContext *host = begin();
  WasmEdge_Value returned;
  CHECK_CODE(WasmEdge_VMRunWasmFromBuffer(vm, starts.bytes, starts.size, NAME("count"), NULL, 0, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 6);
  CHECK_CODE(WasmEdge_VMRegisterModuleFromBuffer(vm, NAME("starts"), starts.bytes, starts.size), 0);
  CHECK_CODE(WasmEdge_VMExecuteRegistered(vm, NAME("starts"), NAME("count"), NULL, 0, &returned, 1), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 6);
  CHECK_CODE(WasmEdge_VMLoadWasmFromBuffer(vm, starts.bytes, starts.size), 0);
  CHECK_CODE(WasmEdge_VMValidate(vm), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
  CHECK_CODE(execute("count", NULL, &returned), 0);
  CHECK(WasmEdge_ValueGetI32(returned) == 6);
  CHECK(calls == 3 * (1 + 4));
  end(host);
}

/* Functions of the host are found like those of other registered modules. */
static void modules_of_the_host(void) {
  WasmEdge_ModuleInstanceContext *host = begin();
  CHECK(has_type(WasmEdge_VMGetFunctionTypeRegistered(vm, NAME("host"), NAME("call")), "i:i"));
  CHECK(has_type(WasmEdge_VMGetFunctionTypeRegistered(vm, NAME("host"), NAME("end")), ":"));
  CHECK(WasmEdge_VMGetFunctionTypeRegistered(vm, NAME("host"), NAME("nothing")) == NULL);
  end(host);
}

/* Each measured call logs what it has measured, at info level, which is that of the start. */
static void log_levels(void) {
  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureStatisticsSetInstructionCounting(configure, true);
  vm = WasmEdge_VMCreate(configure, NULL);
  WasmEdge_ConfigureDelete(configure);
  binary seven = read_binary("seven");
  CHECK_CODE(WasmEdge_VMLoadWasmFromBuffer(vm, seven.bytes, seven.size), 0);
  CHECK_CODE(WasmEdge_VMValidate(vm), 0);
  CHECK_CODE(WasmEdge_VMInstantiate(vm), 0);
  for (int i = 0; i < 4; i++) {
    if (i == 1) WasmEdge_LogSetErrorLevel();
    if (i == 3) WasmEdge_LogSetDebugLevel();
    if (i > 0) fprintf(stderr, "call %d\n", i);
    CHECK_CODE(execute("none", NULL, NULL), 0);
    CHECK_CODE(execute("nothing", NULL, NULL), 0x05);
  }
  WasmEdge_VMDelete(vm);
  free(seven.bytes);
}

int main(int argc, char **argv) {
  static const part parts[] = {
      {"calls_back", calls_back},
      {"starting", starting},
      {"modules_of_the_host", modules_of_the_host},
      {"log_levels", log_levels},
  };
  return run_parts(argc, argv, parts, sizeof parts / sizeof *parts);
}
