/* tasks.c: see tasks.h. */
#include "tasks.h"

#include "queue.h"

#define POSTER_NS 20000

/* See tm_post. Nothing depends on it but time. */
static void task_let_poster_rest(tm_team *team)
{
    if (team->spinners == 0) return;
    int64_t end = tm_now_ns() + POSTER_NS;
    while (atomic_load_explicit(&team->watching, memory_order_relaxed) == 0 && tm_now_ns() < end) tm_relax();
}

void tm_run_task(tm_team *team, tm_counters *counters, tm_kind kind, tm_task task)
{
    if (kind == TM_POSTED) task_let_poster_rest(team);
    tm_lane *lane = tm_team_lane(team);
    const tm_event event = {.kind = TM_TASK_EVENT,
                            .begin = lane == NULL ? 0 : tm_ticks(),
                            .detail = kind == TM_POSTED};
    task.run(task.arg);
    if (lane != NULL) tm_lane_add(lane, event);
    tm_count(&counters->tasks, 1);
    atomic_fetch_add_explicit(&team->ended, 1, memory_order_relaxed);
    TM_CHAOS(task_ran);
    if (kind == TM_SPAWNED) tm_gate_leave(&team->pending);
}

size_t tm_waiting_tasks(const tm_team *team)
{
    return tm_queue_peek(team->tasks[TM_SPAWNED]) + tm_queue_peek(team->tasks[TM_POSTED]);
}

void tm_announce_tasks(tm_team *team)
{
    TM_CHAOS(tasks_pushed);
    /* For all that wait, not for the new ones alone: an awake worker may have been counted on already. */
    tm_bell_ring(&team->bell);
    uint32_t woken = tm_team_wake(team, NULL, tm_waiting_tasks(team));
    if (woken > 0) atomic_fetch_add_explicit(&team->spawners.wakeups, woken, memory_order_relaxed);
}
