/* A guest of the plugin zlib: compresses a text and checks that it comes back. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define IMPORT(name) __attribute__((import_module("zlib"), import_name(name)))

IMPORT("compress") int zlib_compress(const void *from, uint32_t length, void *to, uint32_t *room);
IMPORT("uncompress") int zlib_uncompress(const void *from, uint32_t length, void *to, uint32_t *room);

static char text[100000], packed[100000], unpacked[100000];

int main(void) {
  for (unsigned i = 0; i < sizeof text; i++) text[i] = (char)('a' + i * i % 7);
  uint32_t length = sizeof packed, back = sizeof unpacked;
  if (zlib_compress(text, sizeof text, packed, &length) != 0) return 1;
  if (zlib_uncompress(packed, length, unpacked, &back) != 0) return 2;
  if (back != sizeof text || memcmp(text, unpacked, back) != 0) return 3;
  back = 10;
  printf("%s, too small a room: %d\n", length < 2000 ? "compressed" : "not compressed",
         zlib_uncompress(packed, length, unpacked, &back));
  return 0;
}
