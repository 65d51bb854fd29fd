/* test_queue.c: the ring against a model, and many producers and consumers. */
#include "check.h"
#include "sync.h"

#include <sys/wait.h>

static tm_queue *make_queue(size_t capacity, size_t item_size, tm_order order)
{
    tm_queue *queue = NULL;
    CHECK(tm_queue_create(capacity, item_size, order, &queue) == TM_OK);
    return queue;
}

TEST(bad_arguments)
{
    tm_queue *queue;
    CHECK(tm_queue_create(8, 0, TM_FIFO, &queue) == TM_INVALID);
    CHECK(tm_queue_create(SIZE_MAX, 8, TM_FIFO, &queue) == TM_INVALID);
    CHECK(tm_queue_create(8, 8, (tm_order)7, &queue) == TM_INVALID);
    CHECK(tm_queue_create(0, SIZE_MAX / 64 + 1, TM_FIFO, &queue) ==
          TM_INVALID); /* the first 64 would take 0 bytes */
    CHECK(queue == NULL);
}

/* Random blocks in and out, against an array that is shifted by hand. */
static void check_against_model(tm_order order, size_t capacity)
{
    int model[64], block[64], taken[64];
    size_t length = 0, done;
    unsigned seed = 1;
    int next = 0;
    tm_queue *queue = make_queue(capacity, sizeof(int), order);
    for (int round = 0; round < 20000; round++) {
        seed = seed * 1664525u + 1013904223u;
        size_t n = (seed >> 16) % (capacity + 3);
        if (seed >> 31) {
            for (size_t i = 0; i < n; i++) block[i] = next + (int)i;
            size_t fit = TM_MIN(n, capacity - length);
            CHECK(tm_queue_push(queue, block, n, 0, &done) == (fit == n ? TM_OK : TM_FULL));
            CHECK(done == fit);
            memcpy(model + length, block, fit * sizeof(int));
            length += fit;
            next += (int)fit;
        } else {
            size_t have = TM_MIN(n, length);
            CHECK(tm_queue_pop(queue, taken, n, 0, &done) == (have > 0 || n == 0 ? TM_OK : TM_EMPTY));
            CHECK(done == have);
            for (size_t i = 0; i < have; i++)
                CHECK(taken[i] == (order == TM_FIFO ? model[i] : model[length - 1 - i]));
            if (order == TM_FIFO) memmove(model, model + have, (length - have) * sizeof(int));
            length -= have;
        }
        CHECK(tm_queue_length(queue) == length);
    }
    tm_queue_destroy(queue);
}

TEST(blocks_keep_their_order)
{
    for (size_t capacity = 1; capacity <= 60; capacity += 1 + capacity / 4) {
        check_against_model(TM_FIFO, capacity);
        check_against_model(TM_LIFO, capacity);
    }
}

TEST(a_ring_without_a_bound_grows)
{
    for (int order = TM_FIFO; order <= TM_LIFO; order++) {
        tm_queue *queue = make_queue(0, sizeof(int), (tm_order)order);
        int block[100], next_in = 0, next_out = 0;
        size_t done;
        CHECK(tm_queue_capacity(queue) == 0);
        for (int round = 0; round < 100; round++) {
            for (int i = 0; i < 100; i++) block[i] = next_in++;
            CHECK(tm_queue_push(queue, block, 100, 0, &done) == TM_OK && done == 100);
            CHECK(tm_queue_pop(queue, block, 30, 0, &done) == TM_OK && done == 30);
            for (int i = 0; i < 30; i++, next_out++)
                CHECK(block[i] == (order == TM_FIFO ? next_out : 100 * (round + 1) - 1 - i));
        }
        CHECK(tm_queue_length(queue) == 7000);
        CHECK(tm_queue_close(queue, 1) == 7000);
        tm_queue_destroy(queue);
    }
}

TEST(waits_end_in_time)
{
    tm_queue *queue = make_queue(1, sizeof(int), TM_FIFO);
    int item = 1;
    size_t done;
    int64_t begin = tm_now_ns();
    CHECK(tm_queue_pop(queue, &item, 1, 20000000, &done) == TM_TIMEOUT && done == 0);
    CHECK(tm_now_ns() - begin >= 20000000);
    CHECK(tm_queue_push(queue, &item, 1, 0, &done) == TM_OK);
    CHECK(tm_queue_push(queue, &item, 1, 1000000, &done) == TM_TIMEOUT && done == 0);
    tm_queue_destroy(queue);
}

