/* check.h: assertions and the closing count of a native test program.
 *
 * A test is a function TEST(name); main() runs each with RUN(name) and ends with return finish(). */
#ifndef TM_CHECK_H
#define TM_CHECK_H

#include "common.h"

#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER 1
#else
#define THREAD_SANITIZER 0
#endif

static int check_passed;
static int check_failed;
static int check_bad; /* in the running test */

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: in %s: %s\n", __FILE__, __LINE__, __func__, #condition);                 \
            __atomic_fetch_add(&check_bad, 1, __ATOMIC_RELAXED);                                             \
        }                                                                                                    \
    } while (0)

#define TEST(name) static void name(void)

#define RUN(name)                                                                                            \
    do {                                                                                                     \
        check_bad = 0;                                                                                       \
        if (getenv("TM_VERBOSE")) fprintf(stderr, "%s\n", #name);                                            \
        name();                                                                                              \
        if (check_bad) fprintf(stderr, "FAILED %s\n", #name);                                                \
        *(check_bad ? &check_failed : &check_passed) += 1;                                                   \
    } while (0)

static int finish(void)
{
    printf("%d passed, %d failed\n", check_passed, check_failed);
    return check_failed != 0;
}

#endif
