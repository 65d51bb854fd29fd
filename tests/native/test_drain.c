/* test_drain.c: all items reach the kernel once, on any number of threads, and an interrupt ends the loop. */
#include "check.h"
#include "sync.h"

enum { ITEMS = 50000 };

typedef struct tally {
    _Atomic unsigned char seen[ITEMS];
    _Atomic size_t count, calls, longest;
} tally;

static void note(void *ctx, const void *items, size_t n)
{
    tally *all = ctx;
    const uint32_t *values = items;
    CHECK((uintptr_t)items % TM_LINE == 0);
    for (size_t i = 0; i < n; i++) atomic_fetch_add(&all->seen[values[i]], 1);
    atomic_fetch_add(&all->count, n);
    atomic_fetch_add(&all->calls, 1);
    size_t longest = atomic_load(&all->longest);
    while (longest < n && !atomic_compare_exchange_weak(&all->longest, &longest, n)) {
    }
}

static tm_pool *make_pool(size_t threads)
{
    tm_pool_options options = {.threads = threads};
    tm_pool *pool = NULL;
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    return pool;
}

static tm_queue *make_queue(size_t capacity)
{
    tm_queue *queue = NULL;
    CHECK(tm_queue_create(capacity, sizeof(uint32_t), TM_FIFO, &queue) == TM_OK);
    return queue;
}

/* Puts 0 .. ITEMS - 1 in, in blocks of changing length, and closes. */
static void *produce(void *arg)
{
    tm_queue *queue = arg;
    uint32_t block[300], next = 0;
    while (next < ITEMS) {
        size_t n = TM_MIN((size_t)(next % 299 + 1), (size_t)(ITEMS - next));
        for (size_t i = 0; i < n; i++) block[i] = next++;
        CHECK(tm_queue_push(queue, block, n, TM_FOREVER, NULL) == TM_OK);
    }
    tm_queue_close(queue, 0);
    return NULL;
}

static void check_drain(tm_pool *pool, size_t block)
{
    static tally all;
    memset(&all, 0, sizeof all);
    tm_queue *queue = make_queue(1000);
    pthread_t producer;
    size_t done = 1;
    CHECK(pthread_create(&producer, NULL, produce, queue) == 0);
    CHECK(tm_drain(pool, queue, block, note, &all, &done) == TM_OK);
    CHECK(pthread_join(producer, NULL) == 0);
    CHECK(done == ITEMS && all.count == ITEMS && all.longest <= block);
    for (size_t i = 0; i < ITEMS; i++)
        if (all.seen[i] != 1) CHECK(all.seen[i] == 1);
    CHECK(tm_queue_length(queue) == 0);
    tm_queue_destroy(queue);
}

TEST(every_item_comes_once)
{
    for (size_t threads = 1; threads <= 7; threads += 2) {
        tm_pool *pool = make_pool(threads);
        check_drain(pool, 1);
        check_drain(pool, 97);
        check_drain(pool, 100000);
        tm_pool_destroy(pool);
    }
    check_drain(NULL, 64);
}

TEST(the_caller_alone_is_enough)
{
    tm_pool *pool = make_pool(4);
    CHECK(tm_get_thread_limit() == 0);
    CHECK(tm_set_thread_limit(1) == 0);
    CHECK(tm_get_thread_limit() == 1);
    check_drain(pool, 50);
    CHECK(tm_set_thread_limit(0) == 1);
    tm_pool_destroy(pool);
}

TEST(bad_arguments)
{
    tm_pool *pool = make_pool(2);
    tm_queue *queue = make_queue(0);
    size_t done = 1;
    CHECK(tm_queue_item_size(queue) == sizeof(uint32_t));
    CHECK(tm_drain(pool, queue, 0, note, NULL, &done) == TM_INVALID && done == 0);
    CHECK(tm_drain(pool, queue, SIZE_MAX, note, NULL, NULL) == TM_INVALID);
    CHECK(tm_drain(pool, queue, SIZE_MAX / 8, note, NULL, NULL) == TM_INVALID);
    CHECK(tm_pool_shutdown(pool) == TM_OK);
    CHECK(tm_drain(pool, queue, 1, note, NULL, NULL) == TM_CLOSED);
    tm_queue_destroy(queue);
    tm_pool_destroy(pool);
}

/* ---- interrupts ---- */

static _Atomic int asked;

static int third_time(void)
{
    return atomic_fetch_add(&asked, 1) >= 2;
}

TEST(an_interrupt_ends_all_waits)
{
    tm_pool *pool = make_pool(3);
    tm_queue *queue = make_queue(4);
    atomic_store(&asked, 0);
    tm_set_interrupt_check(third_time);
    CHECK(tm_drain(pool, queue, 1, note, NULL, NULL) == TM_INTERRUPTED); /* nobody ever closes the queue */
    tm_set_interrupt_check(NULL);
    CHECK(!tm_queue_is_closed(queue));
    tm_queue_destroy(queue);
    tm_pool_destroy(pool);
}

/* Gives back what it gets: the queue never runs dry. */
static void give_back(void *ctx, const void *items, size_t n)
{
    CHECK(tm_queue_push(ctx, items, n, TM_FOREVER, NULL) == TM_OK);
}

TEST(an_interrupt_ends_a_busy_drain)
{
    tm_pool *pool = make_pool(2);
    tm_queue *queue = make_queue(8);
    uint32_t items[4] = {0};
    size_t done = 0;
    CHECK(tm_queue_push(queue, items, 4, 0, NULL) == TM_OK);
    atomic_store(&asked, 0);
    tm_set_interrupt_check(third_time);
    CHECK(tm_drain(pool, queue, 2, give_back, queue, &done) == TM_INTERRUPTED);
    tm_set_interrupt_check(NULL);
    CHECK(done > 4);
    CHECK(tm_queue_length(queue) == 4);
    tm_queue_destroy(queue);
    tm_pool_destroy(pool);
}

int main(void)
{
    RUN(every_item_comes_once);
    RUN(the_caller_alone_is_enough);
    RUN(bad_arguments);
    RUN(an_interrupt_ends_all_waits);
    RUN(an_interrupt_ends_a_busy_drain);
    return finish();
}
