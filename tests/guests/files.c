/* files.wasm COMMAND ARGUMENTS...: one file operation per run.
 *
 *   write NAME TEXT     create or replace        append NAME TEXT
 *   cat NAME            print                     part NAME OFFSET COUNT
 *   patch NAME OFFSET TEXT   overwrite in the middle
 *   truncate NAME SIZE                            stat NAME: type and size
 *   list DIRECTORY      names in order, directories end in "/"
 *   mkdir NAME   rmdir NAME   remove NAME   rename OLD NEW   link OLD NEW   symlink TEXT NEW
 *   readlink NAME   exclusive NAME: create, fail if it is there
 *
 * Exit code 1 and "COMMAND: reason" on standard error when an operation fails, 2 for bad usage. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *command;

static void check(int good) {
  if (good)
    return;
  fprintf(stderr, "%s: %s\n", command, strerror(errno));
  exit(1);
}

static void put(int fd, const char *text) {
  size_t length = strlen(text);
  while (length) {
    ssize_t count = write(fd, text, length);
    check(count >= 0);
    text += count;
    length -= (size_t)count;
  }
}

static void print(int fd, long long limit) {
  char buffer[512];
  while (limit > 0) {
    ssize_t count = read(fd, buffer, limit < (long long)sizeof buffer ? (size_t)limit : sizeof buffer);
    check(count >= 0);
    if (count == 0)
      break;
    fwrite(buffer, 1, (size_t)count, stdout);
    limit -= count;
  }
}

static void store(const char *name, int flags, const char *text) {
  int fd = open(name, flags, 0644);
  check(fd >= 0);
  put(fd, text);
  check(close(fd) == 0);
}

static void patch(const char *name, long long offset, const char *text) {
  int fd = open(name, O_RDWR);
  check(fd >= 0);
  check(lseek(fd, offset, SEEK_SET) == offset);
  put(fd, text);
  check(lseek(fd, 0, SEEK_CUR) == offset + (long long)strlen(text));
  check(close(fd) == 0);
}

static void part(const char *name, long long offset, long long count) {
  int fd = open(name, O_RDONLY);
  check(fd >= 0);
  check(lseek(fd, offset, offset < 0 ? SEEK_END : SEEK_SET) >= 0);
  print(fd, count);
  check(close(fd) == 0);
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *name) {
  char **names = NULL;
  size_t count = 0;
  DIR *directory = opendir(name);
  check(directory != NULL);
  errno = 0;
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
      continue;
    size_t length = strlen(entry->d_name);
    char *text = malloc(length + 2);
    names = realloc(names, (count + 1) * sizeof *names);
    check(text && names);
    memcpy(text, entry->d_name, length);
    strcpy(text + length, entry->d_type == DT_DIR ? "/" : "");
    names[count++] = text;
  }
  check(errno == 0);
  closedir(directory);
  if (count)
    qsort(names, count, sizeof *names, by_name);
  for (size_t i = 0; i < count; i++)
    puts(names[i]);
}

static void describe(const char *name) {
  struct stat info;
  check(lstat(name, &info) == 0);
  printf("%s %lld\n",
         S_ISDIR(info.st_mode)   ? "directory"
         : S_ISLNK(info.st_mode) ? "link"
         : S_ISREG(info.st_mode) ? "file"
                                 : "other",
         S_ISREG(info.st_mode) ? (long long)info.st_size : 0);
}

static void show_link(const char *name) {
  char text[1024];
  ssize_t length = readlink(name, text, sizeof text);
  check(length >= 0);
  printf("%.*s\n", (int)length, text);
}

int main(int argc, char **argv) {
  command = argc > 1 ? argv[1] : "";
  const char *a = argc > 2 ? argv[2] : "", *b = argc > 3 ? argv[3] : "", *c = argc > 4 ? argv[4] : "";
  if (!strcmp(command, "write"))
    store(a, O_WRONLY | O_CREAT | O_TRUNC, b);
  else if (!strcmp(command, "append"))
    store(a, O_WRONLY | O_CREAT | O_APPEND, b);
  else if (!strcmp(command, "exclusive"))
    store(a, O_WRONLY | O_CREAT | O_EXCL, "");
  else if (!strcmp(command, "cat"))
    part(a, 0, 1LL << 40);
  else if (!strcmp(command, "part"))
    part(a, atoll(b), atoll(c));
  else if (!strcmp(command, "patch"))
    patch(a, atoll(b), c);
  else if (!strcmp(command, "truncate"))
    check(truncate(a, atoll(b)) == 0);
  else if (!strcmp(command, "stat"))
    describe(a);
  else if (!strcmp(command, "list"))
    list(a);
  else if (!strcmp(command, "mkdir"))
    check(mkdir(a, 0755) == 0);
  else if (!strcmp(command, "rmdir"))
    check(rmdir(a) == 0);
  else if (!strcmp(command, "remove"))
    check(unlink(a) == 0);
  else if (!strcmp(command, "rename"))
    check(rename(a, b) == 0);
  else if (!strcmp(command, "link"))
    check(link(a, b) == 0);
  else if (!strcmp(command, "symlink"))
    check(symlink(a, b) == 0);
  else if (!strcmp(command, "readlink"))
    show_link(a);
  else
    return 2;
  return 0;
}
