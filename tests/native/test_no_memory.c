/* test_no_memory.c: a team that can't be made for want of a condition: a status, and nothing made is left. */
#include "check.h"
#include "sync.h"

#if defined(__APPLE__)

/* Its linker binds the library's calls to the system's functions, not to these. */
int main(void)
{
    check_passed = 1;
    return finish();
}

#else

#include <dlfcn.h>

static int left = INT_MAX; /* conditions that the system still has */
static int alive;

int pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    int (*real)(pthread_cond_t *, const pthread_condattr_t *);
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_cond_init");
    if (left == 0) return ENOMEM;
    left -= 1;
    alive += 1;
    return real(condition, attributes);
}

int pthread_cond_destroy(pthread_cond_t *condition)
{
    int (*real)(pthread_cond_t *);
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_cond_destroy");
    alive -= 1;
    return real(condition);
}

static void do_nothing(void *arg)
{
    (void)arg;
}

TEST(no_condition_is_a_status)
{
    tm_pool *pool = NULL;
    tm_pool_options options = {.threads = 2};
    tm_status status = TM_NO_MEMORY;
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    for (int conditions = 0; status != TM_OK && conditions < 100; conditions++) {
        left = conditions;
        status = tm_spawn(pool, do_nothing, NULL);
        CHECK(status == TM_OK || (status == TM_NO_MEMORY && alive == 0));
    }
    left = INT_MAX;
    CHECK(status == TM_OK);
    CHECK(tm_join(pool, TM_FOREVER) == TM_OK);
    tm_pool_destroy(pool);
    CHECK(alive == 0);
}

int main(void)
{
    alarm(60);
    RUN(no_condition_is_a_status);
    return finish();
}

#endif