TEST(close_keeps_what_is_inside)
{
    tm_queue *queue = make_queue(4, sizeof(int), TM_FIFO);
    int items[] = {1, 2, 3}, taken[4];
    size_t done;
    CHECK(tm_queue_push(queue, items, 3, 0, &done) == TM_OK);
    CHECK(!tm_queue_is_closed(queue));
    tm_queue_close(queue, 0);
    CHECK(tm_queue_is_closed(queue));
    CHECK(tm_queue_push(queue, items, 1, TM_FOREVER, &done) == TM_CLOSED && done == 0);
    CHECK(tm_queue_pop(queue, taken, 2, TM_FOREVER, &done) == TM_OK && done == 2 && taken[1] == 2);
    tm_queue_close(queue, 1);
    CHECK(tm_queue_pop(queue, taken, 2, TM_FOREVER, &done) == TM_CLOSED && done == 0);
    tm_queue_destroy(queue);
}

/* ---- many threads ---- */

enum { THREADS = 4, ITEMS = 20000 };

typedef struct traffic {
    tm_queue *queue;
    _Atomic long sum_in, sum_out, count_out;
    _Atomic unsigned seed;
} traffic;

static void *produce(void *arg)
{
    traffic *all = arg;
    unsigned seed = atomic_fetch_add(&all->seed, 77);
    for (int sent = 0; sent < ITEMS;) {
        int block[9];
        seed = seed * 1664525u + 1013904223u;
        size_t n = TM_MIN((size_t)1 + (seed >> 16) % 9, (size_t)(ITEMS - sent));
        for (size_t i = 0; i < n; i++) {
            block[i] = (int)(seed >> 8) % 1000;
            atomic_fetch_add(&all->sum_in, block[i]);
        }
        CHECK(tm_queue_push(all->queue, block, n, TM_FOREVER, NULL) == TM_OK);
        sent += (int)n;
    }
    return NULL;
}

static void *consume(void *arg)
{
    traffic *all = arg;
    int block[5];
    size_t n;
    while (tm_queue_pop(all->queue, block, 5, TM_FOREVER, &n) == TM_OK)
        for (size_t i = 0; i < n; i++) {
            atomic_fetch_add(&all->sum_out, block[i]);
            atomic_fetch_add(&all->count_out, 1);
        }
    return NULL;
}

static void check_traffic(size_t capacity, tm_order order)
{
    traffic all = {.queue = make_queue(capacity, sizeof(int), order)};
    pthread_t producers[THREADS], consumers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        TM_MUST(pthread_create(&consumers[i], NULL, consume, &all));
        TM_MUST(pthread_create(&producers[i], NULL, produce, &all));
    }
    for (int i = 0; i < THREADS; i++) TM_MUST(pthread_join(producers[i], NULL));
    tm_queue_close(all.queue, 0);
    for (int i = 0; i < THREADS; i++) TM_MUST(pthread_join(consumers[i], NULL));
    CHECK(all.count_out == THREADS * ITEMS);
    CHECK(all.sum_in == all.sum_out);
    tm_queue_destroy(all.queue);
}

TEST(nothing_is_lost_between_threads)
{
    check_traffic(1, TM_FIFO);
    check_traffic(7, TM_LIFO);
    check_traffic(1000, TM_FIFO);
}

static void *wait_for_item(void *arg)
{
    int item;
    return (void *)(intptr_t)tm_queue_pop(arg, &item, 1, TM_FOREVER, NULL);
}

static void *wait_for_room(void *arg)
{
    int items[3] = {0};
    return (void *)(intptr_t)tm_queue_push(arg, items, 3, TM_FOREVER, NULL);
}

static void check_close_wakes(void *(*wait)(void *), size_t count)
{
    tm_queue *queue = make_queue(2, sizeof(int), TM_FIFO);
    pthread_t waiters[THREADS];
    int items[2] = {0};
    CHECK(tm_queue_push(queue, items, count, 0, NULL) == TM_OK);
    for (int i = 0; i < THREADS; i++) TM_MUST(pthread_create(&waiters[i], NULL, wait, queue));
    tm_queue_close(queue, 0);
    for (int i = 0; i < THREADS; i++) {
        void *status;
        TM_MUST(pthread_join(waiters[i], &status));
        CHECK((intptr_t)status == TM_CLOSED);
    }
    tm_queue_destroy(queue);
}

