/* gate.c: the long steps of gate.h. */
#include "gate.h"

/* True when nobody is inside; then takes WAITED down, in the same atomic step as the look. */
static bool gate_is_empty(tm_gate *gate, uint32_t seen)
{
    while (seen / TM_GATE_ONE == 0) {
        if (!(seen & TM_GATE_WAITED)) return true;
        TM_CHAOS(gate_found_empty);
        if (atomic_compare_exchange_weak_explicit(&gate->state.word, &seen, seen & ~(uint32_t)TM_GATE_WAITED,
                                                  memory_order_acquire, memory_order_acquire))
            return true;
    }
    return false;
}

/* One look; acquire: pairs with leave's release. */
static bool gate_look(tm_gate *gate)
{
    return gate_is_empty(gate, atomic_load_explicit(&gate->state.word, memory_order_acquire));
}

bool tm_gate_spin(tm_gate *gate, int64_t spin_ns)
{
    if (gate_look(gate)) return true;
    if (spin_ns == 0) return false;
    const int64_t end = tm_now_ns() + spin_ns;
    do {
        for (int i = 0; i < 32; i++) {
            if (gate_look(gate)) return true;
            tm_relax();
        }
    } while (tm_now_ns() < end);
    return false;
}

tm_status tm_gate_wait(tm_gate *gate, int64_t deadline)
{
    if (gate_look(gate)) return TM_OK;
    for (;;) {
        uint32_t seen = atomic_fetch_or_explicit(&gate->state.word, TM_GATE_WAITED, memory_order_acquire);
        TM_CHAOS(gate_wait);
        if (gate_is_empty(gate, seen | TM_GATE_WAITED)) return TM_OK;
        if (tm_now_ns() >= deadline) return TM_TIMEOUT;
        /* Not on a word with nobody inside: another waiter takes WAITED down there, and wakes nobody. */
        if (seen / TM_GATE_ONE > 0)
            tm_futex_wait(&gate->state, seen | TM_GATE_WAITED, tm_interrupt_slice(deadline));
        if (gate_look(gate)) return TM_OK;
        if (tm_now_ns() >= deadline) return TM_TIMEOUT;
        if (tm_interrupted()) return TM_INTERRUPTED;
    }
}
