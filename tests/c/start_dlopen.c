/* Loads the libraries named by its arguments with RTLD_LOCAL, changes the directory, and says for each in
 * turn whether it makes a loader. */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

typedef void *create_function(const void *);

int main(int count, char **paths) {
  void *handles[8];
  if (count < 2 || count > 8) return 2;
  for (int i = 1; i < count; i++) {
    handles[i] = dlopen(paths[i], RTLD_NOW | RTLD_LOCAL);
    if (handles[i] == NULL) {
      fprintf(stderr, "%s\n", dlerror());
      return 2;
    }
  }
  if (chdir("/") != 0) return 2;
  for (int i = 1; i < count; i++) {
    create_function *create;
    *(void **)&create = dlsym(handles[i], "WasmEdge_LoaderCreate");
    printf("%s\n", create != NULL && create(NULL) != NULL ? "made" : "NULL");
  }
  return 0;
}
