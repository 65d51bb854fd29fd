/* clock.h: time: moments, deadlines, and a cheap counter for what was busy. */
#ifndef TM_CLOCK_H
#define TM_CLOCK_H

#include "common.h"

#include <time.h>

static inline int64_t tm_clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t tm_now_ns(void)
{
    return tm_clock_ns(CLOCK_MONOTONIC);
}

/* The CPU time of the calling thread; a system call. */
static inline int64_t tm_thread_ns(void)
{
    return tm_clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* A few milliseconds coarse where that is cheaper: for "is it time to look?" at every chunk. */
static inline int64_t tm_coarse_now_ns(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
    return tm_clock_ns(CLOCK_MONOTONIC_COARSE);
#else
    return tm_now_ns();
#endif
}

/* The cheapest steady counter, in a unit of its own: for busy time, converted when someone asks. */
static inline uint64_t tm_ticks(void)
{
#if TM_X86
    return __builtin_ia32_rdtsc();
#elif TM_ARM64
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    return (uint64_t)tm_now_ns();
#endif
}

/* The moment `timeout_ns` from now; INT64_MAX for TM_FOREVER. */
static inline int64_t tm_deadline(int64_t timeout_ns)
{
    if (timeout_ns < 0) return INT64_MAX;
    int64_t now = tm_now_ns();
    return timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
}

#endif
