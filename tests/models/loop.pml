/* loop.pml: one parallel loop (csrc/parallel_for.c, failure.h): chunks dealt into slices, claimed and stolen; any chunk may
 * fail, and an interrupt may come. The gate is in short: a worker enters while it is open, and the caller's join
 * closes it and waits until nobody is inside (gate.pml); `within` carries what was done inside to the caller.
 *
 * Holds: a chunk runs once at most, and each that comes before the lowest failure does run; the status is that of
 * the lowest failure, or the interrupt; without either every chunk has run when the join ends, and it ends.
 *
 * Mutations:
 *   TORN_CLAIM       a claim is a load and a store
 *   NO_BOUND         a claim does not look whether the slice had ended
 *   NO_STEALING      nobody goes around the table
 *   ANY_FAILURE      the last failure noted wins, not the lowest
 *   TORN_NOTE        a failure is noted by a load and a store
 *   STOPS_AT_ANY     any failure stops all chunks, lower ones too
 *   JOIN_NOT_WAITED  the caller does not wait for who is inside
 *   LEAVE_RELAXED    who leaves hands nothing on */

#define LOCATIONS (2 + SEATS)
#define FAILURE 0 /* chunk + 1; INTERRUPT, or NO_FAILURE */
#define WITHIN 1  /* workers inside, the gate's word */
#define SLICE 2   /* and on: next of each seat's slice, from 0 */
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef CHUNKS
#define CHUNKS 4
#endif
#define THREADS (1 + WORKERS)
#define SEATS THREADS
#define DEPTH 8
#define loads(thread, location) ((location) == FAILURE)
#define NO_FAILURE 99
#define INTERRUPT 0

#define TORN_CLAIM 1
#define NO_BOUND 2
#define NO_STEALING 3
#define ANY_FAILURE 4
#define TORN_NOTE 5
#define STOPS_AT_ANY 6
#define JOIN_NOT_WAITED 7
#define LEAVE_RELAXED 8

#include "memory.h"

#define START(seat) (((seat) * CHUNKS + SEATS - 1) / SEATS)
#define END(seat) START((seat) + 1)

bool open, over;
bool interrupted; /* once */
bool ran[CHUNKS];
byte lowest = NO_FAILURE; /* what failed, truly */

inline note_failure(mine)
{
    load(FAILURE, RELAXED, seen); /* tm_failure_note_number: load relaxed */
#if MUTATION == TORN_NOTE
    if
    :: mine < seen -> store(FAILURE, RELAXED, mine)
    :: else
    fi;
#else
    done = false;
    do
    :: !done && (mine < seen || MUTATION == ANY_FAILURE) ->
        compare_exchange(FAILURE, RELAXED, seen, mine, done) /* tm_failure_note_number: compare_exchange_weak relaxed */
    :: else -> break
    od;
#endif
    true;
    d_step { seen = 0; done = false }
}

/* Without the look before the claim: it only spares one that would overshoot. */
inline claim()
{
    atomic {
#if MUTATION == TORN_CLAIM
        load(SLICE + at_seat, RELAXED, chunk)
    }
    atomic {
        store(SLICE + at_seat, RELAXED, chunk + 1);
#else
        rmw(SLICE + at_seat, RELAXED, chunk, chunk + 1); /* loop_claim: fetch_add relaxed */
#endif
        chunk = START(at_seat) + chunk;
        done = chunk < END(at_seat) || MUTATION == NO_BOUND && chunk < CHUNKS
    }
}

/* Sets `done`, unless a chunk before this one has failed. */
inline run_chunk()
{
    atomic {
        load(FAILURE, RELAXED, seen); /* tm_failure_precedes: load relaxed */
        done = chunk + 1 <= seen && (MUTATION != STOPS_AT_ANY || seen == NO_FAILURE);
        seen = 0
    }
    if
    :: done ->
        atomic {
            assert(chunk < CHUNKS && !ran[chunk] && !over);
            ran[chunk] = true; /* loop_run_chunk: body */
            if
            :: failed = false
            :: failed = true; lowest = (chunk + 1 < lowest -> chunk + 1 : lowest)
            fi
        }
        if
        :: failed -> failed = false; note_failure(chunk + 1) /* loop_run_chunk: tm_failure_note */
        :: else
        fi;
        done = true
    :: else
    fi
}

inline check_interrupt()
{
    if
    :: true
    :: atomic { !interrupted -> interrupted = true; lowest = INTERRUPT };
        note_failure(INTERRUPT) /* loop_check_interrupt: tm_failure_note_interrupt */
    fi
}

#define ROUND (MUTATION == NO_STEALING -> 0 : SEATS - 1)

inline next_chunk()
{
    claim();
    if
    :: done -> run_chunk()
    :: else
    fi;
    chunk = 0
}

inline leave_table()
{
    true; /* a jump must not lead into a d_step */
    d_step { i = 0; at_seat = 0; chunk = 0; done = false }
}

active proctype caller()
{
    byte i, at_seat, chunk, seen, status;
    bool done, failed;
    store(FAILURE, RELAXED, NO_FAILURE); /* tm_failure_clear: store relaxed */
    rmw(WITHIN, RELEASE, was, was);
    open = true; /* loop_open_job: tm_gate_open */
    for (i : 0 .. ROUND) {
        at_seat = i;
        do
        ::
            next_chunk();
            if
            :: done -> check_interrupt()
            :: else -> break
            fi
        od
    }
    leave_table();
    open = false; /* loop_join: tm_gate_close */
    check_interrupt();
#if MUTATION != JOIN_NOT_WAITED
    latest(WITHIN) == 0; /* tm_wait_lending: tm_gate_wait */
#endif
    rmw(WITHIN, ACQUIRE, was, was);
    load(FAILURE, RELAXED, status); /* tm_failure_status: load relaxed */
    over = true;
    assert(status == lowest);
    for (i : 1 .. CHUNKS) {
        assert(ran[i - 1] || i > status)
    }
}

active [WORKERS] proctype worker()
{
    byte i, at_seat, chunk, seen;
    bool done, failed;
    atomic {
        if
        :: open -> rmw(WITHIN, ACQUIRE, was, was + 1)
        :: true -> goto late
        fi
    }
    for (i : 0 .. ROUND) {
        at_seat = (_pid + i) % SEATS; /* loop_run_chunks: loop_claim */
        do
        ::
            next_chunk();
            if
            :: done
            :: else -> break
            fi
        od
    }
    leave_table();
    rmw(WITHIN, unless(LEAVE_RELAXED, ACQ_REL, RELAXED), was, was - 1);
late:
    retire()
}
