/* join.pml: spawn, join and shutdown (csrc/tasks.c, worker.c, pool.c): clients that each spawn and join, workers,
 * and a shutdown at any time. The bell is left out: a worker with nothing to do sleeps until there is a task or
 * a stop (bell.pml holds that it wakes up). The queue, with its mutex, is one location: a critical section
 * is one step.
 *
 * Holds: a join ends; what it waited for has run by then, and its results are seen; each task taken runs once,
 * also with a shutdown on the way; a refused one never runs; nobody touches the team once it is freed.
 *
 * Mutations:
 *   LEAVE_RELAXED      a task that ends hands nothing on
 *   WAIT_RELAXED       join learns nothing
 *   NOBODY_WAKES       the last task does not wake those who join
 *   WAKE_THEN_CLEAR    the last task wakes before it clears WAITED
 *   SLEEPS_WHEN_EMPTY  join sleeps on a word that says that nobody is inside
 *   COUNT_AFTER_PUSH   a task is counted as pending after it is queued
 *   REFUSED_STAYS      a refused task stays counted
 *   STOP_SEEN_LATE     a worker looks for the stop after it looked for tasks
 *   STOP_THEN_CLOSE    the stop is set before the queue is closed
 *   DROP_THEN_LEAVE    a worker drops the team before it leaves `alive` */

#define LOCATIONS 2
#define PENDING 0 /* a gate: tasks */
#define RESULTS 1 /* what the tasks have done */
#define CLIENTS 2
#ifndef WORKERS
#define WORKERS 1
#endif
#define THREADS (CLIENTS + 1 + WORKERS)
#define DEPTH 20
#define loads(thread, location) ((thread) < CLIENTS)

#define COUNT_AFTER_PUSH 11
#define REFUSED_STAYS 12
#define STOP_SEEN_LATE 13
#define STOP_THEN_CLOSE 14
#define DROP_THEN_LEAVE 15

#include "memory.h"
#include "gate_steps.h"

#define ONE_OF(client) (1 + 3 * (client))
#define COUNT_OF(client, queue) (((queue) / ONE_OF(client)) & 3)
#define LENGTH(queue) (COUNT_OF(0, queue) + COUNT_OF(1, queue))
#define CLOSED 16
#define NOBODY CLIENTS

/* Under a mutex, or sequentially consistent. */
byte queue; /* tasks of client 0 + 4 * tasks of client 1 + CLOSED */
bool stopping;
byte alive = WORKERS;
byte drops; /* how many of the workers and the pool have dropped the team */

byte ran;
byte clients = CLIENTS; /* that may still call */
bool started, freed;

inline drop()
{
    atomic {
        drops++; /* tm_team_drop: fetch_sub acq_rel */
        freed = drops == WORKERS + 1
    }
}

inline spawn()
{
#if MUTATION != COUNT_AFTER_PUSH
    enter(PENDING); /* spawn_batch: tm_gate_enter */
#endif
    atomic { /* spawn_push: tm_queue_push */
        taken = queue < CLOSED;
        queue = queue + taken * ONE_OF(_pid)
    }
#if MUTATION == COUNT_AFTER_PUSH
    enter(PENDING);
#endif
    if
    :: !taken && MUTATION != REFUSED_STAYS -> leave(PENDING) /* spawn_batch: tm_gate_leave */
    :: else
    fi
}

active [CLIENTS] proctype client()
{
    byte word, expected, results;
    bool taken, done;
    started;
    spawn();
    wait(PENDING); /* tm_join: tm_gate_wait */
    atomic {
        assert(COUNT_OF(_pid, ran) == taken);
        load(RESULTS, RELAXED, results);
        assert(COUNT_OF(_pid, results) == taken);
        results = 0;
        clients--
    }
    retire()
}

active proctype closer()
{
    started = true;
#if MUTATION == STOP_THEN_CLOSE
    stopping = true;
#endif
    queue = queue | CLOSED; /* tm_team_stop: tm_queue_close */
#if MUTATION != STOP_THEN_CLOSE
    stopping = true; /* tm_team_stop: store seq_cst */
#endif
    clients == 0; /* which is the caller's duty */
    drop();
    retire()
}

inline pop()
{
    atomic { /* worker_try_tasks: tm_queue_pop */
        if
        :: COUNT_OF(0, queue) > 0 -> who = 0
        :: COUNT_OF(1, queue) > 0 -> who = 1
        :: LENGTH(queue) == 0 -> who = NOBODY
        fi;
        queue = queue - (who != NOBODY) * ONE_OF(who)
    }
}

active [WORKERS] proctype worker()
{
    byte word, who;
    bool stop, done;
    started;
    do
    ::
#if MUTATION != STOP_SEEN_LATE
        stop = stopping; /* worker_work: load seq_cst */
#endif
        pop();
#if MUTATION == STOP_SEEN_LATE
        stop = stopping;
#endif
        if
        :: who != NOBODY ->
            atomic {
                ran = ran + ONE_OF(who);
                rmw(RESULTS, RELAXED, was, was + ONE_OF(who)) /* tm_run_task: run */
            }
            leave(PENDING) /* tm_run_task: tm_gate_leave */
        :: who == NOBODY && stop -> break
        :: who == NOBODY && !stop -> LENGTH(queue) > 0 || stopping
        fi
    od;
#if MUTATION == DROP_THEN_LEAVE
    drop();
#endif
    alive--; /* tm_team_end: tm_gate_leave */
    assert(!freed); /* it may still wake who waits */
#if MUTATION != DROP_THEN_LEAVE
    drop();
#endif
    retire()
}
