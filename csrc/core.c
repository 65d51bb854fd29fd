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

bool tm_core_is_displaced(const tm_lodger *lodger, const void *loop)
{
    /* acquire: pairs with accept's release, so that a lender sees who the thread is */
    if (atomic_load_explicit(&lodger->word, memory_order_acquire) != (uintptr_t)loop) return false;
    struct timespec first, second;
    if (lodger->thread == 0 || clock_gettime(lodger->clock, &first) != 0) return false;
    if (TM_CHAOS_WAKES(core_displaced)) return true;
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

/* A lender is at work, for some 20 us if it has a core. It may have less of a right to one than this thread has. */
static void core_pause(int looks)
{
    if (looks < 100)
        sched_yield();
    else
        usleep(50);
}

/* ---- the worker ------------------------------------------------------------------------------ */

void tm_core_accept(tm_lodger *me, const void *loop)
{
    /* release: who lends next sees what earlier lenders have done */
    atomic_store_explicit(&me->word, (uintptr_t)loop, memory_order_release);
}

void tm_core_decline(tm_lodger *me)
{
    atomic_fetch_or_explicit(&me->word, TM_AWAY, memory_order_relaxed);
}

void tm_core_go_home(tm_lodger *me)
{
    /* acquire: pairs with core_end's release, also for those who lend after the next accept */
    uintptr_t seen = atomic_load_explicit(&me->word, memory_order_acquire);
    for (int looks = 0; seen & (TM_MOVING | TM_LENT);) {
        if (seen & TM_MOVING) {
            core_pause(looks++);
            seen = atomic_load_explicit(&me->word, memory_order_acquire);
        } else if (atomic_compare_exchange_weak_explicit(&me->word, &seen, seen & ~(uintptr_t)TM_LENT,
                                                         memory_order_acquire, memory_order_acquire)) {
            TM_CHAOS(core_goes_home);
            core_leave(&me->home);
            core_restore(0, &me->home);
            return;
        }
    }
}

void tm_core_leave(void)
{
    cpu_set_t home;
    if (sched_getaffinity(0, sizeof home, &home) != 0) return;
    core_leave(&home);
    core_restore(0, &home);
}

/* ---- the lender ------------------------------------------------------------------------------ */

/* Puts LENT, or nothing, in MOVING's place; the thread may have declined meanwhile. */
static void core_end(tm_lodger *lodger, bool lent)
{
    TM_CHAOS(core_moved);
    /* release: who moves the thread next sees `home` */
    atomic_fetch_add_explicit(&lodger->word, (lent ? (uintptr_t)TM_LENT : 0) - TM_MOVING,
                              memory_order_release);
}

bool tm_core_lend(tm_lodger *lodger, const void *loop)
{
    uintptr_t seen = (uintptr_t)loop;
    /* acquire: pairs with accept's release */
    if (!atomic_compare_exchange_strong_explicit(&lodger->word, &seen, seen | TM_MOVING, memory_order_acquire,
                                                 memory_order_relaxed))
        return false;
    TM_CHAOS(core_lends);
    const bool lent = sched_getaffinity(lodger->thread, sizeof lodger->home, &lodger->home) == 0 &&
                      core_confine(lodger->thread, tm_core(), &lodger->home);
    core_end(lodger, lent);
    return lent;
}

void tm_core_take_back(tm_lodger *lodger, const void *loop)
{
    /* relaxed: all of it is the lender's own */
    uintptr_t seen = atomic_load_explicit(&lodger->word, memory_order_relaxed);
    do
        if ((seen & ~(uintptr_t)TM_AWAY) != ((uintptr_t)loop | TM_LENT)) return;
    while (!atomic_compare_exchange_weak_explicit(&lodger->word, &seen, seen + TM_MOVING - TM_LENT,
                                                  memory_order_relaxed, memory_order_relaxed));
    TM_CHAOS(core_returns);
    core_end(lodger, !core_restore(lodger->thread, &lodger->home));
}

/* ---- pinning --------------------------------------------------------------------------------- */

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

void tm_core_accept(tm_lodger *me, const void *loop)
{
    (void)me, (void)loop;
}

void tm_core_decline(tm_lodger *me)
{
    (void)me;
}

void tm_core_go_home(tm_lodger *me)
{
    (void)me;
}

bool tm_core_is_displaced(const tm_lodger *lodger, const void *loop)
{
    (void)lodger, (void)loop;
    return false;
}

bool tm_core_lend(tm_lodger *lodger, const void *loop)
{
    (void)lodger, (void)loop;
    return false;
}

void tm_core_take_back(tm_lodger *lodger, const void *loop)
{
    (void)lodger, (void)loop;
}

void tm_core_leave(void) {}

void tm_core_pin(size_t index)
{
    (void)index;
}

#endif
