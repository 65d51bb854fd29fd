/* test_faults.c: each system call for a resource fails at its k-th call, once or from then on, for every k
 * that the play below gets to: a status or a smaller machine, all tasks run that were taken, nothing left,
 * no hang.
 *
 * The linker sends these calls to the wrappers here (-Wl,--wrap, see test_native.py). Each play runs in a
 * child of its own, which under the address sanitizer looks for leaks when it ends. */
#include "check.h"
#include "cgroup.h"
#include "machine.h"
#include "sync.h"

#if !defined(TM_WRAPPED)

/* Other linkers can't wrap. */
int main(void)
{
    check_passed = 1;
    return finish();
}

#else

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZER 1
#else
#define SANITIZER THREAD_SANITIZER
#endif

/* ---- the faults --------------------------------------------------------------------------- */

enum fault {
    FAULT_malloc,
    FAULT_calloc,
    FAULT_posix_memalign,
    FAULT_aligned_alloc,
    FAULT_cpualloc,
    FAULT_thread,
    FAULT_attributes,
    FAULT_mutex,
    FAULT_condition,
    FAULT_condition_attributes,
    FAULT_atfork,
    FAULT_affinity,
    FAULT_sysconf,
    FAULT_file,
    FAULT_line,
    FAULTS
};

static const char *const fault_names[FAULTS] = {
    [FAULT_malloc] = "malloc",
    [FAULT_calloc] = "calloc",
    [FAULT_posix_memalign] = "posix_memalign",
    [FAULT_aligned_alloc] = "aligned_alloc",
    [FAULT_cpualloc] = "cpualloc",
    [FAULT_thread] = "thread",
    [FAULT_attributes] = "attributes",
    [FAULT_mutex] = "mutex",
    [FAULT_condition] = "condition",
    [FAULT_condition_attributes] = "condition_attributes",
    [FAULT_atfork] = "atfork",
    [FAULT_affinity] = "affinity",
    [FAULT_sysconf] = "sysconf",
    [FAULT_file] = "file",
    [FAULT_line] = "line",
};

static enum fault chosen = FAULTS;
static _Atomic long before; /* calls that still succeed */
static bool forever;
static _Atomic long hits;                /* calls that have failed */
static _Atomic long mutexes, conditions; /* made and not destroyed */

static bool fails(enum fault fault)
{
    if (fault != chosen) return false;
    long left = atomic_fetch_sub(&before, 1);
    bool now = forever ? left <= 0 : left == 0;
    if (now) atomic_fetch_add(&hits, 1);
    return now;
}

#define WRAP(result, name, parameters, arguments, fault, failure)                                            \
    result __real_##name parameters;                                                                         \
    result __wrap_##name parameters;                                                                         \
    result __wrap_##name parameters                                                                          \
    {                                                                                                        \
        if (fails(FAULT_##fault)) return failure;                                                            \
        return __real_##name arguments;                                                                      \
    }

WRAP(void *, malloc, (size_t size), (size), malloc, NULL)
WRAP(void *, calloc, (size_t count, size_t size), (count, size), calloc, NULL)
WRAP(int, posix_memalign, (void **p, size_t line, size_t size), (p, line, size), posix_memalign, ENOMEM)
WRAP(void *, aligned_alloc, (size_t line, size_t size), (line, size), aligned_alloc, NULL)
WRAP(cpu_set_t *, __sched_cpualloc, (size_t cores), (cores), cpualloc, NULL)
WRAP(int, pthread_create, (pthread_t * t, const pthread_attr_t *a, void *(*run)(void *), void *arg),
     (t, a, run, arg), thread, EAGAIN)
WRAP(int, pthread_attr_init, (pthread_attr_t * a), (a), attributes, ENOMEM)
WRAP(int, pthread_condattr_init, (pthread_condattr_t * a), (a), condition_attributes, ENOMEM)
WRAP(int, pthread_atfork, (void (*a)(void), void (*b)(void), void (*c)(void)), (a, b, c), atfork, ENOMEM)
WRAP(int, sched_getaffinity, (pid_t pid, size_t size, cpu_set_t *mask), (pid, size, mask), affinity, -1)
WRAP(long, sysconf, (int name), (name), sysconf, -1)
WRAP(FILE *, fopen, (const char *name, const char *how), (name, how), file, NULL)
WRAP(ssize_t, getline, (char **line, size_t *size, FILE *file), (line, size, file), line, -1)
WRAP(ssize_t, __getdelim, (char **line, size_t *size, int end, FILE *file), (line, size, end, file), line, -1)

int __real_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    if (fails(FAULT_mutex)) return ENOMEM;
    atomic_fetch_add(&mutexes, 1);
    return __real_pthread_mutex_init(mutex, attributes);
}

int __real_pthread_mutex_destroy(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    atomic_fetch_sub(&mutexes, 1);
    return __real_pthread_mutex_destroy(mutex);
}

int __real_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    if (fails(FAULT_condition)) return ENOMEM;
    atomic_fetch_add(&conditions, 1);
    return __real_pthread_cond_init(condition, attributes);
}

