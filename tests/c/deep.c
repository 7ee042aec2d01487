/* A guest that is as deep as it can be when it calls a host function which needs stack.
 * Arguments: deep.wasm, stack of the thread in KiB (0: the main thread, as it is), stack that the host function uses
 * in KiB. */
#include <pthread.h>

#include "own_guest.h"

static guest file;
static size_t wanted;
static bool heavy;

static __attribute__((noinline)) int use_stack(size_t size) {
  volatile char space[size];
  for (size_t i = size; i > 0; i -= i < 1024 ? i : 1024) space[i - 1] = 1; /* downwards, page by page */
  return space[size - 1];
}

static WasmEdge_Result work(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                            WasmEdge_Value *returns) {
  (void)data, (void)memory;
  if (heavy) CHECK(use_stack(wanted) == 1);
  returns[0] = params[0];
  return WasmEdge_Result_Success;
}

static bool fits(WasmEdge_VMContext *vm, int32_t depth) {
  const WasmEdge_Value param = WasmEdge_ValueGenI32(depth);
  WasmEdge_Value returned;
  const WasmEdge_Result ended = WasmEdge_VMExecute(vm, NAME("descend"), &param, 1, &returned, 1);
  if (!WasmEdge_ResultOK(ended)) CHECK_CODE(ended, 0x02);
  return WasmEdge_ResultOK(ended);
}

static void *act(void *unused) {
  WasmEdge_VMContext *vm = guest_vm(&file, host_module(work, NULL));
  int32_t low = 0, high = 1;
  CHECK(fits(vm, 0));
  while (fits(vm, high)) low = high, high *= 2;
  while (high - low > 1) {
    const int32_t middle = low + (high - low) / 2;
    if (fits(vm, middle))
      low = middle;
    else
      high = middle;
  }
  heavy = true;
  CHECK(fits(vm, low));
  printf("%d\n", low);
  WasmEdge_VMDelete(vm);
  return unused;
}

int main(int argc, char **argv) {
  CHECK(argc == 4);
  silence_log();
  file = read_guest(argv[1]);
  wanted = strtoul(argv[3], NULL, 10) << 10;
  const size_t stack = strtoul(argv[2], NULL, 10) << 10;
  if (stack == 0) {
    act(NULL);
    return 0;
  }
  /* Compiling the module once, where there is enough stack for any Python. */
  WasmEdge_VMDelete(guest_vm(&file, host_module(work, NULL)));
  pthread_t thread;
  pthread_attr_t attributes;
  CHECK(pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, stack) == 0);
  CHECK(pthread_create(&thread, &attributes, act, NULL) == 0 && pthread_join(thread, NULL) == 0);
  return 0;
}
