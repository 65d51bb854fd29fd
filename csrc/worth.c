/* worth.c: see worth.h. */
#include "worth.h"

#include "machine.h"

/* What a helper that is displaced costs at once, a time slice of some 4 ms, is no reason yet to do without. */
#define MOST_DEFICIT_NS 4000000

/* The first pause alone, and the longest: a machine that is free again is found out within that time. */
#define FIRST_PAUSE_NS 1000000
#define LAST_PAUSE_NS 16000000

/* Where no core is free: how often that is asked, some 10 us each, and when helpers are tried all the same. */
#define LOOK_AGAIN_NS 4000000
#define TRY_ANYWAY_NS 256000000

int64_t tm_worth_ask(tm_worth *worth, int64_t now)
{
    int64_t until = atomic_load_explicit(&worth->alone_until, memory_order_relaxed);
    if (now < until) return until;
    if (now - atomic_load_explicit(&worth->tried, memory_order_relaxed) < TRY_ANYWAY_NS &&
        !tm_has_free_core())
        until = now + LOOK_AGAIN_NS;
    else
        until = 0;
    atomic_store_explicit(&worth->alone_until, until, memory_order_relaxed);
    return until;
}

static void worth_go_alone(tm_worth *worth, int64_t now)
{
    int64_t pause = atomic_load_explicit(&worth->pause_ns, memory_order_relaxed);
    pause = pause == 0 ? FIRST_PAUSE_NS : TM_MIN(2 * pause, LAST_PAUSE_NS);
    atomic_store_explicit(&worth->pause_ns, pause, memory_order_relaxed);
    atomic_store_explicit(&worth->tried, now, memory_order_relaxed);
    atomic_store_explicit(&worth->alone_until, now + pause, memory_order_relaxed);
}

bool tm_worth_settle(tm_worth *worth, int64_t now, int64_t saved_ns, int64_t lost_ns)
{
    const int64_t before = atomic_load_explicit(&worth->deficit_ns, memory_order_relaxed);
    /* One loss is no reason yet, however long: it is not known what helpers saved. The deficit fades, as loops
     * that no helper comes to are watched as well. */
    const int64_t counted = before == 0 ? TM_MIN(lost_ns, MOST_DEFICIT_NS) : lost_ns;
    const int64_t deficit = before - before / 256 - 1 + counted - saved_ns;
    if (deficit > MOST_DEFICIT_NS && lost_ns > saved_ns) worth_go_alone(worth, now);
    if (deficit <= 0) atomic_store_explicit(&worth->pause_ns, 0, memory_order_relaxed);
    atomic_store_explicit(&worth->deficit_ns, TM_MIN(TM_MAX(deficit, 0), MOST_DEFICIT_NS),
                          memory_order_relaxed);
    return lost_ns > saved_ns;
}
