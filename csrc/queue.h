/* queue.h: the ring inside the library; its public face is in threadmill.h. */
#ifndef TM_QUEUE_H
#define TM_QUEUE_H

#include "common.h"

#include <stdatomic.h>

/* The length without the mutex: sequentially consistent, for a worker that decides whether to look. */
size_t tm_queue_peek(const tm_queue *queue);

/* tm_queue_pop without a deadline that also ends, with TM_INTERRUPTED, once *stop is set (NULL: never). Who
 * sets it wakes the waiters. */
tm_status tm_queue_pop_until(tm_queue *queue, void *items, size_t count, const atomic_bool *stop,
                             size_t *done);
void tm_queue_wake(tm_queue *queue);

#endif
