/* tasks.h: the tasks of a team: counted, announced, run. */
#ifndef TM_TASKS_H
#define TM_TASKS_H

#include "team.h"

/* Runs a task; a spawned one was counted as pending. */
void tm_run_task(tm_team *team, tm_counters *counters, tm_kind kind, tm_task task);

/* How many tasks wait, of both kinds. */
size_t tm_waiting_tasks(const tm_team *team);

/* Rings for the tasks that wait. */
void tm_announce_tasks(tm_team *team);

#endif
