/* stream.h: stores that go to memory past the caches.
 *
 * A plain store reads the line before it writes it and leaves it in the cache. For an output that no cache
 * can hold, both are a waste of a third of the memory traffic. */
#ifndef TM_STREAM_H
#define TM_STREAM_H

#include "../common.h"

/* Whether this machine has such stores; elsewhere the two below work, but gain nothing. */
#define TM_STREAMS TM_X86

/* memcpy for a source in the nearest cache and a destination that nobody reads soon. */
void tm_stream_copy(void *restrict out, const void *restrict from, size_t bytes);

/* Ends a series of copies: what they wrote is visible to whoever sees the caller's next store. */
void tm_stream_end(void);

/* The inner loop with operands (x, out), both contiguous, that copies elements of `context` bytes so. */
int tm_stream_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                   void *auxdata);

#endif
