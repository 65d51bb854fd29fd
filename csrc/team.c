/* team.c: see team.h. */
#include "team.h"

#include "machine.h"
#include "queue.h"

#include <signal.h>

static _Atomic uint64_t generation; /* forks between the first process and this one */

static _Thread_local tm_worker *self;

uint64_t tm_process_generation(void)
{
    return atomic_load_explicit(&generation, memory_order_relaxed);
}

void tm_process_has_forked(void)
{
    atomic_fetch_add(&generation, 1);
}

tm_worker *tm_team_self(void)
{
    return self;
}

int tm_team_worker(const tm_team *team)
{
    return self != NULL && self->team == team ? self->index : -1;
}

/* ---- starting ------------------------------------------------------------------------------- */

#define OWN_FUTEXES 4 /* a team has these besides one for each job slot */

static tm_futex *team_futex(tm_team *team, size_t i)
{
    tm_futex *own[OWN_FUTEXES] = {&team->bell.tokens, &team->go, &team->pending.state, &team->alive.state};
    return i < OWN_FUTEXES ? own[i] : &team->jobs[i - OWN_FUTEXES].gate.state;
}

/* Counts those made, as only they may be destroyed. */
static bool team_make_futexes(tm_team *team)
{
    while (team->futexes < OWN_FUTEXES + TM_JOB_SLOTS && tm_futex_init(team_futex(team, team->futexes)) == 0)
        team->futexes += 1;
    return team->futexes == OWN_FUTEXES + TM_JOB_SLOTS;
}

static void team_free(tm_team *team)
{
    for (size_t i = 0; i < TM_KINDS; i++) tm_queue_destroy(team->tasks[i]);
    if (team->lanes != NULL) tm_lanes_clear(team->lanes, team->threads + 1);
    free(team->lanes);
    free(team->slices);
    free(team->workers);
    while (team->futexes > 0) tm_futex_destroy(team_futex(team, --team->futexes));
    free(team);
}

void tm_team_drop(tm_team *team)
{
    /* acquire and release: what every holder did comes before the free */
    if (atomic_fetch_sub_explicit(&team->holders, 1, memory_order_acq_rel) == 1) team_free(team);
}

static void *team_zeros(size_t count, size_t size)
{
    void *memory = NULL;
    if (posix_memalign(&memory, TM_LINE, count * size) != 0) return NULL;
    return memset(memory, 0, count * size);
}

/* One fewer than all, as a loop's caller is at work too; none where spinning only takes a core away. */
static uint32_t team_count_spinners(size_t threads, size_t cores)
{
    return threads > cores ? 0 : (uint32_t)TM_MIN(TM_MAX(threads - 1, 1), cores - 1);
}

static tm_team *team_allocate(const tm_pool_options *options)
{
    size_t threads = options->threads;
    tm_team *team = team_zeros(1, sizeof *team);
    if (team == NULL) return NULL;
    team->options = *options;
    snprintf(team->name, sizeof team->name, "%s", options->name);
    team->options.name = team->name;
    team->threads = threads;
    team->holders = threads + 1;
    team->generation = tm_process_generation();
    team->spinners = team_count_spinners(threads, tm_usable_cores());
    team->workers = team_zeros(threads, sizeof *team->workers);
    team->slices = team_zeros(threads * TM_JOB_SLOTS, sizeof *team->slices);
    team->lanes = team_zeros(threads + 1, sizeof *team->lanes);
    if (!team_make_futexes(team) || team->workers == NULL || team->slices == NULL || team->lanes == NULL ||
        tm_queue_create(options->queue_capacity, sizeof(tm_task), TM_FIFO, &team->tasks[TM_SPAWNED]) !=
            TM_OK ||
        tm_queue_create(0, sizeof(tm_task), TM_FIFO, &team->tasks[TM_POSTED]) != TM_OK) {
        team_free(team);
        return NULL;
    }
    for (size_t i = 0; i < TM_JOB_SLOTS; i++) team->jobs[i].slices = team->slices + i * threads;
    team->caller_core = -1;
    team->start_ticks = tm_ticks();
    team->start_ns = tm_now_ns();
    return team;
}

static int team_start_thread(tm_worker *worker, void *(*main)(void *))
{
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0) return error;
    size_t stack = 0;
    TM_MUST(pthread_attr_getstacksize(&attributes, &stack));
    /* macOS and musl give new threads 128 to 512 KiB, too little for an interpreter's frames. */
    if (stack < 4u << 20) TM_MUST(pthread_attr_setstacksize(&attributes, 4u << 20));
    error = pthread_create(&worker->thread, &attributes, main, worker);
    pthread_attr_destroy(&attributes);
    return error;
}

