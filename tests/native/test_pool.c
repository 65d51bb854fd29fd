/* test_pool.c: loops, tasks, nesting, failures, shutdown and fork, against the serial loop. */
#include "check.h"
#include "sync.h"

#include <fenv.h>
#include <signal.h>
#include <sched.h>
#include <sys/wait.h>

static const size_t pool_sizes[] = {1, 2, 3, 7};
#define EACH_POOL(pool)                                                                                      \
    for (size_t size_at = 0; size_at < 4; size_at++)                                                         \
        for (tm_pool *pool = make_pool(pool_sizes[size_at]); pool != NULL; tm_pool_destroy(pool), pool = NULL)

static tm_pool *make_pool(size_t threads)
{
    tm_pool *pool = NULL;
    tm_pool_options options = {.threads = threads, .name = "test"};
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    return pool;
}

/* ---- every index exactly once ---- */

typedef struct marks {
    _Atomic unsigned char *seen;
    size_t n, grain;
    _Atomic size_t bad_chunks;
} marks;

static void mark(void *ctx, size_t begin, size_t end)
{
    marks *all = ctx;
    if (begin % all->grain != 0 || end != TM_MIN(begin + all->grain, all->n))
        atomic_fetch_add(&all->bad_chunks, 1);
    for (size_t i = begin; i < end; i++) atomic_fetch_add(&all->seen[i], 1);
}

static void check_once(tm_pool *pool, size_t n, size_t grain)
{
    marks all = {.seen = calloc(n + 1, 1), .n = n, .grain = grain};
    CHECK(tm_parallel_for(pool, n, grain, mark, &all) == TM_OK);
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) wrong += all.seen[i] != 1;
    CHECK(wrong == 0);
    CHECK(all.seen[n] == 0);
    CHECK(all.bad_chunks == 0);
    free((void *)all.seen);
}

TEST(every_index_runs_once)
{
    EACH_POOL (pool) {
        for (size_t n = 0; n < 40; n++)
            for (size_t grain = 1; grain < n + 3; grain++) check_once(pool, n, grain);
        check_once(pool, 100003, 7);
        check_once(pool, 5, SIZE_MAX);
    }
    check_once(NULL, 1000, 13);
}

TEST(back_to_back_jobs_of_changing_size)
{
    EACH_POOL (pool)
        for (size_t round = 0; round < 3000; round++) check_once(pool, round % 2 ? 64 : 1 + round % 5, 1);
}

TEST(bad_arguments)
{
    marks none = {.grain = 1};
    tm_pool *pool = make_pool(2);
    CHECK(tm_parallel_for(pool, 10, 0, mark, &none) == TM_INVALID);
    CHECK(tm_parallel_for(pool, SIZE_MAX, 1, mark, &none) == TM_INVALID);
    tm_pool_destroy(pool);
    tm_pool_options options = {.threads = 0};
    CHECK(tm_pool_create(&options, &pool) == TM_INVALID);
    CHECK(pool == NULL);
}

/* ---- threads ---- */

typedef struct crowd {
    _Atomic int inside, most;
    _Atomic int ran;
} crowd;

static void join_crowd(void *ctx, size_t begin, size_t end)
{
    crowd *all = ctx;
    (void)begin, (void)end;
    int now = atomic_fetch_add(&all->inside, 1) + 1;
    int most = atomic_load(&all->most);
    while (now > most && !atomic_compare_exchange_weak(&all->most, &most, now)) {
    }
    for (int i = 0; i < 2000; i++) tm_relax();
    atomic_fetch_sub(&all->inside, 1);
    atomic_fetch_add(&all->ran, 1);
}

TEST(at_most_n_threads_take_part)
{
    EACH_POOL (pool)
        for (int round = 0; round < 20; round++) {
            crowd all = {0};
            CHECK(tm_parallel_for(pool, 64, 1, join_crowd, &all) == TM_OK);
            CHECK(all.most <= (int)tm_pool_threads(pool));
            CHECK(all.ran == 64);
        }
}

