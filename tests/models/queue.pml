/* queue.pml: the bounded ring (csrc/queue.c) with pushers, poppers and a close at any time. All is under one
 * mutex, so a step is what is done between lock and unlock, or a wait. A signal wakes any one that waits; one
 * wait may return without a signal and one may be interrupted.
 *
 * Holds: each item taken in comes out once, in order; nobody waits for ever who could go on; the ring never
 * holds more than its limit; who waits at a close ends, and what was taken in before comes out, unless the close
 * discards it.
 *
 * Mutations:
 *   NOT_EMPTY_UNSAID   a push signals nobody
 *   NOT_FULL_UNSAID    a pop signals nobody
 *   ONE_FOR_MANY       a push or pop of many items signals one
 *   FROM_EMPTY_ALONE   a push signals only when the ring was empty
 *   IF_FOR_WHILE       a popper does not look again after a wait
 *   SIGNAL_KEPT        an interrupted wait does not pass its signal on
 *   CLOSE_UNSAID       close leaves the pushers that wait alone
 *   UNCOUNTED          a popper is counted as waiting only after it let go of the mutex
 *   PUSH_AFTER_CLOSE   push does not look for the close again after a wait */

#define LIMIT 2
#define PUSHERS 2 /* 0 pushes the items 1, 2 and 3 in one call, 1 pushes item 4 */
#define POPPERS 2 /* 2 takes up to two items in each call until the close, 3 one in one call */
#define THREADS (PUSHERS + POPPERS)

#define NOT_EMPTY_UNSAID 1
#define NOT_FULL_UNSAID 2
#define ONE_FOR_MANY 3
#define FROM_EMPTY_ALONE 4
#define IF_FOR_WHILE 5
#define SIGNAL_KEPT 6
#define CLOSE_UNSAID 7
#define UNCOUNTED 8
#define PUSH_AFTER_CLOSE 9

#ifndef MUTATION
#define MUTATION 0
#endif

#define NOTHING 0
#define NOT_EMPTY 1
#define NOT_FULL 2

byte items[LIMIT], head, count; /* an item is its number among those taken in */
byte waits_for[THREADS];        /* a condition */
byte waiting[3];                /* how many wait for a condition, as the queue counts them */
bool closed, early, interrupted_once;
byte taken_in, last_out;
byte pushing = PUSHERS; /* that have not ended */
byte popping = POPPERS;
hidden byte i;

inline wake_all(condition)
{
    d_step {
        for (i : 0 .. THREADS - 1) {
            waits_for[i] = (waits_for[i] == condition -> NOTHING : waits_for[i])
        }
        i = 0
    }
}

inline signal(condition, moved)
{
    if
    :: moved == 0 || waiting[condition] == 0
    :: moved > 0 && waiting[condition] > 0 && (moved == 1 || MUTATION == ONE_FOR_MANY) ->
        if /* queue_signal_locked: pthread_cond_signal */
        :: waits_for[0] == condition -> waits_for[0] = NOTHING
        :: waits_for[1] == condition -> waits_for[1] = NOTHING
        :: waits_for[2] == condition -> waits_for[2] = NOTHING
        :: waits_for[3] == condition -> waits_for[3] = NOTHING
        :: else /* all that wait are on their way */
        fi
    :: moved > 1 && waiting[condition] > 0 && MUTATION != ONE_FOR_MANY ->
        wake_all(condition) /* queue_signal_locked: pthread_cond_broadcast */
    fi;
    true
}

/* Lets the mutex go and waits, in one step with the look at the predicate. */
inline begin_wait(condition)
{
    waiting[condition]++; /* queue_wait_slice_locked: waiting */
    if
    :: waits_for[_pid] = condition /* queue_wait_slice_locked: tm_condition_wait */
    :: atomic { !early -> early = true }
    fi
}

