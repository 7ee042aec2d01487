/* Standard streams that Python must not see when it starts: for a directory it ends the process. */
#ifndef PYWASMEDGE_STREAMS_H
#define PYWASMEDGE_STREAMS_H

enum { STREAMS = 3 };

/* Puts the null device in the place of a stream that is a directory. Returns its number meanwhile, -1 if it
 * is none. */
int stream_park(int stream);
/* Puts a stream back. */
void stream_put_back(int stream, int parked);

#endif
