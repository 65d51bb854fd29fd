/* queue.h: the ring inside the library; its public face is in threadmill.h. */
#ifndef TM_QUEUE_H
#define TM_QUEUE_H

#include "common.h"

/* The length without the mutex: sequentially consistent, for a worker that decides whether to look. */
size_t tm_queue_peek(const tm_queue *queue);

#endif
