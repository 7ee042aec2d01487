/* Asynchronous runs: a detached thread makes the synchronous call. The context is counted: the host has
 * one reference, the run's thread and the one that interrupts it have one each. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "capi.h"

typedef enum { RUN_FILE, RUN_BUFFER, RUN_AST, EXECUTE, EXECUTE_REGISTERED } call_kind;

/* The call to make. What it points to is a started run's own. */
typedef struct call {
  call_kind kind;
  WasmEdge_VMContext *vm;
  WasmEdge_String module;
  WasmEdge_String function;
  const char *path;
  const uint8_t *buffer; /* a started run's until it is done, as ast */
  uint32_t buffer_length;
  uint32_t param_count;
  const WasmEdge_Value *params;
  const WasmEdge_ASTModuleContext *ast; /* a context of the run's own, see capi_ast_hold */
} call;

struct WasmEdge_Async {
  call call; /* names, path and parameters follow in the same allocation */
  _Atomic uint32_t references;
  pthread_mutex_t lock;   /* guards what follows */
  pthread_cond_t ended;   /* done has become true; monotonic clock */
  bool done;
  bool cancelled;
  we_thread *thread;      /* that runs, while it does */
  int wake[2];            /* pipe with a byte in it once cancelled, or -1, -1 */
  WasmEdge_Result result; /* these are not changed once done */
  capi_sink returned;
};

enum { INTERRUPT_PERIOD_NS = 5000000, LEAST_STACK = 1 << 20 };

/* The run whose thread this is. */
static __thread WasmEdge_Async *current __attribute__((tls_model("initial-exec")));

static void release(WasmEdge_Async *run) {
  if (atomic_fetch_sub(&run->references, 1) != 1) return;
  pthread_mutex_destroy(&run->lock);
  pthread_cond_destroy(&run->ended);
  for (int i = 0; i < 2; i++)
    if (run->wake[i] >= 0) close(run->wake[i]);
  free(run->returned.values);
  free(run);
}

/* ---- Running ----------------------------------------------------------------------------------------- */

static WasmEdge_Result perform(const call *c) {
  switch (c->kind) {
    case RUN_FILE:
      return WasmEdge_VMRunWasmFromFile(c->vm, c->path, c->function, c->params, c->param_count, NULL, 0);
    case RUN_BUFFER:
      return WasmEdge_VMRunWasmFromBuffer(c->vm, c->buffer, c->buffer_length, c->function, c->params, c->param_count,
                                          NULL, 0);
    case RUN_AST:
      return WasmEdge_VMRunWasmFromASTModule(c->vm, c->ast, c->function, c->params, c->param_count, NULL, 0);
    case EXECUTE: return WasmEdge_VMExecute(c->vm, c->function, c->params, c->param_count, NULL, 0);
    default:
      return WasmEdge_VMExecuteRegistered(c->vm, c->module, c->function, c->params, c->param_count, NULL, 0);
  }
}

/* Makes a run the calling thread's, for as long as it is not done; false if it has been cancelled. */
static bool begin(WasmEdge_Async *run) {
  we_thread *self = we_thread_ref();
  pthread_mutex_lock(&run->lock);
  run->thread = self;
  const bool wanted = !run->cancelled;
  pthread_mutex_unlock(&run->lock);
  we_interrupt_unblock();
  current = run;
  we_watch_waits(1);
  capi_result_sink = &run->returned;
  return wanted;
}

static void end(WasmEdge_Async *run, WasmEdge_Result outcome) {
  WasmEdge_ASTModuleDelete((WasmEdge_ASTModuleContext *)run->call.ast);
  if (run->call.kind == RUN_BUFFER) free((void *)run->call.buffer);
  pthread_mutex_lock(&run->lock);
  we_thread_unref(run->thread);
  run->thread = NULL;
  run->result = outcome;
  if (!WasmEdge_ResultOK(outcome)) run->returned.count = 0;
  run->done = true;
  pthread_cond_broadcast(&run->ended);
  pthread_mutex_unlock(&run->lock);
}

static void *work(void *argument) {
  WasmEdge_Async *run = argument;
  const WasmEdge_Result outcome = begin(run) ? perform(&run->call) : capi_fail(WasmEdge_ErrCode_Interrupted);
  current = NULL;
  we_watch_waits(-1);
  capi_result_sink = NULL;
  end(run, outcome);
  we_interrupt_clear();
  release(run);
  return NULL;
}

/* ---- Starting ---------------------------------------------------------------------------------------- */

/* Starts a detached thread that gives back a reference to `run` at its end. */
static bool start_thread(WasmEdge_Async *run, void *(*function)(void *)) {
  pthread_attr_t attributes;
  pthread_t thread;
  size_t stack = 0;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_getstacksize(&attributes, &stack);
  if (stack < LEAST_STACK) pthread_attr_setstacksize(&attributes, LEAST_STACK);
  atomic_fetch_add(&run->references, 1);
  const bool started = pthread_create(&thread, &attributes, function, run) == 0;
  if (!started) release(run);
  pthread_attr_destroy(&attributes);
  return started;
}

