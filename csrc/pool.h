/* pool.h: the pool inside the library; its public face is in threadmill.h.
 *
 * A tm_pool is a name for a team of threads: the team starts at first need, and a forked child, where the
 * parent's threads do not exist, starts one of its own under the same name. */
#ifndef TM_POOL_H
#define TM_POOL_H

#include "bell.h"
#include "job.h"

/* Loops that can be open at once; a caller who finds no slot free runs its loop alone. */
#define TM_JOB_SLOTS 8

#define TM_NAME_SIZE 16 /* what the kernel keeps of a thread's name */

struct tm_pool {
    tm_pool_options options;        /* set once */
    char name[TM_NAME_SIZE];        /* set once */
    _Atomic(struct tm_team *) team; /* written under the lifecycle mutex */
    atomic_bool closed;             /* written under the lifecycle mutex */
};

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
    tm_task at_end;                         /* the worker: run before it ends, if not NULL */
    tm_counters counters;                   /* the worker */
} tm_worker;

typedef struct tm_team {
    tm_pool_options options; /* set once; the pool may be gone before the last worker */
    char name[TM_NAME_SIZE]; /* set once */
    uint64_t generation; /* set once: the process generation that the threads belong to */
    size_t threads;      /* set once */
    uint32_t spinners;   /* set once: workers that may be awake without work */
    tm_queue *tasks[TM_KINDS]; /* set once */
    tm_worker *workers;  /* set once */
    tm_slice *slices;    /* set once: TM_JOB_SLOTS * threads */
    size_t futexes;       /* set once: those that are made */
    uint64_t start_ticks; /* set once */
    int64_t start_ns;     /* set once */
    _Alignas(TM_LINE) tm_bell bell;
    _Alignas(TM_LINE) tm_gate pending; /* inside: tasks spawned and not done */
    _Atomic uint32_t ended;            /* tasks, modulo 2^32: any worker, atomically */
    _Atomic int64_t alone_ns;          /* when a loop last ended without calling sleepers: any caller */
    _Atomic uint32_t watching;         /* threads in tm_pool_watch: these, atomically */
    tm_futex go;                       /* 0: threads wait; 1: work; 2: a thread is missing, give up */
    atomic_bool stopping;              /* set by close */
    atomic_bool joined;                /* taken by the one who joins or detaches the threads */
    _Atomic size_t holders;            /* threads, and the pool: the last to drop the team frees it */
    tm_gate alive;                     /* inside: threads running */
    tm_counters spawners;              /* wake-ups by spawn: any thread, as a locked add */
    tm_job jobs[TM_JOB_SLOTS];
} tm_team;

/* How long a caller that waits for the last chunks looks before it sleeps: about what waking it would cost
 * (50 to 120 us measured on two virtual cores), so that spinning never costs more than twice the best choice. */
#define TM_JOIN_SPIN_NS 50000

/* How long a worker without work looks before it sleeps. Longer, as between two loops over arrays of some
 * megabytes a Python program takes 30 to 90 us, its own code and data having been driven from the caches: with 50
 * the worker had often just gone to sleep, and half of its work was the caller's (scale of 10^6 float64: 589 us
 * with 50, 318 with 100, 311 with 200). */
#define TM_IDLE_SPIN_NS 200000

/* The pool's team, started if need be. TM_CLOSED (never started and now closed), TM_NO_THREAD,
 * TM_NO_MEMORY: *team is NULL. */
tm_status tm_pool_team(tm_pool *pool, tm_team **team);

/* The pool's team in this process, or NULL: a forked child disowns its parent's. */
tm_team *tm_pool_current_team(const tm_pool *pool);

/* Closed, and the caller is none of its workers. */
bool tm_pool_refuses_loops(const tm_pool *pool);

/* How many forks lie between the first process and this one. */
uint64_t tm_process_generation(void);

/* Gives up one hold on the team. */
void tm_team_drop(tm_team *team);

/* The calling thread's index in the team, or -1. */
int tm_team_worker(const tm_team *team);

/* The start routine of a worker's thread; the argument is its tm_worker. */
void *tm_worker_main(void *worker);

/* Runs a task; a spawned one was counted as pending. */
void tm_run_task(tm_team *team, tm_counters *counters, tm_kind kind, tm_task task);

/* How many tasks wait, of both kinds. */
size_t tm_waiting_tasks(const tm_team *team);

/* Rings for the tasks that wait. */
void tm_announce_tasks(tm_team *team);

/* After a ring: calls sleepers, up to `wanted` threads less those awake that are not in another loop than
 * `mine` (NULL: in any loop). Returns how many it called. */
uint32_t tm_team_call(tm_team *team, const tm_job *mine, size_t wanted);

#endif
