/* bell.h: how idle workers notice work, and sleep when there is none.
 *
 * Whoever makes work visible rings: `rings` grows by one, and sleepers are woken if too few workers are
 * awake. A worker reads `rings` before it looks for work; finding none it waits for the number to change,
 * first spinning, then asleep. A wake-up is a token in `tokens`; any one sleeper takes it.
 *
 *     idle = awake | asleep << 32
 *     workers = awake + asleep + (workers inside a task)
 *     workers in sleep() = asleep + tokens there or about to be put there
 *
 * "Awake" promises one thing: the worker looks at `rings` again before it sleeps. Whoever wakes a sleeper
 * counts it as awake at once, so that the next one does not wake again.
 *
 * No lost wake-up: the ringer (A) adds to rings, (B) reads idle; a worker (C) moves itself from awake to
 * asleep, (D) compares rings with what it had read. All four are sequentially consistent. If B comes before
 * C, the worker counted as awake, and D comes after A: it does not sleep. Else B sees it asleep and counts
 * it as one to wake. */
#ifndef TM_BELL_H
#define TM_BELL_H

#include "sync.h"

typedef struct tm_bell {
    _Atomic uint32_t rings; /* any thread, atomically */
    _Atomic uint64_t idle;  /* any thread, atomically */
    tm_futex tokens;        /* any thread, atomically */
} tm_bell;

#define TM_ASLEEP_ONE ((uint64_t)1 << 32)

static inline uint32_t tm_bell_awake(uint64_t idle)
{
    return (uint32_t)idle;
}

static inline uint32_t tm_bell_asleep(uint64_t idle)
{
    return (uint32_t)(idle >> 32);
}

/* What to hand to tm_bell_wait; read it before looking for work. */
static inline uint32_t tm_bell_read(tm_bell *bell)
{
    return atomic_load(&bell->rings);
}

/* Brackets a task: its worker will not look at the bell for as long as it takes. */
static inline void tm_bell_task_begins(tm_bell *bell)
{
    atomic_fetch_sub(&bell->idle, 1);
    TM_CHAOS(bell_task_begins);
}

static inline void tm_bell_task_ends(tm_bell *bell)
{
    atomic_fetch_add(&bell->idle, 1);
}

/* Tells that there is work. */
static inline void tm_bell_ring(tm_bell *bell)
{
    TM_CHAOS(bell_ring);
    atomic_fetch_add(&bell->rings, 1); /* A */
    TM_CHAOS(bell_rung);
}

/* After a ring, at once or later: wakes sleepers, if fewer than `wanted` workers are awake besides the `busy`
 * ones. Returns how many it woke. */
uint32_t tm_bell_wake(tm_bell *bell, uint32_t wanted, uint32_t busy);

/* Waits until the bell has rung since `seen` was read: spins up to `spin_ns` unless more than `spinners`
 * workers are awake already, then sleeps. True if it slept; *asleep, which only the caller writes, tells the moment
 * in ticks. */
bool tm_bell_wait(tm_bell *bell, uint32_t seen, int64_t spin_ns, uint32_t spinners, _Atomic uint64_t *asleep);

#endif