int __real_pthread_cond_destroy(pthread_cond_t *condition);
int __wrap_pthread_cond_destroy(pthread_cond_t *condition);
int __wrap_pthread_cond_destroy(pthread_cond_t *condition)
{
    atomic_fetch_sub(&conditions, 1);
    return __real_pthread_cond_destroy(condition);
}

/* ---- the play ----------------------------------------------------------------------------- */

static bool is_want(tm_status status)
{
    return status == TM_NO_MEMORY || status == TM_NO_THREAD;
}

static void add_one(void *arg)
{
    atomic_fetch_add((_Atomic long *)arg, 1);
}

static void count_chunk(void *ctx, size_t begin, size_t end)
{
    atomic_fetch_add((_Atomic long *)ctx, (long)(end - begin));
}

static void use_machine(void)
{
    tm_machine machine;
    tm_read_machine(&machine);
    CHECK(machine.usable >= 1 && machine.online >= 1 && machine.affinity >= 1);
    CHECK(machine.last_level_cache > 0);
}

/* A loop that can't have threads runs on its caller. */
static void use_loop(tm_pool *pool)
{
    _Atomic long ran = 0;
    CHECK(tm_parallel_for(pool, 1000, 7, count_chunk, (void *)&ran) == TM_OK);
    CHECK(ran == 1000);
}

static void use_tasks(tm_pool *pool, long *taken, _Atomic long *ran)
{
    void *args[3] = {(void *)ran, (void *)ran, (void *)ran};
    size_t done = 0;
    tm_status status = tm_spawn_many(pool, add_one, args, 3, &done);
    CHECK(status == TM_OK ? done == 3 : is_want(status) && done == 0);
    *taken += (long)done;
    for (int i = 0; i < 100; i++) { /* more than a ring that grows has at first */
        status = tm_post(pool, add_one, (void *)ran);
        CHECK(status == TM_OK || is_want(status));
        *taken += status == TM_OK;
    }
}

static void use_pool(void)
{
    tm_pool *pool = NULL;
    tm_pool_options options = {.threads = 4};
    tm_worker_stats stats[5];
    _Atomic long ran = 0;
    long taken = 0;
    tm_status status = tm_pool_create(&options, &pool);
    CHECK(status == TM_OK ? pool != NULL : is_want(status) && pool == NULL);
    if (pool == NULL) return;
    use_loop(pool);
    use_tasks(pool, &taken, &ran);
    use_loop(pool);
    use_tasks(pool, &taken, &ran); /* with a single fault, by now the team is there */
    CHECK(forever || taken >= 103);
    tm_pool_stats(pool, stats);
    CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
    CHECK(tm_pool_shutdown(pool) == TM_OK);
    CHECK(ran == taken);
    tm_pool_destroy(pool);
}

static void use_queue(size_t capacity)
{
    tm_queue *queue = NULL;
    int items[500] = {0};
    size_t done = 0;
    tm_status status = tm_queue_create(capacity, sizeof(int), TM_FIFO, &queue);
    CHECK(status == TM_OK ? queue != NULL : status == TM_NO_MEMORY && queue == NULL);
    if (queue == NULL) return;
    status = tm_queue_push(queue, items, 500, 0, &done);
    if (status == TM_OK)
        CHECK(done == 500);
    else
        CHECK(status == (capacity > 0 ? TM_FULL : TM_NO_MEMORY) && done == capacity);
    CHECK(tm_queue_length(queue) == done);
    items[0] = 1;
    CHECK(tm_queue_push(queue, items, 1, 0, NULL) == (capacity > 0 ? TM_FULL : TM_OK)); /* it goes on */
    tm_queue_close(queue, 1);
    tm_queue_destroy(queue);
}

static void count_items(void *ctx, const void *items, size_t n)
{
    (void)items;
    atomic_fetch_add((_Atomic long *)ctx, (long)n);
}

