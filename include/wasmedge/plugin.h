/**
 * @file
 * Plugins: an addition to the C API of WasmEdge 0.10.0, which has nothing about them except
 * WasmEdge_Plugin_loadWithDefaultPluginPaths. Names and structures are those of later releases.
 *
 * Part 1 is for who writes a plugin: a shared library that defines WasmEdge_Plugin_GetDescriptor. Its modules
 * are made with the functions of wasmedge.h. Part 2 is for hosts. What holds for all functions of wasmedge.h
 * holds here.
 *
 * Plugins stay loaded for the rest of the process. Their modules may be created by several threads at once.
 */
#ifndef WASMEDGE_C_API_PLUGIN_H
#define WASMEDGE_C_API_PLUGIN_H

#include "wasmedge/wasmedge.h"

/* ---- 1. Writing plugins ------------------------------------------------------------------------ */

/** The version of the plugin interface, for APIVersion; plugins of any other version are not loaded. */
enum { WasmEdge_Plugin_CurrentAPIVersion = 1 };

/** What the storage of an option holds. */
typedef enum WasmEdge_ProgramOptionType {
  WasmEdge_ProgramOptionType_None = 0,   /**< not to be used */
  WasmEdge_ProgramOptionType_Toggle = 1, /**< bool; the option takes no value */
  WasmEdge_ProgramOptionType_Int8 = 2,   /**< int8_t */
  WasmEdge_ProgramOptionType_Int16 = 3,  /**< int16_t */
  WasmEdge_ProgramOptionType_Int32 = 4,  /**< int32_t */
  WasmEdge_ProgramOptionType_Int64 = 5,  /**< int64_t */
  WasmEdge_ProgramOptionType_UInt8 = 6,  /**< uint8_t */
  WasmEdge_ProgramOptionType_UInt16 = 7, /**< uint16_t */
  WasmEdge_ProgramOptionType_UInt32 = 8, /**< uint32_t */
  WasmEdge_ProgramOptionType_UInt64 = 9, /**< uint64_t */
  WasmEdge_ProgramOptionType_Float = 10, /**< float */
  WasmEdge_ProgramOptionType_Double = 11, /**< double */
  WasmEdge_ProgramOptionType_String = 12 /**< WasmEdge_String, also NUL-terminated, until it is set again */
} WasmEdge_ProgramOptionType;

/** An option of the command, --Name; other hosts set it with WasmEdge_PluginSetOption. */
typedef struct WasmEdge_ProgramOption {
  const char *Name;                /**< without dashes: at least two letters, digits, "-" or "_" */
  const char *Description;         /**< one line */
  WasmEdge_ProgramOptionType Type; /**< what Storage points to */
  void *Storage;                   /**< where the value is stored; it is there before modules are created */
  const void *DefaultValue;        /**< copied to Storage when the plugin is loaded; NULL for 0, false, "" */
} WasmEdge_ProgramOption;

/** A module that a plugin offers. */
typedef struct WasmEdge_ModuleDescriptor {
  const char *Name;        /**< what hosts call it */
  const char *Description; /**< one line */
  /** Creates an instance, which belongs to the caller; NULL on failure. Gets this descriptor. */
  WasmEdge_ModuleInstanceContext *(*Create)(const struct WasmEdge_ModuleDescriptor *Desc);
} WasmEdge_ModuleDescriptor;

/** The version of a plugin. */
typedef struct WasmEdge_PluginVersionData {
  uint32_t Major; /**< first number */
  uint32_t Minor; /**< second number */
  uint32_t Patch; /**< third number */
  uint32_t Build; /**< fourth number, left out if it is 0 */
} WasmEdge_PluginVersionData;

/** A plugin. */
typedef struct WasmEdge_PluginDescriptor {
  const char *Name;                              /**< what it is found as; the first of a name wins */
  const char *Description;                       /**< one line */
  uint32_t APIVersion;                           /**< WasmEdge_Plugin_CurrentAPIVersion */
  WasmEdge_PluginVersionData Version;            /**< its own version */
  uint32_t ModuleCount;                          /**< length of ModuleDescriptions */
  uint32_t ProgramOptionCount;                   /**< length of ProgramOptions */
  WasmEdge_ModuleDescriptor *ModuleDescriptions; /**< its modules */
  WasmEdge_ProgramOption *ProgramOptions;        /**< its options */
} WasmEdge_PluginDescriptor;

