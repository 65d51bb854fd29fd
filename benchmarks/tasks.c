/* tasks.c THREADS ROUNDS TASKS SECONDS: tasks that do nothing, spawned singly and in batches, then joined.
 *
 * SECONDS is the pause before a turn. */
#include "rounds.h"

enum { BATCH = 1024 };

static tm_pool *pool;

static void empty(void *arg)
{
    (void)arg;
}

static void single(size_t tasks)
{
    for (size_t i = 0; i < tasks; i++) tm_spawn(pool, empty, NULL);
    tm_join(pool, TM_FOREVER);
}

static void batches(size_t tasks)
{
    static void *args[BATCH];
    for (size_t i = 0; i < tasks; i += BATCH)
        tm_spawn_many(pool, empty, args, TM_MIN(tasks - i, (size_t)BATCH), NULL);
    tm_join(pool, TM_FOREVER);
}

int main(int argc, char **argv)
{
    static const contender all[] = {{"single", single}, {"batches", batches}};
    pool = make_pool((size_t)argument(argc, argv, 1));
    const size_t tasks = (size_t)argument(argc, argv, 3);
    const schedule plan = {(size_t)argument(argc, argv, 2), tasks / 10, tasks, argument(argc, argv, 4)};
    run_rounds(&plan, all, sizeof all / sizeof *all);
    tm_pool_destroy(pool);
    return 0;
}