TEST(thread_limit_bounds_a_loop)
{
    tm_pool *pool = make_pool(7);
    CHECK(tm_set_thread_limit(2) == 0);
    for (int round = 0; round < 50; round++) {
        crowd all = {0};
        CHECK(tm_parallel_for(pool, 64, 1, join_crowd, &all) == TM_OK);
        CHECK(all.most <= 2);
    }
    CHECK(tm_set_thread_limit(0) == 2);
    tm_pool_destroy(pool);
}

/* Two chunks that each wait for the other to have begun: both threads must be at work at once. */
typedef struct meeting {
    _Atomic int arrived;
    int expected;
} meeting;

static void meet(void *ctx, size_t begin, size_t end)
{
    meeting *all = ctx;
    (void)begin, (void)end;
    atomic_fetch_add(&all->arrived, 1);
    while (atomic_load(&all->arrived) < all->expected) sched_yield();
}

TEST(sleepers_come_when_there_is_work)
{
    tm_pool *pool = make_pool(3);
    for (int round = 0; round < 200; round++) {
        meeting all = {.expected = 3};
        CHECK(tm_parallel_for(pool, 3, 1, meet, &all) == TM_OK);
        if (round % 10 == 0) usleep(1000); /* lets them fall asleep; not needed for the test to be right */
    }
    tm_pool_destroy(pool);
}

static void meet_task(void *arg)
{
    meet(arg, 0, 0);
}

TEST(every_thread_runs_tasks)
{
    EACH_POOL (pool)
        for (int round = 0; round < 100; round++) {
            meeting all = {.expected = (int)tm_pool_threads(pool)};
            for (int i = 0; i < all.expected; i++) CHECK(tm_spawn(pool, meet_task, &all) == TM_OK);
            CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
        }
}

/* ---- nesting ---- */

typedef struct nest {
    tm_pool *pool;
    int depth;
    _Atomic long leaves;
} nest;

static void descend(void *ctx, size_t begin, size_t end)
{
    nest *level = ctx;
    for (size_t i = begin; i < end; i++) {
        if (level->depth == 0) {
            atomic_fetch_add(&level->leaves, 1);
            continue;
        }
        nest below = {.pool = level->pool, .depth = level->depth - 1};
        CHECK(tm_parallel_for(level->pool, 3, 1, descend, &below) == TM_OK);
        atomic_fetch_add(&level->leaves, below.leaves);
    }
}

static void descend_task(void *arg)
{
    descend(arg, 0, 1);
}

TEST(nested_loops)
{
    EACH_POOL (pool)
        for (int round = 0; round < 10; round++) {
            nest top = {.pool = pool, .depth = 5};
            CHECK(tm_parallel_for(pool, 2, 1, descend, &top) == TM_OK);
            CHECK(top.leaves == 2 * 243);
        }
}

TEST(loops_in_tasks)
{
    EACH_POOL (pool) {
        nest tops[20];
        for (int i = 0; i < 20; i++) {
            tops[i] = (nest){.pool = pool, .depth = 3};
            CHECK(tm_spawn(pool, descend_task, &tops[i]) == TM_OK);
        }
        CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
        for (int i = 0; i < 20; i++) CHECK(tops[i].leaves == 27);
    }
}

/* ---- many callers ---- */

static void *call_loops(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    for (int round = 0; round < 300; round++) {
        seed = seed * 1664525u + 1013904223u;
        check_once(arg, 1 + (seed >> 20) % 200, 1 + (seed >> 10) % 9);
        for (unsigned i = 0; i < (seed >> 8) % 3000; i++) tm_relax();
    }
    return NULL;
}

TEST(many_callers_share_a_pool)
{
    EACH_POOL (pool) {
        pthread_t callers[12]; /* more than there are slots */
        for (int i = 0; i < 12; i++) TM_MUST(pthread_create(&callers[i], NULL, call_loops, pool));
        for (int i = 0; i < 12; i++) TM_MUST(pthread_join(callers[i], NULL));
    }
}

/* ---- failures ---- */

