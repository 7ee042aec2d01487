/* Threads: several threads of the host run guest code at the same time, first on one VM, then each on its own.
 *
 * Nothing about a thread has to be announced to the library. Host functions run on the thread that runs the guest, so
 * they have to be safe to call from several at once. */
#include <pthread.h>

#include "example.h"

enum { THREADS = 4, PART = 25000 };

/* What the host function collects. */
typedef struct tally {
  pthread_mutex_t mutex;
  uint32_t calls;
  int32_t largest;
} tally;

static WasmEdge_Result found(void *data, WasmEdge_MemoryInstanceContext *memory, const WasmEdge_Value *params,
                             WasmEdge_Value *returns) {
  (void)memory, (void)returns;
  tally *self = (tally *)data;
  int32_t prime = WasmEdge_ValueGetI32(params[0]);
  pthread_mutex_lock(&self->mutex);
  self->calls++;
  if (prime > self->largest)
    self->largest = prime;
  pthread_mutex_unlock(&self->mutex);
  return WasmEdge_Result_Success;
}

/* Makes a VM, with the module instantiated and `host` registered. */
static WasmEdge_VMContext *make_vm(const WasmEdge_ModuleInstanceContext *host) {
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  MUST(WasmEdge_VMRegisterModuleFromImport(vm, host));
  MUST(WasmEdge_VMLoadWasmFromFile(vm, "threads.wasm"));
  MUST(WasmEdge_VMValidate(vm));
  MUST(WasmEdge_VMInstantiate(vm));
  return vm;
}

/* One thread's share. */
typedef struct share {
  WasmEdge_VMContext *vm; /* NULL: make one */
  const WasmEdge_ModuleInstanceContext *host;
  int32_t part;
  int32_t count;
} share;

static void *work(void *argument) {
  share *self = (share *)argument;
  WasmEdge_VMContext *vm = self->vm ? self->vm : make_vm(self->host);
  WasmEdge_Value params[2] = {WasmEdge_ValueGenI32(self->part * PART), WasmEdge_ValueGenI32((self->part + 1) * PART)};
  WasmEdge_Value returns[1];
  MUST(WasmEdge_VMExecute(vm, name("primes"), params, 2, returns, 1));
  self->count = WasmEdge_ValueGetI32(returns[0]);
  if (vm != self->vm)
    WasmEdge_VMDelete(vm);
  return NULL;
}

/* Lets all threads work and prints what they found. */
static void count_primes(const char *title, WasmEdge_VMContext *vm, const WasmEdge_ModuleInstanceContext *host,
                         tally *sum) {
  pthread_t threads[THREADS];
  share shares[THREADS];
  sum->calls = 0;
  sum->largest = 0;
  for (int i = 0; i < THREADS; i++) {
    shares[i].vm = vm;
    shares[i].host = host;
    shares[i].part = i;
    CHECK(pthread_create(&threads[i], NULL, work, &shares[i]) == 0);
  }
  uint32_t total = 0;
  printf("%s:", title);
  for (int i = 0; i < THREADS; i++) {
    CHECK(pthread_join(threads[i], NULL) == 0);
    printf(" %d", shares[i].count);
    total += (uint32_t)shares[i].count;
  }
  printf(", together %u, largest %d\n", total, sum->largest);
  CHECK(total == sum->calls && total == 9592);
}

int main(void) {
  tally sum;
  CHECK(pthread_mutex_init(&sum.mutex, NULL) == 0);

  const enum WasmEdge_ValType words[1] = {WasmEdge_ValType_I32};
  WasmEdge_FunctionTypeContext *type = WasmEdge_FunctionTypeCreate(words, 1, NULL, 0);
  WasmEdge_ModuleInstanceContext *host = WasmEdge_ModuleInstanceCreate(name("host"));
  WasmEdge_ModuleInstanceAddFunction(host, name("found"), WasmEdge_FunctionInstanceCreate(type, found, &sum, 0));
  WasmEdge_FunctionTypeDelete(type);

  /* One VM for all: executions run side by side. (A call that changes the VM, like loading, waits for them.)
   * They share the instance, so a guest that writes to its memory or globals would need a lock around the calls. */
  WasmEdge_VMContext *vm = make_vm(host);
  count_primes("one VM", vm, host, &sum);
  WasmEdge_VMDelete(vm);

  /* A VM for each: nothing is shared but the host module. */
  count_primes("own VMs", NULL, host, &sum);

  WasmEdge_ModuleInstanceDelete(host);
  pthread_mutex_destroy(&sum.mutex);
  return 0;
}
