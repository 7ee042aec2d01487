/* lookup NAME SERVICE [4|6]: prints the addresses of a name; the canonical name first. */
#include "resolve.h"

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  static struct found found;
  int family = argc < 4 ? 0 : argv[3][0] == '4' ? 1 : 2;
  int count = resolve(argv[1], argv[2], family, argv[1][0] ? 2 : 0, &found);
  if (count < 0) {
    printf("error %d\n", errno);
    return 1;
  }
  if (argv[1][0]) printf("name %s\n", found.canonical[0]);
  for (int i = 0; i < count; i++) {
    const uint8_t *data = found.data[i];
    int port = data[0] << 8 | data[1];
    if (found.address[i].family == 1) {
      printf("%d.%d.%d.%d %d\n", data[2], data[3], data[4], data[5], port);
    } else {
      for (int j = 6; j < 22; j += 2) printf("%x%s", data[j] << 8 | data[j + 1], j < 20 ? ":" : " ");
      printf("%d\n", port);
    }
  }
  return 0;
}
