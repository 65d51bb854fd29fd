/* bell.pml: the bell (csrc/bell.h, bell.c) with its ringers (tasks.c, parallel_for.c, pool.c) and two workers
 * (worker.c). One client posts a task; the other posts a task or opens a loop. Both works wait for each other
 * inside, so each needs a worker of its own; then the pool stops.
 *
 * Holds: no wake-up is lost: no work waits while a worker that is free for it sleeps; all workers stop; no
 * call is left over, and all are counted as awake in the end.
 *
 * Every access here is sequentially consistent: histories are kept only where a mutation weakens an order. A loop
 * of load and compare-exchange is one step: the tries before the last one leave no trace.
 *
 * Mutations:
 *   A_RELAXED        the ring is not sequentially consistent
 *   B_RELAXED        nor the ringer's look at idle
 *   C_RELAXED        nor the worker's going asleep
 *   D_RELAXED        nor its last look at rings
 *   D_MISSING        a worker goes to sleep without a last look
 *   B_BEFORE_A       the ringer looks for sleepers before it rings
 *   SEEN_LATE        a worker reads rings after it looked for work
 *   BEGIN_AFTER_POP  a worker counts itself out after it took a task
 *   NO_SECOND_CALL   a worker takes a task and forgets who counted on it since
 *   NOT_HANDED_ON    a worker enters a loop and forgets the tasks
 *   BUSY_FORGOTTEN   a ringer counts on workers that are inside a loop
 *   ENTER_RELAXED    entering a loop is not sequentially consistent
 *   NEW_ONES_ALONE   a ringer calls for the tasks it brings, not for all that wait
 *   TOKEN_LEFT       a worker that was called goes without its call */

#define LOCATIONS 5
#define RINGS 0
#define IDLE 1  /* awake + 8 * asleep */
#define COUNT 2 /* tasks in the queue */
#define GATE 3  /* of the loop: 1 if open + 4 * inside */
#define CALLS 4
#define CLIENTS 2
#define WORKERS 2
#define THREADS (CLIENTS + WORKERS)
#define loads(thread, location) (DEPTH > 2 && ((location) == GATE) == (MUTATION == ENTER_RELAXED))

#define A_RELAXED 1
#define B_RELAXED 2
#define C_RELAXED 3
#define D_RELAXED 4
#define ENTER_RELAXED 5
#define D_MISSING 11
#define B_BEFORE_A 12
#define SEEN_LATE 13
#define BEGIN_AFTER_POP 14
#define NO_SECOND_CALL 15
#define NOT_HANDED_ON 16
#define BUSY_FORGOTTEN 17
#define NEW_ONES_ALONE 18
#define TOKEN_LEFT 19

#if MUTATION > 0 && MUTATION <= ENTER_RELAXED
#define DEPTH 16
#else
#define DEPTH 2
#endif

#include "memory.h"

#define OPEN 1
#define ONE_INSIDE 4
#define EVERYBODY 7

bool begun;
bool helped;   /* nothing is left to do in the loop */
byte started;  /* works that a worker is at */
byte ended;    /* works */
byte gone;     /* workers */
bool stopping; /* sequentially consistent */

#include "bell_steps.h"

/* ---- the ringer ---------------------------------------------------------------------------- */

inline team_call()
{
    atomic {
        load(IDLE, unless(B_RELAXED, SEQ_CST, RELAXED), idle); /* tm_team_wake: load seq_cst (B) */
        count = ASLEEP(idle);
        idle = 0
    }
    if
    :: count > 0 ->
        atomic {
            load(GATE, SEQ_CST, busy); /* tm_gate_inside: load seq_cst */
            busy = (MUTATION == BUSY_FORGOTTEN -> 0 : busy / ONE_INSIDE)
        }
        call()
    :: else -> wanted = 0
    fi
}

inline announce()
{
#if MUTATION != B_BEFORE_A
    ring();
#endif
    load(COUNT, SEQ_CST, wanted); /* tm_waiting_tasks: tm_queue_peek */
#if MUTATION == NEW_ONES_ALONE
    wanted = (wanted > 0 -> 1 : 0);
#endif
    team_call();
#if MUTATION == B_BEFORE_A
    ring();
#endif
}