static void use_drain(void)
{
    tm_queue *queue = NULL;
    _Atomic long ran = 0;
    size_t done = 1;
    if (tm_queue_create(8, 1, TM_FIFO, &queue) != TM_OK) return;
    CHECK(tm_queue_push(queue, "abcd", 4, 0, NULL) == TM_OK);
    tm_queue_close(queue, 0);
    tm_status status = tm_drain(NULL, queue, 2, count_items, (void *)&ran, &done);
    CHECK((status == TM_OK && done == 4) || (status == TM_NO_MEMORY && done == 0));
    CHECK(ran == (long)done);
    tm_queue_destroy(queue);
}

static void use_sum(void)
{
    enum { N = 300000 };
    static float x[N];
    float total = -1;
    int status = tm_sum(NULL, TM_FLOAT32, N, x, &total, 0);
    CHECK(status == TM_NO_MEMORY || (status == 0 && total == 0.0f));
}

/* A place in a stream is as it was where memory for the rejected draws is refused. */
static void use_random(void)
{
    enum { N = 40000 };
    static uint64_t numbers[N];
    tm_place place = {{1, 2}, {3, 5}, 0, 0};
    tm_status status = tm_random(NULL, TM_PCG64, TM_RANDOM_WIDE64, N, 0, 3ull << 61, &place, numbers);
    CHECK(status == TM_OK || (status == TM_NO_MEMORY && place.state[0] == 1 && place.state[1] == 2));
    CHECK(status == TM_NO_MEMORY || numbers[N - 1] <= 3ull << 61);
}

static void play(void)
{
    use_machine();
    use_pool();
    use_queue(0);
    use_queue(9);
    use_drain();
    use_sum();
    use_random();
    CHECK(mutexes == 0);
    CHECK(conditions == 0);
}

/* ---- every fault -------------------------------------------------------------------------- */

enum { GOOD = 40, GOOD_AND_HIT = 41 };

/* True while the fault is reached and borne. */
static bool play_with(enum fault fault, long k, bool on)
{
    pid_t child = fork();
    if (child == 0) {
        alarm(200);
        chosen = fault;
        atomic_store(&before, k);
        forever = on;
        play();
        chosen = FAULTS;
        exit(check_bad  ? 1
             : hits > 0 ? GOOD_AND_HIT
                        : GOOD); /* as a whole process ends: leaks are looked for */
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code != GOOD && code != GOOD_AND_HIT) {
        fprintf(stderr, "%s, call %ld%s: status %x\n", fault_names[fault], k, on ? " and later" : "", status);
        CHECK(code == GOOD);
        return false;
    }
    return code == GOOD_AND_HIT;
}

static long injected;

TEST(every_fault_is_borne)
{
    for (int fault = 0; fault < FAULTS; fault++)
        for (int on = 0; on < 2; on++) {
            long k = 0;
            while ((!THREAD_SANITIZER || k < 2) &&
                   play_with((enum fault)fault, k, on)) /* there forks are slow */
                k++;
            if (k == 0) fprintf(stderr, "nothing calls %s\n", fault_names[fault]); /* it tests nothing */
            CHECK(k > 0);
            injected += k;
        }
    printf("%ld faults injected\n", injected);
}

/* ---- real limits -------------------------------------------------------------------------- */

static void expect_no_thread(size_t threads)
{
    tm_pool *pool = NULL;
    tm_pool_options options = {.threads = threads};
    _Atomic long ran = 0;
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    CHECK(tm_spawn(pool, add_one, (void *)&ran) == TM_NO_THREAD);
    use_loop(pool);
    CHECK(tm_join(pool, TM_FOREVER) == TM_OK && ran == 0);
    tm_pool_destroy(pool);
}

static void expect_from_child(void (*act)(void))
{
    pid_t child = fork();
    if (child == 0) {
        alarm(200);
        act();
        _exit(check_bad != 0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void few_processes(void)
{
    struct rlimit limit = {.rlim_cur = 3, .rlim_max = 3};
    CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) return; /* root is never limited */
    expect_no_thread(20);
}

static void little_memory(void)
{
    struct rlimit limit = {.rlim_cur = (rlim_t)1 << 28, .rlim_max = (rlim_t)1 << 28};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    expect_no_thread(500);
}

TEST(real_limits_are_borne)
{
    if (SANITIZER) return; /* their runtimes need threads and a large address space themselves */
    expect_from_child(few_processes);
    expect_from_child(little_memory);
}

int main(void)
{
    RUN(every_fault_is_borne);
    RUN(real_limits_are_borne);
    return finish();
}

#endif
