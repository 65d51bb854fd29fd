/* soak.c: random loops, nests, tasks, queues, pools that come and go, and forks, from several threads at
 * once, with trouble at every protocol edge (csrc/chaos.h). Everything that runs is counted and compared.
 *
 *     soak [SECONDS [SEED [PATIENCE]]]
 *
 * A watchdog prints the stacks of all threads and aborts when a thread has done nothing for PATIENCE of
 * the watchdog's own seconds: those in which the process is stopped do not count. */
#include "check.h"
#include "chaos.h"
#include "interrupt.h"
#include "sync.h"

#include <dirent.h>
#include <execinfo.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

enum { ACTORS = 4, ACTS_A_ROUND = 150, MOST = 300 };

/* ---- what the actors share ---------------------------------------------------------------- */

typedef struct stage {
    tm_pool *pool;
    tm_queue *queue;
    _Atomic long put, taken;
    _Atomic int64_t sum_put, sum_taken;
} stage;

typedef struct actor {
    stage *stage;
    uint64_t random;
    pthread_t thread;
    _Atomic(const char *) act; /* NULL: at rest */
    _Atomic uint64_t acts;
} actor;

static actor actors[ACTORS];
static _Atomic uint64_t forks, pools_made;

static unsigned dice(actor *me, unsigned sides)
{
    me->random = me->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(me->random >> 33) % sides;
}

static void await(_Atomic long *count, long wanted)
{
    while (atomic_load(count) != wanted) sched_yield();
}

#if defined(__linux__)
static cpu_set_t all_cores; /* set before any thread runs */

/* Whatever cores are lent: only inside a loop, and no more once the worker has left it. */
static void check_cores(void)
{
    cpu_set_t now;
    CHECK(sched_getaffinity(0, sizeof now, &now) == 0 && CPU_EQUAL(&now, &all_cores));
}
#else
static void check_cores(void) {}
#endif

static void add_one(void *arg)
{
    check_cores();
    atomic_fetch_add((_Atomic long *)arg, 1);
}

/* ---- loops -------------------------------------------------------------------------------- */

typedef struct loop {
    tm_pool *pool;
    size_t n, grain, bad; /* the chunk that begins at `bad` fails, and every later one */
    int depth;
    _Atomic unsigned char seen[MOST];
} loop;

static void check_loop(tm_pool *pool, size_t n, size_t grain, size_t bad, int depth);

static tm_status run_part(void *ctx, size_t begin, size_t end)
{
    loop *all = ctx;
    for (size_t i = begin; i < end; i++) atomic_fetch_add(&all->seen[i], 1);
    if (all->depth > 0) check_loop(all->pool, 1 + begin % 5, 1, SIZE_MAX, all->depth - 1);
    if (begin == all->bad) return TM_OVERFLOW;
    return begin > all->bad ? TM_FAILED : TM_OK;
}

/* Its memory is spoilt and gone as soon as the loop is back. */
static void check_loop(tm_pool *pool, size_t n, size_t grain, size_t bad, int depth)
{
    loop *all = calloc(1, sizeof *all);
    size_t wrong = 0;
    all->pool = pool, all->n = n, all->grain = grain, all->bad = bad, all->depth = depth;
    CHECK(tm_parallel_try(pool, n, grain, run_part, all) == (bad < n ? TM_OVERFLOW : TM_OK));
    for (size_t i = 0; i < n; i++)
        wrong += bad < n && i >= bad + grain ? all->seen[i] > 1 : all->seen[i] != 1;
    CHECK(wrong == 0);
    memset((void *)all, 0xdb, sizeof *all);
    free(all);
}

static void do_loop(actor *me)
{
    size_t n = 1 + dice(me, MOST), grain = 1 + dice(me, 40);
    check_loop(me->stage->pool, n, grain, SIZE_MAX, 0);
}

static void do_failing_loop(actor *me)
{
    size_t n = 1 + dice(me, MOST), grain = 1 + dice(me, 40);
    check_loop(me->stage->pool, n, grain, dice(me, (unsigned)n) / grain * grain, 0);
}

