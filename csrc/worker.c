/* worker.c: the life of a worker: help loops, run tasks, sleep when there is neither. */
#include "worker.h"

#include "fork.h"
#include "queue.h"
#include "tasks.h"

/* How long a worker without work looks before it sleeps. Longer, as between two loops over arrays of some
 * megabytes a Python program takes 30 to 90 us, its own code and data having been driven from the caches:
 * with 50 the worker had often just gone to sleep, and half of its work was the caller's (scale of 10^6
 * float64: 589 us with 50, 318 with 100, 311 with 200). */
#define IDLE_SPIN_NS 200000

/* A move to another core takes some 20 us, and the caches stay behind. */
#define MOVE_AGAIN_NS 1000000

/* Set before any pool is made. */
static struct {
    void (*begin)(void *arg);
    void *arg;
    void (*end)(void);
    int keep_forks;
} host;

void tm_set_host_thread(void (*begin)(void *arg), void *arg, void (*end)(void), int keep_forks)
{
    host.begin = begin, host.arg = arg, host.end = end, host.keep_forks = keep_forks;
}

static void worker_begin_hosted(tm_worker *me)
{
    if (me->hosted || host.begin == NULL) return;
    me->hosted = true;
    TM_CHAOS(worker_begins_hosted);
    if (host.keep_forks)
        tm_fork_prevent(host.begin, host.arg);
    else
        host.begin(host.arg);
}

tm_status tm_at_worker_end(tm_task_fn task, void *arg)
{
    tm_worker *me = tm_team_self();
    if (me == NULL) return TM_INVALID;
    me->at_end = (tm_task){.run = task, .arg = arg};
    return TM_OK;
}

/* Ends the thread if its work forked and this is the child: its team is the parent's. */
static void worker_leave_if_forked(const tm_team *team)
{
    if (tm_process_generation() != team->generation) pthread_exit(NULL);
}

/* Goes to another core where this one is the caller's, as to help there is to take its place; not again right
 * after that, as where there are as many callers as cores. False for a worker that is pinned there: another one
 * helps. */
static bool worker_clear_core(tm_team *team, tm_worker *me, const tm_job *job)
{
    const int core = atomic_load_explicit(&job->core, memory_order_relaxed);
    if (core < 0 || core != tm_core()) return true;
    if (team->options.pin) return false;
    const int64_t now = tm_now_ns();
    if (now - me->moved_ns > MOVE_AGAIN_NS) {
        me->moved_ns = now;
        tm_core_leave();
    }
    return true;
}

/* Goes once through the open jobs. Each is entered once: a worker leaves when all chunks are claimed, and
 * comes back when the bell has rung again. */
static void worker_help_loops(tm_team *team, tm_worker *me)
{
    for (size_t i = 0; i < TM_JOB_SLOTS; i++) {
        tm_job *job = &team->jobs[i];
        if (!tm_gate_has_room(&job->gate)) continue;
        if (!worker_clear_core(team, me, job) || !tm_gate_try_enter(&job->gate)) continue;
        /* A spawner may have counted on this worker just before it went in: hand the tasks on. Pairs with
         * tm_team_wake, which looks at the gates after the push. */
        TM_CHAOS(worker_entered);
        if (tm_waiting_tasks(team) > 0) tm_announce_tasks(team);
        job->help(job, me);
        worker_leave_if_forked(team);
        tm_core_go_home(&me->lodger); /* before another loop, a task or sleep */
    }
}

static tm_kind worker_other_kind(tm_kind kind)
{
    return kind == TM_SPAWNED ? TM_POSTED : TM_SPAWNED;
}

/* Whether the next task can be taken without a look at anything else: the bell has not rung, so nothing
 * has come, and no task of the other kind waits. */
static bool worker_may_go_on(tm_team *team, tm_kind kind, uint32_t seen)
{
    return tm_bell_read(&team->bell) == seen && tm_queue_peek(team->tasks[worker_other_kind(kind)]) == 0 &&
           tm_queue_peek(team->tasks[kind]) > 0;
}

