/* test_core.c: cores that are lent and given back, and when helpers are done without. */
#include "check.h"
#include "core.h"
#include "worth.h"

#ifdef __linux__
#include <sys/syscall.h>
#endif

/* ---- lent cores ---- */

#ifdef __linux__

static tm_lodger lodger;
static _Alignas(TM_LINE) char loop, another;
static atomic_bool is_there, is_over;
static atomic_bool goes_home; /* the lodger gives back what it was lent, and accepts again */
static _Atomic int times_home;

static bool has_cores_of_process(void)
{
    cpu_set_t mine, all;
    return sched_getaffinity(0, sizeof mine, &mine) == 0 &&
           sched_getaffinity(getpid(), sizeof all, &all) == 0 && CPU_EQUAL(&mine, &all);
}

static void *lodge(void *arg)
{
    (void)arg;
    tm_core_enroll(&lodger);
    tm_core_accept(&lodger, &loop);
    atomic_store(&is_there, true);
    while (!atomic_load(&is_over)) {
        if (!atomic_load(&goes_home) || !(atomic_load(&lodger.word) & (TM_MOVING | TM_LENT))) continue;
        tm_core_decline(&lodger);
        tm_core_go_home(&lodger);
        CHECK(has_cores_of_process());
        times_home++;
        tm_core_accept(&lodger, &loop);
    }
    return NULL;
}

static pthread_t start_lodger(void)
{
    pthread_t thread;
    lodger = (tm_lodger){0};
    is_there = is_over = goes_home = false;
    times_home = 0;
    TM_MUST(pthread_create(&thread, NULL, lodge, NULL));
    while (!atomic_load(&is_there)) sched_yield();
    return thread;
}

static void end_lodger(pthread_t thread)
{
    atomic_store(&is_over, true);
    TM_MUST(pthread_join(thread, NULL));
}

static cpu_set_t cores_of(int thread)
{
    cpu_set_t cores;
    CHECK(sched_getaffinity(thread, sizeof cores, &cores) == 0);
    return cores;
}

TEST(a_core_is_lent_and_given_back)
{
    if (tm_core() < 0) return; /* the portable build */
    const cpu_set_t before = cores_of(0);
    pthread_t thread = start_lodger();
    for (int round = 0; round < 100; round++) {
        CHECK(!tm_core_lend(&lodger, &another));
        CHECK(tm_core_lend(&lodger, &loop));
        CHECK(!tm_core_lend(&lodger, &loop)); /* once at a time */
        tm_core_take_back(&lodger, &another); /* another's loan */
        cpu_set_t lent = cores_of(lodger.thread);
        CHECK(CPU_COUNT(&lent) == 1);
        tm_core_take_back(&lodger, &loop);
        tm_core_take_back(&lodger, &loop); /* nothing is left to give back */
        cpu_set_t home = cores_of(lodger.thread);
        CHECK(CPU_EQUAL(&home, &before));
    }
    end_lodger(thread);
}

TEST(the_lodger_gives_back_itself)
{
    if (tm_core() < 0) return;
    pthread_t thread = start_lodger();
    atomic_store(&goes_home, true);
    for (int round = 0; round < 100; round++) {
        while (!tm_core_lend(&lodger, &loop)) sched_yield(); /* until the last one is given back */
        while (times_home <= round) sched_yield();
    }
    end_lodger(thread);
}

TEST(who_goes_home_waits_for_a_lender)
{
    const cpu_set_t before = cores_of(0);
    if (tm_core() < 0 || CPU_COUNT(&before) < 2) return;
    for (int lends = 0; lends < 2; lends++) { /* as a lender that begins, or ends, a loan */
        pthread_t thread = start_lodger();
        CHECK(tm_core_lend(&lodger, &loop));
        atomic_fetch_add(&lodger.word, TM_MOVING - TM_LENT);
        atomic_store(&goes_home, true);
        while (!(atomic_load(&lodger.word) & TM_AWAY)) sched_yield();
        for (int i = 0; i < 1000; i++) sched_yield();
        CHECK(times_home == 0);
        if (!lends) CHECK(sched_setaffinity(lodger.thread, sizeof before, &before) == 0);
        atomic_fetch_sub(&lodger.word, lends ? TM_MOVING - TM_LENT : TM_MOVING);
        while (times_home == 0) sched_yield();
        end_lodger(thread);
    }
}

