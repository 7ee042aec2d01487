/**
 * @file
 * The text format: an addition to the C API of WasmEdge 0.10.0, which knows binaries only. No release of
 * WasmEdge has these functions.
 *
 * Functions that load a module from a file or a buffer also take a text in UTF-8 (a .wat file): what begins
 * with an opening parenthesis, or with comments and then one. Malformed text gives the code 0x39, or 0x34 if
 * it is not UTF-8; the log says where. Hosts that must load nothing but binaries switch this off.
 */
#ifndef WASMEDGE_C_API_TEXT_H
#define WASMEDGE_C_API_TEXT_H

#include "wasmedge/wasmedge.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Whether loaders, VMs and compilers made with this configuration take texts; at first they do, unless the
 * environment variable PYWASMEDGE_TEXT is "off".
 */
WASMEDGE_CAPI_EXPORT extern void WasmEdge_ConfigureSetTextFormat(WasmEdge_ConfigureContext *Cxt,
    const bool IsText);

/** @return the switch; false for NULL. */
WASMEDGE_CAPI_EXPORT extern bool WasmEdge_ConfigureIsTextFormat(const WasmEdge_ConfigureContext *Cxt);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* WASMEDGE_C_API_TEXT_H */
