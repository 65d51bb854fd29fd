/* core.h: the cores that threads run on, and a waiting caller that lends its own.
 *
 * A worker that the system displaces in the middle of a chunk gets its core back after a time slice of
 * others, some 4 ms. The caller that waits for the chunk does not need its own core meanwhile: it moves the
 * worker there and sleeps. The worker's affinity is narrowed for that, until the chunk is done or the caller
 * looks again.
 *
 * A worker accepts loans from the owner of the loop that it is in, and declines before it leaves:
 *
 *     word = loop                        at home, and accepts
 *          | TM_MOVING or TM_LENT        the owner is changing the affinity, or has narrowed it
 *          | TM_AWAY                     declines; a loan that there is goes on
 *
 * Only the owner sets MOVING, and while it is set nobody else changes the affinity or reads `home`: the worker
 * waits. Whoever takes LENT down, the owner or the worker that goes home, gives `home` back. So no owner comes
 * to a worker that has gone on to another loop, a task or its end. Where the system refuses the owner, LENT
 * stays, and the worker tries.
 *
 * Linux only. Elsewhere no core is known, and nothing moves. */
#ifndef TM_CORE_H
#define TM_CORE_H

#include "sync.h"

#ifdef __linux__
#include <sched.h>
#endif

enum { TM_MOVING = 1, TM_LENT = 2, TM_AWAY = 4 };

/* A thread that may be lent a core. */
typedef struct tm_lodger {
    _Atomic uintptr_t word; /* any thread, atomically */
    int thread;             /* set by the thread itself before it accepts */
#ifdef __linux__
    clockid_t clock; /* its CPU time; set with `thread` */
    cpu_set_t home;  /* the affinity to give back: see above */
#endif
} tm_lodger;

/* The core that the calling thread is on, at this moment; -1: not known. */
int tm_core(void);

/* The calling thread says who it is. */
void tm_core_enroll(tm_lodger *me);

/* The calling thread, which is `me`, has entered the loop, or is to leave it. A loop is an address, a multiple of 8. */
void tm_core_accept(tm_lodger *me, const void *loop);
void tm_core_decline(tm_lodger *me);

/* No loan is left: the calling thread, which is `me`, has declined and has its own affinity. */
void tm_core_go_home(tm_lodger *me);

/* Whether the thread accepts loans in the loop, wants to run and is not on any core now: its CPU time stands still,
 * and the system calls it runnable. A core that a virtual machine's host takes away does not show. */
bool tm_core_is_displaced(const tm_lodger *lodger, const void *loop);

/* By the loop's owner: moves the thread to the owner's core, if it accepts and that core is among its own. */
bool tm_core_lend(tm_lodger *lodger, const void *loop);

/* By the same: the loan is over, if the thread has not ended it. */
void tm_core_take_back(tm_lodger *lodger, const void *loop);

/* The calling thread, which has no loan, goes to another core, if it may run on one. */
void tm_core_leave(void);

/* Has the calling thread run on one of its cores alone: the one after the first for index 0, and so on around. */
void tm_core_pin(size_t index);

#endif
