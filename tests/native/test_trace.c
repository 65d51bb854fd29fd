/* test_trace.c: the events of a pool: what is recorded, what is counted, starts and stops beside loops. */
#include "check.h"
#include "parallel_for.h"
#include "pool.h"

#include <sys/wait.h>

enum { CHUNKS = 64, GRAIN = 10, N = CHUNKS * GRAIN };

static tm_pool *new_pool(size_t threads)
{
    const tm_pool_options options = {.threads = threads};
    tm_pool *pool = NULL;
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    return pool;
}

static tm_status nothing(void *ctx, size_t begin, size_t end)
{
    (void)ctx;
    (void)begin;
    (void)end;
    return TM_OK;
}

static tm_status run_loop(tm_pool *pool)
{
    tm_loop loop = {.n = N, .grain = GRAIN, .body = nothing, .label = "nothing"};
    return tm_run_loop(pool, &loop);
}

/* Of all lanes; each event is checked. */
static size_t count_events(const tm_pool *pool, tm_event_kind kind, size_t *all)
{
    size_t found = 0;
    *all = 0;
    for (size_t lane = 0; lane <= tm_pool_threads(pool); lane++) {
        size_t count, dropped;
        const tm_event *events = tm_trace_events(pool, lane, &count, &dropped);
        for (size_t i = 0; i < count; i++) {
            CHECK(events[i].kind > TM_NO_EVENT && events[i].kind <= TM_WAKE_EVENT);
            CHECK(events[i].begin <= events[i].end && events[i].begin > 0);
            found += events[i].kind == (int32_t)kind;
        }
        *all += count + dropped;
    }
    return found;
}

TEST(each_chunk_is_recorded_once)
{
    tm_pool *pool = new_pool(3);
    bool seen[CHUNKS] = {false};
    size_t all;
    CHECK(run_loop(pool) == TM_OK);
    CHECK(tm_trace_start(pool, 1000) == TM_OK);
    tm_set_call("caller");
    CHECK(run_loop(pool) == TM_OK);
    tm_set_call(NULL);
    CHECK(tm_trace_stop(pool) == TM_OK);
    CHECK(run_loop(pool) == TM_OK);
    CHECK(count_events(pool, TM_CHUNK_EVENT, &all) == CHUNKS);
    CHECK(count_events(pool, TM_LOOP_EVENT, &all) == 1);
    CHECK(count_events(pool, TM_JOIN_EVENT, &all) == 1);
    for (size_t lane = 0; lane <= 3; lane++) {
        size_t count, dropped;
        const tm_event *events = tm_trace_events(pool, lane, &count, &dropped);
        for (size_t i = 0; i < count; i++) {
            if (events[i].kind == TM_CHUNK_EVENT) {
                CHECK(events[i].at % GRAIN == 0 && events[i].count == GRAIN && !seen[events[i].at / GRAIN]);
                seen[events[i].at / GRAIN] = true;
            }
            if (events[i].kind == TM_LOOP_EVENT) {
                CHECK(lane == 3 && events[i].at == CHUNKS && events[i].count == N);
                CHECK(events[i].thread == (uint64_t)(uintptr_t)pthread_self());
            }
            if (events[i].kind == TM_LOOP_EVENT || events[i].kind == TM_CHUNK_EVENT)
                CHECK(strcmp(events[i].label, "nothing") == 0 && strcmp(events[i].call, "caller") == 0);
        }
        CHECK(dropped == 0);
    }
    tm_trace_clear(pool);
    CHECK(count_events(pool, TM_CHUNK_EVENT, &all) == 0 && all == 0);
    tm_pool_destroy(pool);
}

TEST(what_finds_no_room_is_counted)
{
    tm_pool *pool = new_pool(1); /* the caller runs all: no other thread records anything but its sleep */
    size_t count, dropped;
    CHECK(tm_trace_start(pool, 4) == TM_OK);
    CHECK(run_loop(pool) == TM_OK);
    CHECK(tm_trace_stop(pool) == TM_OK);
    const tm_event *events = tm_trace_events(pool, 1, &count, &dropped);
    CHECK(count == 4 && dropped == CHUNKS + 1 - 4);
    bool first[4] = {false};
    for (size_t i = 0; i < count; i++) first[events[i].at / GRAIN % 4] |= events[i].at / GRAIN < 4;
    CHECK(first[0] && first[1] && first[2] && first[3]);
    CHECK(tm_trace_events(pool, 2, &count, &dropped) == NULL && count == 0 && dropped == 0);
    tm_pool_destroy(pool);
}

