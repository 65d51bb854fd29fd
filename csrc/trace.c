/* trace.c: starts and ends the recording of what a pool's threads do.
 *
 * A pool's lanes are its team's, and outlive whoever writes to them. `tracing` is taken from OFF or ON to BUSY by
 * one thread, which alone touches the lanes until it is ON or OFF. */
#include "pool.h"

#define MOST_EVENTS ((size_t)1 << 31)

static bool trace_take(tm_team *team, int from)
{
    return atomic_compare_exchange_strong(&team->tracing, &from, TM_TRACE_BUSY);
}

tm_status tm_trace_start(tm_pool *pool, size_t capacity)
{
    tm_team *team;
    if (capacity < 1 || capacity > MOST_EVENTS) return TM_INVALID;
    if (tm_pool_is_closed(pool)) return TM_CLOSED;
    tm_status status = tm_pool_team(pool, &team);
    if (status != TM_OK) return status;
    if (!trace_take(team, TM_TRACE_OFF)) return TM_INVALID;
    status = tm_lanes_open(team->lanes, team->threads + 1, capacity);
    atomic_store(&team->tracing, status == TM_OK ? TM_TRACE_ON : TM_TRACE_OFF);
    return status;
}

/* Those who sleep now would tell of it when they wake. */
static void trace_add_sleepers(tm_team *team)
{
    for (size_t i = 0; i < team->threads; i++) {
        const uint64_t asleep = atomic_load_explicit(&team->workers[i].asleep, memory_order_relaxed);
        const tm_event park = {.kind = TM_PARK_EVENT, .begin = asleep};
        if (asleep != 0) tm_lane_add(&team->lanes[i], park);
    }
}

tm_status tm_trace_stop(tm_pool *pool)
{
    tm_team *team = tm_pool_current_team(pool);
    if (team == NULL || !trace_take(team, TM_TRACE_ON)) return TM_INVALID;
    trace_add_sleepers(team);
    tm_lanes_close(team->lanes, team->threads + 1);
    atomic_store(&team->tracing, TM_TRACE_OFF);
    return TM_OK;
}

const tm_event *tm_trace_events(const tm_pool *pool, size_t lane, size_t *count, size_t *dropped)
{
    const tm_team *team = tm_pool_current_team(pool);
    *count = *dropped = 0;
    if (team == NULL || lane > team->threads) return NULL;
    *count = team->lanes[lane].used;
    *dropped = team->lanes[lane].dropped;
    return team->lanes[lane].events;
}

void tm_trace_clear(tm_pool *pool)
{
    tm_team *team = tm_pool_current_team(pool);
    if (team == NULL || !trace_take(team, TM_TRACE_OFF)) return;
    tm_lanes_clear(team->lanes, team->threads + 1);
    atomic_store(&team->tracing, TM_TRACE_OFF);
}

void tm_read_clocks(uint64_t *ticks, int64_t *ns)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 16; i++) { /* a thread that is interrupted between two clocks reads two moments */
        const uint64_t before = tm_ticks();
        const int64_t now = tm_now_ns();
        const uint64_t between = tm_ticks() - before;
        if (between >= least) continue;
        least = between;
        *ticks = before + between / 2;
        *ns = now;
    }
}
