/* fork.h: mutexes that fork() waits for, so that a child never inherits one that is held by a thread which it
 * does not have, nor half-changed what the mutex guards. For mutexes that are held for a moment only. */
#ifndef TM_FORK_H
#define TM_FORK_H

#include "sync.h"

typedef struct tm_fork_watch {
    /* set once */
    pthread_mutex_t *mutex;
    void (*renew)(void *owner); /* called in the child, the mutex held */
    void *owner;

    struct tm_fork_watch *next, **link; /* in the list of all; guarded by fork.c's mutex */
} tm_fork_watch;

/* From here to tm_fork_leave the mutex is watched. Neither may be called with a watched mutex held, nor
 * before the hooks are set. */
void tm_fork_enter(tm_fork_watch *watch);
void tm_fork_leave(tm_fork_watch *watch);

/* Runs call(arg) while the process cannot fork: for a moment, as for those mutexes. */
void tm_fork_prevent(void (*call)(void *arg), void *arg);

/* Sets the hooks. Who has hooks and a mutex taken before these calls this first: the last hooks set are the
 * first to run before a fork. False, and for good, where the system had no memory for them. */
bool tm_fork_set_hooks(void);

#endif