static tm_status fail_from_57(void *ctx, size_t begin, size_t end)
{
    (void)end;
    atomic_fetch_add((_Atomic size_t *)ctx, 1);
    if (begin == 57) return TM_OVERFLOW;
    return begin > 57 ? TM_FAILED : TM_OK;
}

TEST(the_lowest_failure_wins)
{
    EACH_POOL (pool)
        for (int round = 0; round < 300; round++) {
            _Atomic size_t ran = 0;
            CHECK(tm_parallel_try(pool, 100, 1, fail_from_57, &ran) == TM_OVERFLOW);
            CHECK(ran >= 58);
        }
}

static _Atomic int interrupt_answer;

static int answer_interrupt(void)
{
    return atomic_load(&interrupt_answer);
}

static atomic_bool asked;

static int note_asked(void)
{
    atomic_store(&asked, true);
    return 1;
}

static tm_status sleep_2_ms(void *ctx, size_t begin, size_t end)
{
    (void)begin, (void)end;
    if (atomic_fetch_add((_Atomic size_t *)ctx, 1) == 5) atomic_store(&interrupt_answer, 1);
    usleep(2000);
    return TM_OK;
}

TEST(an_interrupt_ends_a_loop)
{
    tm_set_interrupt_check(answer_interrupt);
    EACH_POOL (pool) {
        _Atomic size_t ran = 0;
        atomic_store(&interrupt_answer, 0);
        CHECK(tm_parallel_try(pool, 100000, 1, sleep_2_ms, &ran) == TM_INTERRUPTED);
        CHECK(ran < 1000);
        atomic_store(&interrupt_answer, 0);
        check_once(pool, 1000, 10);
    }
    tm_set_interrupt_check(NULL);
}

/* Chunk 0 fails once chunk 1 runs; chunk 1 ends once the main thread, which has nothing left to run, has
 * asked. */
static tm_status fail_beside_an_interrupt(void *ctx, size_t begin, size_t end)
{
    atomic_bool *runs = ctx;
    (void)end;
    if (begin == 1) atomic_store(runs, true);
    while (!atomic_load(begin == 0 ? runs : &asked)) sched_yield();
    return begin == 0 ? TM_OVERFLOW : TM_OK;
}

TEST(an_interrupt_is_not_lost_beside_a_failure)
{
    tm_pool *pool = make_pool(2);
    tm_set_interrupt_check(note_asked);
    for (int i = 0; i < 3; i++) {
        atomic_bool runs = false;
        atomic_store(&asked, false);
        CHECK(tm_parallel_try(pool, 2, 1, fail_beside_an_interrupt, &runs) == TM_INTERRUPTED);
    }
    tm_set_interrupt_check(NULL);
    tm_pool_destroy(pool);
}

static void wait_for_zero(void *arg)
{
    while (atomic_load((_Atomic int *)arg) != 0) sched_yield();
}

TEST(an_interrupt_ends_a_join)
{
    tm_pool *pool = make_pool(2);
    _Atomic int busy = 1;
    CHECK(tm_spawn(pool, wait_for_zero, &busy) == TM_OK);
    CHECK(tm_join(pool, 1000000) == TM_TIMEOUT);
    tm_set_interrupt_check(answer_interrupt);
    atomic_store(&interrupt_answer, 1);
    CHECK(tm_join(pool, TM_FOREVER) == TM_INTERRUPTED);
    CHECK(tm_pool_shutdown(pool) == TM_INTERRUPTED);
    tm_set_interrupt_check(NULL);
    atomic_store(&busy, 0);
    CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
    tm_pool_destroy(pool);
}

/* ---- floating point ---- */

static volatile double zero = 0.0, one = 1.0, third;

static void divide(void *ctx, size_t begin, size_t end)
{
    (void)end;
    if (fegetround() != FE_UPWARD) atomic_fetch_add((_Atomic int *)ctx, 1);
    if (begin == 63) third = one / zero;
}

