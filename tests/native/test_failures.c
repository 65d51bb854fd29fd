/* test_failures.c: the ways in which such pools have failed elsewhere and which no other program here tries;
 * docs/reliability.md has the list. */
#include "check.h"
#include "pool.h"
#include "queue.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

static tm_pool *make_pool(size_t threads)
{
    tm_pool *pool = NULL;
    tm_pool_options options = {.threads = threads};
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    return pool;
}

static unsigned next_random(unsigned *seed)
{
    return (*seed = *seed * 1664525u + 1013904223u) >> 8;
}

static void relax_for(unsigned turns)
{
    for (unsigned i = 0; i < turns; i++) tm_relax();
}

static void add_one(void *arg)
{
    atomic_fetch_add((_Atomic long *)arg, 1);
}

static void wait_for_zero(void *arg)
{
    while (atomic_load((_Atomic int *)arg) != 0) sched_yield();
}

static void nothing(void *ctx, size_t begin, size_t end)
{
    (void)ctx, (void)begin, (void)end;
}

/* ---- tasks ---- */

/* The next task comes while the worker is on its way to sleep, at every point of it. */
TEST(a_single_task_is_never_missed)
{
    tm_pool *pool = make_pool(2);
    _Atomic long count = 0;
    unsigned seed = 1;
    for (long i = 0; i < 5000; i++) {
        CHECK(tm_spawn(pool, add_one, (void *)&count) == TM_OK);
        CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
        CHECK(count == i + 1);
        relax_for(next_random(&seed) % 2000);
    }
    tm_pool_destroy(pool);
}

typedef struct meeting {
    _Atomic int arrived, left;
    int expected;
} meeting;

static void meet(void *arg)
{
    meeting *all = arg;
    atomic_fetch_add(&all->arrived, 1);
    while (atomic_load(&all->arrived) < all->expected) sched_yield();
    atomic_fetch_add(&all->left, 1);
}

/* The queue is not empty when the second call comes: it wakes the others all the same. */
TEST(a_batch_behind_one_task_gets_all_threads)
{
    for (int threads = 2; threads <= 5; threads++) {
        tm_pool *pool = make_pool((size_t)threads);
        for (int round = 0; round < 100; round++) {
            meeting all = {.expected = threads};
            void *args[] = {&all, &all, &all, &all};
            CHECK(tm_spawn(pool, meet, &all) == TM_OK);
            CHECK(tm_spawn_many(pool, meet, args, (size_t)threads - 1, NULL) == TM_OK);
            CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
        }
        tm_pool_destroy(pool);
    }
}

/* Two workers that reach for the same task: the one that misses it takes the task of the other kind. */
TEST(tasks_of_both_kinds_may_need_each_other)
{
    for (int threads = 2; threads <= 4; threads++) {
        tm_pool *pool = make_pool((size_t)threads);
        for (int round = 0; round < 1000; round++) {
            meeting all = {.expected = threads};
            for (int i = 0; i < threads; i++) CHECK((i % 2 ? tm_post : tm_spawn)(pool, meet, &all) == TM_OK);
            while (atomic_load(&all.left) < threads) sched_yield();
        }
        tm_pool_destroy(pool);
    }
}

TEST(no_more_sleepers_are_called_than_tasks)
{
    enum { THREADS = 7, TASKS = 300 };
    tm_pool *pool = make_pool(THREADS);
    tm_worker_stats stats[THREADS + 1];
    _Atomic long count = 0;
    for (int i = 0; i < TASKS; i++) {
        CHECK(tm_spawn(pool, add_one, (void *)&count) == TM_OK);
        CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
        relax_for(i % 3 == 0 ? 20000 : 0);
    }
    tm_pool_stats(pool, stats);
    uint64_t calls = 0;
    for (int i = 0; i <= THREADS; i++) calls += stats[i].wakeups;
    CHECK(calls <= TASKS);
    tm_pool_destroy(pool);
}

/* The loop's caller waits for its own chunks alone: were it to run one of the tasks that want its lock, it
 * would wait for itself. */
typedef struct lock_holder {
    tm_pool *pool;
    pthread_mutex_t mutex;
    _Atomic int holds;
    _Atomic long ran;
} lock_holder;