static bool init_lock(WasmEdge_Async *run) {
  pthread_condattr_t monotonic;
  if (pthread_condattr_init(&monotonic) != 0) return false;
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  const bool made = pthread_cond_init(&run->ended, &monotonic) == 0;
  pthread_condattr_destroy(&monotonic);
  return made && pthread_mutex_init(&run->lock, NULL) == 0;
}

/* Bytes of a string; it has none without a buffer. */
static uint32_t length_of(WasmEdge_String string) { return string.Buf != NULL ? string.Length : 0; }

/* Copies bytes to *to, which moves behind them. */
static const char *append(char **to, const char *bytes, uint64_t length) {
  char *copy = *to;
  if (length > 0) memcpy(copy, bytes, length);
  *to += length;
  return copy;
}

/* A run of a call, with copies of what the host may change. NULL when memory is exhausted. */
static WasmEdge_Async *copy_of(const call *c) {
  const uint64_t align = _Alignof(WasmEdge_Value);
  const uint64_t head = (sizeof(WasmEdge_Async) + align - 1) & ~(align - 1);
  const uint64_t params = c->params != NULL ? c->param_count * sizeof *c->params : 0;
  const uint64_t path = c->path != NULL ? strlen(c->path) + 1 : 0;
  const uint64_t all = head + params + path + length_of(c->module) + length_of(c->function);
  WasmEdge_Async *run = aligned_alloc(align, (all + align - 1) & ~(align - 1));
  if (run == NULL) return NULL;
  *run = (WasmEdge_Async){.call = *c, .wake = {-1, -1}};
  atomic_init(&run->references, 1);
  if (!init_lock(run)) {
    free(run);
    return NULL;
  }
  char *to = (char *)run + head;
  call *own = &run->call;
  if (params > 0) own->params = (const WasmEdge_Value *)append(&to, (const char *)c->params, params);
  if (path > 0) own->path = append(&to, c->path, path);
  own->module.Buf = append(&to, c->module.Buf, own->module.Length = length_of(c->module));
  own->function.Buf = append(&to, c->function.Buf, own->function.Length = length_of(c->function));
  return run;
}

/* Puts a copy in the place of the host's binary; false when memory is exhausted. */
static bool copy_buffer(call *own) {
  if (own->buffer == NULL) own->buffer_length = 0;
  uint8_t *copy = malloc(own->buffer_length + 1ull);
  if (copy != NULL && own->buffer_length > 0) memcpy(copy, own->buffer, own->buffer_length);
  own->buffer = copy;
  return copy != NULL;
}

static WasmEdge_Async *start(const call *c) {
  if (c->vm == NULL) return NULL;
  WasmEdge_Async *run = copy_of(c);
  if (run == NULL) return NULL;
  if (c->kind == RUN_AST) run->call.ast = capi_ast_hold(c->ast);
  const bool copied = c->kind != RUN_BUFFER || copy_buffer(&run->call);
  if (!copied || !start_thread(run, work)) end(run, capi_fail(WasmEdge_ErrCode_RuntimeError));
  return run;
}

WasmEdge_Async *WasmEdge_VMAsyncRunWasmFromFile(WasmEdge_VMContext *Cxt, const char *Path,
                                                const WasmEdge_String FuncName, const WasmEdge_Value *Params,
                                                const uint32_t ParamLen) {
  return start(&(call){RUN_FILE, Cxt, .path = Path, .function = FuncName, .params = Params, .param_count = ParamLen});
}

WasmEdge_Async *WasmEdge_VMAsyncRunWasmFromBuffer(WasmEdge_VMContext *Cxt, const uint8_t *Buf, const uint32_t BufLen,
                                                  const WasmEdge_String FuncName, const WasmEdge_Value *Params,
                                                  const uint32_t ParamLen) {
  return start(&(call){RUN_BUFFER, Cxt, .buffer = Buf, .buffer_length = BufLen, .function = FuncName,
                       .params = Params, .param_count = ParamLen});
}

WasmEdge_Async *WasmEdge_VMAsyncRunWasmFromASTModule(WasmEdge_VMContext *Cxt, const WasmEdge_ASTModuleContext *ASTCxt,
                                                     const WasmEdge_String FuncName, const WasmEdge_Value *Params,
                                                     const uint32_t ParamLen) {
  if (ASTCxt == NULL) return NULL;
  return start(&(call){RUN_AST, Cxt, .ast = ASTCxt, .function = FuncName, .params = Params, .param_count = ParamLen});
}

WasmEdge_Async *WasmEdge_VMAsyncExecute(WasmEdge_VMContext *Cxt, const WasmEdge_String FuncName,
                                        const WasmEdge_Value *Params, const uint32_t ParamLen) {
  return start(&(call){EXECUTE, Cxt, .function = FuncName, .params = Params, .param_count = ParamLen});
}

