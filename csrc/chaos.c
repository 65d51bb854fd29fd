/* chaos.c: see chaos.h. */
#include "chaos.h"

#ifdef TM_CHAOS_BUILD

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#define MOST_SLEEP_US 200
#define PLACES 256

typedef struct place {
    _Atomic(const char *) site; /* where the thread was last */
    _Atomic uint64_t visits;
} place;

static place places[PLACES]; /* threads share one when there have been more */
static _Atomic unsigned threads;
static uint64_t first_seed;

static _Thread_local place *mine;
static _Thread_local uint64_t state;

void tm_chaos_seed(uint64_t seed)
{
    first_seed = seed;
}

/* splitmix64: any state is a good one. */
static uint64_t chaos_next(const char *site)
{
    if (mine == NULL) {
        unsigned number = atomic_fetch_add(&threads, 1);
        mine = &places[number % PLACES];
        state = first_seed + ((uint64_t)number << 32);
    }
    atomic_store_explicit(&mine->site, site, memory_order_relaxed);
    atomic_fetch_add_explicit(&mine->visits, 1, memory_order_relaxed);
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

void tm_chaos(const char *site)
{
    if (first_seed == 0) return;
    int error = errno;
    uint64_t dice = chaos_next(site);
    switch (dice % 32) {
    case 0: usleep((unsigned)(dice >> 32) % (MOST_SLEEP_US + 1)); break;
    case 1:
    case 2:
    case 3: sched_yield(); break;
    default: break;
    }
    errno = error;
}

bool tm_chaos_wakes(const char *site)
{
    return first_seed != 0 && chaos_next(site) % 8 == 0;
}

uint64_t tm_chaos_count(void)
{
    uint64_t visits = 0;
    for (size_t i = 0; i < PLACES; i++)
        visits += atomic_load_explicit(&places[i].visits, memory_order_relaxed);
    return visits;
}

void tm_chaos_report(void)
{
    for (size_t i = 0; i < PLACES; i++) {
        const char *site = atomic_load_explicit(&places[i].site, memory_order_relaxed);
        if (site != NULL) fprintf(stderr, "thread %zu: last at %s\n", i, site);
    }
}

#endif