TEST(a_worker_that_still_sleeps_is_recorded)
{
    tm_pool *pool = new_pool(2);
    size_t all;
    CHECK(tm_trace_start(pool, 100) == TM_OK);
    while (atomic_load(&tm_pool_current_team(pool)->workers[1].asleep) == 0) usleep(100);
    CHECK(tm_trace_stop(pool) == TM_OK);
    CHECK(count_events(pool, TM_PARK_EVENT, &all) >= 1);
    tm_pool_destroy(pool);
}

TEST(a_pool_has_one_trace)
{
    tm_pool *pool = new_pool(2), *other = new_pool(2);
    CHECK(tm_trace_stop(pool) == TM_INVALID);
    CHECK(tm_trace_start(pool, 0) == TM_INVALID);
    CHECK(tm_trace_start(pool, SIZE_MAX) == TM_INVALID);
    CHECK(tm_trace_start(pool, 10) == TM_OK);
    CHECK(tm_trace_start(pool, 10) == TM_INVALID);
    CHECK(tm_trace_start(other, 10) == TM_OK);
    tm_trace_clear(pool); /* not while it runs */
    CHECK(tm_pool_shutdown(pool) == TM_OK);
    CHECK(tm_trace_stop(pool) == TM_OK && tm_trace_stop(pool) == TM_INVALID);
    CHECK(tm_trace_start(pool, 10) == TM_CLOSED);
    tm_pool_destroy(pool);
    tm_pool_destroy(other); /* traced still */
}

static void set_flag(void *arg)
{
    atomic_store((atomic_bool *)arg, true);
}

TEST(tasks_are_recorded)
{
    tm_pool *pool = new_pool(2);
    atomic_bool ran = false;
    size_t all;
    CHECK(tm_trace_start(pool, 100) == TM_OK);
    CHECK(tm_spawn(pool, set_flag, &ran) == TM_OK);
    CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
    CHECK(tm_pool_shutdown(pool) == TM_OK);
    CHECK(tm_trace_stop(pool) == TM_OK);
    CHECK(count_events(pool, TM_TASK_EVENT, &all) == 1);
    tm_pool_destroy(pool);
}

typedef struct loops {
    tm_pool *pool;
    atomic_bool over;
} loops;

static void *loop_until_over(void *arg)
{
    loops *all = arg;
    while (!atomic_load(&all->over)) {
        atomic_bool ran = false;
        CHECK(run_loop(all->pool) == TM_OK);
        CHECK(tm_spawn(all->pool, set_flag, &ran) == TM_OK);
        CHECK(tm_join(all->pool, TM_FOREVER) == TM_OK);
    }
    return NULL;
}

TEST(starts_and_stops_beside_loops)
{
    loops all = {.pool = new_pool(3)};
    pthread_t thread[2];
    size_t events = 0;
    for (size_t i = 0; i < 2; i++) TM_MUST(pthread_create(&thread[i], NULL, loop_until_over, &all));
    for (size_t i = 0; i < 200 || events < 1000; i++) {
        size_t found;
        CHECK(tm_trace_start(all.pool, 1 + i * 7 % 500) == TM_OK);
        if (i % 3 > 0) usleep(300);
        CHECK(tm_trace_stop(all.pool) == TM_OK);
        count_events(all.pool, TM_CHUNK_EVENT, &found);
        events += found;
        if (i % 2 > 0) tm_trace_clear(all.pool);
    }
    atomic_store(&all.over, true);
    for (size_t i = 0; i < 2; i++) TM_MUST(pthread_join(thread[i], NULL));
    tm_pool_destroy(all.pool);
}

TEST(a_forked_child_has_a_trace_of_its_own)
{
    tm_pool *pool = new_pool(2);
    CHECK(tm_trace_start(pool, 100) == TM_OK);
    CHECK(run_loop(pool) == TM_OK);
    const pid_t child = fork();
    if (child == 0) {
        size_t all;
        bool good = tm_trace_stop(pool) == TM_INVALID && count_events(pool, TM_LOOP_EVENT, &all) == 0;
        good = good && tm_trace_start(pool, 1000) == TM_OK && run_loop(pool) == TM_OK;
        good = good && tm_trace_stop(pool) == TM_OK && count_events(pool, TM_LOOP_EVENT, &all) == 1;
        _exit(!good);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(tm_trace_stop(pool) == TM_OK);
    tm_pool_destroy(pool);
}

int main(void)
{
    RUN(each_chunk_is_recorded_once);
    RUN(what_finds_no_room_is_counted);
    RUN(a_worker_that_still_sleeps_is_recorded);
    RUN(a_pool_has_one_trace);
    RUN(tasks_are_recorded);
    RUN(starts_and_stops_beside_loops);
    RUN(a_forked_child_has_a_trace_of_its_own);
    return finish();
}