static void do_nest(actor *me)
{
    check_loop(me->stage->pool, 2 + dice(me, 5), 1, SIZE_MAX, 1 + (int)dice(me, 2));
}

/* ---- tasks -------------------------------------------------------------------------------- */

static void do_tasks(actor *me)
{
    _Atomic long count = 0;
    void *args[80];
    long n = 1 + (long)dice(me, 80);
    for (long i = 0; i < n; i++) args[i] = (void *)&count;
    CHECK(tm_spawn_many(me->stage->pool, add_one, args, (size_t)n, NULL) == TM_OK);
    if (dice(me, 3) == 0) {
        tm_status status = tm_join(me->stage->pool, dice(me, 2) ? 1000000 : 0); /* others go on spawning */
        CHECK(status == TM_OK || status == TM_TIMEOUT);
    }
    await(&count, n);
}

static void do_posts(actor *me)
{
    _Atomic long count = 0;
    long n = 1 + (long)dice(me, 10);
    for (long i = 0; i < n; i++) CHECK(tm_post(me->stage->pool, add_one, (void *)&count) == TM_OK);
    if (dice(me, 2)) tm_pool_watch(me->stage->pool, 20000);
    await(&count, n);
}

typedef struct tree {
    tm_pool *pool;
    int depth;
    _Atomic long *count;
} tree;

static void grow(void *arg)
{
    tree self = *(tree *)arg;
    free(arg);
    if (self.depth == 0) {
        check_loop(self.pool, 10, 2, SIZE_MAX, 0);
    } else {
        for (int i = 0; i < 2; i++) {
            tree *child = malloc(sizeof *child);
            *child = (tree){self.pool, self.depth - 1, self.count};
            CHECK(tm_spawn(self.pool, grow, child) == TM_OK);
        }
    }
    add_one((void *)self.count);
}

static void do_tree(actor *me)
{
    _Atomic long count = 0;
    tree *root = malloc(sizeof *root);
    *root = (tree){me->stage->pool, (int)dice(me, 4), &count};
    long nodes = (2l << root->depth) - 1;
    CHECK(tm_spawn(me->stage->pool, grow, root) == TM_OK);
    await(&count, nodes);
}

/* ---- queues ------------------------------------------------------------------------------- */

static void do_queue(actor *me)
{
    stage *at = me->stage;
    int32_t block[20];
    int64_t sum = 0;
    size_t n = 1 + dice(me, 20), done = 0;
    for (size_t i = 0; i < n; i++) block[i] = (int32_t)dice(me, 1000);
    tm_status status = tm_queue_push(at->queue, block, n, dice(me, 2) ? 200000 : 0, &done);
    CHECK(status == TM_OK || (done < n && (status == TM_FULL || status == TM_TIMEOUT)));
    for (size_t i = 0; i < done; i++) sum += block[i];
    atomic_fetch_add(&at->put, (long)done);
    atomic_fetch_add(&at->sum_put, sum);
    status = tm_queue_pop(at->queue, block, 1 + dice(me, 20), dice(me, 2) ? 200000 : 0, &done);
    CHECK(status == TM_OK || (done == 0 && (status == TM_EMPTY || status == TM_TIMEOUT)));
    sum = 0;
    for (size_t i = 0; i < done; i++) sum += block[i];
    atomic_fetch_add(&at->taken, (long)done);
    atomic_fetch_add(&at->sum_taken, sum);
}

typedef struct stream {
    tm_queue *queue;
    _Atomic int64_t sum;
    int items;
} stream;

static void produce(void *arg)
{
    stream *all = arg;
    for (int32_t i = 0; i < all->items; i++)
        CHECK(tm_queue_push(all->queue, &i, 1, TM_FOREVER, NULL) == TM_OK);
    tm_queue_close(all->queue, 0);
}

static void add_block(void *ctx, const void *items, size_t n)
{
    const int32_t *values = items;
    for (size_t i = 0; i < n; i++) atomic_fetch_add(&((stream *)ctx)->sum, values[i]);
}

static void *run_producer(void *arg)
{
    produce(arg);
    return NULL;
}

