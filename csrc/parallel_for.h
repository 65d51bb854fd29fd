/* parallel_for.h: the parallel loop inside the library (the public faces are in threadmill.h). */
#ifndef TM_PARALLEL_FOR_H
#define TM_PARALLEL_FOR_H

#include "common.h"

/* One loop: body(ctx, i, min(i + grain, n)) for i = 0, grain, 2 * grain ... < n. */
typedef struct tm_loop {
    size_t n;
    size_t grain; /* 1 or more */
    tm_body body;
    void *ctx;
    const char *label; /* its name in a timeline, or NULL */
    bool short_chunks; /* a chunk takes less than waking a sleeper, so one may run before any is woken */
    unsigned fp_flags; /* out: TM_FP_* raised by any chunk; the caller's own flags are untouched */
} tm_loop;

/* Runs the loop; `pool` NULL: on the calling thread alone, in order. */
tm_status tm_run_loop(tm_pool *pool, tm_loop *loop);

/* The same; the flags that it raised, or a negative status. */
static inline int tm_run_flags(tm_pool *pool, tm_loop *loop)
{
    const tm_status status = tm_run_loop(pool, loop);
    return status < 0 ? (int)status : (int)loop->fp_flags;
}

#endif
