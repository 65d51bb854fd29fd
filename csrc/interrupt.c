/* interrupt.c: see interrupt.h. */
#include "interrupt.h"

#include "sync.h"

#if !defined(__APPLE__)
#include <sys/syscall.h>
#endif

static _Atomic(int (*)(void)) interrupt_check; /* any thread, atomically */

void tm_set_interrupt_check(int (*check)(void))
{
    atomic_store(&interrupt_check, check);
}

/* Signal handlers of interpreters run on the main thread alone, so others need not ask. */
static bool interrupt_is_main_thread(void)
{
#if defined(__APPLE__)
    return pthread_main_np() != 0;
#else
    return getpid() == (pid_t)syscall(SYS_gettid);
#endif
}

bool tm_interrupted(void)
{
    int (*check)(void) = atomic_load(&interrupt_check);
    return check != NULL && interrupt_is_main_thread() && check() != 0;
}

int64_t tm_interrupt_slice(int64_t deadline)
{
    if (atomic_load(&interrupt_check) == NULL || !interrupt_is_main_thread()) return deadline;
    return TM_MIN(deadline, tm_now_ns() + TM_INTERRUPT_PERIOD_NS);
}
