/* lane.h: the events of a timeline: those of one worker, or those of all callers.
 *
 * A lane fills up once. Events that find no room are counted and left out, so that none is ever written over
 * while somebody reads. A writer claims a place, writes the event there and publishes it by its kind:
 *
 *     left > 0:  places left; who takes it down from k to k - 1 has the place k - 1
 *     left <= 0: the lane is full, or closed
 *     published: the event's kind is not TM_NO_EVENT
 *
 * Only who has a place reads `events`. To close a lane is to take all its places away, and to wait until those
 * claimed before are published: then nobody is in it, and a writer that comes late finds no place. */
#ifndef TM_LANE_H
#define TM_LANE_H

#include "sync.h"

typedef struct tm_lane {
    _Alignas(TM_LINE) _Atomic int64_t left; /* any thread, atomically */
    tm_event *events; /* this and below: who opens and closes, while no place is claimed; see above */
    size_t capacity, used, dropped;
} tm_lane;

/* Gives lanes room for `capacity` events each, 1 to 2^31; they are closed, or all zero. TM_NO_MEMORY: they stay
 * closed. */
tm_status tm_lanes_open(tm_lane *lanes, size_t count, size_t capacity);

/* From now on each lane's first `used` events are nobody else's, until the next open. */
void tm_lanes_close(tm_lane *lanes, size_t count);

/* Frees the events of closed lanes. */
void tm_lanes_clear(tm_lane *lanes, size_t count);

/* Adds an event of the calling thread's that ends now. Waits for nothing. */
void tm_lane_add(tm_lane *lane, tm_event event);

/* What the calling thread has said of its call, by tm_set_call. */
const char *tm_call(void);

#endif