TEST(floating_point_state_travels)
{
    EACH_POOL (pool)
        for (int round = 0; round < 100; round++) {
            _Atomic int wrong = 0;
            feclearexcept(FE_ALL_EXCEPT);
            fesetround(FE_UPWARD);
            CHECK(tm_parallel_for(pool, 64, 1, divide, (void *)&wrong) == TM_OK);
            CHECK(fegetround() == FE_UPWARD);
            fesetround(FE_TONEAREST);
            CHECK(wrong == 0);
            CHECK(fetestexcept(FE_DIVBYZERO) != 0);
            CHECK(fetestexcept(FE_INVALID) == 0);
        }
    feclearexcept(FE_ALL_EXCEPT);
}

/* ---- tasks ---- */

static void add_one(void *arg)
{
    atomic_fetch_add((_Atomic long *)arg, 1);
}

TEST(join_waits_for_all_tasks)
{
    EACH_POOL (pool)
        for (int round = 0; round < 200; round++) {
            _Atomic long count = 0;
            void *args[100];
            size_t done = 0;
            for (int i = 0; i < 100; i++) args[i] = (void *)&count;
            CHECK(tm_spawn_many(pool, add_one, args, 100, &done) == TM_OK && done == 100);
            for (int i = 0; i < 20; i++) CHECK(tm_spawn(pool, add_one, (void *)&count) == TM_OK);
            CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
            CHECK(count == 120);
        }
}

typedef struct tree {
    tm_pool *pool;
    _Atomic long count;
} tree;

static void spawn_ten(void *arg)
{
    tree *all = arg;
    for (int i = 0; i < 10; i++) CHECK(tm_spawn(all->pool, add_one, (void *)&all->count) == TM_OK);
}

TEST(a_worker_never_waits_for_room_in_its_own_queue)
{
    tm_pool *pool = NULL;
    tm_pool_options options = {.threads = 1, .queue_capacity = 1};
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    tree all = {.pool = pool};
    for (int i = 0; i < 50; i++) CHECK(tm_spawn(pool, spawn_ten, &all) == TM_OK);
    CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
    CHECK(all.count == 500);
    tm_pool_destroy(pool);
}

static tm_pool *own_pool;
static tm_status own_join, own_shutdown;

static void wait_for_self(void *arg)
{
    (void)arg;
    own_join = tm_join(own_pool, TM_FOREVER);
    own_shutdown = tm_pool_shutdown(own_pool);
}

TEST(a_task_that_waits_for_itself_is_told)
{
    own_pool = make_pool(2);
    CHECK(tm_spawn(own_pool, wait_for_self, NULL) == TM_OK);
    CHECK(tm_join(own_pool, TM_FOREVER) == TM_OK);
    CHECK(own_join == TM_DEADLOCK);
    CHECK(own_shutdown == TM_DEADLOCK);
    tm_pool_destroy(own_pool);
}

TEST(shutdown_runs_what_is_queued)
{
    EACH_POOL (pool) {
        _Atomic long count = 0;
        for (int i = 0; i < 1000; i++) CHECK(tm_spawn(pool, add_one, (void *)&count) == TM_OK);
        CHECK(tm_pool_shutdown(pool) == TM_OK);
        CHECK(count == 1000);
        CHECK(tm_pool_shutdown(pool) == TM_OK);
        CHECK(tm_spawn(pool, add_one, (void *)&count) == TM_CLOSED);
        marks none = {.grain = 1};
        CHECK(tm_parallel_for(pool, 10, 1, mark, &none) == TM_CLOSED);
        CHECK(count == 1000);
    }
}

static void *spawn_until_closed(void *arg)
{
    tree *all = arg;
    long taken = 0;
    while (tm_spawn(all->pool, add_one, (void *)&all->count) == TM_OK) taken += 1;
    return (void *)taken;
}