/** What is called when the host data of a module are needed no more. */
typedef void (*WasmEdge_Finalizer_t)(void *HostData);

/** In front of the plugin's definition of WasmEdge_Plugin_GetDescriptor. */
#define WASMEDGE_CAPI_PLUGIN_EXPORT __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Defined by the plugin, not by the library: its descriptor, which stays valid and is not changed. Called
 * once, after the plugin has been loaded.
 * @return NULL if the plugin cannot work.
 */
WASMEDGE_CAPI_PLUGIN_EXPORT extern const WasmEdge_PluginDescriptor *WasmEdge_Plugin_GetDescriptor(void);

/**
 * As WasmEdge_ModuleInstanceCreate, with data of the host for the module.
 * @param Finalizer called with HostData when the module ends, on whatever thread that is; NULL for nothing.
 * @return the module. NULL when memory is exhausted; HostData remains the caller's then.
 * @nullable HostData
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_ModuleInstanceContext *WasmEdge_ModuleInstanceCreateWithData(
    const WasmEdge_String ModuleName, void *HostData, const WasmEdge_Finalizer_t Finalizer);

/**
 * The data given to WasmEdge_ModuleInstanceCreateWithData.
 * @return NULL if the module was made otherwise.
 */
WASMEDGE_CAPI_EXPORT extern void *WasmEdge_ModuleInstanceGetHostData(
    const WasmEdge_ModuleInstanceContext *Cxt);

/* ---- 2. Using plugins --------------------------------------------------------------------------- */

/** A plugin that is loaded. Contexts are valid until the process ends and are never deleted. */
typedef struct WasmEdge_PluginContext WasmEdge_PluginContext;

/** The same as WasmEdge_Plugin_loadWithDefaultPluginPaths, under its later name. */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_PluginLoadWithDefaultPaths(void);

/**
 * Loads a plugin, or all plugins in a directory and below. Why something is not loaded is logged.
 * @param Path of a file or directory, NUL-terminated.
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_PluginLoadFromPath(const char *Path);

/** How many plugins are loaded. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_PluginListPluginsLength(void);

/**
 * Names of the plugins that are loaded, in the order of loading. They are valid until the process ends.
 * @nullable Names
 */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_PluginListPlugins(WasmEdge_String *Names, const uint32_t Len);

/**
 * The plugin of a name.
 * @return NULL if it is not loaded.
 */
WASMEDGE_CAPI_EXPORT extern const WasmEdge_PluginContext *WasmEdge_PluginFind(const WasmEdge_String Name);

/** Its name, valid until the process ends. */
WASMEDGE_CAPI_EXPORT extern WasmEdge_String WasmEdge_PluginGetPluginName(const WasmEdge_PluginContext *Cxt);

/** How many modules it offers. */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_PluginListModuleLength(const WasmEdge_PluginContext *Cxt);

/**
 * Names of its modules, in the plugin's order. They are valid until the process ends.
 * @nullable Names
 */
WASMEDGE_CAPI_EXPORT extern uint32_t WasmEdge_PluginListModule(const WasmEdge_PluginContext *Cxt,
    WasmEdge_String *Names, const uint32_t Len);

/**
 * A new instance of one of its modules. Delete it with WasmEdge_ModuleInstanceDelete.
 * @return NULL if there is no such module, or it cannot be made, which is logged.
 */
WASMEDGE_CAPI_EXPORT extern WasmEdge_ModuleInstanceContext *WasmEdge_PluginCreateModule(
    const WasmEdge_PluginContext *Cxt, const WasmEdge_String ModuleName);

/**
 * Sets one of its options from text, as the command does; holds for modules created from now on. No release
 * of WasmEdge has this function.
 * @param Value for a toggle "1" or "0"; lists get one more entry.
 * @return false if there is no such option, or the text does not fit its type.
 */
WASMEDGE_CAPI_EXPORT extern bool WasmEdge_PluginSetOption(const WasmEdge_PluginContext *Cxt,
    const WasmEdge_String Name, const WasmEdge_String Value);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* WASMEDGE_C_API_PLUGIN_H */
