/* gate_steps.h: the steps of csrc/gate.h and gate.c, for the models that have a gate. `gate` is the location
 * of its word, OPEN | WAITED | 4 * inside; the thread that steps has `byte word, expected` and a `bool done`. */

#define OPEN 1
#define WAITED 2
#define ONE 4
#define inside(seen) ((seen) / ONE)

#define LEAVE_RELAXED 1
#define WAIT_RELAXED 2
#define NOBODY_WAKES 3
#define WAKE_THEN_CLEAR 4
#define SLEEPS_WHEN_EMPTY 5

inline enter(gate)
{
    rmw(gate, RELAXED, was, was + ONE) /* tm_gate_enter: fetch_add relaxed */
}

inline leave(gate)
{
    atomic {
        /* tm_gate_leave: fetch_sub acq_rel */
        rmw(gate, unless(LEAVE_RELAXED, ACQ_REL, RELAXED), word, word - ONE);
        assert(inside(word) > 0);
        done = inside(word) == 1 && (word & WAITED);
        word = 0
    }
    if
    :: done ->
#if MUTATION == WAKE_THEN_CLEAR
        futex_wake_all(gate);
#endif
        rmw(gate, RELAXED, was, was & ~WAITED); /* tm_gate_leave: fetch_and relaxed */
#if MUTATION != NOBODY_WAKES && MUTATION != WAKE_THEN_CLEAR
        futex_wake_all(gate); /* tm_gate_leave: tm_futex_wake */
#endif
        done = false
    :: else
    fi
}

/* Sets `done` if the value in `word` says that nobody is inside; then takes WAITED down. */
inline is_empty(gate)
{
    done = false;
    do
    :: atomic { !done && word == (word & OPEN) -> done = true }
    :: !done && inside(word) == 0 && (word & WAITED) ->
        /* gate_is_empty: compare_exchange_weak acquire */
        compare_exchange(gate, unless(WAIT_RELAXED, ACQUIRE, RELAXED), word, word & ~WAITED, done)
    :: atomic { else -> word = 0; break }
    od
}

/* The first look stands for all that spin. */
inline wait(gate)
{
    load(gate, unless(WAIT_RELAXED, ACQUIRE, RELAXED), word); /* gate_look: load acquire */
    is_empty(gate);
    do
    :: done -> break
    :: else ->
        atomic {
            /* tm_gate_wait: fetch_or acquire */
            rmw(gate, unless(WAIT_RELAXED, ACQUIRE, RELAXED), word, word | WAITED);
            word = word | WAITED;
            expected = word
        }
        is_empty(gate);
        if
        :: !done ->
            if
            :: inside(expected) > 0 || MUTATION == SLEEPS_WHEN_EMPTY ->
                futex_wait(gate, expected) /* tm_gate_wait: tm_futex_wait */
            :: else
            fi;
            expected = 0;
            load(gate, unless(WAIT_RELAXED, ACQUIRE, RELAXED), word); /* gate_look: load acquire */
            is_empty(gate)
        :: else
        fi
    od
}