static void loop_with_lock(void *arg)
{
    lock_holder *all = arg;
    tm_lock(&all->mutex);
    atomic_store(&all->holds, 1);
    for (int i = 0; i < 20; i++) CHECK(tm_parallel_for(all->pool, 50, 1, nothing, NULL) == TM_OK);
    tm_unlock(&all->mutex);
}

static void want_lock(void *arg)
{
    lock_holder *all = arg;
    tm_lock(&all->mutex);
    tm_unlock(&all->mutex);
    atomic_fetch_add(&all->ran, 1);
}

TEST(a_task_that_holds_a_lock_may_loop)
{
    for (size_t threads = 1; threads <= 3; threads++)
        for (int round = 0; round < 20; round++) {
            lock_holder all = {.pool = make_pool(threads), .mutex = PTHREAD_MUTEX_INITIALIZER};
            CHECK(tm_spawn(all.pool, loop_with_lock, &all) == TM_OK);
            while (atomic_load(&all.holds) == 0) sched_yield();
            for (int i = 0; i < 10; i++) CHECK(tm_spawn(all.pool, want_lock, &all) == TM_OK);
            CHECK(tm_join(all.pool, TM_FOREVER) == TM_OK);
            CHECK(all.ran == 10);
            tm_pool_destroy(all.pool);
        }
}

typedef struct offspring {
    tm_pool *pool;
    _Atomic long taken, ran;
} offspring;

static void have_children(void *arg)
{
    offspring *all = arg;
    atomic_fetch_add(&all->ran, 1);
    for (int i = 0; i < 2; i++)
        if (tm_spawn(all->pool, have_children, all) == TM_OK) atomic_fetch_add(&all->taken, 1);
}

TEST(a_shutdown_ends_tasks_that_spawn_without_end)
{
    for (size_t threads = 1; threads <= 3; threads++)
        for (unsigned round = 0; round < 20; round++) {
            offspring all = {.pool = make_pool(threads), .taken = 1};
            CHECK(tm_spawn(all.pool, have_children, &all) == TM_OK);
            relax_for(100 * round);
            CHECK(tm_pool_shutdown(all.pool) == TM_OK);
            CHECK(all.ran == all.taken);
            tm_pool_destroy(all.pool);
        }
}

typedef struct suicide {
    tm_pool *pool;
    _Atomic int stay;
    _Atomic int *done;
} suicide;

static void destroy_own(void *arg)
{
    suicide *self = arg;
    wait_for_zero((void *)&self->stay); /* until the spawner has come back from the pool */
    tm_pool_destroy(self->pool);
    atomic_store(self->done, 1);
}

TEST(a_worker_may_destroy_its_own_pool)
{
    for (int round = 0; round < 30; round++) {
        static _Atomic int done;
        suicide self = {.pool = make_pool(3), .stay = 1, .done = &done};
        done = 0;
        CHECK(tm_spawn(self.pool, destroy_own, &self) == TM_OK);
        atomic_store(&self.stay, 0);
        while (atomic_load(&done) == 0) sched_yield();
    }
}

static void *loop_once(void *pool)
{
    CHECK(tm_parallel_for(pool, 100, 1, nothing, NULL) == TM_OK);
    return NULL;
}

static _Atomic int started;

static void count_start(void *ctx, size_t worker)
{
    (void)ctx, (void)worker;
    atomic_fetch_add(&started, 1);
}

TEST(first_calls_at_once_start_one_team)
{
    for (int round = 0; round < 50; round++) {
        tm_pool *pool = NULL;
        tm_pool_options options = {.threads = 3, .on_start = count_start};
        pthread_t callers[8];
        started = 0;
        CHECK(tm_pool_create(&options, &pool) == TM_OK);
        for (int i = 0; i < 8; i++) TM_MUST(pthread_create(&callers[i], NULL, loop_once, pool));
        for (int i = 0; i < 8; i++) TM_MUST(pthread_join(callers[i], NULL));
        CHECK(tm_pool_shutdown(pool) == TM_OK);
        CHECK(started == 3);
        tm_pool_destroy(pool);
    }
}

/* ---- loops ---- */

typedef struct edges {
    size_t n, grain;
    _Atomic size_t chunks, wrong;
} edges;