TEST(close_wakes_all_who_wait)
{
    for (int round = 0; round < 100; round++) {
        check_close_wakes(wait_for_item, 0);
        check_close_wakes(wait_for_room, 2);
    }
}

/* ---- interrupts ---- */

static _Atomic int interrupt_answer;

static int answer_interrupt(void)
{
    return atomic_load(&interrupt_answer);
}

TEST(an_interrupt_ends_a_wait)
{
    tm_queue *queue = make_queue(1, sizeof(int), TM_FIFO);
    int item = 1;
    tm_set_interrupt_check(answer_interrupt);
    atomic_store(&interrupt_answer, 1);
    CHECK(tm_queue_pop(queue, &item, 1, TM_FOREVER, NULL) == TM_INTERRUPTED);
    CHECK(tm_queue_push(queue, &item, 1, TM_FOREVER, NULL) == TM_OK);
    CHECK(tm_queue_push(queue, &item, 1, TM_FOREVER, NULL) == TM_INTERRUPTED);
    tm_set_interrupt_check(NULL);
    CHECK(tm_queue_length(queue) == 1);
    tm_queue_destroy(queue);
}

/* ---- fork ---- */

static void *take_one(void *queue)
{
    long item = 0;
    CHECK(tm_queue_pop(queue, &item, 1, TM_FOREVER, NULL) == TM_OK);
    return (void *)item;
}

/* One thread waits for an item that another puts in. */
static int child_hands_over(tm_queue *queue)
{
    long item = 5;
    void *taken;
    pthread_t taker;
    TM_MUST(pthread_create(&taker, NULL, take_one, queue));
    for (int i = 0; i < 100000; i++) tm_relax(); /* long enough for the taker to wait, mostly */
    CHECK(tm_queue_push(queue, &item, 1, TM_FOREVER, NULL) == TM_OK);
    TM_MUST(pthread_join(taker, &taken));
    CHECK((long)taken == 5);
    return check_bad != 0;
}

typedef struct mover {
    tm_queue *queue;
    _Atomic bool stop;
} mover;

static void *move_large_blocks(void *arg)
{
    enum { N = 1 << 18 };
    mover *self = arg;
    long *block = calloc(N, sizeof *block);
    while (!atomic_load(&self->stop)) {
        CHECK(tm_queue_push(self->queue, block, N, 0, NULL) == TM_OK);
        CHECK(tm_queue_pop(self->queue, block, N, 0, NULL) == TM_OK);
    }
    free(block);
    return NULL;
}

TEST(a_forked_child_finds_queues_whole)
{
#if defined(__SANITIZE_THREAD__)
    if (check_bad >= 0) return; /* the sanitizer's runtime forbids threads in a child of a threaded process */
#endif
    tm_queue *quiet = make_queue(8, sizeof(long), TM_FIFO);
    mover busy = {.queue = make_queue(0, sizeof(long), TM_FIFO)};
    pthread_t waiters[2], moving;
    for (int i = 0; i < 2; i++) TM_MUST(pthread_create(&waiters[i], NULL, take_one, quiet));
    TM_MUST(pthread_create(&moving, NULL, move_large_blocks, &busy));
    for (int round = 0; round < 20; round++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            long item = 1;
            CHECK(tm_queue_push(busy.queue, &item, 1, 0, NULL) == TM_OK);
            tm_queue_close(busy.queue, true);
            tm_queue_destroy(busy.queue);
            _exit(child_hands_over(quiet));
        }
        int status = -1;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    long items[2] = {0, 0};
    CHECK(tm_queue_push(quiet, items, 2, TM_FOREVER, NULL) == TM_OK);
    for (int i = 0; i < 2; i++) TM_MUST(pthread_join(waiters[i], NULL));
    atomic_store(&busy.stop, true);
    TM_MUST(pthread_join(moving, NULL));
    tm_queue_destroy(busy.queue);
    tm_queue_destroy(quiet);
}

int main(void)
{
    alarm(120);
    RUN(bad_arguments);
    RUN(blocks_keep_their_order);
    RUN(a_ring_without_a_bound_grows);
    RUN(waits_end_in_time);
    RUN(close_keeps_what_is_inside);
    RUN(nothing_is_lost_between_threads);
    RUN(close_wakes_all_who_wait);
    RUN(an_interrupt_ends_a_wait);
    RUN(a_forked_child_finds_queues_whole);
    return finish();
}