static void do_drain(actor *me)
{
    stream all = {.items = 1 + (int)dice(me, 200)};
    size_t done = 0;
    pthread_t producer;
    CHECK(tm_queue_create(dice(me, 3) ? 1 + dice(me, 9) : 0, sizeof(int32_t), TM_FIFO, &all.queue) == TM_OK);
    TM_MUST(pthread_create(&producer, NULL, run_producer, &all));
    CHECK(tm_drain(me->stage->pool, all.queue, 1 + dice(me, 5), add_block, &all, &done) == TM_OK);
    TM_MUST(pthread_join(producer, NULL));
    CHECK(done == (size_t)all.items);
    CHECK(all.sum == (int64_t)all.items * (all.items - 1) / 2);
    tm_queue_destroy(all.queue);
}

/* ---- pools -------------------------------------------------------------------------------- */

static tm_pool *make_pool(size_t threads, size_t capacity)
{
    tm_pool *pool = NULL;
    tm_pool_options options = {.threads = threads, .queue_capacity = capacity, .name = "soak"};
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    atomic_fetch_add(&pools_made, 1);
    return pool;
}

/* A pool of its own, let go in one of three ways while its tasks wait. */
static void do_pool(actor *me)
{
    _Atomic long count = 0;
    long n = (long)dice(me, 30);
    tm_pool *pool = make_pool(1 + dice(me, 4), dice(me, 2) ? 1 + dice(me, 4) : 0);
    for (long i = 0; i < n; i++)
        CHECK((dice(me, 2) ? tm_spawn : tm_post)(pool, add_one, (void *)&count) == TM_OK);
    if (dice(me, 2)) check_loop(pool, 30, 1 + dice(me, 9), SIZE_MAX, 0);
    switch (dice(me, 3)) {
    case 0: tm_pool_destroy(pool); break;
    case 1:
        CHECK(tm_pool_shutdown(pool) == TM_OK);
        CHECK(atomic_load(&count) == n);
        CHECK(tm_spawn(pool, add_one, (void *)&count) == TM_CLOSED);
        tm_pool_destroy(pool);
        break;
    default: tm_pool_release(pool); await(&count, n);
    }
    CHECK(atomic_load(&count) == n);
}

typedef struct spawner {
    tm_pool *pool;
    _Atomic long count, taken;
} spawner;

static void *spawn_until_closed(void *arg)
{
    spawner *all = arg;
    while (tm_spawn(all->pool, add_one, (void *)&all->count) == TM_OK) atomic_fetch_add(&all->taken, 1);
    return NULL;
}

static void do_shutdown(actor *me)
{
    spawner all = {.pool = make_pool(1 + dice(me, 3), 1 + dice(me, 50))};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) TM_MUST(pthread_create(&threads[i], NULL, spawn_until_closed, &all));
    for (unsigned i = dice(me, 4000); i > 0; i--) tm_relax();
    CHECK(tm_pool_shutdown(all.pool) == TM_OK);
    for (int i = 0; i < 2; i++) TM_MUST(pthread_join(threads[i], NULL));
    CHECK(all.count == all.taken);
    tm_pool_destroy(all.pool);
}

/* ---- meetings: each of these needs all threads of its pool at once ---- */

typedef struct meeting {
    _Atomic long arrived, left;
    long expected;
} meeting;

static void meet(void *arg)
{
    meeting *all = arg;
    add_one((void *)&all->arrived);
    while (atomic_load(&all->arrived) < all->expected) sched_yield();
    add_one((void *)&all->left);
}

static void do_meeting(actor *me)
{
    long threads = 2 + (long)dice(me, 3);
    tm_pool *pool = make_pool((size_t)threads, 0);
    for (int round = 0; round < 10; round++) {
        meeting all = {.expected = threads};
        for (long i = 0; i < threads; i++) {
            CHECK((i % 2 ? tm_post : tm_spawn)(pool, meet, &all) == TM_OK);
            for (unsigned wait = dice(me, 2) ? dice(me, 1000) : 0; wait > 0; wait--) tm_relax();
        }
        await(&all.left, threads);
    }
    tm_pool_destroy(pool);
}

typedef struct errand {
    tm_pool *pool;
    _Atomic long done;
    unsigned delay;
} errand;

