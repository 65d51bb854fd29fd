/* gate.h: who is inside, and a wait until nobody is. One word, so every step is one atomic step.
 *
 *     word = OPEN | WAITED | 4 * inside          (inside counts also those about to find it closed)
 *
 * A job slot's gate lets at most `limit` workers in while it is open; its owner closes it and waits. A
 * pool's task gate is never opened: tasks go in when spawned and out when done, join waits.
 *
 * Nobody late: a worker that adds itself after close() sees OPEN missing in the same atomic step and goes
 * out again without reading the job. Whoever was added before close() is in the count that wait() waits for.
 *
 * No lost wake-up: the waiter sleeps only on a word that holds WAITED and inside > 0, and the futex compares
 * the whole word. Any step to inside == 0 then sees WAITED and wakes all. WAITED is cleared only by such a
 * waking step before it wakes, or by a waiter in the same atomic step that sees inside == 0. */
#ifndef TM_GATE_H
#define TM_GATE_H

#include "interrupt.h"
#include "sync.h"

typedef struct tm_gate {
    tm_futex state;         /* any thread, atomically */
    _Atomic uint32_t limit; /* written by the owner while closed, read by anyone */
} tm_gate;

enum { TM_GATE_OPEN = 1, TM_GATE_WAITED = 2, TM_GATE_ONE = 4 };

static inline uint32_t tm_gate_inside(tm_gate *gate)
{
    return atomic_load(&gate->state.word) / TM_GATE_ONE;
}

static inline void tm_gate_open(tm_gate *gate, uint32_t limit)
{
    atomic_store_explicit(&gate->limit, limit, memory_order_relaxed);
    TM_CHAOS(gate_open);
    /* release: pairs with try_enter's acquire, so that who enters sees the job's fields */
    atomic_fetch_or_explicit(&gate->state.word, TM_GATE_OPEN, memory_order_release);
}

/* Goes in `count` times, unconditionally. The caller sees to as many tm_gate_leave. */
static inline void tm_gate_enter(tm_gate *gate, uint32_t count)
{
    atomic_fetch_add_explicit(&gate->state.word, count * TM_GATE_ONE, memory_order_relaxed);
}

static inline void tm_gate_leave(tm_gate *gate)
{
    /* release: pairs with wait's acquire, so that the waiter sees what was done inside */
    uint32_t old = atomic_fetch_sub_explicit(&gate->state.word, TM_GATE_ONE, memory_order_acq_rel);
    TM_ASSERT(old >= TM_GATE_ONE);
    if (old / TM_GATE_ONE == 1 && (old & TM_GATE_WAITED)) {
        TM_CHAOS(gate_leave_last);
        atomic_fetch_and_explicit(&gate->state.word, ~(uint32_t)TM_GATE_WAITED, memory_order_relaxed);
        TM_CHAOS(gate_leave_wake);
        tm_futex_wake(&gate->state, UINT32_MAX);
    }
}

static inline bool tm_gate_admits(const tm_gate *gate, uint32_t seen)
{
    return (seen & TM_GATE_OPEN) &&
           seen / TM_GATE_ONE < atomic_load_explicit(&gate->limit, memory_order_relaxed);
}

/* A look that costs no write; the limit may be an older job's. */
static inline bool tm_gate_has_room(const tm_gate *gate)
{
    return tm_gate_admits(gate, atomic_load_explicit(&gate->state.word, memory_order_relaxed));
}

/* Goes in if the gate is open and has room. */
static inline bool tm_gate_try_enter(tm_gate *gate)
{
    if (!tm_gate_has_room(gate)) return false;
    TM_CHAOS(gate_enter);
    /* acquire: pairs with open's release; sequentially consistent: see worker_help_loops */
    if (tm_gate_admits(gate, atomic_fetch_add(&gate->state.word, TM_GATE_ONE))) return true;
    TM_CHAOS(gate_too_late);
    tm_gate_leave(gate);
    return false;
}

static inline void tm_gate_close(tm_gate *gate)
{
    /* release: a late worker's add reads this or later; acquire: see wait */
    atomic_fetch_and_explicit(&gate->state.word, ~(uint32_t)TM_GATE_OPEN, memory_order_acq_rel);
}

/* Looks whether nobody is inside, for `spin_ns` and at least once. */
bool tm_gate_spin(tm_gate *gate, int64_t spin_ns);

/* Sleeps until nobody is inside. TM_TIMEOUT, or TM_INTERRUPTED. */
tm_status tm_gate_wait(tm_gate *gate, int64_t deadline);

#endif
