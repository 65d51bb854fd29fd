/* failure.h: how a loop has failed so far: the lowest failing chunk and its status as one number.
 *
 *     first = (chunk + 1) << 8 | -status        lower is first; an interrupt comes before chunk 0
 *
 * Chunks before the lowest failure always run, so that which failure wins does not depend on timing. */
#ifndef TM_FAILURE_H
#define TM_FAILURE_H

#include "common.h"

#include <stdatomic.h>

typedef struct tm_failure {
    _Atomic uint64_t first; /* any participant, atomically */
} tm_failure;

#define TM_NO_FAILURE UINT64_MAX
#define TM_MOST_CHUNKS ((size_t)(TM_NO_FAILURE >> 9)) /* that this number has room for */

static inline void tm_failure_clear(tm_failure *failure)
{
    atomic_store_explicit(&failure->first, TM_NO_FAILURE, memory_order_relaxed);
}

static inline void tm_failure_note_number(tm_failure *failure, uint64_t mine)
{
    uint64_t seen = atomic_load_explicit(&failure->first, memory_order_relaxed);
    while (mine < seen && !atomic_compare_exchange_weak_explicit(
                              &failure->first, &seen, mine, memory_order_relaxed, memory_order_relaxed)) {
    }
}

/* A chunk has failed; a status that is none counts as TM_FAILED. */
static inline void tm_failure_note(tm_failure *failure, size_t chunk, tm_status status)
{
    const int code = status < 0 && status > -256 ? -status : -TM_FAILED;
    tm_failure_note_number(failure, ((uint64_t)chunk + 1) << 8 | (uint64_t)code);
}

static inline void tm_failure_note_interrupt(tm_failure *failure)
{
    tm_failure_note_number(failure, (uint64_t)-TM_INTERRUPTED);
}

/* Whether a chunk before this one has failed. */
static inline bool tm_failure_precedes(const tm_failure *failure, size_t chunk)
{
    return (uint64_t)chunk + 1 > atomic_load_explicit(&failure->first, memory_order_relaxed) >> 8;
}

/* That of the lowest failing chunk; TM_OK: none has failed. */
static inline tm_status tm_failure_status(const tm_failure *failure)
{
    const uint64_t first = atomic_load_explicit(&failure->first, memory_order_relaxed);
    return first == TM_NO_FAILURE ? TM_OK : (tm_status)-(int)(first & 0xff);
}

#endif