inline post()
{
    rmw(COUNT, SEQ_CST, was, was + 1); /* spawn_push: tm_queue_push, queue_set_length_locked: store seq_cst */
    announce();
    ended == WORKERS
}

inline open_loop()
{
    rmw(GATE, RELEASE, was, was | OPEN); /* loop_open_job: tm_gate_open */
    ring();
    wanted = 1;
    call(); /* loop_open_job: load seq_cst (B) */
    started == WORKERS;
    rmw(GATE, ACQ_REL, was, was & ~OPEN);
    latest(GATE) == 0
}

active [CLIENTS] proctype client()
{
    byte old, idle, wanted, busy, count;
    if
    :: _pid == 0 -> d_step { begun = true; entry(IDLE, 0).value = WORKERS }
    :: else -> begun
    fi;
    if
    :: post()
    :: _pid == 1 -> open_loop()
    fi;
    if
    :: _pid == 0 ->
        ended == WORKERS;
        stopping = true; /* tm_team_stop: store seq_cst */
        ring();
        wanted = EVERYBODY;
        call();
        gone == WORKERS;
        assert(latest(IDLE) == WORKERS && latest(CALLS) == 0)
    :: else
    fi;
    retire()
}

/* ---- the worker ---------------------------------------------------------------------------- */

inline work_together()
{
    started++;
    started == WORKERS;
    ended++
}

/* A worker that comes too late to a gate, and goes out again, is left to gate.pml. */
inline help_loop()
{
    atomic {
        found = latest(GATE) == OPEN && !helped;
        if
        :: found ->
            /* tm_gate_try_enter: fetch_add seq_cst */
            rmw(GATE, unless(ENTER_RELAXED, SEQ_CST, ACQUIRE), was, was + ONE_INSIDE)
        :: else
        fi
    }
    if
    :: found ->
        helped = true;
#if MUTATION != NOT_HANDED_ON
        load(COUNT, SEQ_CST, old); /* worker_help_loops: tm_waiting_tasks */
        if
        :: old > 0 -> old = 0; announce()
        :: else
        fi;
#endif
        work_together();
        rmw(GATE, ACQ_REL, was, was - ONE_INSIDE)
    :: else
    fi
}

inline begin_task()
{
    rmw(IDLE, SEQ_CST, was, was - 1) /* tm_bell_task_begins: fetch_sub seq_cst */
}

/* Sets `found`. That a worker which has one task takes the next before it counts itself in again is left out. */
inline try_tasks()
{
    atomic {
        load(COUNT, SEQ_CST, old); /* worker_try_tasks: tm_queue_peek, tm_queue_peek: load seq_cst */
        found = old > 0;
        old = 0
    }
    if
    :: found ->
#if MUTATION != BEGIN_AFTER_POP
        begin_task();
#endif
        atomic {
            found = latest(COUNT) > 0;
            rmw(COUNT, SEQ_CST, was, was - found) /* worker_try_tasks: tm_queue_pop */
        }
#if MUTATION == BEGIN_AFTER_POP
        begin_task();
#endif
        if
        :: found ->
#if MUTATION != NO_SECOND_CALL
            atomic {
                load(RINGS, SEQ_CST, old); /* worker_try_tasks: tm_bell_read */
                wanted = old != seen;
                old = 0;
                seen = 0
            }
            if
            :: wanted > 0 -> team_call()
            :: else
            fi;
#endif
            work_together()
        :: else
        fi;
        rmw(IDLE, SEQ_CST, was, was + 1) /* tm_bell_task_ends: fetch_add seq_cst */
    :: else
    fi
}

active [WORKERS] proctype worker()
{
    byte old, idle, wanted, busy, count, seen;
    bool success, stop, found;
    begun;
    do
    ::
        load(RINGS, SEQ_CST, seen); /* tm_bell_read: load seq_cst */
        stop = stopping; /* worker_work: load seq_cst */
        help_loop();
        try_tasks();
#if MUTATION == SEEN_LATE
        load(RINGS, SEQ_CST, seen);
#endif
        if
        :: found
        :: !found && stop -> break
        :: !found && !stop -> wait()
        fi;
        d_step { seen = 0; stop = false; found = false }
    od;
    gone++;
    retire()
}
