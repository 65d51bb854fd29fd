/* pool.c: teams of threads: start all or none, look for work, sleep, stop.
 *
 * Lifecycle steps hold one process-wide mutex that fork() waits for, so a child never inherits it locked.
 * Everything that a fork may leave half-done lives in the team, and the child leaves that team alone. */
#include "pool.h"

#include "fork.h"
#include "queue.h"

#include <signal.h>

#define DEFAULT_QUEUE_CAPACITY 65536

static pthread_mutex_t lifecycle = PTHREAD_MUTEX_INITIALIZER; /* state and threads of every pool */
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static int fork_error; /* set once */
static _Atomic uint64_t generation; /* forks between the first process and this one */

uint64_t tm_process_generation(void)
{
    return atomic_load_explicit(&generation, memory_order_relaxed);
}

/* ---- fork --------------------------------------------------------------------------------- */

static void before_fork(void)
{
    tm_lock(&lifecycle);
}

static void after_fork_in_parent(void)
{
    tm_unlock(&lifecycle);
}

static void after_fork_in_child(void)
{
    atomic_fetch_add(&generation, 1);
    tm_unlock(&lifecycle);
}

/* The queues' hooks first: they are to run after these, which take the lifecycle mutex before any queue's. */
static void watch_forks(void)
{
    fork_error = !tm_fork_set_hooks() ||
                 pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) != 0;
}

/* ---- starting a team, lifecycle mutex held ------------------------------------------------ */

#define OWN_FUTEXES 4 /* a team has these besides one for each job slot */

static tm_futex *futex_at(tm_team *team, size_t i)
{
    tm_futex *own[OWN_FUTEXES] = {&team->bell.calls, &team->go, &team->pending.state, &team->alive.state};
    return i < OWN_FUTEXES ? own[i] : &team->jobs[i - OWN_FUTEXES].gate.state;
}

/* Counts those made, as only they may be destroyed. */
static bool make_futexes(tm_team *team)
{
    while (team->futexes < OWN_FUTEXES + TM_JOB_SLOTS && tm_futex_init(futex_at(team, team->futexes)) == 0)
        team->futexes += 1;
    return team->futexes == OWN_FUTEXES + TM_JOB_SLOTS;
}

static void free_team(tm_team *team)
{
    for (size_t i = 0; i < TM_KINDS; i++)
        tm_queue_destroy(team->tasks[i]);
    free(team->slices);
    free(team->workers);
    while (team->futexes > 0)
        tm_futex_destroy(futex_at(team, --team->futexes));
    free(team);
}

void tm_team_drop(tm_team *team)
{
    /* acquire and release: what every holder did comes before the free */
    if (atomic_fetch_sub_explicit(&team->holders, 1, memory_order_acq_rel) == 1) free_team(team);
}

static void *aligned_zeros(size_t count, size_t size)
{
    void *memory = NULL;
    if (posix_memalign(&memory, TM_LINE, count * size) != 0) return NULL;
    return memset(memory, 0, count * size);
}

/* One fewer than all, as a loop's caller is at work too; none where spinning only takes a core away. */
static uint32_t count_spinners(size_t threads, size_t cores)
{
    return threads > cores ? 0 : (uint32_t)TM_MIN(TM_MAX(threads - 1, 1), cores - 1);
}

static tm_team *allocate_team(tm_pool *pool)
{
    size_t threads = pool->options.threads;
    tm_team *team = aligned_zeros(1, sizeof *team);
    if (team == NULL) return NULL;
    team->options = pool->options;
    memcpy(team->name, pool->name, sizeof team->name);
    team->threads = threads;
    team->holders = threads + 1;
    team->generation = atomic_load(&generation);
    team->spinners = count_spinners(threads, tm_usable_cores());
    team->workers = aligned_zeros(threads, sizeof *team->workers);
    team->slices = aligned_zeros(threads * TM_JOB_SLOTS, sizeof *team->slices);
    if (!make_futexes(team) || team->workers == NULL || team->slices == NULL ||
        tm_queue_create(pool->options.queue_capacity, sizeof(tm_task), TM_FIFO, &team->tasks[TM_SPAWNED]) != TM_OK ||
        tm_queue_create(0, sizeof(tm_task), TM_FIFO, &team->tasks[TM_POSTED]) != TM_OK) {
        free_team(team);
        return NULL;
    }
    for (size_t i = 0; i < TM_JOB_SLOTS; i++)
        team->jobs[i].slices = team->slices + i * threads;
    team->start_ticks = tm_ticks();
    team->start_ns = tm_now_ns();
    return team;
}

static int start_thread(tm_worker *worker)
{
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0) return error;
    size_t stack = 0;
    TM_MUST(pthread_attr_getstacksize(&attributes, &stack));
    /* macOS and musl give new threads 128 to 512 KiB, too little for an interpreter's frames. */
    if (stack < 4u << 20) TM_MUST(pthread_attr_setstacksize(&attributes, 4u << 20));
    error = pthread_create(&worker->thread, &attributes, tm_worker_main, worker);
    pthread_attr_destroy(&attributes);
    return error;
}