/* Starts workers until one fails; returns how many run. Signals are for the program's own threads. */
static size_t team_start_threads(tm_team *team, void *(*main)(void *))
{
    sigset_t all, old;
    size_t started = 0;
    sigfillset(&all);
    /* What a thread does to itself must reach the program's handlers, such as a crash reporter's. */
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) sigdelset(&all, own[i]);
    TM_MUST(pthread_sigmask(SIG_SETMASK, &all, &old));
    for (; started < team->threads; started++) {
        tm_worker *worker = &team->workers[started];
        worker->team = team;
        worker->index = (int)started;
        TM_CHAOS(team_starts_thread);
        tm_gate_enter(&team->alive, 1);
        if (team_start_thread(worker, main) != 0) {
            tm_gate_leave(&team->alive);
            break;
        }
    }
    TM_MUST(pthread_sigmask(SIG_SETMASK, &old, NULL));
    return started;
}

static void team_join_threads(tm_team *team, size_t count)
{
    for (size_t i = 0; i < count; i++) TM_MUST(pthread_join(team->workers[i].thread, NULL));
}

void tm_team_before_start(void)
{
    if (self == NULL) return;
    tm_core_decline(&self->lodger);
    tm_core_go_home(&self->lodger);
}

tm_status tm_team_start(const tm_pool_options *options, void *(*main)(void *worker), tm_team **result)
{
    tm_team_before_start();
    tm_team *team = *result = team_allocate(options);
    if (team == NULL) return TM_NO_MEMORY;
    atomic_store(&team->bell.idle, team->threads); /* all awake: each will look before it sleeps */
    size_t started = team_start_threads(team, main);
    bool all = started == team->threads;
    atomic_store(&team->go.word, all ? 1 : 2);
    tm_futex_wake(&team->go, UINT32_MAX);
    if (all) return TM_OK;
    team_join_threads(team, started);
    team_free(team);
    *result = NULL;
    return TM_NO_THREAD;
}

/* ---- a thread's first and last steps -------------------------------------------------------- */

static void team_name_thread(const tm_worker *me)
{
    char name[TM_NAME_SIZE + 24];
    snprintf(name, sizeof name, "%s-%d", me->team->name, me->index);
    name[TM_NAME_SIZE - 1] = '\0';
#if defined(__APPLE__)
    pthread_setname_np(name);
#else
    pthread_setname_np(pthread_self(), name);
#endif
}

bool tm_team_begin(tm_worker *me)
{
    tm_team *team = me->team;
    while (atomic_load(&team->go.word) == 0) tm_futex_wait(&team->go, 0, INT64_MAX);
    if (atomic_load(&team->go.word) != 1) return false;
    self = me;
    tm_core_enroll(&me->lodger);
    if (team->options.pin) tm_core_pin((size_t)me->index);
    team_name_thread(me);
    return true;
}

void tm_team_end(tm_worker *me)
{
    tm_team *team = me->team;
    tm_gate_leave(&team->alive);
    TM_CHAOS(team_thread_ends);
    tm_team_drop(team);
}

/* ---- ending --------------------------------------------------------------------------------- */

void tm_team_stop(tm_team *team)
{
    if (atomic_load(&team->stopping)) return;
    for (size_t i = 0; i < TM_KINDS; i++) tm_queue_close(team->tasks[i], false);
    TM_CHAOS(team_queues_closed);
    atomic_store(&team->stopping, true);
    tm_bell_ring(&team->bell);
    tm_bell_wake(&team->bell, UINT32_MAX, 0);
}

tm_status tm_team_join(tm_team *team)
{
    tm_status status = tm_gate_wait(&team->alive, INT64_MAX);
    if (status != TM_OK) return status;
    TM_CHAOS(team_threads_left);
    if (!atomic_exchange(&team->joined, true)) team_join_threads(team, team->threads);
    return TM_OK;
}

void tm_team_detach(tm_team *team)
{
    if (atomic_exchange(&team->joined, true)) return;
    for (size_t i = 0; i < team->threads; i++) TM_MUST(pthread_detach(team->workers[i].thread));
}

/* ---- waking --------------------------------------------------------------------------------- */

uint32_t tm_team_wake(tm_team *team, const tm_job *mine, size_t wanted)
{
    uint32_t busy = 0;
    if (tm_bell_asleep(atomic_load(&team->bell.idle)) == 0) return 0; /* B in bell.h */
    for (size_t i = 0; i < TM_JOB_SLOTS; i++)
        if (&team->jobs[i] != mine) busy += tm_gate_inside(&team->jobs[i].gate);
    if (mine != NULL)
        wanted += team->options.pin; /* the one that is pinned to the caller's core is no help */
    tm_lane *lane = tm_team_lane(team);
    tm_event wake = {.kind = TM_WAKE_EVENT, .begin = lane == NULL ? 0 : tm_ticks()};
    wake.count = tm_bell_wake(&team->bell, (uint32_t)TM_MIN(wanted, UINT32_MAX), busy);
    if (lane != NULL && wake.count > 0) tm_lane_add(lane, wake);
    return (uint32_t)wake.count;
}
