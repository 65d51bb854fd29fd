/* rounds.h: what harness.py does, for C: contenders take turns in rounds, and every turn prints a sample. */
#ifndef TM_ROUNDS_H
#define TM_ROUNDS_H

#include "common.h"

#include <time.h>

typedef struct contender {
    const char *name;
    void (*run)(size_t repeats);
} contender;

typedef struct schedule {
    size_t rounds;
    size_t warm;    /* repeats before the timed ones */
    size_t repeats; /* in a turn */
    double pause;   /* seconds before a turn */
} schedule;

static inline double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline void sleep_seconds(double seconds)
{
    const time_t whole = (time_t)seconds;
    nanosleep(&(struct timespec){whole, (long)(1e9 * (seconds - (double)whole))}, NULL);
}

/* Every other round is reversed, so that nobody always follows the same one. */
static inline void run_rounds(const schedule *plan, const contender *all, size_t count)
{
    for (size_t round = 0; round < plan->rounds; round++)
        for (size_t turn = 0; turn < count; turn++) {
            const contender *one = &all[round % 2 ? count - 1 - turn : turn];
            sleep_seconds(plan->pause);
            one->run(plan->warm);
            const double start = seconds_of(CLOCK_MONOTONIC);
            one->run(plan->repeats);
            printf("%s %.9g\n", one->name, (seconds_of(CLOCK_MONOTONIC) - start) / (double)plan->repeats);
        }
}

static inline tm_pool *make_pool(size_t threads)
{
    tm_pool *pool;
    if (tm_pool_create(&(tm_pool_options){.threads = threads}, &pool) != TM_OK) exit(1);
    return pool;
}

/* The number that is the command line's argument `index`. */
static inline double argument(int argc, char **argv, int index)
{
    if (index >= argc) exit(2);
    return strtod(argv[index], NULL);
}

#endif
