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
    rmw(gate, RELAXED, was, was + ONE) /* gate: enter */
}

inline leave(gate)
{
    atomic {
        rmw(gate, unless(LEAVE_RELAXED, ACQ_REL, RELAXED), word, word - ONE); /* gate: leave */
        assert(inside(word) > 0);
        done = inside(word) == 1 && (word & WAITED);
        word = 0
    }
    if
    :: done ->
#if MUTATION == WAKE_THEN_CLEAR
        futex_wake_all(gate);
#endif
        rmw(gate, RELAXED, was, was & ~WAITED); /* gate: clear WAITED */
#if MUTATION != NOBODY_WAKES && MUTATION != WAKE_THEN_CLEAR
        futex_wake_all(gate); /* gate: wake */
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
        compare_exchange(gate, unless(WAIT_RELAXED, ACQUIRE, RELAXED), word, word & ~WAITED, done) /* gate: empty */
    :: atomic { else -> word = 0; break }
    od
}

/* The first look stands for all that spin. */
inline wait(gate)
{
    load(gate, unless(WAIT_RELAXED, ACQUIRE, RELAXED), word); /* gate: look */
    is_empty(gate);
    do
    :: done -> break
    :: else ->
        atomic {
            rmw(gate, unless(WAIT_RELAXED, ACQUIRE, RELAXED), word, word | WAITED); /* gate: set WAITED */
            word = word | WAITED;
            expected = word
        }
        is_empty(gate);
        if
        :: !done ->
            if
            :: inside(expected) > 0 || MUTATION == SLEEPS_WHEN_EMPTY ->
                futex_wait(gate, expected) /* gate: sleep */
            :: else
            fi;
            expected = 0;
            load(gate, unless(WAIT_RELAXED, ACQUIRE, RELAXED), word); /* gate: look */
            is_empty(gate)
        :: else
        fi
    od
}