TEST(nobody_lends_to_who_has_declined)
{
    if (tm_core() < 0) return;
    const cpu_set_t before = cores_of(0);
    tm_lodger me = {0};
    tm_core_enroll(&me);
    CHECK(!tm_core_lend(&me, &loop));
    for (int round = 0; round < 3; round++) {
        tm_core_accept(&me, &loop);
        if (round > 0) CHECK(tm_core_lend(&me, &loop));
        tm_core_decline(&me);
        if (round > 1) tm_core_take_back(&me, &loop);
        CHECK(!tm_core_is_displaced(&me, &loop));
        CHECK(!tm_core_lend(&me, &loop));
        tm_core_go_home(&me);
        CHECK(!tm_core_lend(&me, &loop));
        const cpu_set_t now = cores_of(0);
        CHECK(CPU_EQUAL(&now, &before));
    }
}

TEST(a_core_that_is_none_of_the_lodgers_is_not_lent)
{
    const cpu_set_t before = cores_of(0);
    if (tm_core() < 0 || CPU_COUNT(&before) < 2) return;
    pthread_t thread = start_lodger();
    cpu_set_t mine, others = before;
    int core = 0;
    while (!CPU_ISSET((size_t)core, &before)) core++;
    CPU_ZERO(&mine);
    CPU_SET((size_t)core, &mine);
    CPU_CLR((size_t)core, &others);
    CHECK(sched_setaffinity(0, sizeof mine, &mine) == 0);
    CHECK(sched_setaffinity(lodger.thread, sizeof others, &others) == 0);
    CHECK(!tm_core_lend(&lodger, &loop));
    cpu_set_t now = cores_of(lodger.thread);
    CHECK(CPU_EQUAL(&now, &others));
    CHECK(sched_setaffinity(0, sizeof before, &before) == 0);
    end_lodger(thread);
}

TEST(a_thread_leaves_its_core)
{
    const cpu_set_t before = cores_of(0);
    if (tm_core() < 0 || CPU_COUNT(&before) < 2) return;
    for (int round = 0; round < 100; round++) {
        tm_core_leave();
        cpu_set_t now = cores_of(0);
        CHECK(CPU_EQUAL(&now, &before));
    }
}

TEST(only_a_thread_that_does_not_run_is_displaced)
{
    if (tm_core() < 0) return;
    pthread_t thread = start_lodger();
    bool ran = false;
    for (int look = 0; look < 100000 && !ran; look++) ran = !tm_core_is_displaced(&lodger, &loop);
    CHECK(ran); /* it is busy, whatever else the machine does */
    tm_lodger nobody = {0};
    tm_core_accept(&nobody, &loop);
    CHECK(!tm_core_is_displaced(&nobody, &loop));
    tm_core_accept(&lodger, &another); /* in its name, as it does nothing else */
    CHECK(!tm_core_is_displaced(&lodger, &loop));
    if (tm_core_lend(&lodger,
                     &another)) { /* on the core that this thread is on, while this thread is on it */
        bool waited = false;
        atomic_store(&lodger.word, (uintptr_t)&another); /* a lender that looks again */
        for (int look = 0; look < 100000 && !waited; look++) waited = tm_core_is_displaced(&lodger, &another);
        atomic_fetch_or(&lodger.word, TM_LENT);
        CHECK(waited);
        tm_core_take_back(&lodger, &another);
    }
    end_lodger(thread);
}

/* ---- loops beside others ---- */

enum { TEAM = 3, HOGS = 4, LOOPS = 500, CHUNKS = 16 };

static _Atomic int members[TEAM];

static void note_member(void *ctx, size_t worker)
{
    (void)ctx;
    atomic_store(&members[worker], (int)syscall(SYS_gettid));
}

static void *hog(void *arg)
{
    while (!atomic_load((atomic_bool *)arg)) {
    }
    return NULL;
}

static void work(void *ctx, size_t begin, size_t end)
{
    atomic_fetch_add((_Atomic size_t *)ctx, end - begin);
    for (int64_t until = tm_now_ns() + 200000; tm_now_ns() < until;) {
    }
}

TEST(workers_keep_their_cores_after_loops_beside_busy_threads)
{
    const cpu_set_t before = cores_of(0);
    tm_pool_options options = {.threads = TEAM, .on_start = note_member};
    tm_pool *pool = NULL;
    atomic_bool over = false;
    pthread_t hogs[HOGS];
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    for (int i = 0; i < HOGS; i++) TM_MUST(pthread_create(&hogs[i], NULL, hog, &over));
    for (int i = 0; i < LOOPS; i++) {
        _Atomic size_t count = 0;
        CHECK(tm_parallel_for(pool, CHUNKS, 1, work, (void *)&count) == TM_OK);
        CHECK(count == CHUNKS);
    }
    atomic_store(&over, true);
    for (int i = 0; i < HOGS; i++) TM_MUST(pthread_join(hogs[i], NULL));
    for (int i = 0; i < TEAM; i++) {
        while (atomic_load(&members[i]) == 0) sched_yield();
        cpu_set_t now = cores_of(atomic_load(&members[i]));
        for (int look = 0; look < 1000 && !CPU_EQUAL(&now, &before);
             look++) { /* it may just be leaving a core */
            usleep(1000);
            now = cores_of(atomic_load(&members[i]));
        }
        CHECK(CPU_EQUAL(&now, &before));
    }
    tm_worker_stats stats[TEAM + 1];
    tm_pool_stats(pool, stats);
    if (getenv("TM_VERBOSE"))
        fprintf(stderr, "alone %llu, regretted %llu\n", (unsigned long long)stats[TEAM].alone,
                (unsigned long long)stats[TEAM].regretted);
    tm_pool_destroy(pool);
}

