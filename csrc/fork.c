/* fork.c: see fork.h. */
#include "fork.h"

static pthread_mutex_t list_mutex = PTHREAD_MUTEX_INITIALIZER; /* before any watched one */
static tm_fork_watch *list;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int hooks_error; /* set once */

static void fork_before(void)
{
    TM_CHAOS(fork_begins);
    tm_lock(&list_mutex);
    for (tm_fork_watch *watch = list; watch != NULL; watch = watch->next) tm_lock(watch->mutex);
}

static void fork_after(void)
{
    for (tm_fork_watch *watch = list; watch != NULL; watch = watch->next) tm_unlock(watch->mutex);
    tm_unlock(&list_mutex);
}

static void fork_after_in_child(void)
{
    for (tm_fork_watch *watch = list; watch != NULL; watch = watch->next) watch->renew(watch->owner);
    fork_after();
}

static void fork_set_hooks(void)
{
    hooks_error = pthread_atfork(fork_before, fork_after, fork_after_in_child);
}

bool tm_fork_set_hooks(void)
{
    TM_MUST(pthread_once(&once, fork_set_hooks));
    return hooks_error == 0;
}

void tm_fork_enter(tm_fork_watch *watch)
{
    TM_CHAOS(fork_watch);
    tm_lock(&list_mutex);
    watch->next = list;
    watch->link = &list;
    if (list != NULL) list->link = &watch->next;
    list = watch;
    tm_unlock(&list_mutex);
}

void tm_fork_leave(tm_fork_watch *watch)
{
    tm_lock(&list_mutex);
    *watch->link = watch->next;
    if (watch->next != NULL) watch->next->link = watch->link;
    tm_unlock(&list_mutex);
}

void tm_fork_prevent(void (*call)(void *arg), void *arg)
{
    tm_lock(&list_mutex);
    call(arg);
    tm_unlock(&list_mutex);
}
