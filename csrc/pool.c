/* pool.c: a name for a team: made at first need, closed, shut down.
 *
 * Lifecycle steps hold one process-wide mutex that fork() waits for, so a child never inherits it locked. */
#include "pool.h"

#include "fork.h"
#include "worker.h"

#define DEFAULT_QUEUE_CAPACITY 65536

/* How old a team is when its clock is measured: long compared with reading it, some 50 ns. */
#define POOL_CLOCK_NS 1000000

static pthread_mutex_t lifecycle = PTHREAD_MUTEX_INITIALIZER; /* state and threads of every pool */
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static int fork_error; /* set once */

/* ---- fork --------------------------------------------------------------------------------- */

static void pool_before_fork(void)
{
    tm_team_before_start(); /* in the child no lender would end a loan */
    tm_lock(&lifecycle);
}

static void pool_after_fork_in_parent(void)
{
    tm_unlock(&lifecycle);
}

static void pool_after_fork_in_child(void)
{
    tm_process_has_forked();
    tm_unlock(&lifecycle);
}

/* The queues' hooks first: they are to run after these, which take the lifecycle mutex before any queue's. */
static void pool_watch_forks(void)
{
    fork_error = !tm_fork_set_hooks() ||
                 pthread_atfork(pool_before_fork, pool_after_fork_in_parent, pool_after_fork_in_child) != 0;
}

/* ---- the team --------------------------------------------------------------------------------- */

static tm_status pool_start_team_locked(tm_pool *pool, tm_team **team)
{
    tm_status status = tm_team_start(&pool->options, tm_worker_main, team);
    if (status == TM_OK) atomic_store_explicit(&pool->team, *team, memory_order_release);
    return status;
}

tm_team *tm_pool_current_team(const tm_pool *pool)
{
    /* acquire: pairs with pool_start_team_locked's release */
    tm_team *team = atomic_load_explicit(&pool->team, memory_order_acquire);
    bool ours = team != NULL && team->generation == tm_process_generation();
    return ours ? team : NULL;
}

tm_status tm_pool_team(tm_pool *pool, tm_team **team)
{
    *team = tm_pool_current_team(pool);
    if (*team != NULL) return TM_OK;
    tm_lock(&lifecycle);
    tm_status status = TM_OK;
    *team = tm_pool_current_team(pool);
    if (*team == NULL) status = atomic_load(&pool->closed) ? TM_CLOSED : pool_start_team_locked(pool, team);
    tm_unlock(&lifecycle);
    return status;
}

/* ---- the pool ----------------------------------------------------------------------------- */

tm_status tm_pool_create(const tm_pool_options *options, tm_pool **pool)
{
    *pool = NULL;
    if (options->threads < 1 || options->threads > INT16_MAX) return TM_INVALID;
    TM_MUST(pthread_once(&fork_once, pool_watch_forks));
    if (fork_error) return TM_NO_MEMORY;
    tm_pool *made = calloc(1, sizeof *made);
    if (made == NULL) return TM_NO_MEMORY;
    made->options = *options;
    if (options->queue_capacity == 0) made->options.queue_capacity = DEFAULT_QUEUE_CAPACITY;
    snprintf(made->name, sizeof made->name, "%s", options->name != NULL ? options->name : "threadmill");
    made->options.name = made->name;
    *pool = made;
    return TM_OK;
}

void tm_pool_close(tm_pool *pool)
{
    tm_lock(&lifecycle);
    atomic_store(&pool->closed, true);
    tm_team *team = tm_pool_current_team(pool);
    if (team != NULL) tm_team_stop(team);
    tm_unlock(&lifecycle);
}

tm_status tm_pool_shutdown(tm_pool *pool)
{
    tm_pool_close(pool);
    tm_team *team = tm_pool_current_team(pool);
    if (team == NULL) return TM_OK;
    if (tm_team_worker(team) >= 0) return TM_DEADLOCK;
    return tm_team_join(team);
}

