/* x86-64, System V convention: entry and landing, gates, thunks, signal contexts of Linux. */
#if !defined(__x86_64__) || !defined(__linux__)
#error "this file is for x86-64 Linux; add a machine_*.c for this system"
#endif

#define _GNU_SOURCE
#include <string.h>
#include <ucontext.h>

#include "internal.h"

_Static_assert(offsetof(we_thread, exit_sp) == 8 && offsetof(we_thread, exit_fp) == 16, "used in assembly");
_Static_assert(offsetof(we_thread, stack_limit) == 24 && offsetof(we_thread, in_libc) == 32, "used in assembly");
_Static_assert(offsetof(we_thread, interrupt) == 36, "used in assembly");
_Static_assert(offsetof(we_entry, sp) == 0 && offsetof(we_func, frame) == 16, "used in assembly");

/* ---- Entry and landing --------------------------------------------------------------------------
 * machine_enter saves what a callee must preserve; both ways out restore it from there. */
__asm__(
    ".text\n"
    ".p2align 4\n"
    ".globl machine_enter\n"
    ".hidden machine_enter\n"
    ".type machine_enter, @function\n"
    "machine_enter:\n"
    ".cfi_startproc\n"
    "  pushq %rbp\n"
    "  .cfi_def_cfa_offset 16\n"
    "  .cfi_offset %rbp, -16\n"
    "  movq %rsp, %rbp\n"
    "  .cfi_def_cfa_register %rbp\n"
    "  pushq %rbx\n"
    "  pushq %r12\n"
    "  pushq %r13\n"
    "  pushq %r14\n"
    "  pushq %r15\n"
    "  .cfi_offset %rbx, -24\n"
    "  .cfi_offset %r12, -32\n"
    "  .cfi_offset %r13, -40\n"
    "  .cfi_offset %r14, -48\n"
    "  .cfi_offset %r15, -56\n"
    "  subq $8, %rsp\n"
    "  movq %rsp, (%rdx)\n" /* entry->sp */
    "  callq *16(%rdi)\n"   /* func->frame */
    "  xorl %eax, %eax\n"
    ".Lleave:\n"
    "  addq $8, %rsp\n"
    "  popq %r15\n"
    "  popq %r14\n"
    "  popq %r13\n"
    "  popq %r12\n"
    "  popq %rbx\n"
    "  popq %rbp\n"
    "  .cfi_def_cfa %rsp, 8\n"
    "  retq\n"
    ".cfi_endproc\n"
    ".size machine_enter, .-machine_enter\n"
    /* rdi: entry->sp, esi: code */
    ".p2align 4\n"
    ".globl machine_unwind\n"
    ".hidden machine_unwind\n"
    ".type machine_unwind, @function\n"
    "machine_unwind:\n"
    ".cfi_startproc\n"
    ".cfi_undefined %rip\n"
    "  movq %rdi, %rsp\n"
    "  movl %esi, %eax\n"
    "  cld\n"
    "  jmp .Lleave\n"
    ".cfi_endproc\n"
    ".size machine_unwind, .-machine_unwind\n"
    /* Reached with the guest's stack pointer: the fault handler turns this fault into a trap. */
    ".globl machine_exhausted\n"
    ".hidden machine_exhausted\n"
    ".type machine_exhausted, @function\n"
    "machine_exhausted:\n"
    "  movb $0, 0\n"
    "  ud2\n"
    ".size machine_exhausted, .-machine_exhausted\n");

void machine_exhausted(void);

bool machine_is_exhausted(uint64_t pc) { return pc == (uint64_t)(uintptr_t)machine_exhausted; }

/* ---- Gates --------------------------------------------------------------------------------------
 * Guest code enters C through a gate, which notes where it came from and makes sure that C code
 * has stack to run on. Generated code keeps the stack aligned to 8 bytes only (compiler/abi.py), so
 * the gate aligns it for C. */