/* Runs tasks if there are any; of the two kinds in turn, so that neither starves beside the other. False
 * if none was there: a worker that another was faster than must look again, as the other kind may have one
 * that nobody else comes for. */
static bool worker_try_tasks(tm_team *team, tm_worker *me, uint32_t seen)
{
    tm_task task;
    tm_kind kind = me->turn;
    if (tm_queue_peek(team->tasks[kind]) == 0) {
        kind = worker_other_kind(kind); /* one look at each: a second at the first kind could miss both */
        if (tm_queue_peek(team->tasks[kind]) == 0) return false;
    }
    tm_bell_task_begins(&team->bell); /* before the pop: who pushes after it must not count on this worker */
    uint64_t begin = tm_ticks();
    do {
        bool taken = tm_queue_pop(team->tasks[kind], &task, 1, 0, NULL) == TM_OK;
        TM_CHAOS(worker_popped);
        if (!taken) break;
        /* A loop may have counted on this worker since it last looked. */
        if (tm_bell_read(&team->bell) != seen) tm_team_wake(team, NULL, 1);
        me->turn = worker_other_kind(kind);
        if (kind == TM_POSTED) worker_begin_hosted(me);
        tm_run_task(team, &me->counters, kind, task);
        worker_leave_if_forked(team);
    } while (worker_may_go_on(team, kind, seen));
    tm_count(&me->counters.busy_ticks, tm_ticks() - begin);
    tm_bell_task_ends(&team->bell);
    return true;
}

/* How long to look for work before sleeping. Not at all on the core of a caller, who could not go on
 * meanwhile; the system wakes the worker elsewhere. */
static int64_t worker_spin_ns(const tm_team *team)
{
    const int core = atomic_load_explicit(&team->caller_core, memory_order_relaxed);
    return team->spinners == 0 || (core >= 0 && core == tm_core()) ? 0 : IDLE_SPIN_NS;
}

static void worker_wait(tm_team *team, tm_worker *me, uint32_t seen)
{
    tm_event event = {.kind = TM_SPIN_EVENT, .begin = tm_ticks()};
    if (tm_bell_wait(&team->bell, seen, worker_spin_ns(team), team->spinners, &me->asleep)) {
        tm_count(&me->counters.parks, 1);
        event.kind = TM_PARK_EVENT;
        event.begin = atomic_load_explicit(&me->asleep, memory_order_relaxed);
        atomic_store_explicit(&me->asleep, 0, memory_order_relaxed);
    }
    tm_lane *lane = tm_team_lane(team);
    if (lane != NULL) tm_lane_add(lane, event);
}

static void worker_work(tm_team *team, tm_worker *me)
{
    for (;;) {
        uint32_t seen = tm_bell_read(&team->bell); /* before looking: a later ring is then not missed */
        TM_CHAOS(worker_looks);
        bool stopping = atomic_load(&team->stopping);
        worker_help_loops(team, me);
        if (worker_try_tasks(team, me, seen)) continue;
        if (stopping) return; /* stopping closes the queue first, so no task can come after this look */
        worker_wait(team, me, seen);
    }
}

void *tm_worker_main(void *arg)
{
    tm_worker *me = arg;
    tm_team *team = me->team;
    const tm_pool_options *options = &team->options;
    TM_CHAOS(worker_starts);
    if (tm_team_begin(me)) {
        if (options->on_start != NULL) {
            tm_bell_task_begins(&team->bell); /* nobody is to count on this worker meanwhile */
            options->on_start(options->ctx, (size_t)me->index);
            tm_bell_task_ends(&team->bell);
        }
        worker_work(team, me);
        if (me->at_end.run != NULL) me->at_end.run(me->at_end.arg);
        if (me->hosted) host.end();
        if (options->on_stop != NULL) options->on_stop(options->ctx, (size_t)me->index);
    }
    tm_team_end(me);
    return NULL;
}