WasmEdge_Async *WasmEdge_VMAsyncExecuteRegistered(WasmEdge_VMContext *Cxt, const WasmEdge_String ModuleName,
                                                  const WasmEdge_String FuncName, const WasmEdge_Value *Params,
                                                  const uint32_t ParamLen) {
  return start(&(call){EXECUTE_REGISTERED, Cxt, .module = ModuleName, .function = FuncName, .params = Params,
                       .param_count = ParamLen});
}

/* ---- Waiting, results -------------------------------------------------------------------------------- */

/* The time on the monotonic clock in so many nanoseconds. */
static struct timespec in_nanoseconds(uint64_t nanoseconds) {
  struct timespec when;
  clock_gettime(CLOCK_MONOTONIC, &when);
  const uint64_t part = (uint64_t)when.tv_nsec + nanoseconds % 1000000000;
  when.tv_sec += (time_t)(nanoseconds / 1000000000 + part / 1000000000);
  when.tv_nsec = (long)(part % 1000000000);
  return when;
}

static void unlock(void *lock) { pthread_mutex_unlock(lock); }

/* Waits for the end, until `deadline` unless that is NULL; whether the run has ended. The host may cancel the
 * thread while it waits. */
static bool wait_until(WasmEdge_Async *run, const struct timespec *deadline) {
  bool done;
  int failed = 0;
  pthread_mutex_lock(&run->lock);
  pthread_cleanup_push(unlock, &run->lock);
  while (!run->done && failed == 0) {
    failed = deadline != NULL ? pthread_cond_timedwait(&run->ended, &run->lock, deadline)
                              : pthread_cond_wait(&run->ended, &run->lock);
  }
  done = run->done;
  pthread_cleanup_pop(true);
  return done;
}

void WasmEdge_AsyncWait(WasmEdge_Async *Cxt) {
  if (Cxt != NULL) wait_until(Cxt, NULL);
}

bool WasmEdge_AsyncWaitFor(WasmEdge_Async *Cxt, uint64_t Milliseconds) {
  if (Cxt == NULL) return false;
  if (Milliseconds > UINT64_MAX / 1000000) return wait_until(Cxt, NULL); /* centuries */
  const struct timespec deadline = in_nanoseconds(Milliseconds * 1000000);
  return wait_until(Cxt, &deadline);
}

uint32_t WasmEdge_AsyncGetReturnsLength(WasmEdge_Async *Cxt) {
  return Cxt != NULL && wait_until(Cxt, NULL) ? Cxt->returned.count : 0;
}

WasmEdge_Result WasmEdge_AsyncGet(WasmEdge_Async *Cxt, WasmEdge_Value *Returns, const uint32_t ReturnLen) {
  if (Cxt == NULL) return capi_fail(WasmEdge_ErrCode_WrongVMWorkflow);
  wait_until(Cxt, NULL);
  const uint32_t count = ReturnLen < Cxt->returned.count ? ReturnLen : Cxt->returned.count;
  if (Returns != NULL && count > 0) memcpy(Returns, Cxt->returned.values, count * sizeof *Returns);
  return Cxt->result;
}

void WasmEdge_AsyncDelete(WasmEdge_Async *Cxt) {
  if (Cxt != NULL) release(Cxt);
}

/* ---- Cancelling -------------------------------------------------------------------------------------- */

/* Interrupts a run until it has ended: the guest may not have begun, or miss a request. */
static void *interrupt(void *argument) {
  WasmEdge_Async *run = argument;
  pthread_mutex_lock(&run->lock);
  while (!run->done) {
    if (run->thread != NULL) we_interrupt(run->thread);
    const struct timespec next = in_nanoseconds(INTERRUPT_PERIOD_NS);
    pthread_cond_timedwait(&run->ended, &run->lock, &next);
  }
  pthread_mutex_unlock(&run->lock);
  release(run);
  return NULL;
}

/* Starts the thread that interrupts; no signal is for that one. Called with the lock held. */
static void start_interrupting(WasmEdge_Async *run) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  start_thread(run, interrupt); /* otherwise the first request has to do */
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Ends waits of host functions. Called with the lock held. */
static void wake_up(WasmEdge_Async *run) {
  const ssize_t written = run->wake[1] >= 0 ? write(run->wake[1], "", 1) : 0;
  (void)written; /* an empty pipe takes a byte */
}

void WasmEdge_AsyncCancel(WasmEdge_Async *Cxt) {
  if (Cxt == NULL) return;
  pthread_mutex_lock(&Cxt->lock);
  if (!Cxt->done && !Cxt->cancelled) {
    Cxt->cancelled = true;
    if (Cxt->thread != NULL) {
      we_interrupt(Cxt->thread); /* before the guest can go on */
      wake_up(Cxt);
      start_interrupting(Cxt);
    }
  }
  pthread_mutex_unlock(&Cxt->lock);
}

int32_t capi_async_handle(void) {
  WasmEdge_Async *run = current;
  if (run == NULL) return -1;
  pthread_mutex_lock(&run->lock);
  if (run->wake[0] < 0 && pipe2(run->wake, O_CLOEXEC | O_NONBLOCK) == 0 && run->cancelled) wake_up(run);
  const int handle = run->wake[0];
  pthread_mutex_unlock(&run->lock);
  return handle;
}
