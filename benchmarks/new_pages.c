/* new_pages.c: what a new array costs, by where its memory begins and by who touches it first.
 *
 *     gcc -O2 -march=native -pthread benchmarks/new_pages.c -o new_pages && ./new_pages 40 25
 *
 * Milliseconds, first quartile and median of so many rounds, to map so many MB, write them and give them back. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

enum { HUGE_PAGE = 1 << 21, SMALL_PAGE = 1 << 12, CHUNK = 1 << 19, ROUNDS = 200 };

typedef enum memory { MALLOCS, LUCKY, ALIGNED, SMALL, KEPT, FREED_LAZILY } memory;
typedef enum first { NOTHING, BORDERS, POPULATE_HALF, POPULATE_CHUNK, POPULATE_ENDS, TOUCH_HALF } first;
typedef enum work { TOUCH, SQUARE, ADD } work;

typedef struct way {
    const char *name;
    memory memory;
    first first;
    int threads;
} way;

static const way ways[] = {
    {"1 thread, malloc's mapping", MALLOCS, NOTHING, 1},
    {"1, a mapping aligned by luck", LUCKY, NOTHING, 1},
    {"1, aligned", ALIGNED, NOTHING, 1},
    {"1, malloc's, its ends populated", MALLOCS, POPULATE_ENDS, 1},
    {"1, kept", KEPT, NOTHING, 1},
    {"2 threads, malloc's mapping", MALLOCS, NOTHING, 2},
    {"2, malloc's, chunks end at huge pages", MALLOCS, BORDERS, 2},
    {"2, malloc's, each populates its half", MALLOCS, POPULATE_HALF, 2},
    {"2, malloc's, each populates a chunk", MALLOCS, POPULATE_CHUNK, 2},
    {"2, malloc's, its ends populated", MALLOCS, POPULATE_ENDS, 2},
    {"2, malloc's, each touches its half", MALLOCS, TOUCH_HALF, 2},
    {"2, aligned", ALIGNED, NOTHING, 2},
    {"2, aligned, chunks end at huge pages", ALIGNED, BORDERS, 2},
    {"2, aligned, each populates its half", ALIGNED, POPULATE_HALF, 2},
    {"2, aligned, each populates a chunk", ALIGNED, POPULATE_CHUNK, 2},
    {"2, aligned, each touches its half", ALIGNED, TOUCH_HALF, 2},
    {"2, kept", KEPT, NOTHING, 2},
    {"2, kept, with MADV_FREE", FREED_LAZILY, NOTHING, 2},
    {"1, small pages", SMALL, NOTHING, 1},
    {"2, small pages", SMALL, NOTHING, 2},
    {"2, small pages, each populates its half", SMALL, POPULATE_HALF, 2},
};
enum { WAYS = sizeof ways / sizeof *ways, WORKS = 3 };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

/* ---- memory ---- */

static char *up(char *p, size_t unit)
{
    return (char *)(((uintptr_t)p + unit - 1) / unit * unit);
}

