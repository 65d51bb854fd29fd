/* test_leaks.c: threads, memory and file descriptors stay as they are over ten thousand lives of a pool
 * and a queue. */
#include "check.h"
#include "sync.h"

#include <dirent.h>
#include <sched.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { LIVES = 500, SANITIZER = 1 }; /* their runtimes keep memory for each thread that there was */
#else
enum { LIVES = 10000, SANITIZER = 0 };
#endif

#if defined(__linux__)

static long entries(const char *directory)
{
    long count = 0;
    DIR *open = opendir(directory);
    CHECK(open != NULL);
    while (open != NULL && readdir(open) != NULL) count += 1;
    if (open != NULL) closedir(open);
    return count;
}

static long resident_pages(void)
{
    long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%ld %ld", &size, &resident) == 2);
    if (file != NULL) fclose(file);
    return resident;
}

/* A thread that has been joined may stay listed for a moment. */
static bool threads_come_down_to(long wanted)
{
    for (int i = 0; i < 10000 && entries("/proc/self/task") != wanted; i++) usleep(1000);
    return entries("/proc/self/task") == wanted;
}

static void add_one(void *arg)
{
    atomic_fetch_add((_Atomic long *)arg, 1);
}

static void count_chunk(void *ctx, size_t begin, size_t end)
{
    atomic_fetch_add((_Atomic long *)ctx, (long)(end - begin));
}

static void live(int life)
{
    tm_pool *pool = NULL;
    tm_queue *queue = NULL;
    tm_pool_options options = {.threads = 2, .queue_capacity = 16};
    _Atomic long ran = 0;
    int items[100] = {0};
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    CHECK(tm_parallel_for(pool, 10, 1, count_chunk, (void *)&ran) == TM_OK);
    CHECK(tm_spawn(pool, add_one, (void *)&ran) == TM_OK);
    CHECK(tm_post(pool, add_one, (void *)&ran) == TM_OK);
    CHECK(tm_queue_create(0, sizeof(int), TM_FIFO, &queue) == TM_OK);
    CHECK(tm_queue_push(queue, items, 100, 0, NULL) == TM_OK);
    if (life % 2) CHECK(tm_pool_shutdown(pool) == TM_OK);
    if (life % 3)
        tm_pool_destroy(pool);
    else
        tm_pool_release(pool);
    while (atomic_load(&ran) < 12) sched_yield();
    tm_queue_destroy(queue);
}

TEST(nothing_grows_over_many_lives)
{
    enum { WARM = LIVES / 10 };
    for (int i = 0; i < WARM; i++) live(i);
    const long threads = 3; /* the main one, "." and ".." */
    long files = entries("/proc/self/fd"), pages = resident_pages();
    CHECK(SANITIZER || threads_come_down_to(threads));
    for (int i = 0; i < LIVES; i++) live(i);
    CHECK(SANITIZER || threads_come_down_to(threads));
    CHECK(entries("/proc/self/fd") == files);
    long growth = resident_pages() - pages;
    printf("%d lives: %ld pages more\n", LIVES, growth);
    /* A queue lost in each life would be 800 pages, 41 bytes in each are 100. */
    CHECK(SANITIZER || growth < 100);
}

#else

TEST(nothing_grows_over_many_lives) {}

#endif

int main(void)
{
    alarm(300);
    RUN(nothing_grows_over_many_lives);
    return finish();
}