#define LEAVE_GUEST(scratch)                          \
  "  movq we_current@gottpoff(%rip), %" scratch "\n"  \
  "  movq %fs:(%" scratch "), %" scratch "\n"         \
  "  movq %rsp, 8(%" scratch ")\n"                    \
  "  movq %rbp, 16(%" scratch ")\n"                   \
  "  cmpq 24(%" scratch "), %rsp\n"                   \
  "  jb machine_exhausted\n"

#define FUNCTION(name, body)       \
  __asm__(".text\n"                \
          ".p2align 4\n"           \
          ".globl " name "\n"      \
          ".hidden " name "\n"     \
          ".type " name ", @function\n" name ":\n" \
          ".cfi_startproc\n" body  \
          ".cfi_endproc\n"         \
          ".size " name ", .-" name "\n")

#define ALIGN_STACK                 \
  "  pushq %rbp\n"                  \
  "  .cfi_def_cfa_offset 16\n"      \
  "  .cfi_offset %rbp, -16\n"       \
  "  movq %rsp, %rbp\n"             \
  "  .cfi_def_cfa_register %rbp\n"  \
  "  andq $-16, %rsp\n"

#define RESTORE_STACK              \
  "  leave\n"                      \
  "  .cfi_def_cfa %rsp, 8\n"

/* A request to stop that came while C code ran is served here. */
#define ENTER_GUEST                          \
  "  movq we_current@gottpoff(%rip), %r11\n" \
  "  movq %fs:(%r11), %r11\n"                \
  "  cmpl $0, 36(%r11)\n"                    \
  "  jne machine_interrupted\n"              \
  "  retq\n"

#define CALL_GATE(name, target)                       \
  FUNCTION(name, LEAVE_GUEST("r11") ALIGN_STACK       \
           "  callq " target "\n" RESTORE_STACK       \
           ENTER_GUEST)

FUNCTION("machine_interrupted",
         ".cfi_undefined %rip\n"
         "  movq %r11, %rdi\n"
         "  andq $-16, %rsp\n"
         "  callq trap_if_interrupted\n"
         "  ud2\n");

#define GATE(target) CALL_GATE("gate_" #target, "rt_" #target)

/* A fault inside a C library function that works on guest memory is the guest's fault. */
#define LIBC_GATE(target)                              \
  FUNCTION("gate_" #target, LEAVE_GUEST("r11")         \
           "  movl $1, 32(%r11)\n"                     \
           ALIGN_STACK                                 \
           "  callq " #target "@PLT\n"                 \
           RESTORE_STACK                               \
           "  movq we_current@gottpoff(%rip), %r11\n"  \
           "  movq %fs:(%r11), %r11\n"                 \
           "  movl $0, 32(%r11)\n"                     \
           "  retq\n");                                \
  void gate_##target(void)

#define RUNTIME_HELPERS(X)                                                                 \
  X(memory_grow) X(memory_copy) X(memory_fill) X(memory_init) X(data_drop) X(table_grow)   \
  X(table_fill) X(table_copy) X(table_init) X(elem_drop) X(ref_func) X(atomic_wait32)      \
  X(atomic_wait64) X(atomic_notify) X(refund) X(hot)

/* For a rare call in loops. */
FUNCTION("gate_spend", LEAVE_GUEST("r11") ALIGN_STACK
         "  subq $64, %rsp\n"
         "  movq %rax, 0(%rsp)\n"
         "  movq %rcx, 8(%rsp)\n"
         "  movq %rdx, 16(%rsp)\n"
         "  movq %rsi, 24(%rsp)\n"
         "  movq %rdi, 32(%rsp)\n"
         "  movq %r8, 40(%rsp)\n"
         "  movq %r9, 48(%rsp)\n"
         "  movq %r10, 56(%rsp)\n"
         "  callq rt_spend\n"
         "  movq 0(%rsp), %rax\n"
         "  movq 8(%rsp), %rcx\n"
         "  movq 16(%rsp), %rdx\n"
         "  movq 24(%rsp), %rsi\n"
         "  movq 32(%rsp), %rdi\n"
         "  movq 40(%rsp), %r8\n"
         "  movq 48(%rsp), %r9\n"
         "  movq 56(%rsp), %r10\n"
         RESTORE_STACK ENTER_GUEST);
