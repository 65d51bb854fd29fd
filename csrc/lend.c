/* lend.c: see lend.h. */
#include "lend.h"

/* The worker that has the core now; NULL: none. */
static tm_worker *lend_to_displaced(tm_team *team, tm_job *job)
{
    for (size_t i = 0; i < team->threads && tm_gate_inside(&job->gate) > 0; i++) {
        tm_worker *worker = &team->workers[i];
        if (tm_core_is_displaced(&worker->lodger, job) && tm_core_lend(&worker->lodger, job)) return worker;
    }
    return NULL;
}

tm_status tm_wait_lending(tm_team *team, tm_job *job, int64_t deadline, bool *lent)
{
    tm_worker *guest = lend_to_displaced(team, job);
    const tm_status status = tm_gate_wait(&job->gate, deadline);
    if (guest == NULL) return status;
    tm_core_take_back(&guest->lodger, job); /* its reason may be gone at the next look */
    *lent = true;
    return status;
}
