/* job.h: a job slot: one parallel loop as its workers see it.
 *
 * Slots live in the pool, never on a caller's stack, so that a worker that comes late reads valid memory. */
#ifndef TM_JOB_H
#define TM_JOB_H

#include "failure.h"
#include "fpenv.h"
#include "gate.h"

/* A slice of the chunks: [next, end). Its owner and thieves claim from the front alike. */
typedef struct tm_slice {
    _Alignas(TM_LINE) _Atomic size_t next; /* any participant, atomically; may overshoot end */
    size_t end;                            /* the job's plain fields, below */
} tm_slice;

/* What one thread has done; written by that thread alone (a slot's: by its owner), read by anyone. */
typedef struct tm_counters {
    _Atomic uint64_t jobs, chunks, steals, tasks, parks, wakeups, alone, regretted, busy_ticks;
} tm_counters;

static inline void tm_count(_Atomic uint64_t *counter, uint64_t more)
{
    /* One writer: a load and a store, no locked add. */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

typedef struct tm_job tm_job;
struct tm_worker; /* team.h */

/* What a worker needs to see stands together, in two lines; what it does not, on a line of its own. */
struct tm_job {
    /* Any participant, atomically. */
    _Alignas(TM_LINE) tm_gate gate;
    _Atomic unsigned fp_flags;
    tm_failure failure;
    _Atomic int core; /* where the owner was when it opened the loop; written by the owner */

    /* Plain fields: written by the slot's owner while the gate is closed and nobody is inside, read by
     * those inside. */
    size_t n, grain, chunks;
    size_t seats; /* threads that take part at most, the owner included; slices in use */
    tm_body body;
    void *ctx;
    void (*help)(tm_job *job, struct tm_worker *me); /* what a worker does inside; goes out */
    tm_slice *slices;                                /* set once: one for each thread of the pool */
    const char *label, *call;                        /* see tm_event */
    tm_fp_state fp_state;                            /* the owner's */
    int owner;                                       /* its worker index, or -1 */

    /* The owner: whoever has set `taken`. */
    _Alignas(TM_LINE) atomic_bool taken;
    tm_counters counters; /* of all callers that owned this slot */
};

#endif
