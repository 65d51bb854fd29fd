/* worker.h: what a thread of a team does. */
#ifndef TM_WORKER_H
#define TM_WORKER_H

/* For tm_team_start: helps loops, runs tasks, sleeps when there is neither, until the team stops. */
void *tm_worker_main(void *worker);

#endif
