/* worker.c: the life of a worker: help loops, run tasks, sleep when there is neither. */
#include "pool.h"

#include "queue.h"

static _Thread_local tm_worker *self;

int tm_team_worker(const tm_team *team)
{
    return self != NULL && self->team == team ? self->index : -1;
}

tm_status tm_at_worker_end(tm_task_fn task, void *arg)
{
    if (self == NULL) return TM_INVALID;
    self->at_end = (tm_task){.run = task, .arg = arg};
    return TM_OK;
}

/* Ends the thread if its work forked and this is the child: its team is the parent's. */
static void leave_if_forked(const tm_team *team)
{
    if (tm_process_generation() != team->generation) pthread_exit(NULL);
}

/* Goes once through the open jobs. Each is entered once: a worker leaves when all chunks are claimed, and
 * comes back when the bell has rung again. */
static void help_loops(tm_team *team, tm_worker *me)
{
    for (size_t i = 0; i < TM_JOB_SLOTS; i++) {
        tm_job *job = &team->jobs[i];
        if (!tm_gate_try_enter(&job->gate)) continue;
        /* A spawner may have counted on this worker just before it went in: hand the tasks on. Pairs with
         * tm_team_call, which looks at the gates after the push. */
        TM_CHAOS(worker_entered);
        if (tm_waiting_tasks(team) > 0) tm_announce_tasks(team);
        job->help(job, me->index, &me->counters);
        leave_if_forked(team);
    }
}

/* Whether the next task can be taken without a look at anything else: the bell has not rung, so nothing has come,
 * and no task of the other kind waits. */
static bool same_kind_waits(tm_team *team, tm_kind kind, uint32_t seen)
{
    return tm_bell_read(&team->bell) == seen && tm_queue_peek(team->tasks[!kind]) == 0 &&
           tm_queue_peek(team->tasks[kind]) > 0;
}

/* Runs tasks if there are any; of the two kinds in turn, so that neither starves beside the other. False if none
 * was there: a worker that another was faster than must look again, as the other kind may have one that nobody
 * else comes for. */
static bool try_tasks(tm_team *team, tm_worker *me, uint32_t seen)
{
    tm_task task;
    tm_kind kind = me->turn;
    if (tm_queue_peek(team->tasks[kind]) == 0) {
        kind = !kind; /* one look at each: a second at the first kind could miss both */
        if (tm_queue_peek(team->tasks[kind]) == 0) return false;
    }
    tm_bell_task_begins(&team->bell); /* before the pop: who pushes after it must not count on this worker */
    uint64_t begin = tm_ticks();
    do {
        bool taken = tm_queue_pop(team->tasks[kind], &task, 1, 0, NULL) == TM_OK;
        TM_CHAOS(worker_popped);
        if (!taken) break;
        /* A loop may have counted on this worker since it last looked. */
        if (tm_bell_read(&team->bell) != seen) tm_team_call(team, NULL, 1);
        me->turn = !kind;
        tm_run_task(team, &me->counters, kind, task);
        leave_if_forked(team);
    } while (same_kind_waits(team, kind, seen));
    tm_count(&me->counters.busy_ticks, tm_ticks() - begin);
    tm_bell_task_ends(&team->bell);
    return true;
}

static void work(tm_team *team, tm_worker *me)
{
    for (;;) {
        uint32_t seen = tm_bell_read(&team->bell); /* before looking: a later ring is then not missed */
        TM_CHAOS(worker_looks);
        bool stopping = atomic_load(&team->stopping);
        help_loops(team, me);
        if (try_tasks(team, me, seen)) continue;
        if (stopping) return; /* stopping closes the queue first, so no task can come after this look */
        if (tm_bell_wait(&team->bell, seen, team->spinners ? TM_IDLE_SPIN_NS : 0, team->spinners))
            tm_count(&me->counters.parks, 1);
    }
}

static void name_thread(const tm_worker *me)
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

void *tm_worker_main(void *arg)
{
    tm_worker *me = arg;
    tm_team *team = me->team;
    const tm_pool_options *options = &team->options;
    TM_CHAOS(worker_starts);
    while (atomic_load(&team->go.word) == 0)
        tm_futex_wait(&team->go, 0, INT64_MAX);
    if (atomic_load(&team->go.word) == 1) {
        self = me;
        name_thread(me);
        if (options->on_start != NULL) {
            tm_bell_task_begins(&team->bell); /* nobody is to count on this worker meanwhile */
            options->on_start(options->ctx, (size_t)me->index);
            tm_bell_task_ends(&team->bell);
        }
        work(team, me);
        if (me->at_end.run != NULL) me->at_end.run(me->at_end.arg);
        if (options->on_stop != NULL) options->on_stop(options->ctx, (size_t)me->index);
    }
    tm_gate_leave(&team->alive);
    TM_CHAOS(worker_ends);
    tm_team_drop(team);
    return NULL;
}