static void look_at_edges(void *ctx, size_t begin, size_t end)
{
    edges *all = ctx;
    size_t length = TM_MIN(all->grain, all->n - begin);
    if (begin >= all->n || begin % all->grain != 0 || end - begin != length) atomic_fetch_add(&all->wrong, 1);
    atomic_fetch_add(&all->chunks, 1);
}

TEST(ranges_up_to_the_greatest_are_cut_right)
{
    const size_t most = PTRDIFF_MAX, grains[] = {most, most - 1, most / 2, most / 3, most / 1000, SIZE_MAX};
    for (size_t threads = 1; threads <= 7; threads += 2) {
        tm_pool *pool = make_pool(threads);
        for (size_t i = 0; i < sizeof grains / sizeof *grains; i++)
            for (size_t less = 0; less < 3; less++) {
                edges all = {.n = most - less, .grain = grains[i]};
                CHECK(tm_parallel_for(pool, all.n, all.grain, look_at_edges, &all) == TM_OK);
                CHECK(all.wrong == 0);
                CHECK(all.chunks == all.n / all.grain + (all.n % all.grain != 0));
            }
        CHECK(tm_parallel_for(pool, most, 1, nothing, NULL) == TM_INVALID); /* more chunks than are counted */
        tm_pool_destroy(pool);
    }
}

/* Its context lies in memory that is overwritten at once: a worker that came late would meet other values. */
typedef struct context {
    uint64_t magic;
    _Atomic size_t ran;
} context;

static void expect_magic(void *ctx, size_t begin, size_t end)
{
    context *mine = ctx;
    (void)begin, (void)end;
    CHECK(mine->magic == 0x5ca1ab1e);
    atomic_fetch_add(&mine->ran, 1);
}

TEST(nobody_runs_a_chunk_of_a_finished_loop)
{
    tm_pool *pool = make_pool(3);
    unsigned seed = 3;
    for (int round = 0; round < 5000; round++) {
        context *mine = malloc(sizeof *mine);
        *mine = (context){.magic = 0x5ca1ab1e};
        size_t n = 1 + next_random(&seed) % 6;
        CHECK(tm_parallel_for(pool, n, 1, expect_magic, mine) == TM_OK);
        CHECK(mine->ran == n);
        memset(mine, 0xdb, sizeof *mine);
        free(mine);
        relax_for(next_random(&seed) % 300);
    }
    tm_pool_destroy(pool);
}

TEST(a_loop_keeps_errno)
{
    for (size_t threads = 1; threads <= 3; threads++) {
        tm_pool *pool = make_pool(threads);
        loop_once(pool); /* starts the threads */
        for (int round = 0; round < 200; round++) {
            errno = 77;
            CHECK(tm_parallel_for(pool, 100, 1, nothing, NULL) == TM_OK);
            CHECK(errno == 77);
        }
        tm_pool_destroy(pool);
    }
}

static void note_mask(void *arg)
{
    TM_MUST(pthread_sigmask(SIG_SETMASK, NULL, arg));
}

TEST(workers_leave_signals_to_the_programs_threads)
{
    tm_pool *pool = make_pool(2);
    sigset_t mask;
    sigemptyset(&mask);
    CHECK(tm_spawn(pool, note_mask, &mask) == TM_OK);
    CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
    CHECK(sigismember(&mask, SIGINT) && sigismember(&mask, SIGTERM) && sigismember(&mask, SIGALRM));
    CHECK(!sigismember(&mask, SIGSEGV) && !sigismember(&mask, SIGFPE));
    TM_MUST(pthread_sigmask(SIG_SETMASK, NULL, &mask));
    CHECK(!sigismember(&mask, SIGINT)); /* the starter's own mask is as it was */
    tm_pool_destroy(pool);
}

TEST(to_free_nothing_does_nothing)
{
    tm_pool_destroy(NULL);
    tm_pool_release(NULL);
    tm_queue_destroy(NULL);
}

TEST(what_threads_write_stands_on_lines_of_its_own)
{
    CHECK(sizeof(tm_slice) == TM_LINE);
    CHECK(sizeof(tm_worker) % TM_LINE == 0);
    CHECK(sizeof(tm_job) % TM_LINE == 0);
    CHECK(offsetof(tm_team, bell) % TM_LINE == 0);
    CHECK(offsetof(tm_team, pending) / TM_LINE > offsetof(tm_team, bell) / TM_LINE);
    CHECK(offsetof(tm_team, jobs) % TM_LINE == 0);
    CHECK(offsetof(tm_job, taken) % TM_LINE == 0);
    /* The edge between two chunks is no line that both write, whatever the element's size. */
    for (size_t n = 1; n < (size_t)1 << 40; n = n * 3 + 1) CHECK(tm_chunk_elements(n) % 64 == 0);
}