/* Starts workers until one fails; returns how many run. Signals are for the program's own threads. */
static size_t start_threads(tm_team *team)
{
    sigset_t all, old;
    size_t started = 0;
    sigfillset(&all);
    /* What a thread does to itself must reach the program's handlers, such as a crash reporter's. */
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        sigdelset(&all, own[i]);
    TM_MUST(pthread_sigmask(SIG_SETMASK, &all, &old));
    for (; started < team->threads; started++) {
        tm_worker *worker = &team->workers[started];
        worker->team = team;
        worker->index = (int)started;
        TM_CHAOS(pool_starts_thread);
        tm_gate_enter(&team->alive, 1);
        if (start_thread(worker) != 0) {
            tm_gate_leave(&team->alive);
            break;
        }
    }
    TM_MUST(pthread_sigmask(SIG_SETMASK, &old, NULL));
    return started;
}

static void join_threads(tm_team *team, size_t count)
{
    for (size_t i = 0; i < count; i++)
        TM_MUST(pthread_join(team->workers[i].thread, NULL));
}

static tm_status start_team_locked(tm_pool *pool, tm_team **result)
{
    tm_team *team = allocate_team(pool);
    if (team == NULL) return TM_NO_MEMORY;
    atomic_store(&team->bell.idle, team->threads); /* all awake: each will look before it sleeps */
    size_t started = start_threads(team);
    bool all = started == team->threads;
    atomic_store(&team->go.word, all ? 1 : 2);
    tm_futex_wake(&team->go, UINT32_MAX);
    if (!all) {
        join_threads(team, started);
        free_team(team);
        return TM_NO_THREAD;
    }
    atomic_store_explicit(&pool->team, team, memory_order_release);
    *result = team;
    return TM_OK;
}

tm_team *tm_pool_current_team(const tm_pool *pool)
{
    /* acquire: pairs with start_team_locked's release */
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
    if (*team == NULL) status = atomic_load(&pool->closed) ? TM_CLOSED : start_team_locked(pool, team);
    tm_unlock(&lifecycle);
    return status;
}

/* ---- the pool ----------------------------------------------------------------------------- */

tm_status tm_pool_create(const tm_pool_options *options, tm_pool **pool)
{
    *pool = NULL;
    if (options->threads < 1 || options->threads > INT16_MAX) return TM_INVALID;
    TM_MUST(pthread_once(&fork_once, watch_forks));
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
    if (team != NULL && !atomic_load(&team->stopping)) {
        for (size_t i = 0; i < TM_KINDS; i++)
            tm_queue_close(team->tasks[i], false);
        TM_CHAOS(pool_queues_closed);
        atomic_store(&team->stopping, true);
        tm_bell_ring(&team->bell);
        tm_bell_call(&team->bell, UINT32_MAX, 0);
    }
    tm_unlock(&lifecycle);
}

tm_status tm_pool_shutdown(tm_pool *pool)
{
    tm_pool_close(pool);
    tm_team *team = tm_pool_current_team(pool);
    if (team == NULL) return TM_OK;
    if (tm_team_worker(team) >= 0) return TM_DEADLOCK;
    tm_status status = tm_gate_wait(&team->alive, 0, INT64_MAX);
    if (status != TM_OK) return status;
    TM_CHAOS(pool_threads_left);
    if (!atomic_exchange(&team->joined, true)) join_threads(team, team->threads);
    return TM_OK;
}

static void drop_pool(tm_pool *pool)
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
    if (team != NULL && !atomic_exchange(&team->joined, true))
        for (size_t i = 0; i < team->threads; i++)
            TM_MUST(pthread_detach(team->workers[i].thread));
    drop_pool(pool);
}

void tm_pool_destroy(tm_pool *pool)
{
    if (pool == NULL) return;
    tm_status status;
    while ((status = tm_pool_shutdown(pool)) == TM_INTERRUPTED) {
    }
    if (status == TM_DEADLOCK) tm_pool_release(pool); /* by one of its own workers */
    else drop_pool(pool);
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

static void add_counters(tm_worker_stats *stats, const tm_counters *counters, double ns_per_tick)
{
    stats->jobs += atomic_load_explicit(&counters->jobs, memory_order_relaxed);
    stats->chunks += atomic_load_explicit(&counters->chunks, memory_order_relaxed);
    stats->steals += atomic_load_explicit(&counters->steals, memory_order_relaxed);
    stats->tasks += atomic_load_explicit(&counters->tasks, memory_order_relaxed);
    stats->parks += atomic_load_explicit(&counters->parks, memory_order_relaxed);
    stats->wakeups += atomic_load_explicit(&counters->wakeups, memory_order_relaxed);
    uint64_t ticks = atomic_load_explicit(&counters->busy_ticks, memory_order_relaxed);
    stats->busy_ns += (uint64_t)((double)ticks * ns_per_tick);
}

void tm_pool_stats(tm_pool *pool, tm_worker_stats *stats)
{
    size_t threads = pool->options.threads;
    memset(stats, 0, (threads + 1) * sizeof *stats);
    tm_team *team = tm_pool_current_team(pool);
    if (team == NULL) return;
    uint64_t ticks = tm_ticks() - team->start_ticks;
    double ns_per_tick = ticks > 0 ? (double)(tm_now_ns() - team->start_ns) / (double)ticks : 0;
    for (size_t i = 0; i < threads; i++)
        add_counters(&stats[i], &team->workers[i].counters, ns_per_tick);
    for (size_t i = 0; i < TM_JOB_SLOTS; i++)
        add_counters(&stats[threads], &team->jobs[i].counters, ns_per_tick);
    add_counters(&stats[threads], &team->spawners, ns_per_tick);
}
