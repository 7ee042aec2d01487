/* Runs a function of a file with the parameter 2^20: troubles FILE NAME [sealed]. "sealed" forbids to make memory
 * executable, as some containers do; exit code 77 if that cannot be had. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <wasmedge/wasmedge.h>

static int seal(void) {
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, (what))
  struct sock_filter rules[] = {
      LOAD(offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3),
      LOAD(offsetof(struct seccomp_data, args[2])),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
      ANSWER(SECCOMP_RET_ERRNO | EPERM),
      ANSWER(SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

int main(int argc, char **argv) {
  if (argc > 3 && !seal()) return 77;
  WasmEdge_VMContext *vm = WasmEdge_VMCreate(NULL, NULL);
  const WasmEdge_String name = WasmEdge_StringWrap(argv[2], (uint32_t)strlen(argv[2]));
  const WasmEdge_Value n = WasmEdge_ValueGenI32(1 << 20);
  const WasmEdge_Result result = WasmEdge_VMRunWasmFromFile(vm, argv[1], name, &n, 1, NULL, 0);
  printf("0x%02x\n", WasmEdge_ResultGetCode(result));
  WasmEdge_VMDelete(vm);
  return 0;
}
