/* pool.h: the pool inside the library; its public face is in threadmill.h.
 *
 * A tm_pool is a name for a team of threads: the team starts at first need, and a forked child, where the
 * parent's threads do not exist, starts one of its own under the same name. */
#ifndef TM_POOL_H
#define TM_POOL_H

#include "team.h"

struct tm_pool {
    tm_pool_options options;        /* set once */
    char name[TM_NAME_SIZE];        /* set once */
    _Atomic(struct tm_team *) team; /* written under the lifecycle mutex */
    atomic_bool closed;             /* written under the lifecycle mutex */
};

/* The pool's team, started if need be. TM_CLOSED (never started and now closed), TM_NO_THREAD,
 * TM_NO_MEMORY: *team is NULL. */
tm_status tm_pool_team(tm_pool *pool, tm_team **team);

/* The pool's team in this process, or NULL: a forked child disowns its parent's. */
tm_team *tm_pool_current_team(const tm_pool *pool);

/* The calling thread's lane while the pool is traced, or NULL. */
static inline tm_lane *tm_pool_lane(const tm_pool *pool)
{
    const tm_team *team = pool == NULL ? NULL : tm_pool_current_team(pool);
    return team == NULL ? NULL : tm_team_lane(team);
}

/* Closed, and the caller is none of its workers. */
bool tm_pool_refuses_loops(const tm_pool *pool);

#endif
