#define _GNU_SOURCE
#include "streams.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int stream_park(int stream) {
  struct stat status;
  if (fstat(stream, &status) != 0 || !S_ISDIR(status.st_mode)) return -1;
  const int parked = fcntl(stream, F_DUPFD, STREAMS);
  const int null = parked >= 0 ? open("/dev/null", O_RDWR) : -1; /* perhaps the number of a closed stream */
  if (null >= 0) {
    dup2(null, stream);
    close(null);
  }
  return parked;
}

void stream_put_back(int stream, int parked) {
  if (parked < 0) return;
  dup2(parked, stream);
  close(parked);
}
