/* thread_limit.c: how many threads the loops of the calling thread may run on. */
#include "common.h"

/* 0: as many as the pool has. The thread's own. */
static _Thread_local size_t thread_limit;

size_t tm_set_thread_limit(size_t limit)
{
    size_t old = thread_limit;
    thread_limit = limit;
    return old;
}

size_t tm_get_thread_limit(void)
{
    return thread_limit;
}