/* Sets `interrupted`; the mutex is free while that is asked. */
inline end_wait(condition)
{
    atomic {
        waits_for[_pid] == NOTHING;
        waiting[condition]-- /* queue_wait_slice_locked: tm_lock */
    }
    if
    :: true
    :: atomic { !interrupted_once ->
        /* queue_wait_slice_locked: tm_interrupted */
        interrupted_once = true; interrupted = true }
    fi
}

inline put_what_fits()
{
    moved = 0;
    do
    :: left > 0 && count < LIMIT && (!closed || MUTATION == PUSH_AFTER_CLOSE && again) ->
        assert(!closed);
        taken_in++;
        items[(head + count) % LIMIT] = taken_in; /* tm_queue_push: queue_put_locked */
        count++; /* queue_length_locked: load relaxed */
        moved++;
        left--
    :: else -> break
    od;
    if
    :: MUTATION == NOT_EMPTY_UNSAID || MUTATION == FROM_EMPTY_ALONE && count > moved
    :: else -> signal(NOT_EMPTY, moved)
    fi;
    moved = 0
}

active [PUSHERS] proctype pusher()
{
    byte moved, left;
    bool interrupted, again;
    left = 3 - 2 * _pid;
    do
    ::
        atomic {
            put_what_fits();
            if
            :: left == 0 || closed -> break /* tm_queue_push: closed */
            :: else -> begin_wait(NOT_FULL)
            fi
        }
        end_wait(NOT_FULL);
        again = true;
        if
        :: interrupted ->
            atomic {
                if
                :: MUTATION != SIGNAL_KEPT -> signal(NOT_FULL, 1) /* tm_queue_push: queue_signal_locked */
                :: else
                fi;
                break
            }
        :: else
        fi
    od;
    pushing--
}

inline take(most)
{
    moved = 0;
    do
    :: moved < most && count > 0 ->
        last_out++;
        assert(items[head] == last_out); /* queue_pop: queue_take_fifo_locked */
        head = (head + 1) % LIMIT;
        count--;
        moved++
    :: else -> break
    od;
    if
    :: MUTATION == NOT_FULL_UNSAID
    :: else -> signal(NOT_FULL, moved)
    fi
}

active [POPPERS] proctype popper()
{
    byte moved;
    bool interrupted, again;
    do
    ::
        atomic {
            take(4 - _pid);
            assert(moved > 0 || !(again && MUTATION == IF_FOR_WHILE));
            again = false;
            if
            :: moved > 0 && _pid == 3 || moved == 0 && closed -> break /* queue_pop: closed */
            :: moved > 0 && _pid != 3
#if MUTATION == UNCOUNTED
            :: moved == 0 && !closed
#else
            :: moved == 0 && !closed -> begin_wait(NOT_EMPTY)
#endif
            fi
        }
        if
        :: moved == 0 ->
#if MUTATION == UNCOUNTED
            atomic { begin_wait(NOT_EMPTY) }
#endif
            end_wait(NOT_EMPTY);
            again = true
        :: else
        fi;
        moved = 0;
        if
        :: interrupted ->
            atomic {
                interrupted = false;
                if
                :: MUTATION != SIGNAL_KEPT -> signal(NOT_EMPTY, 1) /* queue_pop: queue_signal_locked */
                :: else
                fi;
                if
                :: _pid == 3 -> break
                :: else -> again = false /* the next call */
                fi
            }
        :: else
        fi
    od;
    popping--
}

/* A close may come at any time, or wait until all is done: only then does it not help who was forgotten. */
active proctype closer()
{
    bool patient;
    if
    :: patient = true
    :: true
    fi;
    pushing == 0 && count == 0 || !patient;
    atomic {
        closed = true; /* tm_queue_close: pthread_cond_broadcast */
        if
        :: true
        :: last_out = last_out + count; count = 0 /* tm_queue_close: discard */
        fi;
        wake_all(NOT_EMPTY);
        if
        :: MUTATION != CLOSE_UNSAID -> wake_all(NOT_FULL)
        :: else
        fi
    }
    pushing == 0 && popping == 0;
    assert(count == 0 && last_out == taken_in)
}
