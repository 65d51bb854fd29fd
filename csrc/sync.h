/* sync.h: the thin layer over the system: mutex, condition, futex, spin pause.
 *
 * A futex here is a 32-bit atomic word that threads can sleep on: Linux's own, or (macOS, and any build
 * with TM_PORTABLE or TM_PORTABLE_SYNC) the same contract made of a mutex and a condition. Waits may
 * return early; every caller loops over its predicate. */
#ifndef TM_SYNC_H
#define TM_SYNC_H

#include "chaos.h"
#include "clock.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#if defined(__linux__) && !defined(TM_PORTABLE_SYNC) && !defined(TM_PORTABLE)
#define TM_LINUX_FUTEX 1
#include <linux/futex.h>
#include <sys/syscall.h>
#else
#define TM_LINUX_FUTEX 0
#endif

/* ---- spinning ----------------------------------------------------------------------------- */

static inline void tm_relax(void)
{
#if TM_X86
    __builtin_ia32_pause();
#elif TM_ARM64
    __asm__ volatile("isb" ::: "memory");
#endif
}

/* ---- mutex and condition ------------------------------------------------------------------ */

static inline void tm_lock(pthread_mutex_t *mutex)
{
    TM_MUST(pthread_mutex_lock(mutex));
}

static inline void tm_unlock(pthread_mutex_t *mutex)
{
    TM_MUST(pthread_mutex_unlock(mutex));
}

/* A condition whose deadlines are tm_now_ns moments. Returns 0 or an errno. */
static inline int tm_condition_init(pthread_cond_t *condition)
{
#if defined(__APPLE__)
    return pthread_cond_init(condition, NULL);
#else
    pthread_condattr_t attributes;
    int error = pthread_condattr_init(&attributes);
    if (error != 0) return error;
    TM_MUST(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
    error = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return error;
#endif
}

/* Waits with the mutex held, at most until `deadline`. */
static inline void tm_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline)
{
    if (TM_CHAOS_WAKES(condition_wait)) {
        tm_unlock(mutex);
        TM_CHAOS(condition_woken);
        tm_lock(mutex);
        return;
    }
    if (deadline == INT64_MAX) {
        TM_MUST(pthread_cond_wait(condition, mutex));
        return;
    }
#if defined(__APPLE__)
    int64_t left = TM_MAX(deadline - tm_now_ns(), 0);
    struct timespec span = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
    int error = pthread_cond_timedwait_relative_np(condition, mutex, &span);
#else
    struct timespec moment = {.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};
    int error = pthread_cond_timedwait(condition, mutex, &moment);
#endif
    if (error != 0 && error != ETIMEDOUT) TM_FATAL("condition wait", error);
}

/* ---- futex -------------------------------------------------------------------------------- */

#if TM_LINUX_FUTEX

typedef struct tm_futex {
    _Atomic uint32_t word; /* any thread, atomically */
} tm_futex;

static inline int tm_futex_init(tm_futex *futex)
{
    atomic_init(&futex->word, 0);
    return 0;
}

static inline void tm_futex_destroy(tm_futex *futex)
{
    (void)futex;
}

/* Sleeps while the word is `expected`, until a wake or `deadline`. Keeps errno. */
static inline void tm_futex_wait(tm_futex *futex, uint32_t expected, int64_t deadline)
{
    if (TM_CHAOS_WAKES(futex_wait)) return;
    int error = errno;
    struct timespec moment = {.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};
    /* WAIT_BITSET takes an absolute CLOCK_MONOTONIC moment, plain WAIT a span. */
    syscall(SYS_futex, &futex->word, FUTEX_WAIT_BITSET_PRIVATE, expected,
            deadline == INT64_MAX ? NULL : &moment, NULL, FUTEX_BITSET_MATCH_ANY);
    errno = error;
}

/* Wakes up to `count` sleepers. The word may be gone to other use by now: a stray wake is harmless. */
static inline void tm_futex_wake(tm_futex *futex, uint32_t count)
{
    int error = errno;
    syscall(SYS_futex, &futex->word, FUTEX_WAKE_PRIVATE, TM_MIN(count, (uint32_t)INT_MAX), NULL, NULL, 0);
    errno = error;
}

#else

typedef struct tm_futex {
    _Atomic uint32_t word;    /* any thread, atomically */
    pthread_mutex_t mutex;    /* orders a sleeper's last look at the word before a waker's broadcast */
    pthread_cond_t condition; /* predicate: word != expected */
} tm_futex;

static inline int tm_futex_init(tm_futex *futex)
{
    atomic_init(&futex->word, 0);
    int error = pthread_mutex_init(&futex->mutex, NULL);
    if (error != 0) return error;
    error = tm_condition_init(&futex->condition);
    if (error != 0) pthread_mutex_destroy(&futex->mutex);
    return error;
}

static inline void tm_futex_destroy(tm_futex *futex)
{
    TM_MUST(pthread_cond_destroy(&futex->condition));
    TM_MUST(pthread_mutex_destroy(&futex->mutex));
}

static inline void tm_futex_wait(tm_futex *futex, uint32_t expected, int64_t deadline)
{
    tm_lock(&futex->mutex);
    if (atomic_load(&futex->word) == expected) tm_condition_wait(&futex->condition, &futex->mutex, deadline);
    tm_unlock(&futex->mutex);
}

static inline void tm_futex_wake(tm_futex *futex, uint32_t count)
{
    tm_lock(&futex->mutex);
    if (count == 1)
        TM_MUST(pthread_cond_signal(&futex->condition));
    else
        TM_MUST(pthread_cond_broadcast(&futex->condition));
    tm_unlock(&futex->mutex);
}

#endif

#endif
