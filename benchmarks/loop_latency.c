/* loop_latency.c hot|cold|idle THREADS ROUNDS REPEATS SECONDS: parallel loops as C sees them.
 *
 *   hot    empty loops back to back, libgomp's too; SECONDS is the pause before a turn
 *   cold   a job of 16 chunks, 20 us of work in all, after SECONDS of idleness
 *   idle   CPU seconds that a pool takes in SECONDS, from 1 ms after its last loop */
#include "rounds.h"

enum { CHUNKS = 16, HOT_LOOPS_BEFORE_IDLE = 1000 };
static const double COLD_WORK = 20e-6;

static tm_pool *pool;
static size_t threads;
static size_t steps = 1000; /* of a cold chunk */

static void empty(void *ctx, size_t begin, size_t end)
{
    (void)ctx, (void)begin, (void)end;
}

/* Volatile: no contender sees through it. */
static volatile tm_kernel kernel = empty;

static void hot_pool(size_t repeats)
{
    for (size_t i = 0; i < repeats; i++) tm_parallel_for(pool, threads, 1, kernel, NULL);
}

static void hot_inline(size_t repeats)
{
    for (size_t i = 0; i < repeats; i++) tm_parallel_for(NULL, threads, 1, kernel, NULL);
}

static void hot_serial(size_t repeats)
{
    for (size_t i = 0; i < repeats; i++)
        for (size_t begin = 0; begin < threads; begin++) kernel(NULL, begin, begin + 1);
}

#ifdef _OPENMP
#include <omp.h>
static void hot_openmp(size_t repeats)
{
    for (size_t i = 0; i < repeats; i++) {
#pragma omp parallel num_threads((int)threads)
        {
            const size_t begin = (size_t)omp_get_thread_num();
            kernel(NULL, begin, begin + 1);
        }
    }
}
#endif

/* A chain that no compiler shortens. */
static void work(void *ctx, size_t begin, size_t end)
{
    (void)ctx;
    uint64_t x = begin;
    for (size_t i = 0; i < (end - begin) * steps; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        __asm__ volatile("" : "+r"(x));
    }
}

static void cold_pool(size_t repeats)
{
    for (size_t i = 0; i < repeats; i++) tm_parallel_for(pool, CHUNKS, 1, work, NULL);
}

static void cold_serial(size_t repeats)
{
    for (size_t i = 0; i < repeats; i++)
        for (size_t begin = 0; begin < CHUNKS; begin++) work(NULL, begin, begin + 1);
}

/* Sets `steps` so that a cold job is COLD_WORK long. */
static void calibrate(void)
{
    double best = 1;
    for (int attempt = 0; attempt < 100; attempt++) {
        const double start = seconds_of(CLOCK_MONOTONIC);
        cold_serial(1);
        best = TM_MIN(best, seconds_of(CLOCK_MONOTONIC) - start);
    }
    steps = (size_t)((double)steps * COLD_WORK / best);
}

static void idle(double seconds)
{
    hot_pool(HOT_LOOPS_BEFORE_IDLE);
    sleep_seconds(1e-3);
    const double before = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    sleep_seconds(seconds);
    printf("idle %.9g\n", seconds_of(CLOCK_PROCESS_CPUTIME_ID) - before);
}

int main(int argc, char **argv)
{
    static const contender hot[] = {
        {"pool", hot_pool},
        {"inline", hot_inline},
        {"serial", hot_serial},
#ifdef _OPENMP
        {"openmp", hot_openmp},
#endif
    };
    static const contender cold[] = {{"pool", cold_pool}, {"serial", cold_serial}};
    threads = (size_t)argument(argc, argv, 2);
    const size_t repeats = (size_t)argument(argc, argv, 4);
    schedule plan = {(size_t)argument(argc, argv, 3), repeats / 4, repeats, argument(argc, argv, 5)};
    pool = make_pool(threads);
    hot_pool(1);
    if (!strcmp(argv[1], "hot")) run_rounds(&plan, hot, sizeof hot / sizeof *hot);
    if (!strcmp(argv[1], "idle")) idle(plan.pause);
    if (!strcmp(argv[1], "cold")) {
        calibrate();
        run_rounds(&plan, cold, sizeof cold / sizeof *cold);
    }
    tm_pool_destroy(pool);
    return 0;
}