#endif

/* ---- whether helpers pay ---- */

#define MS 1000000

TEST(one_time_slice_lost_is_no_reason_to_go_alone)
{
    tm_worth worth = {0};
    CHECK(!tm_worth_is_watched(&worth) && tm_worth_alone_until(&worth) == 0);
    CHECK(tm_worth_settle(&worth, 1000 * MS, 0, 4 * MS));
    CHECK(tm_worth_is_watched(&worth) && worth.alone_until == 0);
    CHECK(!tm_worth_settle(&worth, 1001 * MS, 3 * MS, MS)); /* lost again, but more is saved */
    CHECK(tm_worth_is_watched(&worth) && worth.alone_until == 0);
    CHECK(!tm_worth_settle(&worth, 1002 * MS, 2 * MS, 0));
    CHECK(!tm_worth_is_watched(&worth));
}

TEST(pauses_alone_grow_and_are_bounded)
{
    tm_worth worth = {0};
    int64_t now = 1000 * (int64_t)MS, longest = 0;
    tm_worth_settle(&worth, now, 0, 4 * MS);
    for (int round = 0; round < 10; round++) {
        tm_worth_settle(&worth, now, 0, MS);
        const int64_t pause = worth.alone_until - now;
        CHECK(pause == TM_MIN((int64_t)MS << round, (int64_t)16 * MS));
        longest = TM_MAX(longest, pause);
        CHECK(tm_worth_ask(&worth, worth.alone_until - 1) == worth.alone_until); /* not yet */
        now = worth.alone_until;
    }
    CHECK(longest == 16 * MS);
    for (int round = 0; round < 10; round++) tm_worth_settle(&worth, now, MS, 0); /* it pays again */
    CHECK(!tm_worth_is_watched(&worth));
    tm_worth_settle(&worth, now, 0, 4 * MS);
    tm_worth_settle(&worth, now, 0, MS);
    CHECK(worth.alone_until - now == MS); /* from the first pause on */
}

TEST(a_deficit_fades)
{
    tm_worth worth = {0};
    tm_worth_settle(&worth, 1000 * (int64_t)MS, 0, 4 * MS);
    int loops = 0;
    while (tm_worth_is_watched(&worth) && loops++ < 100000) tm_worth_settle(&worth, 1001 * (int64_t)MS, 0, 0);
    CHECK(loops > 100 && loops < 10000 && worth.alone_until == 0);
}

TEST(helpers_are_tried_again_in_any_case)
{
    tm_worth worth = {0};
    const int64_t begin = 1000 * (int64_t)MS;
    tm_worth_settle(&worth, begin, 0, 900 * MS);
    CHECK(worth.alone_until == 0);
    tm_worth_settle(&worth, begin, 0, MS);
    CHECK(worth.alone_until == begin + MS);
    int64_t until = worth.alone_until, looks = 0;
    while (until != 0 && looks++ < 1000)
        until = tm_worth_ask(&worth, until); /* longer where no core is free */
    CHECK(until == 0 && looks <= 66);
    CHECK(tm_worth_alone_until(&worth) == 0);
}

int main(void)
{
#ifdef __linux__
    RUN(a_core_is_lent_and_given_back);
    RUN(the_lodger_gives_back_itself);
    RUN(who_goes_home_waits_for_a_lender);
    RUN(nobody_lends_to_who_has_declined);
    RUN(a_core_that_is_none_of_the_lodgers_is_not_lent);
    RUN(a_thread_leaves_its_core);
    RUN(only_a_thread_that_does_not_run_is_displaced);
    RUN(workers_keep_their_cores_after_loops_beside_busy_threads);
#endif
    RUN(one_time_slice_lost_is_no_reason_to_go_alone);
    RUN(pauses_alone_grow_and_are_bounded);
    RUN(a_deficit_fades);
    RUN(helpers_are_tried_again_in_any_case);
    return finish();
}
