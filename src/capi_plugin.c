/* Plugins in shared libraries: opening them. What they say about themselves is read by pywasmedge/plugins. */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "capi.h"

typedef const WasmEdge_PluginDescriptor *get_descriptor(void);

/* Lets libraries that are opened from now on find the C API even if they are not linked with it. */
static void show_symbols(void) {
  Dl_info self;
  if (dladdr((void *)&WasmEdge_VersionGet, &self) == 0) return;
  void *library = dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
  if (library != NULL) dlclose(library); /* it stays: whoever runs this has opened it */
}

const WasmEdge_PluginDescriptor *capi_plugin_open(const char *path, const char **error) {
  show_symbols();
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    *error = dlerror();
    return NULL;
  }
  get_descriptor *get = (get_descriptor *)dlsym(library, "WasmEdge_Plugin_GetDescriptor");
  const WasmEdge_PluginDescriptor *descriptor = get != NULL ? get() : NULL;
  if (descriptor == NULL) *error = "it gives no descriptor";
  return descriptor;
}