static void pool_drop(tm_pool *pool)
{
    /* Another process's team is not freed: locks in it may be held by threads that do not exist here. */
    tm_team *team = tm_pool_current_team(pool);
    TM_CHAOS(pool_drop);
    if (team != NULL) tm_team_drop(team);
    free(pool);
}

void tm_pool_release(tm_pool *pool)
{
    if (pool == NULL) return;
    tm_pool_close(pool);
    tm_team *team = tm_pool_current_team(pool);
    if (team != NULL) tm_team_detach(team);
    pool_drop(pool);
}

void tm_pool_destroy(tm_pool *pool)
{
    if (pool == NULL) return;
    tm_status status;
    while ((status = tm_pool_shutdown(pool)) == TM_INTERRUPTED) {
    }
    if (status == TM_DEADLOCK)
        tm_pool_release(pool); /* by one of its own workers */
    else
        pool_drop(pool);
}

size_t tm_pool_threads(const tm_pool *pool)
{
    return pool->options.threads;
}

bool tm_pool_refuses_loops(const tm_pool *pool)
{
    /* A task that was queued before the close may still loop on its pool. */
    return tm_pool_is_closed(pool) && tm_pool_worker(pool) < 0;
}

int tm_pool_is_closed(const tm_pool *pool)
{
    return atomic_load_explicit(&pool->closed, memory_order_relaxed);
}

int tm_pool_worker(const tm_pool *pool)
{
    const tm_team *team = tm_pool_current_team(pool);
    return team == NULL ? -1 : tm_team_worker(team);
}

static void pool_add_counters(tm_worker_stats *stats, const tm_counters *counters, double ns_per_tick)
{
    stats->jobs += atomic_load_explicit(&counters->jobs, memory_order_relaxed);
    stats->chunks += atomic_load_explicit(&counters->chunks, memory_order_relaxed);
    stats->steals += atomic_load_explicit(&counters->steals, memory_order_relaxed);
    stats->tasks += atomic_load_explicit(&counters->tasks, memory_order_relaxed);
    stats->parks += atomic_load_explicit(&counters->parks, memory_order_relaxed);
    stats->wakeups += atomic_load_explicit(&counters->wakeups, memory_order_relaxed);
    stats->alone += atomic_load_explicit(&counters->alone, memory_order_relaxed);
    stats->regretted += atomic_load_explicit(&counters->regretted, memory_order_relaxed);
    uint64_t ticks = atomic_load_explicit(&counters->busy_ticks, memory_order_relaxed);
    stats->busy_ns += (uint64_t)((double)ticks * ns_per_tick);
}

/* Measured once: with another factor at each look, busy_ns could go down. A team must be old enough for that. */
static double pool_ns_per_tick(tm_team *team)
{
    double known = atomic_load_explicit(&team->ns_per_tick, memory_order_relaxed);
    if (known != 0) return known;
    int64_t ns;
    do ns = tm_now_ns() - team->start_ns;
    while (ns < POOL_CLOCK_NS);
    double measured = (double)ns / (double)(tm_ticks() - team->start_ticks);
    bool first = atomic_compare_exchange_strong_explicit(&team->ns_per_tick, &known, measured,
                                                         memory_order_relaxed, memory_order_relaxed);
    return first ? measured : known;
}

void tm_pool_stats(tm_pool *pool, tm_worker_stats *stats)
{
    size_t threads = pool->options.threads;
    memset(stats, 0, (threads + 1) * sizeof *stats);
    tm_team *team = tm_pool_current_team(pool);
    if (team == NULL) return;
    double ns_per_tick = pool_ns_per_tick(team);
    for (size_t i = 0; i < threads; i++)
        pool_add_counters(&stats[i], &team->workers[i].counters, ns_per_tick);
    for (size_t i = 0; i < TM_JOB_SLOTS; i++)
        pool_add_counters(&stats[threads], &team->jobs[i].counters, ns_per_tick);
    pool_add_counters(&stats[threads], &team->spawners, ns_per_tick);
}
