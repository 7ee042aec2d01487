/* Prints its arguments and environment, one per line; the last argument "exit=N" is the exit code. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

int main(int argc, char **argv) {
  for (int i = 0; i < argc; i++)
    printf("arg %d: %s\n", i, argv[i]);
  for (char **entry = environ; entry && *entry; entry++)
    printf("env %s\n", *entry);
  if (argc > 1 && strncmp(argv[argc - 1], "exit=", 5) == 0)
    return atoi(argv[argc - 1] + 5);
  return 0;
}
