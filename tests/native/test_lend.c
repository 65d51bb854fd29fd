/* test_lend.c: loops whose workers are displaced, as far as their callers can tell: each look says so. */
#include "check.h"
#include "core.h"
#include "team.h"

#if !defined(TM_WRAPPED)

/* Other linkers can't wrap. */
int main(void)
{
    check_passed = 1;
    return finish();
}

#else

#include <sys/wait.h>

enum { WORKERS = 3, LOOPS = 40, CALLERS = 3 };

bool __real_tm_core_lend(tm_lodger *lodger, const void *loop);
bool __wrap_tm_core_lend(tm_lodger *lodger, const void *loop);
bool __wrap_tm_core_is_displaced(const tm_lodger *lodger, const void *loop);

static _Atomic int loans;
static cpu_set_t all;

bool __wrap_tm_core_is_displaced(const tm_lodger *lodger, const void *loop)
{
    return atomic_load_explicit(&lodger->word, memory_order_acquire) == (uintptr_t)loop;
}

bool __wrap_tm_core_lend(tm_lodger *lodger, const void *loop)
{
    const bool lent = __real_tm_core_lend(lodger, loop);
    loans += lent;
    return lent;
}

static bool has_all_cores(void)
{
    cpu_set_t now;
    return sched_getaffinity(0, sizeof now, &now) == 0 && CPU_EQUAL(&now, &all);
}

static tm_pool *start_pool(size_t threads)
{
    tm_pool_options options = {.threads = threads};
    tm_pool *pool = NULL;
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    return pool;
}

/* ---- tasks that hold all workers, to look at each ---- */

typedef struct meeting {
    _Atomic int here, own;
    int wanted;
} meeting;

static void meet(void *arg)
{
    meeting *all_workers = arg;
    all_workers->own += has_all_cores();
    all_workers->here++;
    while (all_workers->here < all_workers->wanted) sched_yield();
}

static void check_workers(tm_pool *pool, int threads)
{
    meeting all_workers = {.wanted = threads};
    for (int i = 0; i < threads; i++) CHECK(tm_spawn(pool, meet, &all_workers) == TM_OK);
    CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
    CHECK(all_workers.own == threads);
}

/* ---- a loop of two chunks: the caller's ends when a worker has begun the other ---- */

typedef struct pair {
    tm_pool *pool;
    _Atomic int helped;
    void (*work)(tm_pool *pool); /* the worker's */
} pair;

static void run_half(void *ctx, size_t begin, size_t end)
{
    pair *both = ctx;
    (void)begin, (void)end;
    if (tm_pool_worker(both->pool) < 0) {
        while (both->helped == 0) sched_yield();
    } else {
        both->helped = 1;
        both->work(both->pool);
    }
}

static void run_pair(tm_pool *pool, void (*work)(tm_pool *pool))
{
    pair both = {.pool = pool, .work = work};
    CHECK(tm_parallel_for(pool, 2, 1, run_half, &both) == TM_OK);
    CHECK(both.helped == 1);
}

static void await_loans(int wanted)
{
    for (const int before = loans; loans < before + wanted;) sched_yield();
}

static void await_one(tm_pool *pool)
{
    (void)pool;
    await_loans(1);
}

static void await_three(tm_pool *pool)
{
    (void)pool;
    await_loans(3);
}

TEST(a_loan_ends_with_its_loop)
{
    tm_pool *pool = start_pool(2);
    for (int i = 0; i < LOOPS; i++) {
        run_pair(pool, await_one);
        check_workers(pool, 2);
    }
    tm_pool_destroy(pool);
}

TEST(a_long_chunk_is_lent_a_core_again_and_again)
{
    tm_pool *pool = start_pool(2);
    for (int i = 0; i < 5; i++) {
        run_pair(pool, await_three);
        check_workers(pool, 2);
    }
    tm_pool_destroy(pool);
}

static void start_another(tm_pool *pool)
{
    (void)pool;
    await_loans(1);
    tm_pool *another = start_pool(2);
    check_workers(another, 2);
    tm_pool_destroy(another);
}

TEST(threads_that_start_in_a_chunk_have_all_cores)
{
    tm_pool *pool = start_pool(2);
    run_pair(pool, start_another);
    check_workers(pool, 2);
    tm_pool_destroy(pool);
}

static void fork_one(tm_pool *pool)
{
    (void)pool;
    await_loans(1);
    const pid_t child = fork();
    if (child == 0) _exit(!has_all_cores());
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(a_child_that_is_forked_in_a_chunk_has_all_cores)
{
    tm_pool *pool = start_pool(2);
    for (int i = 0; i < 10; i++) run_pair(pool, fork_one);
    check_workers(pool, 2);
    tm_pool_destroy(pool);
}

/* ---- several callers and workers ---- */

static void work(void *ctx, size_t begin, size_t end)
{
    *(_Atomic size_t *)ctx += end - begin;
    for (int64_t until = tm_now_ns() + 300000; tm_now_ns() < until;) {
    }
}

static void *call(void *pool)
{
    for (int i = 0; i < LOOPS; i++) {
        _Atomic size_t done = 0;
        CHECK(tm_parallel_for(pool, 9, 1, work, (void *)&done) == TM_OK);
        CHECK(done == 9);
    }
    return NULL;
}

TEST(callers_lend_beside_each_other)
{
    tm_pool *pool = start_pool(WORKERS);
    pthread_t callers[CALLERS];
    const int before = loans;
    for (int i = 0; i < CALLERS; i++) TM_MUST(pthread_create(&callers[i], NULL, call, pool));
    for (int i = 0; i < CALLERS; i++) TM_MUST(pthread_join(callers[i], NULL));
    CHECK(loans > before);
    check_workers(pool, WORKERS);
    tm_pool_destroy(pool);
}

int main(void)
{
    if (tm_core() < 0) {
        check_passed = 1; /* no cores are known here */
        return finish();
    }
    CHECK(sched_getaffinity(0, sizeof all, &all) == 0);
    RUN(a_loan_ends_with_its_loop);
    RUN(a_long_chunk_is_lent_a_core_again_and_again);
    RUN(threads_that_start_in_a_chunk_have_all_cores);
    RUN(a_child_that_is_forked_in_a_chunk_has_all_cores);
    RUN(callers_lend_beside_each_other);
    return finish();
}

#endif