TEST(nothing_taken_is_lost_in_a_shutdown)
{
    for (int round = 0; round < 100; round++) {
        tree all = {.pool = make_pool(2)};
        pthread_t spawners[3];
        long taken = 0;
        for (int i = 0; i < 3; i++) TM_MUST(pthread_create(&spawners[i], NULL, spawn_until_closed, &all));
        for (int i = 0; i < 1000 * (round % 4); i++) tm_relax();
        CHECK(tm_pool_shutdown(all.pool) == TM_OK);
        for (int i = 0; i < 3; i++) {
            void *result;
            TM_MUST(pthread_join(spawners[i], &result));
            taken += (long)result;
        }
        CHECK(all.count == taken);
        tm_pool_destroy(all.pool);
    }
}

/* ---- threads' life ---- */

static _Atomic int started, stopped;

static void count_start(void *ctx, size_t worker)
{
    (void)ctx, (void)worker;
    atomic_fetch_add(&started, 1);
}

static void count_stop(void *ctx, size_t worker)
{
    (void)ctx, (void)worker;
    atomic_fetch_add(&stopped, 1);
}

TEST(threads_start_at_first_need_and_all_stop)
{
    tm_pool *pool = NULL;
    tm_pool_options options = {.threads = 5, .on_start = count_start, .on_stop = count_stop};
    _Atomic long count = 0;
    started = stopped = 0;
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    CHECK(started == 0);
    CHECK(tm_spawn(pool, add_one, (void *)&count) == TM_OK);
    CHECK(tm_pool_shutdown(pool) == TM_OK);
    CHECK(started == 5 && stopped == 5);
    tm_pool_destroy(pool);
}

static _Atomic int ends;

static void count_end(void *arg)
{
    (void)arg;
    CHECK(stopped == 0); /* on_stop comes last */
    atomic_fetch_add(&ends, 1);
}

static void ask_twice(void *arg)
{
    CHECK(tm_at_worker_end(wait_for_zero, arg) == TM_OK);
    CHECK(tm_at_worker_end(count_end, NULL) == TM_OK);
}

TEST(a_worker_that_asks_for_it_is_called_once_at_its_end)
{
    tm_pool *pool = NULL;
    tm_pool_options options = {.threads = 1, .on_stop = count_stop};
    _Atomic int never = 1;
    ends = stopped = 0;
    CHECK(tm_at_worker_end(count_end, NULL) == TM_INVALID);
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    CHECK(tm_spawn(pool, ask_twice, (void *)&never) == TM_OK);
    CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
    CHECK(ends == 0);
    CHECK(tm_pool_shutdown(pool) == TM_OK);
    CHECK(ends == 1 && stopped == 1);
    tm_pool_destroy(pool);
}

/* ---- the host language's threads ---- */

static _Atomic int begun, half_done, hosts_ended;

static void begin_hosted(void *arg)
{
    atomic_store(&half_done, 1);
    atomic_fetch_add((_Atomic int *)arg, 1);
    nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL); /* long enough for a fork to fall into */
    atomic_store(&half_done, 0);
}

static void end_hosted(void)
{
    atomic_fetch_add(&hosts_ended, 1);
}

TEST(no_fork_comes_while_a_thread_becomes_the_hosts)
{
    _Atomic long count = 0;
    begun = hosts_ended = 0;
    tm_set_host_thread(begin_hosted, &begun, end_hosted, 1);
    tm_pool *pool = make_pool(2);
    CHECK(tm_spawn(pool, add_one, (void *)&count) == TM_OK);
    CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
    CHECK(begun == 0); /* for native work no worker becomes one */
    for (int i = 0; i < 3; i++) CHECK(tm_post(pool, add_one, (void *)&count) == TM_OK);
    while (atomic_load(&begun) == 0) sched_yield();
    pid_t child = fork();
    if (child == 0) _exit(atomic_load(&half_done));
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(tm_pool_shutdown(pool) == TM_OK);
    CHECK(count == 4);
    CHECK(begun >= 1 && begun <= 2 && hosts_ended == begun);
    tm_set_host_thread(NULL, NULL, NULL, 0);
    tm_pool_destroy(pool);
}

static _Atomic int release_done;