void gate_spend(void);

#define DEFINE_GATE(name) \
  GATE(name);             \
  extern __typeof__(rt_##name) gate_##name;
RUNTIME_HELPERS(DEFINE_GATE)

#define GATE_FIELD(name) .name = gate_##name,
const we_runtime gate_runtime = {RUNTIME_HELPERS(GATE_FIELD)};

CALL_GATE("machine_host_enter", "rt_host_enter");

LIBC_GATE(memcpy);
LIBC_GATE(memmove);
LIBC_GATE(memset);
LIBC_GATE(memcmp);
LIBC_GATE(floor);
LIBC_GATE(floorf);
LIBC_GATE(ceil);
LIBC_GATE(ceilf);
LIBC_GATE(trunc);
LIBC_GATE(truncf);
LIBC_GATE(rint);
LIBC_GATE(rintf);
LIBC_GATE(nearbyint);
LIBC_GATE(nearbyintf);
LIBC_GATE(roundeven);
LIBC_GATE(roundevenf);
LIBC_GATE(fmod);
LIBC_GATE(fmodf);

static const struct {
  const char *name;
  void (*gate)(void);
} libc_gates[] = {
    {"memcpy", gate_memcpy},       {"memmove", gate_memmove},       {"memset", gate_memset},
    {"memcmp", gate_memcmp},       {"floor", gate_floor},           {"floorf", gate_floorf},
    {"ceil", gate_ceil},           {"ceilf", gate_ceilf},           {"trunc", gate_trunc},
    {"truncf", gate_truncf},       {"rint", gate_rint},             {"rintf", gate_rintf},
    {"nearbyint", gate_nearbyint}, {"nearbyintf", gate_nearbyintf}, {"roundeven", gate_roundeven},
    {"roundevenf", gate_roundevenf}, {"fmod", gate_fmod},           {"fmodf", gate_fmodf},
    {"we_host_enter", machine_host_enter}, {"we_spend", gate_spend},
};

uint64_t machine_gate(const char *name) {
  for (size_t i = 0; i < sizeof libc_gates / sizeof *libc_gates; i++)
    if (strcmp(libc_gates[i].name, name) == 0) return (uint64_t)(uintptr_t)libc_gates[i].gate;
  return 0;
}

/* ---- Entries that are not there yet --------------------------------------------------------------
 * Every argument register of the convention is kept across the call that finds the real entry. */
#define WITH_ARGUMENTS_SAVED(set_up, target)    \
  LEAVE_GUEST("rax")                            \
  ALIGN_STACK                                   \
  "  subq $192, %rsp\n"                         \
  "  movq %rdi, 0(%rsp)\n"                      \
  "  movq %rsi, 8(%rsp)\n"                      \
  "  movq %rdx, 16(%rsp)\n"                     \
  "  movq %rcx, 24(%rsp)\n"                     \
  "  movq %r8, 32(%rsp)\n"                      \
  "  movq %r9, 40(%rsp)\n"                      \
  "  movq %r10, 48(%rsp)\n"                     \
  "  movaps %xmm0, 64(%rsp)\n"                  \
  "  movaps %xmm1, 80(%rsp)\n"                  \
  "  movaps %xmm2, 96(%rsp)\n"                  \
  "  movaps %xmm3, 112(%rsp)\n"                 \
  "  movaps %xmm4, 128(%rsp)\n"                 \
  "  movaps %xmm5, 144(%rsp)\n"                 \
  "  movaps %xmm6, 160(%rsp)\n"                 \
  "  movaps %xmm7, 176(%rsp)\n"                 \
  set_up                                        \
  "  callq " target "\n"                        \
  "  movq %rax, %r11\n"                         \
  "  movq 0(%rsp), %rdi\n"                      \
  "  movq 8(%rsp), %rsi\n"                      \
  "  movq 16(%rsp), %rdx\n"                     \
  "  movq 24(%rsp), %rcx\n"                     \
  "  movq 32(%rsp), %r8\n"                      \
  "  movq 40(%rsp), %r9\n"                      \
  "  movq 48(%rsp), %r10\n"                     \
  "  movaps 64(%rsp), %xmm0\n"                  \
  "  movaps 80(%rsp), %xmm1\n"                  \
  "  movaps 96(%rsp), %xmm2\n"                  \
  "  movaps 112(%rsp), %xmm3\n"                 \
  "  movaps 128(%rsp), %xmm4\n"                 \
  "  movaps 144(%rsp), %xmm5\n"                 \
  "  movaps 160(%rsp), %xmm6\n"                 \
  "  movaps 176(%rsp), %xmm7\n"                 \
  RESTORE_STACK                                 \
  "  jmp *%r11\n"

/* From a thunk: r11d is the index of the function, rdi the instance. */
FUNCTION("machine_lazy_stub", WITH_ARGUMENTS_SAVED("  movl %r11d, %esi\n", "rt_lazy_compile"));
/* rdi is the we_hostref. */
FUNCTION("machine_host_stub", WITH_ARGUMENTS_SAVED("", "rt_lazy_host"));

void machine_lazy_stub(void);

/* Header: jmp *0(%rip); .quad machine_lazy_stub; two bytes of padding.
 * Thunk: movl $index, %r11d; jmp header; one byte of padding. */
void machine_write_thunks(uint8_t *block, uint32_t first, uint32_t count) {
  static const uint8_t jump[6] = {0xFF, 0x25, 0, 0, 0, 0};
  const uint64_t stub = (uint64_t)(uintptr_t)machine_lazy_stub;
  memcpy(block, jump, sizeof jump);
  memcpy(block + 6, &stub, sizeof stub);
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t offset = THUNK_HEADER + i * THUNK_SIZE;
    const uint32_t index = first + i;
    const int32_t back = -(int32_t)(offset + 11);
    uint8_t *thunk = block + offset;
    thunk[0] = 0x41;
    thunk[1] = 0xBB;
    memcpy(thunk + 2, &index, 4);
    thunk[6] = 0xE9;
    memcpy(thunk + 7, &back, 4);
    thunk[11] = 0xCC;
  }
}

