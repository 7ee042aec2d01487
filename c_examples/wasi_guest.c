/* The guest of wasi.c, built by build_guests.sh: an ordinary C program.
 *
 * Copies its input file to its output file in upper case and ends with the number of lines as exit code. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  for (int i = 0; i < argc; i++)
    printf("guest: argument %d is %s\n", i, argv[i]);
  const char *greeting = getenv("GREETING");
  printf("guest: GREETING is %s\n", greeting ? greeting : "not set");
  if (argc != 3)
    return 64;

  FILE *input = fopen(argv[1], "r");
  if (!input) {
    printf("guest: cannot open %s\n", argv[1]);
    return 66;
  }
  FILE *output = fopen(argv[2], "w");
  if (!output) {
    printf("guest: cannot create %s\n", argv[2]);
    return 73;
  }
  int lines = 0;
  for (int c; (c = getc(input)) != EOF;) {
    putc(toupper(c), output);
    lines += c == '\n';
  }
  fclose(input);
  fclose(output);
  exit(lines);
}