static void finish_late(void *arg)
{
    wait_for_zero(arg);
    atomic_fetch_add(&release_done, 1);
}

typedef struct leaver {
    tm_pool *pool;
    _Atomic int stay;
} leaver;

static void release_own(void *arg)
{
    leaver *self = arg;
    wait_for_zero((void *)&self->stay); /* until the spawner has come back from the pool */
    tm_pool_release(self->pool);
    atomic_fetch_add(&release_done, 1);
}

TEST(a_released_pool_finishes_its_tasks_and_frees_itself)
{
    for (int round = 0; round < 50; round++) {
        _Atomic int busy = 1;
        tm_pool *pool = make_pool(3), *joined = make_pool(2);
        leaver other = {.pool = make_pool(2), .stay = 1};
        release_done = 0;
        for (int i = 0; i < 5; i++) CHECK(tm_spawn(pool, finish_late, (void *)&busy) == TM_OK);
        tm_pool_release(pool);
        CHECK(tm_spawn(other.pool, release_own, &other) == TM_OK); /* by its own worker */
        atomic_store(&other.stay, 0);
        check_once(joined, 100, 1);
        CHECK(tm_pool_shutdown(joined) == TM_OK);
        tm_pool_release(joined);
        tm_pool_release(make_pool(4)); /* never started */
        atomic_store(&busy, 0);
        while (atomic_load(&release_done) < 6) sched_yield();
    }
}

TEST(join_does_not_wait_for_posted_tasks)
{
    tm_pool *pool = make_pool(2);
    _Atomic int busy = 1;
    CHECK(tm_post(pool, wait_for_zero, (void *)&busy) == TM_OK);
    CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
    CHECK(busy == 1);
    atomic_store(&busy, 0);
    tm_pool_watch(pool, 1000000);
    tm_pool_destroy(pool);
}

TEST(a_post_never_waits_for_room)
{
    tm_pool *pool = NULL;
    tm_pool_options options = {.threads = 1, .queue_capacity = 1};
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    _Atomic int busy = 1;
    _Atomic long count = 0;
    CHECK(tm_spawn(pool, wait_for_zero, (void *)&busy) == TM_OK);
    CHECK(tm_spawn(pool, add_one, (void *)&count) == TM_OK); /* the queue is full */
    for (int i = 0; i < 1000; i++) CHECK(tm_post(pool, add_one, (void *)&count) == TM_OK);
    CHECK(count == 0);
    atomic_store(&busy, 0);
    CHECK(tm_pool_shutdown(pool) == TM_OK);
    CHECK(count == 1001);
    CHECK(tm_post(pool, add_one, (void *)&count) == TM_CLOSED);
    tm_pool_destroy(pool);
}

static char turns[16];
static _Atomic int turn;

static void note_turn(void *arg)
{
    turns[atomic_fetch_add(&turn, 1)] = *(char *)arg;
}

TEST(spawned_and_posted_tasks_take_turns)
{
    tm_pool *pool = make_pool(1);
    _Atomic int busy = 1;
    CHECK(tm_spawn(pool, wait_for_zero, (void *)&busy) == TM_OK);
    for (int i = 0; i < 3; i++) CHECK(tm_spawn(pool, note_turn, "s") == TM_OK);
    for (int i = 0; i < 3; i++) CHECK(tm_post(pool, note_turn, "p") == TM_OK);
    atomic_store(&busy, 0);
    CHECK(tm_pool_shutdown(pool) == TM_OK);
    CHECK(strcmp(turns, "pspsps") == 0);
    tm_pool_destroy(pool);
}

TEST(a_pool_that_never_ran_closes)
{
    tm_pool *pool = make_pool(3);
    CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
    CHECK(tm_pool_shutdown(pool) == TM_OK);
    CHECK(tm_spawn(pool, add_one, NULL) == TM_CLOSED);
    tm_pool_destroy(pool);
}

