/* core.h: the cores that threads run on, and a waiting caller that lends its own.
 *
 * A worker that the system displaces in the middle of a chunk gets its core back after a time slice of
 * others, some 4 ms. The caller that waits for the chunk does not need its own core meanwhile: it moves the
 * worker there and sleeps. The worker's affinity is narrowed for that, until the chunk is done or the caller
 * looks again.
 *
 *     state: AT_HOME → MOVING → LENT → MOVING → AT_HOME
 *
 * Only who has brought the state to MOVING reads or writes `home` and changes the affinity. Where the system
 * refuses to give `home` back, the state stays LENT and the worker tries again.
 *
 * Linux only. Elsewhere no core is known, and nothing moves. */
#ifndef TM_CORE_H
#define TM_CORE_H

#include "sync.h"

#ifdef __linux__
#include <sched.h>
#endif

typedef enum tm_core_state { TM_AT_HOME, TM_MOVING, TM_LENT } tm_core_state;

/* A thread that may be lent a core. */
typedef struct tm_lodger {
    _Atomic int state; /* a tm_core_state: any thread, atomically */
    int thread;        /* set by the thread itself before anybody lends to it */
#ifdef __linux__
    clockid_t clock; /* its CPU time; set with `thread` */
    cpu_set_t home;  /* the affinity to give back: see above */
#endif
} tm_lodger;

/* The core that the calling thread is on, at this moment; -1: not known. */
int tm_core(void);

/* The calling thread says who it is. */
void tm_core_enroll(tm_lodger *me);

/* Whether the thread, which is alive, wants to run and is not on any core now: its CPU time stands still, and the
 * system calls it runnable. A core that a virtual machine's host takes away does not show. */
bool tm_core_is_displaced(const tm_lodger *lodger);

/* Moves the thread to the calling thread's core, if that is among its own. */
bool tm_core_lend(tm_lodger *lodger);

/* The loan is over, if there is one; for any thread. */
void tm_core_take_back(tm_lodger *lodger);

/* The same for the lodger itself, which goes to another core. */
void tm_core_go_home(tm_lodger *me);

/* The calling thread, which is `me`, goes to another core, if it may run on one. */
void tm_core_leave(tm_lodger *me);

/* Has the calling thread run on one of its cores alone: the one after the first for index 0, and so on around. */
void tm_core_pin(size_t index);

#endif
