/* spawn.c: spawn, post and join.
 *
 * A task goes into the team's `pending` gate when it is spawned and out when it is done; join waits for the
 * gate to be empty. */
#include "pool.h"
#include "queue.h"
#include "tasks.h"

#define WAKE_NS 200000 /* more than waking a sleeper takes: 50 to 120 us on two virtual cores */
#define BATCH 64       /* tasks put into the queue under one lock */

/* Queues tasks that are counted as pending; *done tells how many were taken. A worker that finds the queue
 * full runs one itself: it would else wait for room that only workers make. */
static tm_status spawn_push(tm_team *team, const tm_task *tasks, size_t count, size_t *done)
{
    tm_queue *queue = team->tasks[TM_SPAWNED];
    *done = 0;
    while (*done < count) {
        size_t moved = 0;
        tm_status status = tm_queue_push(queue, tasks + *done, count - *done, 0, &moved);
        *done += moved;
        if (moved > 0) tm_announce_tasks(team);
        if (status == TM_OK) return TM_OK;
        if (status != TM_FULL) return status;
        int worker = tm_team_worker(team);
        if (worker >= 0) {
            tm_run_task(team, &team->workers[worker].counters, TM_SPAWNED, tasks[(*done)++]);
            continue;
        }
        status = tm_queue_push(queue, tasks + *done, 1, TM_FOREVER, &moved);
        *done += moved;
        if (moved > 0) tm_announce_tasks(team);
        if (status != TM_OK) return status;
    }
    return TM_OK;
}

static tm_status spawn_batch(tm_team *team, tm_task *tasks, size_t count, size_t *done)
{
    tm_gate_enter(&team->pending, (uint32_t)count); /* at once: workers that leave write the same word */
    tm_status status = spawn_push(team, tasks, count, done);
    for (size_t i = *done; i < count; i++) tm_gate_leave(&team->pending);
    return status;
}

tm_status tm_spawn_many(tm_pool *pool, tm_task_fn run, void *const *args, size_t count, size_t *done)
{
    tm_team *team;
    size_t taken = 0;
    tm_status status = tm_pool_team(pool, &team);
    while (status == TM_OK && taken < count) {
        tm_task tasks[BATCH];
        size_t batch = TM_MIN(count - taken, (size_t)BATCH);
        size_t moved = 0;
        for (size_t i = 0; i < batch; i++) tasks[i] = (tm_task){.run = run, .arg = args[taken + i]};
        status = spawn_batch(team, tasks, batch, &moved);
        taken += moved;
    }
    if (done != NULL) *done = taken;
    return status;
}

tm_status tm_spawn(tm_pool *pool, tm_task_fn run, void *arg)
{
    return tm_spawn_many(pool, run, &arg, 1, NULL);
}

tm_status tm_post(tm_pool *pool, tm_task_fn run, void *arg)
{
    tm_team *team;
    tm_task task = {.run = run, .arg = arg};
    tm_status status = tm_pool_team(pool, &team);
    if (status == TM_OK) status = tm_queue_push(team->tasks[TM_POSTED], &task, 1, 0, NULL);
    if (status == TM_OK) tm_announce_tasks(team);
    return status;
}

/* ---- waiting ------------------------------------------------------------------------------ */

int tm_pool_needs_worker(const tm_pool *pool)
{
    tm_team *team = tm_pool_current_team(pool);
    if (team == NULL) return false;
    for (size_t i = 0; i < TM_JOB_SLOTS; i++)
        if (tm_gate_has_room(&team->jobs[i].gate)) return true;
    return tm_queue_peek(team->tasks[TM_SPAWNED]) > 0;
}

/* True once a task has ended since `seen`; looks for about a microsecond. */
static bool watch_saw_end(const tm_team *team, uint32_t seen)
{
    for (int i = 0; i < 32; i++) {
        if (atomic_load_explicit(&team->ended, memory_order_relaxed) != seen) return true;
        tm_relax();
    }
    return false;
}

void tm_pool_watch(const tm_pool *pool, int64_t spin_ns)
{
    tm_team *team = tm_pool_current_team(pool);
    if (team == NULL || team->spinners == 0) return; /* looking would only keep a worker from a core */
    uint32_t seen = atomic_load_explicit(&team->ended, memory_order_relaxed);
    atomic_fetch_add_explicit(&team->watching, 1, memory_order_relaxed);
    spin_ns = TM_MIN(spin_ns, INT64_MAX / 4); /* a century: what is added to it below does not overflow */
    int64_t begin = tm_now_ns(), end = begin + spin_ns;
    for (int64_t now = begin; now < end && !watch_saw_end(team, seen); now = tm_now_ns())
        /* A worker still on its way from sleep gets its time once it is here. */
        if (atomic_load_explicit(&team->bell.tokens.word, memory_order_relaxed) > 0 && now - begin < WAKE_NS)
            end = now + spin_ns;
    atomic_fetch_sub_explicit(&team->watching, 1, memory_order_relaxed);
}

tm_status tm_join(tm_pool *pool, int64_t timeout_ns)
{
    tm_team *team = tm_pool_current_team(pool);
    if (team == NULL) return TM_OK; /* no team, no task */
    if (tm_team_worker(team) >= 0) return TM_DEADLOCK;
    return tm_gate_wait(&team->pending, tm_deadline(timeout_ns));
}