TEST(statistics_count)
{
    tm_pool *pool = make_pool(3);
    tm_worker_stats stats[4];
    check_once(pool, 1000, 1);
    _Atomic long count = 0;
    for (int i = 0; i < 10; i++) CHECK(tm_spawn(pool, add_one, (void *)&count) == TM_OK);
    CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
    CHECK(tm_pool_shutdown(pool) == TM_OK);
    tm_pool_stats(pool, stats);
    CHECK(stats[0].chunks + stats[1].chunks + stats[2].chunks + stats[3].chunks == 1000);
    CHECK(stats[0].tasks + stats[1].tasks + stats[2].tasks == 10);
    CHECK(stats[3].jobs == 1);
    CHECK(stats[3].busy_ns > 0);
    tm_pool_destroy(pool);
}

/* ---- fork ---- */

static int child_works(tm_pool *pool)
{
    _Atomic long count = 0;
    check_once(pool, 1000, 3);
    for (int i = 0; i < 100; i++) CHECK(tm_spawn(pool, add_one, (void *)&count) == TM_OK);
    CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
    CHECK(count == 100);
    CHECK(tm_pool_shutdown(pool) == TM_OK);
    return check_bad != 0;
}

#if defined(__SANITIZE_ADDRESS__)
static void start_all(tm_pool *pool)
{
    meeting all = {.expected = (int)tm_pool_threads(pool)};
    for (int i = 0; i < all.expected; i++) CHECK(tm_spawn(pool, meet_task, &all) == TM_OK);
    CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
}
#endif

static void fork_once_and_check(tm_pool *pool)
{
    pid_t child = fork();
    if (child == 0) {
        alarm(100);
        _exit(child_works(pool));
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(a_forked_child_has_a_fresh_team)
{
#if defined(__SANITIZE_THREAD__)
    if (check_bad >= 0) return; /* the sanitizer's runtime forbids threads in a child of a threaded process */
#endif
    EACH_POOL (pool) {
#if defined(__SANITIZE_ADDRESS__)
        /* GCC 12's runtime keeps its allocator's lock in the child where a thread was starting at the fork. */
        start_all(pool);
#endif
        for (int round = 0; round < 10; round++) {
            _Atomic int busy = 1;
            check_once(pool, 100, 1);
            CHECK(tm_spawn(pool, wait_for_zero, (void *)&busy) == TM_OK);
            fork_once_and_check(pool);
            atomic_store(&busy, 0);
            CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
            check_once(pool, 1000, 7);
        }
    }
}

int main(void)
{
    alarm(300);
    RUN(every_index_runs_once);
    RUN(back_to_back_jobs_of_changing_size);
    RUN(bad_arguments);
    RUN(at_most_n_threads_take_part);
    RUN(thread_limit_bounds_a_loop);
    RUN(sleepers_come_when_there_is_work);
    RUN(every_thread_runs_tasks);
    RUN(nested_loops);
    RUN(loops_in_tasks);
    RUN(many_callers_share_a_pool);
    RUN(the_lowest_failure_wins);
    RUN(an_interrupt_ends_a_loop);
    RUN(an_interrupt_is_not_lost_beside_a_failure);
    RUN(an_interrupt_ends_a_join);
    RUN(floating_point_state_travels);
    RUN(join_waits_for_all_tasks);
    RUN(a_worker_never_waits_for_room_in_its_own_queue);
    RUN(a_task_that_waits_for_itself_is_told);
    RUN(shutdown_runs_what_is_queued);
    RUN(nothing_taken_is_lost_in_a_shutdown);
    RUN(threads_start_at_first_need_and_all_stop);
    RUN(a_worker_that_asks_for_it_is_called_once_at_its_end);
    RUN(no_fork_comes_while_a_thread_becomes_the_hosts);
    RUN(a_released_pool_finishes_its_tasks_and_frees_itself);
    RUN(join_does_not_wait_for_posted_tasks);
    RUN(a_post_never_waits_for_room);
    RUN(spawned_and_posted_tasks_take_turns);
    RUN(a_pool_that_never_ran_closes);
    RUN(statistics_count);
    RUN(a_forked_child_has_a_fresh_team);
    return finish();
}