static void *run_errand(void *arg)
{
    errand *all = arg;
    for (unsigned i = 0; i < all->delay; i++) tm_relax();
    CHECK(tm_spawn(all->pool, add_one, (void *)&all->done) == TM_OK);
    return NULL;
}

static void wait_for_errand(void *ctx, size_t begin, size_t end)
{
    (void)begin, (void)end;
    await(&((errand *)ctx)->done, 1);
}

/* A loop on the caller and one worker waits for a task, which the other worker must take. */
static void do_errand(actor *me)
{
    tm_pool *pool = make_pool(2, 0);
    for (int round = 0; round < 10; round++) {
        errand all = {.pool = pool, .delay = dice(me, 2000)};
        pthread_t runner;
        TM_MUST(pthread_create(&runner, NULL, run_errand, &all));
        CHECK(tm_parallel_for(pool, 2, 1, wait_for_errand, &all) == TM_OK);
        TM_MUST(pthread_join(runner, NULL));
    }
    tm_pool_destroy(pool);
}

/* ---- forks -------------------------------------------------------------------------------- */

static int live_as_child(stage *at)
{
    int32_t item = 1;
    size_t done;
    check_bad = 0;
    check_cores();
    tm_queue_push(at->queue, &item, 1, 0, &done); /* may be full: it must only come back */
    tm_queue_pop(at->queue, &item, 1, 0, &done);
    check_loop(NULL, 20, 3, SIZE_MAX, 0);
    if (THREAD_SANITIZER) return check_bad != 0; /* its runtime forbids threads in a child */
    _Atomic long count = 0;
    check_loop(at->pool, 100, 3, SIZE_MAX, 1);
    CHECK(tm_spawn(at->pool, add_one, (void *)&count) == TM_OK);
    CHECK(tm_join(at->pool, TM_FOREVER) == TM_OK);
    CHECK(count == 1);
    CHECK(tm_pool_shutdown(at->pool) == TM_OK);
    return check_bad != 0;
}

static void do_fork(actor *me)
{
    pid_t child = fork();
    if (child == 0) {
        alarm(300);
#if defined(__linux__)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
        _exit(live_as_child(me->stage));
    }
    int status = -1;
    CHECK(child > 0);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    atomic_fetch_add(&forks, 1);
}

/* ---- the watchdog ------------------------------------------------------------------------- */

static unsigned patience = 60;

static void print_stack(int number)
{
    void *frames[64];
    int n = backtrace(frames, 64);
    (void)number;
    backtrace_symbols_fd(frames, n, STDERR_FILENO);
    static const char line[] = "----\n";
    if (write(STDERR_FILENO, line, sizeof line - 1) < 0) _exit(3);
}

/* SIGPROF is one of the few signals that workers let through. */
static void give_up(const actor *stuck)
{
    fprintf(stderr, "no progress in %s for %u s\n", atomic_load(&stuck->act), patience);
    for (int i = 0; i < ACTORS; i++)
        fprintf(stderr, "actor %d: %s, %llu acts\n", i, atomic_load(&actors[i].act),
                (unsigned long long)atomic_load(&actors[i].acts));
    tm_chaos_report();
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *entry; tasks != NULL && (entry = readdir(tasks)) != NULL;) {
        long id = strtol(entry->d_name, NULL, 10);
        if (id <= 0) continue;
        fprintf(stderr, "stack of thread %ld:\n", id);
        syscall(SYS_tgkill, getpid(), id, SIGPROF);
        usleep(50000); /* for the stacks to come one after another; nothing depends on it */
    }
    abort();
}

static void *watch(void *arg)
{
    uint64_t seen[ACTORS] = {0};
    unsigned quiet[ACTORS] = {0};
    (void)arg;
    for (;;) {
        sleep(1);
        for (int i = 0; i < ACTORS; i++) {
            uint64_t acts = atomic_load(&actors[i].acts);
            quiet[i] = acts != seen[i] || atomic_load(&actors[i].act) == NULL ? 0 : quiet[i] + 1;
            seen[i] = acts;
            if (quiet[i] > patience) give_up(&actors[i]);
        }
    }
    return NULL;
}