/* ---- mutexes ---- */

/* Hooks set before the library's run after them: all of its watched mutexes are held by then. */
static void (*in_fork)(void);

static void call_in_fork(void)
{
    if (in_fork != NULL) in_fork();
}

static tm_pool *fork_pool;

static void loop_in_fork(void)
{
    for (int i = 0; i < 100; i++) CHECK(tm_parallel_for(fork_pool, 64, 1, nothing, NULL) == TM_OK);
}

TEST(loops_need_no_queue_and_no_lifecycle_mutex)
{
    if (THREAD_SANITIZER) return; /* its runtime holds its own locks across a fork */
    fork_pool = make_pool(3);
    loop_once(fork_pool);
    in_fork = loop_in_fork;
    pid_t child = fork();
    if (child == 0) _exit(0);
    in_fork = NULL;
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    tm_pool_destroy(fork_pool);
}

/* One item, one signal, three who wait and two who signal: a signal that is lost leaves all of them
 * waiting. */
typedef struct ping {
    tm_queue *there, *back;
} ping;

static void *send_back(void *arg)
{
    ping *both = arg;
    int item;
    while (tm_queue_pop(both->there, &item, 1, TM_FOREVER, NULL) == TM_OK)
        CHECK(tm_queue_push(both->back, &item, 1, TM_FOREVER, NULL) == TM_OK);
    return NULL;
}

static void *send_and_wait(void *arg)
{
    ping *both = arg;
    for (int i = 0; i < 2000; i++) {
        int item = i;
        CHECK(tm_queue_push(both->there, &item, 1, TM_FOREVER, NULL) == TM_OK);
        CHECK(tm_queue_pop(both->back, &item, 1, TM_FOREVER, NULL) == TM_OK);
    }
    return NULL;
}

TEST(no_signal_is_lost_between_three_who_wait)
{
    ping both = {NULL, NULL};
    pthread_t waiters[3], senders[2];
    CHECK(tm_queue_create(1, sizeof(int), TM_FIFO, &both.there) == TM_OK);
    CHECK(tm_queue_create(1, sizeof(int), TM_FIFO, &both.back) == TM_OK);
    for (int i = 0; i < 3; i++) TM_MUST(pthread_create(&waiters[i], NULL, send_back, &both));
    for (int i = 0; i < 2; i++) TM_MUST(pthread_create(&senders[i], NULL, send_and_wait, &both));
    for (int i = 0; i < 2; i++) TM_MUST(pthread_join(senders[i], NULL));
    tm_queue_close(both.there, 0);
    for (int i = 0; i < 3; i++) TM_MUST(pthread_join(waiters[i], NULL));
    tm_queue_destroy(both.there);
    tm_queue_destroy(both.back);
}

int main(void)
{
    alarm(300);
    TM_MUST(pthread_atfork(call_in_fork, NULL, NULL)); /* before the library's */
    RUN(a_single_task_is_never_missed);
    RUN(a_batch_behind_one_task_gets_all_threads);
    RUN(tasks_of_both_kinds_may_need_each_other);
    RUN(no_more_sleepers_are_called_than_tasks);
    RUN(a_task_that_holds_a_lock_may_loop);
    RUN(a_shutdown_ends_tasks_that_spawn_without_end);
    RUN(a_worker_may_destroy_its_own_pool);
    RUN(first_calls_at_once_start_one_team);
    RUN(ranges_up_to_the_greatest_are_cut_right);
    RUN(nobody_runs_a_chunk_of_a_finished_loop);
    RUN(a_loop_keeps_errno);
    RUN(workers_leave_signals_to_the_programs_threads);
    RUN(to_free_nothing_does_nothing);
    RUN(what_threads_write_stands_on_lines_of_its_own);
    RUN(loops_need_no_queue_and_no_lifecycle_mutex);
    RUN(no_signal_is_lost_between_three_who_wait);
    return finish();
}
