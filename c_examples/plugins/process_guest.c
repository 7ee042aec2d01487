/* Runs a command of the host and shows what it answers: wasmedge --allow-command=echo process_guest.wasm echo hello */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT(name) __attribute__((import_module("wasmedge_process"), import_name("wasmedge_process_" name)))

IMPORT("set_prog_name") void set_prog_name(const char *name, uint32_t length);
IMPORT("add_arg") void add_arg(const char *arg, uint32_t length);
IMPORT("add_env") void add_env(const char *name, uint32_t name_length, const char *value, uint32_t value_length);
IMPORT("add_stdin") void add_stdin(const char *data, uint32_t length);
IMPORT("set_timeout") void set_timeout(uint32_t milliseconds);
IMPORT("run") int run(void);
IMPORT("get_exit_code") int get_exit_code(void);
IMPORT("get_stdout_len") uint32_t get_stdout_len(void);
IMPORT("get_stdout") void get_stdout(char *to);
IMPORT("get_stderr_len") uint32_t get_stderr_len(void);
IMPORT("get_stderr") void get_stderr(char *to);

static void show(const char *title, uint32_t length, void get(char *)) {
  char *text = malloc(length + 1);
  if (text == NULL) exit(1);
  get(text);
  printf("%s (%u bytes): %.*s\n", title, length, (int)length, text);
  free(text);
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  set_prog_name(argv[1], strlen(argv[1]));
  for (int i = 2; i < argc; i++) add_arg(argv[i], strlen(argv[i]));
  add_env("GUEST", 5, "yes", 3);
  add_stdin("input", 5);
  set_timeout(5000);
  printf("status %d\n", run());
  show("output", get_stdout_len(), get_stdout);
  show("errors", get_stderr_len(), get_stderr);
  return get_exit_code() & 0xFF;
}