/* ---- Changed code --------------------------------------------------------------------------------
 * The rotations do nothing but tell valgrind that rax points to a request: 0x1002, forget translations. */
void machine_code_changes(const void *start, uint64_t size) {
  const volatile uint64_t request[6] = {0x1002, (uint64_t)(uintptr_t)start, size, 0, 0, 0};
  uint64_t result = 0;
  __asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi; rolq $61, %%rdi; rolq $51, %%rdi; xchgq %%rbx, %%rbx"
                   : "+d"(result)
                   : "a"(request)
                   : "cc", "memory");
}

/* ---- Signal contexts ---------------------------------------------------------------------------- */

machine_state machine_read_context(const void *context) {
  const greg_t *regs = ((const ucontext_t *)context)->uc_mcontext.gregs;
  return (machine_state){(uint64_t)regs[REG_RIP], (uint64_t)regs[REG_RSP], (uint64_t)regs[REG_RBP]};
}

void machine_divert(void *context, uint64_t sp, int32_t code) {
  greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
  regs[REG_RIP] = (greg_t)(uintptr_t)machine_unwind;
  regs[REG_RDI] = (greg_t)sp;
  regs[REG_RSI] = code;
}

/* llvm.ubsantrap(n) is ud1l n(%eax), %eax; generated code passes the trap code less 0x80. */
int32_t machine_trap_code(uint64_t pc) {
  static const uint8_t ud1[4] = {0x67, 0x0F, 0xB9, 0x40};
  const uint8_t *at = (const uint8_t *)(uintptr_t)pc;
  return memcmp(at, ud1, sizeof ud1) == 0 ? 0x80 + at[4] : 0;
}
