/* worth.h: whether helpers pay, as loops find out.
 *
 * A worker that another process displaces in the middle of a chunk keeps its caller waiting. What loops lose so
 * is a deficit, and what helpers save them pays it off. With too large a deficit loops run alone: for a pause
 * that doubles each time, after which helpers are tried again. Where the system has no core free, it takes
 * longer until they are.
 *
 * All fields: any caller, atomically, and each by itself. An update that is lost, or seen late, costs time and
 * nothing else. */
#ifndef TM_WORTH_H
#define TM_WORTH_H

#include "clock.h"

#include <stdatomic.h>

typedef struct tm_worth {
    _Atomic int64_t deficit_ns;  /* 0: helpers pay */
    _Atomic int64_t alone_until; /* a tm_now_ns moment; 0: not alone */
    _Atomic int64_t pause_ns;    /* the last one; 0: none */
    _Atomic int64_t tried;       /* when helpers were last tried */
} tm_worth;

/* Asked while alone: until when loops are to go on so; 0: no longer. */
int64_t tm_worth_ask(tm_worth *worth, int64_t now);

/* Until when a loop that begins now is to run alone; 0: with helpers. */
static inline int64_t tm_worth_alone_until(tm_worth *worth)
{
    return atomic_load_explicit(&worth->alone_until, memory_order_relaxed) == 0
               ? 0
               : tm_worth_ask(worth, tm_now_ns());
}

static inline bool tm_worth_is_watched(const tm_worth *worth)
{
    return atomic_load_explicit(&worth->deficit_ns, memory_order_relaxed) > 0;
}

/* A loop has ended for which helpers did `saved_ns` of work and that waited `lost_ns` for displaced ones. True if
 * they cost more than they saved. */
bool tm_worth_settle(tm_worth *worth, int64_t now, int64_t saved_ns, int64_t lost_ns);

#endif