/* A mapping that begins so many bytes after a huge page, as malloc's may. */
static char *map(size_t bytes, size_t after, int advice)
{
    char *all = mmap(NULL, bytes + 2 * HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *begin = up(all, HUGE_PAGE) + after, *end = up(begin + bytes, SMALL_PAGE);
    if (all == MAP_FAILED) abort();
    if (begin > all) munmap(all, (size_t)(begin - all));
    munmap(end, (size_t)(all + bytes + 2 * HUGE_PAGE - end));
    madvise(begin, (size_t)(end - begin), advice);
    return begin;
}

static char *kept;

static double *get(memory memory, size_t bytes)
{
    switch (memory) {
    case MALLOCS: return (double *)(map(bytes + 16, 0x5c000, MADV_HUGEPAGE) + 16);
    case LUCKY: return (double *)(map(bytes + 16, 0, MADV_HUGEPAGE) + 16);
    case ALIGNED: return (double *)map(bytes, 0, MADV_HUGEPAGE);
    case SMALL: return (double *)map(bytes, 0, MADV_NOHUGEPAGE);
    default: return (double *)kept;
    }
}

static void give_back(memory memory, double *p, size_t bytes)
{
    if (memory == FREED_LAZILY) madvise(p, bytes, MADV_FREE);
    if (memory >= KEPT) return;
    char *begin = (char *)((uintptr_t)p / SMALL_PAGE * SMALL_PAGE);
    munmap(begin, (size_t)(up((char *)p + bytes, SMALL_PAGE) - begin));
}

/* ---- the loop ---- */

typedef struct job {
    const double *a, *b;
    double *out;
    size_t bytes;
    work work;
    way way;
} job;

static job today;
static atomic_int begun, done;

static void run(const job *j, size_t begin, size_t end)
{
    const double *a = j->a, *b = j->b;
    double *out = j->out;
    begin /= 8, end /= 8;
    if (j->work == TOUCH)
        for (size_t i = begin; i < end; i += SMALL_PAGE / 8) ((volatile double *)out)[i] = 0;
    else if (j->work == SQUARE)
        for (size_t i = begin; i < end; i++) out[i] = a[i] * a[i];
    else
        for (size_t i = begin; i < end; i++) out[i] = a[i] + b[i];
}

static void populate(char *begin, char *end)
{
    begin = up(begin, SMALL_PAGE);
    end = (char *)((uintptr_t)end / SMALL_PAGE * SMALL_PAGE);
    if (begin < end) madvise(begin, (size_t)(end - begin), MADV_POPULATE_WRITE);
}

static void run_half(int me)
{
    const job j = today;
    char *out = (char *)j.out;
    const int by_huge_pages = j.way.first != NOTHING && j.way.first != POPULATE_ENDS;
    size_t middle = j.bytes / 128 * 64;
    if (by_huge_pages) middle = (size_t)(up(out + middle, HUGE_PAGE) - out);
    if (middle > j.bytes) middle = j.bytes;
    const size_t begin = me == 0 ? 0 : middle, end = j.way.threads == 2 && me == 0 ? middle : j.bytes;

    if (j.way.first == POPULATE_HALF) populate(out + begin, out + end);
    if (j.way.first == TOUCH_HALF)
        for (size_t at = begin; at < end; at += HUGE_PAGE) ((volatile char *)out)[at] = 0;
    if (j.way.first == POPULATE_ENDS && begin == 0) populate(out, up(out, HUGE_PAGE));
    if (j.way.first == POPULATE_ENDS && end == j.bytes)
        populate(up(out + end, HUGE_PAGE) - HUGE_PAGE, out + end);
    for (size_t at = begin, next; at < end; at = next) {
        next = by_huge_pages ? (size_t)(up(out + at + 1, HUGE_PAGE) - out) : at + CHUNK;
        if (next > end) next = end;
        if (j.way.first == POPULATE_CHUNK) populate(out + at, out + next);
        run(&j, at, next);
    }
}

static void pin(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void *help(void *unused)
{
    pin(1);
    for (int seen = 0;;) {
        while (atomic_load(&begun) == seen) continue;
        seen = atomic_load(&begun);
        if (seen < 0) return unused;
        run_half(1);
        atomic_store(&done, seen);
    }
}

static double measure(const double *a, const double *b, size_t bytes, work work, way way, int id)
{
    const double begin = now_ms();
    today = (job){a, b, get(way.memory, bytes), bytes, work, way};
    if (way.threads == 2) atomic_store(&begun, id);
    run_half(0);
    while (way.threads == 2 && atomic_load(&done) != id) continue;
    give_back(way.memory, today.out, bytes);
    return now_ms() - begin;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int count, char **args)
{
    static double times[WAYS][WORKS][ROUNDS];
    long seen[WAYS];
    const size_t bytes = (count > 1 ? strtoul(args[1], NULL, 10) : 40) * 1000000;
    const int asked = count > 2 ? atoi(args[2]) : 25, rounds = asked < ROUNDS ? asked : ROUNDS;
    double *a = get(LUCKY, bytes), *b = get(LUCKY, bytes);
    pthread_t helper;

    kept = map(bytes, 0, MADV_HUGEPAGE);
    for (size_t i = 0; i < bytes / 8; i++) a[i] = (double)(i % 7), b[i] = (double)(i % 5);
    pin(0);
    if (pthread_create(&helper, NULL, help, NULL) != 0) return 1;
    for (int each = 0, id = 0; each < WAYS;
         each++) /* one after the other: small pages spoil those of others */
        for (int round = 0; round < rounds; round++)
            for (int work = 0; work < WORKS; work++) {
                const long before = faults();
                times[each][work][round] = measure(a, b, bytes, (enum work)work, ways[each], ++id);
                seen[each] = faults() - before;
            }
    printf("| %zu MB | touch | square | add | faults |\n|---|---|---|---|---|\n", bytes / 1000000);
    for (int each = 0; each < WAYS; each++) {
        printf("| %s |", ways[each].name);
        for (int work = 0; work < WORKS; work++) {
            double *sorted = times[each][work];
            qsort(sorted, (size_t)rounds, sizeof *sorted, compare);
            printf(" %.2f (%.2f) |", sorted[rounds / 4], sorted[rounds / 2]);
        }
        printf(" %ld |\n", seen[each]);
    }
    atomic_store(&begun, -1);
    pthread_join(helper, NULL);
    return 0;
}
