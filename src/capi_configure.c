/* Configuration contexts. Each has a mutex, held for single accesses and for copies: every function may
 * be called from any thread at any time, and who copies a configuration sees no half of a change. */
#include <stdlib.h>

#include "capi.h"

struct WasmEdge_ConfigureContext {
  pthread_mutex_t lock;
  we_configuration now;
};

#define BIT(enumerator) (1u << (enumerator))

enum {
  ALL_PROPOSALS = BIT(WasmEdge_Proposal_FunctionReferences + 1) - 1,
  ALL_HOSTS = BIT(WasmEdge_HostRegistration_WasmEdge_Process + 1) - 1,
};

static const we_configuration defaults = {
    .proposals = BIT(WasmEdge_Proposal_ImportExportMutGlobals) |
                 BIT(WasmEdge_Proposal_NonTrapFloatToIntConversions) | BIT(WasmEdge_Proposal_SignExtensionOperators) |
                 BIT(WasmEdge_Proposal_MultiValue) | BIT(WasmEdge_Proposal_BulkMemoryOperations) |
                 BIT(WasmEdge_Proposal_ReferenceTypes) | BIT(WasmEdge_Proposal_SIMD),
    .max_memory_page = MAX_WASM_PAGES,
    .optimization_level = WasmEdge_CompilerOptimizationLevel_O3,
    .output_format = WasmEdge_CompilerOutputFormat_Wasm,
    .text = true,
};

WasmEdge_ConfigureContext *WasmEdge_ConfigureCreate(void) {
  WasmEdge_ConfigureContext *made = malloc(sizeof *made);
  if (made == NULL) return NULL;
  pthread_mutex_init(&made->lock, NULL);
  made->now = defaults;
  return made;
}

void WasmEdge_ConfigureDelete(WasmEdge_ConfigureContext *Cxt) {
  if (Cxt == NULL) return;
  pthread_mutex_destroy(&Cxt->lock);
  free(Cxt);
}

void capi_configuration(const WasmEdge_ConfigureContext *configure, we_configuration *copy) {
  if (configure == NULL) {
    *copy = defaults;
    return;
  }
  pthread_mutex_t *lock = (pthread_mutex_t *)&configure->lock;
  pthread_mutex_lock(lock);
  *copy = configure->now;
  pthread_mutex_unlock(lock);
}

/* Evaluates `change`, which sets something in Cxt->now, with the lock held; nothing if Cxt is NULL. */
#define CHANGE(change)                 \
  do {                                 \
    if (Cxt == NULL) return;           \
    pthread_mutex_lock(&Cxt->lock);    \
    change;                            \
    pthread_mutex_unlock(&Cxt->lock);  \
  } while (0)

/* Value of a field, or `otherwise` if the context is NULL. */
#define READ(context, field, otherwise)      \
  do {                                       \
    if ((context) == NULL) return otherwise; \
    we_configuration copy;                   \
    capi_configuration(context, &copy);      \
    return copy.field;                       \
  } while (0)

/* ---- Proposals, host registrations ----------------------------------------------------------------- */

/* The bit of an enumerator; 0, which changes nothing, if there is no such enumerator. */
static uint32_t bit_of(uint32_t enumerator, uint32_t all) { return enumerator < 32 ? BIT(enumerator) & all : 0; }

static uint32_t proposals_of(const WasmEdge_ConfigureContext *context) { READ(context, proposals, 0); }

static uint32_t hosts_of(const WasmEdge_ConfigureContext *context) { READ(context, hosts, 0); }

void WasmEdge_ConfigureAddProposal(WasmEdge_ConfigureContext *Cxt, const enum WasmEdge_Proposal Prop) {
  CHANGE(Cxt->now.proposals |= bit_of((uint32_t)Prop, ALL_PROPOSALS));
}

void WasmEdge_ConfigureRemoveProposal(WasmEdge_ConfigureContext *Cxt, const enum WasmEdge_Proposal Prop) {
  CHANGE(Cxt->now.proposals &= ~bit_of((uint32_t)Prop, ALL_PROPOSALS));
}

bool WasmEdge_ConfigureHasProposal(const WasmEdge_ConfigureContext *Cxt, const enum WasmEdge_Proposal Prop) {
  return (proposals_of(Cxt) & bit_of((uint32_t)Prop, ALL_PROPOSALS)) != 0;
}

