/**
 * @file
 * Version of the C API: the release of WasmEdge whose interface this is. Included by wasmedge.h.
 */
#ifndef WASMEDGE_C_API_VERSION_H
#define WASMEDGE_C_API_VERSION_H

/** All of it, as a string literal. */
#define WASMEDGE_VERSION "0.10.0"
/** The first number. */
#define WASMEDGE_VERSION_MAJOR 0
/** The second number. */
#define WASMEDGE_VERSION_MINOR 10
/** The third number. */
#define WASMEDGE_VERSION_PATCH 0

#endif /* WASMEDGE_C_API_VERSION_H */