/* ---- the play ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*run)(actor *me);
    unsigned weight;
} acts[] = {
    {"loop", do_loop, 8},     {"failing loop", do_failing_loop, 3},
    {"nest", do_nest, 3},     {"tasks", do_tasks, 6},
    {"posts", do_posts, 4},   {"tree", do_tree, 3},
    {"queue", do_queue, 8},   {"drain", do_drain, 1},
    {"pool", do_pool, 2},     {"meeting", do_meeting, 2},
    {"errand", do_errand, 2}, {"shutdown", do_shutdown, 1},
    {"fork", do_fork, 1},
};
enum { ACTS = sizeof acts / sizeof *acts };

static void act_once(actor *me)
{
    unsigned total = 0;
    for (size_t i = 0; i < ACTS; i++) total += acts[i].weight;
    unsigned left = dice(me, total);
    size_t chosen = 0;
    while (left >= acts[chosen].weight) left -= acts[chosen++].weight;
    atomic_store(&me->act, acts[chosen].name);
    acts[chosen].run(me);
    atomic_fetch_add(&me->acts, 1);
}

static int64_t end_ns;

static void *play(void *arg)
{
    actor *me = arg;
    for (int i = 0; i < ACTS_A_ROUND && tm_now_ns() < end_ns; i++) act_once(me);
    atomic_store(&me->act, NULL);
    return NULL;
}

/* What the actors left in the queue. */
static void empty_queue(stage *at)
{
    int32_t item;
    while (tm_queue_pop(at->queue, &item, 1, 0, NULL) == TM_OK) {
        at->taken += 1;
        at->sum_taken += item;
    }
    CHECK(at->put == at->taken);
    CHECK(at->sum_put == at->sum_taken);
}

static void round_of(uint64_t seed)
{
    actor first = {.random = seed};
    stage at = {.pool = make_pool(1 + dice(&first, 5), dice(&first, 2) ? 1 + dice(&first, 8) : 0)};
    CHECK(tm_queue_create(dice(&first, 3) ? 1 + dice(&first, 30) : 0, sizeof(int32_t),
                          (tm_order)dice(&first, 2), &at.queue) == TM_OK);
    for (int i = 0; i < ACTORS; i++) {
        actors[i].stage = &at;
        actors[i].random = seed * 31 + (uint64_t)i;
        TM_MUST(pthread_create(&actors[i].thread, NULL, play, &actors[i]));
    }
    for (int i = 0; i < ACTORS; i++) TM_MUST(pthread_join(actors[i].thread, NULL));
    CHECK(tm_join(at.pool, TM_FOREVER) == TM_OK);
    empty_queue(&at);
    tm_queue_destroy(at.queue);
    tm_pool_destroy(at.pool);
}

static uint64_t seed = 1;

TEST(soak)
{
    unsigned rounds = 0;
    for (; tm_now_ns() < end_ns && !check_bad; rounds++) round_of(seed + rounds);
    uint64_t done = 0;
    for (int i = 0; i < ACTORS; i++) done += actors[i].acts;
    CHECK(done > 0);
    printf("seed %llu: %u rounds, %llu acts, %llu pools, %llu forks, %llu sites\n", (unsigned long long)seed,
           rounds, (unsigned long long)done, (unsigned long long)pools_made, (unsigned long long)forks,
           (unsigned long long)tm_chaos_count());
}

int main(int count, char **arguments)
{
    double seconds = count > 1 ? strtod(arguments[1], NULL) : 10;
    if (count > 2) seed = strtoull(arguments[2], NULL, 10);
    if (count > 3) patience = (unsigned)strtoul(arguments[3], NULL, 10);
    void *frame;
    backtrace(&frame, 1); /* loads what it needs, which a signal handler must not */
    signal(SIGPROF, print_stack);
#if defined(__linux__)
    CHECK(sched_getaffinity(0, sizeof all_cores, &all_cores) == 0);
#endif
    tm_chaos_seed(seed);
    end_ns = tm_now_ns() + (int64_t)(seconds * 1e9);
    pthread_t watchdog;
    TM_MUST(pthread_create(&watchdog, NULL, watch, NULL));
    TM_MUST(pthread_detach(watchdog));
    RUN(soak);
    return finish();
}
