/* Looking names up, as WasmEdge offers it. */
#ifndef RESOLVE_H
#define RESOLVE_H

#include "net.h"

struct name_address {
  uint8_t family; /* 1 IPv4, 2 IPv6 */
  uint32_t length;
  uint8_t *data; /* port in network order, then the address (IPv6: behind four bytes) */
};

struct name_info {
  uint16_t flags;
  uint8_t family, type, protocol;
  uint32_t address_length;
  struct name_address *address;
  char *canonical_name;
  uint32_t canonical_length;
  struct name_info *next;
};

IMPORT(sock_getaddrinfo)(const char *node, int node_length, const char *service, int service_length,
                         const struct name_info *hints, struct name_info **results, int max, uint32_t *count);

enum { MOST = 8 };

struct found {
  struct name_info info[MOST];
  struct name_address address[MOST];
  uint8_t data[MOST][26];
  char canonical[MOST][64];
};

/* The number of results; -1 and errno on failure. */
static inline int resolve(const char *name, const char *service, int family, int flags, struct found *found) {
  struct name_info hints = {.flags = flags, .family = family, .type = STREAM};
  memset(found, 0, sizeof *found);
  for (int i = 0; i < MOST; i++) {
    found->address[i] = (struct name_address){0, sizeof found->data[i], found->data[i]};
    found->info[i].address = &found->address[i];
    found->info[i].canonical_name = found->canonical[i];
    found->info[i].canonical_length = sizeof found->canonical[i];
    found->info[i].next = i + 1 < MOST ? &found->info[i + 1] : NULL;
  }
  struct name_info *head = found->info;
  uint32_t count;
  int error = we_sock_getaddrinfo(name, strlen(name), service, strlen(service), &hints, &head, MOST, &count);
  return failed(error) ? -1 : (int)count;
}

#endif