void WasmEdge_ConfigureAddHostRegistration(WasmEdge_ConfigureContext *Cxt,
                                           const enum WasmEdge_HostRegistration Host) {
  CHANGE(Cxt->now.hosts |= bit_of((uint32_t)Host, ALL_HOSTS));
}

void WasmEdge_ConfigureRemoveHostRegistration(WasmEdge_ConfigureContext *Cxt,
                                              const enum WasmEdge_HostRegistration Host) {
  CHANGE(Cxt->now.hosts &= ~bit_of((uint32_t)Host, ALL_HOSTS));
}

bool WasmEdge_ConfigureHasHostRegistration(const WasmEdge_ConfigureContext *Cxt,
                                           const enum WasmEdge_HostRegistration Host) {
  return (hosts_of(Cxt) & bit_of((uint32_t)Host, ALL_HOSTS)) != 0;
}

/* ---- Numbers --------------------------------------------------------------------------------------- */

void WasmEdge_ConfigureSetMaxMemoryPage(WasmEdge_ConfigureContext *Cxt, const uint32_t Page) {
  CHANGE(Cxt->now.max_memory_page = Page);
}

uint32_t WasmEdge_ConfigureGetMaxMemoryPage(const WasmEdge_ConfigureContext *Cxt) { READ(Cxt, max_memory_page, 0); }

void WasmEdge_ConfigureCompilerSetOptimizationLevel(WasmEdge_ConfigureContext *Cxt,
                                                    const enum WasmEdge_CompilerOptimizationLevel Level) {
  if ((uint32_t)Level > WasmEdge_CompilerOptimizationLevel_Oz) return;
  CHANGE(Cxt->now.optimization_level = (uint8_t)Level);
}

enum WasmEdge_CompilerOptimizationLevel
WasmEdge_ConfigureCompilerGetOptimizationLevel(const WasmEdge_ConfigureContext *Cxt) {
  READ(Cxt, optimization_level, WasmEdge_CompilerOptimizationLevel_O0);
}

void WasmEdge_ConfigureCompilerSetOutputFormat(WasmEdge_ConfigureContext *Cxt,
                                               const enum WasmEdge_CompilerOutputFormat Format) {
  if ((uint32_t)Format > WasmEdge_CompilerOutputFormat_Wasm) return;
  CHANGE(Cxt->now.output_format = (uint8_t)Format);
}

enum WasmEdge_CompilerOutputFormat WasmEdge_ConfigureCompilerGetOutputFormat(const WasmEdge_ConfigureContext *Cxt) {
  READ(Cxt, output_format, WasmEdge_CompilerOutputFormat_Wasm);
}

/* ---- Switches -------------------------------------------------------------------------------------- */

/* A function that sets a switch and one that reads it; false if the context is NULL. */
#define SWITCH(set, is, field)                                                             \
  void set(WasmEdge_ConfigureContext *Cxt, const bool On) { CHANGE(Cxt->now.field = On); } \
  bool is(const WasmEdge_ConfigureContext *Cxt) { READ(Cxt, field, false); }

SWITCH(WasmEdge_ConfigureCompilerSetDumpIR, WasmEdge_ConfigureCompilerIsDumpIR, dump_ir)
SWITCH(WasmEdge_ConfigureCompilerSetGenericBinary, WasmEdge_ConfigureCompilerIsGenericBinary, generic_binary)
SWITCH(WasmEdge_ConfigureCompilerSetInterruptible, WasmEdge_ConfigureCompilerIsInterruptible, interruptible)
SWITCH(WasmEdge_ConfigureStatisticsSetInstructionCounting, WasmEdge_ConfigureStatisticsIsInstructionCounting,
       instruction_counting)
SWITCH(WasmEdge_ConfigureStatisticsSetCostMeasuring, WasmEdge_ConfigureStatisticsIsCostMeasuring, cost_measuring)
SWITCH(WasmEdge_ConfigureStatisticsSetTimeMeasuring, WasmEdge_ConfigureStatisticsIsTimeMeasuring, time_measuring)
SWITCH(WasmEdge_ConfigureSetTextFormat, WasmEdge_ConfigureIsTextFormat, text)
