/* core.c: see core.h. */
#include "core.h"

#include "cgroup.h"

#ifdef __linux__
#include <sys/syscall.h>
#endif

#if defined(__linux__) && !defined(TM_PORTABLE)

/* Between two looks at a thread's CPU time: that of a thread on a core goes on. */
enum { LOOK_NS = 2000 };

int tm_core(void)
{
    return sched_getcpu();
}

void tm_core_enroll(tm_lodger *me)
{
    me->thread = (int)syscall(SYS_gettid);
    if (pthread_getcpuclockid(pthread_self(), &me->clock) != 0) me->thread = 0;
}

static bool core_wants_to_run(int thread)
{
    char directory[64], line[512], state = 0;
    snprintf(directory, sizeof directory, "/proc/self/task/%d", thread);
    if (!tm_read_line(directory, "stat", line, sizeof line)) return false;
    const char *name_end = strrchr(line, ')'); /* a name may have any characters */
    return name_end != NULL && sscanf(name_end + 1, " %c", &state) == 1 && state == 'R';
}

bool tm_core_is_displaced(const tm_lodger *lodger)
{
    struct timespec first, second;
    if (lodger->thread == 0 || clock_gettime(lodger->clock, &first) != 0) return false;
    for (int64_t end = tm_now_ns() + LOOK_NS; tm_now_ns() < end;) tm_relax();
    if (clock_gettime(lodger->clock, &second) != 0) return false;
    return first.tv_sec == second.tv_sec && first.tv_nsec == second.tv_nsec &&
           core_wants_to_run(lodger->thread);
}

/* Has the thread run on one core of those in `home` alone. */
static bool core_confine(int thread, int core, const cpu_set_t *home)
{
    cpu_set_t one;
    if (core < 0 || core >= CPU_SETSIZE || !CPU_ISSET((size_t)core, home)) return false;
    CPU_ZERO(&one);
    CPU_SET((size_t)core, &one);
    return sched_setaffinity(thread, sizeof one, &one) == 0;
}

/* Gives `home` back. Where that is all that the system allows, it is asked for all there is: a wish for these
 * very cores would outlive changes of the cpuset (Linux 6.2). */
static bool core_restore(int thread, const cpu_set_t *home)
{
    cpu_set_t all, allowed;
    memset(&all, 0xff, sizeof all);
    if (sched_setaffinity(thread, sizeof all, &all) == 0 &&
        sched_getaffinity(thread, sizeof allowed, &allowed) == 0 && CPU_EQUAL(&allowed, home))
        return true;
    return sched_setaffinity(thread, sizeof *home, home) == 0;
}

/* The calling thread goes to another core of `home`, if there is one. */
static void core_leave(const cpu_set_t *home)
{
    cpu_set_t others = *home;
    const int core = tm_core();
    if (core < 0 || core >= CPU_SETSIZE) return;
    CPU_CLR((size_t)core, &others);
    if (CPU_COUNT(&others) > 0) sched_setaffinity(0, sizeof others, &others);
}

/* From one state to TM_MOVING; the caller alone may then change the affinity. */
static bool core_begin(tm_lodger *lodger, int state)
{
    /* acquire: pairs with core_end's release */
    return atomic_load_explicit(&lodger->state, memory_order_relaxed) == state &&
           atomic_compare_exchange_strong_explicit(&lodger->state, &state, TM_MOVING, memory_order_acquire,
                                                   memory_order_relaxed);
}

/* release: who moves the thread next sees `home` */
static void core_end(tm_lodger *lodger, int state)
{
    atomic_store_explicit(&lodger->state, state, memory_order_release);
}

bool tm_core_lend(tm_lodger *lodger)
{
    if (!core_begin(lodger, TM_AT_HOME)) return false;
    TM_CHAOS(core_lends);
    const bool done = sched_getaffinity(lodger->thread, sizeof lodger->home, &lodger->home) == 0 &&
                      core_confine(lodger->thread, tm_core(), &lodger->home);
    TM_CHAOS(core_lent);
    core_end(lodger, done ? TM_LENT : TM_AT_HOME);
    return done;
}

void tm_core_take_back(tm_lodger *lodger)
{
    if (!core_begin(lodger, TM_LENT)) return;
    TM_CHAOS(core_returns);
    core_end(lodger, core_restore(lodger->thread, &lodger->home) ? TM_AT_HOME : TM_LENT);
}

void tm_core_go_home(tm_lodger *me)
{
    if (!core_begin(me, TM_LENT)) return;
    TM_CHAOS(core_goes_home);
    core_leave(&me->home);
    core_end(me, core_restore(0, &me->home) ? TM_AT_HOME : TM_LENT);
}

void tm_core_leave(tm_lodger *me)
{
    if (!core_begin(me, TM_AT_HOME)) return;
    const bool known = sched_getaffinity(0, sizeof me->home, &me->home) == 0;
    if (known) core_leave(&me->home);
    core_end(me, !known || core_restore(0, &me->home) ? TM_AT_HOME : TM_LENT);
}

void tm_core_pin(size_t index)
{
    cpu_set_t home;
    if (sched_getaffinity(0, sizeof home, &home) != 0) return;
    size_t turns = (index + 1) % (size_t)CPU_COUNT(&home);
    for (int core = 0; core < CPU_SETSIZE; core++)
        if (CPU_ISSET((size_t)core, &home) && turns-- == 0) {
            core_confine(0, core, &home);
            return;
        }
}

#else

int tm_core(void)
{
    return -1;
}

void tm_core_enroll(tm_lodger *me)
{
    (void)me;
}

bool tm_core_is_displaced(const tm_lodger *lodger)
{
    (void)lodger;
    return false;
}

bool tm_core_lend(tm_lodger *lodger)
{
    (void)lodger;
    return false;
}

void tm_core_take_back(tm_lodger *lodger)
{
    (void)lodger;
}

void tm_core_go_home(tm_lodger *me)
{
    (void)me;
}

void tm_core_leave(tm_lodger *me)
{
    (void)me;
}

void tm_core_pin(size_t index)
{
    (void)index;
}

#endif
