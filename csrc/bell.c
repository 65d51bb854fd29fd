/* bell.c: see bell.h. */
#include "bell.h"

/* ---- the ringer --------------------------------------------------------------------------- */

/* Counts up to wanted - (awake - busy) sleepers as awake; they must then be woken. */
static uint32_t bell_claim_sleepers(tm_bell *bell, uint32_t wanted, uint32_t busy)
{
    uint64_t idle = atomic_load(&bell->idle); /* B */
    for (;;) {
        uint32_t awake = tm_bell_awake(idle);
        uint32_t ready = awake > busy ? awake - busy : 0;
        uint32_t count = wanted > ready ? TM_MIN(wanted - ready, tm_bell_asleep(idle)) : 0;
        if (count == 0) return 0;
        TM_CHAOS(bell_claim);
        if (atomic_compare_exchange_weak(&bell->idle, &idle, idle - count * TM_ASLEEP_ONE + count))
            return count;
    }
}

uint32_t tm_bell_wake(tm_bell *bell, uint32_t wanted, uint32_t busy)
{
    uint32_t count = bell_claim_sleepers(bell, wanted, busy);
    if (count == 0) return 0;
    TM_CHAOS(bell_wake);
    atomic_fetch_add(&bell->tokens.word, count);
    TM_CHAOS(bell_woken);
    tm_futex_wake(&bell->tokens, count);
    return count;
}

/* ---- the worker --------------------------------------------------------------------------- */

static bool bell_has_rung(tm_bell *bell, uint32_t seen)
{
    return atomic_load_explicit(&bell->rings, memory_order_acquire) != seen;
}

/* Bounded by time, not by turns: a pause takes from 4 to 140 cycles, as the processor likes. */
static bool bell_spin_until_rung(tm_bell *bell, uint32_t seen, int64_t spin_ns)
{
    int64_t end = tm_now_ns() + spin_ns;
    do {
        for (int i = 0; i < 32; i++) {
            if (bell_has_rung(bell, seen)) return true;
            tm_relax();
        }
    } while (tm_now_ns() < end);
    return false;
}

/* Moves the caller from awake to asleep, if more than `keep` are awake. */
static bool bell_leave_awake(tm_bell *bell, uint32_t keep)
{
    uint64_t idle = atomic_load(&bell->idle);
    while (tm_bell_awake(idle) > keep)
        if (atomic_compare_exchange_weak(&bell->idle, &idle, idle - 1 + TM_ASLEEP_ONE)) return true; /* C */
    return false;
}

/* Moves the caller back by itself; false if every sleeper has been claimed by a ringer: then a token
 * comes. */
static bool bell_return_awake(tm_bell *bell)
{
    uint64_t idle = atomic_load(&bell->idle);
    while (tm_bell_asleep(idle) > 0)
        if (atomic_compare_exchange_weak(&bell->idle, &idle, idle + 1 - TM_ASLEEP_ONE)) return true;
    return false;
}

static bool bell_take_token(tm_bell *bell)
{
    uint32_t tokens = atomic_load(&bell->tokens.word);
    while (tokens > 0)
        if (atomic_compare_exchange_weak(&bell->tokens.word, &tokens, tokens - 1)) return true;
    return false;
}

bool tm_bell_wait(tm_bell *bell, uint32_t seen, int64_t spin_ns, uint32_t spinners, _Atomic uint64_t *asleep)
{
    if (!bell_leave_awake(bell, spinners)) {
        if (bell_spin_until_rung(bell, seen, spin_ns)) return false;
        if (!bell_leave_awake(bell, 0)) TM_FATAL("a waiting worker is not counted as awake", 0);
    }
    TM_CHAOS(bell_asleep);
    if (atomic_load(&bell->rings) != seen && bell_return_awake(bell)) return false; /* D */
    TM_CHAOS(bell_sleep);
    atomic_store_explicit(asleep, tm_ticks(), memory_order_relaxed);
    while (!bell_take_token(bell)) tm_futex_wait(&bell->tokens, 0, INT64_MAX);
    return true;
}
