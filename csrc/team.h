/* team.h: a team of threads: how it starts, what its threads share, how it ends.
 *
 * All threads start or none. What they do is a parameter: this file knows nothing of tasks and loops but
 * the room that they need. Whatever a fork may leave half-done lives in the team, and a forked child
 * leaves that team alone. */
#ifndef TM_TEAM_H
#define TM_TEAM_H

#include "bell.h"
#include "core.h"
#include "job.h"
#include "lane.h"
#include "worth.h"

/* Loops that can be open at once; a caller who finds no slot free runs its loop alone. */
#define TM_JOB_SLOTS 8

#define TM_NAME_SIZE 16 /* what the kernel keeps of a thread's name */

/* What the task queues hold. */
typedef struct tm_task {
    tm_task_fn run;
    void *arg;
} tm_task;

/* A post never waits for room, so it has a queue of its own, without a bound. */
typedef enum tm_kind { TM_SPAWNED, TM_POSTED, TM_KINDS } tm_kind;

typedef struct tm_worker {
    _Alignas(TM_LINE) struct tm_team *team; /* set once */
    int index;                              /* set once */
    pthread_t thread;                       /* the starter, until the team stops */
    tm_kind turn;                           /* the worker: the kind of task to look for first */
    bool hosted;                            /* the worker: it is a thread of the host language's */
    tm_task at_end;                         /* the worker: run before it ends, if not NULL */
    tm_lodger lodger;                       /* see core.h */
    int64_t moved_ns;                       /* the worker: when it last left a caller's core */
    _Atomic uint64_t asleep; /* the worker: since when, in ticks; 0: it is awake. Read by anyone */
    tm_counters counters;    /* the worker */
} tm_worker;

/* Whether the team's lanes are open; BUSY: somebody opens or closes them. */
enum { TM_TRACE_OFF, TM_TRACE_ON, TM_TRACE_BUSY };

typedef struct tm_team {
    tm_pool_options options;    /* set once; the pool may be gone before the last worker */
    char name[TM_NAME_SIZE];    /* set once */
    uint64_t generation;        /* set once: the process generation that the threads belong to */
    size_t threads;             /* set once */
    uint32_t spinners;          /* set once: workers that may be awake without work */
    tm_queue *tasks[TM_KINDS];  /* set once */
    tm_worker *workers;         /* set once */
    tm_slice *slices;           /* set once: TM_JOB_SLOTS * threads */
    size_t futexes;             /* set once: those that are made */
    uint64_t start_ticks;       /* set once */
    int64_t start_ns;           /* set once */
    _Atomic double ns_per_tick; /* 0 until somebody looks; then set once, by any thread */
    _Alignas(TM_LINE) tm_bell bell;
    _Alignas(TM_LINE) tm_gate pending; /* inside: tasks spawned and not done */
    _Atomic uint32_t ended;            /* tasks, modulo 2^32: any worker, atomically */
    _Atomic int64_t alone_ns;          /* when a loop last ended without waking sleepers: any caller */
    _Atomic int caller_core;           /* where the last loop began: any caller */
    tm_worth worth;                    /* any caller */
    _Atomic int tracing;               /* TM_TRACE_*: who starts or stops a trace */
    tm_lane *lanes;                    /* set once: one for each worker, and one for all callers */
    _Atomic uint32_t watching;         /* threads in tm_pool_watch: these, atomically */
    tm_futex go;                       /* 0: threads wait; 1: work; 2: a thread is missing, give up */
    atomic_bool stopping;              /* set by stop */
    atomic_bool joined;                /* taken by the one who joins or detaches the threads */
    _Atomic size_t holders;            /* threads, and the pool: the last to drop the team frees it */
    tm_gate alive;                     /* inside: threads running */
    tm_counters spawners;              /* wake-ups by spawn: any thread, as a locked add */
    tm_job jobs[TM_JOB_SLOTS];
} tm_team;

/* How many forks lie between the first process and this one. */
uint64_t tm_process_generation(void);

/* Called in a forked child, before any other of these. */
void tm_process_has_forked(void);

/* Starts a team, all threads or none, each with `main` and its tm_worker. TM_NO_THREAD, TM_NO_MEMORY:
 * *team is NULL. `options` and what its name points to are copied. */
tm_status tm_team_start(const tm_pool_options *options, void *(*main)(void *worker), tm_team **team);

/* The first and the last call of a worker's `main`. Begin: false where the team did not come to be, so
 * that the thread is to end. */
bool tm_team_begin(tm_worker *me);
void tm_team_end(tm_worker *me);

/* No task goes in any more; threads end once they have run all tasks. Waits for nothing; a second call
 * does nothing. */
void tm_team_stop(tm_team *team);

/* After tm_team_stop: waits for the threads' end. TM_INTERRUPTED: they may still run. */
tm_status tm_team_join(tm_team *team);

/* After tm_team_stop, for who will not join: the threads free themselves. */
void tm_team_detach(tm_team *team);

/* Gives up one hold on the team. */
void tm_team_drop(tm_team *team);

/* The calling thread is about to start another, or a process, which inherits its affinity: it gives back a core
 * that it is lent, and takes none any more in the loop that it is in. */
void tm_team_before_start(void);

/* The calling thread as a worker, of whatever team, or NULL. */
tm_worker *tm_team_self(void);

/* The calling thread's index in the team, or -1. */
int tm_team_worker(const tm_team *team);

/* Where the calling thread records its events; NULL while nobody asks for them. */
static inline tm_lane *tm_team_lane(const tm_team *team)
{
    if (atomic_load_explicit(&team->tracing, memory_order_relaxed) != TM_TRACE_ON) return NULL;
    const int worker = tm_team_worker(team);
    return &team->lanes[worker >= 0 ? (size_t)worker : team->threads];
}

/* After a ring: wakes sleepers, up to `wanted` threads less those awake that are not in another loop than
 * `mine` (NULL: in any loop). Returns how many it woke. */
uint32_t tm_team_wake(tm_team *team, const tm_job *mine, size_t wanted);

#endif
