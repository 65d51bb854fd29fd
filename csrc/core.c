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

bool tm_core_lend(tm_lodger *lodger)
{
    int state = TM_AT_HOME;
    /* acquire: pairs with the release that gave the last loan back */
    if (!atomic_compare_exchange_strong_explicit(&lodger->state, &state, TM_LENDING, memory_order_acquire,
                                                 memory_order_relaxed))
        return false;
    TM_CHAOS(core_lends);
    const bool done = sched_getaffinity(lodger->thread, sizeof lodger->home, &lodger->home) == 0 &&
                      core_confine(lodger->thread, tm_core(), &lodger->home);
    TM_CHAOS(core_lent);
    /* release: who returns the loan sees `home` */
    atomic_store_explicit(&lodger->state, done ? TM_LENT : TM_AT_HOME, memory_order_release);
    return done;
}

/* The calling thread goes to another core of `home`, and may then run on any of them. */
static bool core_leave(const cpu_set_t *home)
{
    cpu_set_t others = *home;
    const int core = tm_core();
    if (core < 0 || core >= CPU_SETSIZE) return false;
    CPU_CLR((size_t)core, &others);
    const bool moved = CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof others, &others) == 0;
    if (moved) sched_setaffinity(0, sizeof *home, home);
    return moved;
}

void tm_core_return(tm_lodger *lodger, bool is_lodger)
{
    int state = TM_LENT;
    if (atomic_load_explicit(&lodger->state, memory_order_relaxed) != TM_LENT) return;
    /* acquire: pairs with the release of the lender, whose `home` this is */
    if (!atomic_compare_exchange_strong_explicit(&lodger->state, &state, TM_RETURNING, memory_order_acquire,
                                                 memory_order_relaxed))
        return;
    TM_CHAOS(core_returns);
    if (!is_lodger || !core_leave(&lodger->home))
        sched_setaffinity(lodger->thread, sizeof lodger->home, &lodger->home);
    TM_CHAOS(core_returned);
    atomic_store_explicit(&lodger->state, TM_AT_HOME, memory_order_release);
}

void tm_core_leave(tm_lodger *me)
{
    int state = TM_AT_HOME;
    cpu_set_t home;
    if (!atomic_compare_exchange_strong_explicit(&me->state, &state, TM_RETURNING, memory_order_acquire,
                                                 memory_order_relaxed))
        return;
    if (sched_getaffinity(0, sizeof home, &home) == 0) core_leave(&home);
    atomic_store_explicit(&me->state, TM_AT_HOME, memory_order_release);
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

void tm_core_return(tm_lodger *lodger, bool is_lodger)
{
    (void)lodger, (void)is_lodger;
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
