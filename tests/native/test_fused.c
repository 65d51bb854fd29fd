/* test_fused.c: passes against plain loops: walks, tiles, folds in trees and without, flags, what is refused. */
#include "check.h"
#include "clock.h"
#include "common.h"
#include "interrupt.h"

#include <fenv.h>
#include <math.h>
#include <sched.h>
#include <stdatomic.h>

enum { MOST = 200003 };

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static tm_pool *pool;
static double x[2 * MOST], y[2 * MOST], out[2 * MOST];
static unsigned char raised[TM_FUSED_STEPS + TM_FUSED_FOLDS];

static const size_t sizes[] = {1,    2,    7,    63,   64,   65,   127,  1023, 1024,  1025,  1087,
                               1088, 1089, 4095, 4096, 4097, 4160, 8192, 8193, 16385, 70001, MOST};

/* ---- inner loops as NumPy writes them ---- */

#define AT(k) (*(double *)(void *)(data[k] + i * strides[k]))

static int add(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides, void *auxdata)
{
    (void)context, (void)auxdata;
    for (intptr_t i = 0; i < dims[0]; i++) AT(2) = AT(0) + AT(1);
    return 0;
}

static int multiply(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                    void *auxdata)
{
    (void)context, (void)auxdata;
    for (intptr_t i = 0; i < dims[0]; i++) AT(2) = AT(0) * AT(1);
    return 0;
}

static int most(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                void *auxdata)
{
    (void)context, (void)auxdata;
    for (intptr_t i = 0; i < dims[0]; i++) AT(2) = AT(0) > AT(1) ? AT(0) : AT(1);
    return 0;
}

static int fail_at(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                   void *auxdata)
{
    for (intptr_t i = 0; i < dims[0]; i++)
        if (AT(0) == *(double *)context) return -1;
    return add(NULL, data, dims, strides, auxdata);
}

static int raise_flag(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                      void *auxdata)
{
    (void)auxdata;
    for (intptr_t i = 0; i < dims[0]; i++)
        if (AT(0) == 7000) feraiseexcept(*(int *)context);
    return 0;
}

static tm_fused_step step_of(tm_inner_loop loop, int a, int b, int c)
{
    return (tm_fused_step){.loop = loop, .operands = 3, .slot = {(uint8_t)a, (uint8_t)b, (uint8_t)c}};
}

static void fill(void)
{
    for (size_t i = 0; i < 2 * MOST; i++) x[i] = (double)i * 0.5, y[i] = (double)(i % 1000), out[i] = -7;
}

static const uint8_t items[] = {8}, never[TM_FUSED_SLOTS];

/* Steps over x, y and a third array, with one buffer. */
static tm_fused pass_of(size_t count, const tm_fused_step *step)
{
    return (tm_fused){.arrays = 3,
                      .inputs = 2,
                      .buffers = 1,
                      .steps = count,
                      .buffer_item = items,
                      .buffer_once = never,
                      .step = step};
}

/* A pass over x, y and out as one axis. */
static int run_along(tm_pool *p, const tm_fused *fused, size_t n, char *const *partials, char **open)
{
    const intptr_t layout[] = {(intptr_t)n, 8, 8, 8};
    char *data[] = {(char *)x, (char *)y, (char *)out};
    return tm_run_fused(p, fused, 1, layout, 4, data, 3, partials, raised, open);
}

/* (x + y) * y through a buffer, which is used again for the product. */
static tm_fused_step steps[2];

static tm_fused formula(void)
{
    steps[0] = step_of(add, 0, 1, 3), steps[1] = step_of(multiply, 3, 1, 2);
    tm_fused fused = pass_of(2, steps);
    fused.inputs = 0;
    return fused;
}

#define EACH_POOL(p)                                                                                         \
    for (int alone = 0; alone < 2; alone++)                                                                  \
        for (tm_pool *p = alone ? NULL : pool, *once = pool; once; once = NULL)

/* ---- walks ---- */

TEST(one_axis_of_any_length)
{
    const tm_fused fused = formula();
    EACH_POOL (p)
        for (size_t at = 0; at < LENGTH(sizes); at++) {
            fill();
            CHECK(run_along(p, &fused, sizes[at], NULL, NULL) == TM_OK);
            for (size_t i = 0; i < sizes[at]; i++) CHECK(out[i] == (x[i] + y[i]) * y[i]);
            CHECK(out[sizes[at]] == -7);
        }
}

TEST(every_element_of_a_box_once)
{
    static const intptr_t shapes[][3] = {{3, 5, 7},   {1, 1, 9000}, {9000, 3, 1},
                                         {7, 61, 63}, {5, 2, 1087}, {2, 3, 5000}};
    const tm_fused fused = formula();
    EACH_POOL (p)
        for (size_t at = 0; at < LENGTH(shapes); at++) {
            const intptr_t a = shapes[at][0], b = shapes[at][1], c = shapes[at][2];
            /* x: every second element; y: one row for all; out: with a gap after each row. */
            const intptr_t layout[] = {a, b, c, 16 * b * c,      16 * c,      16,
                                       0, 0, 8, 8 * b * (c + 1), 8 * (c + 1), 8};
            char *data[] = {(char *)x, (char *)y, (char *)out};
            fill();
            CHECK(tm_run_fused(p, &fused, 3, layout, 12, data, 3, NULL, raised, NULL) == TM_OK);
            for (intptr_t i = 0; i < a * b; i++) {
                for (intptr_t j = 0; j < c; j++)
                    CHECK(out[i * (c + 1) + j] == (x[2 * (i * c + j)] + y[j]) * y[j]);
                CHECK(out[i * (c + 1) + c] == -7);
            }
        }
}

TEST(an_operand_may_be_one_element)
{
    const tm_fused fused = formula();
    const intptr_t layout[] = {5000, 8, 0, 8};
    double two = 2;
    char *data[] = {(char *)x, (char *)&two, (char *)out};
    fill();
    CHECK(tm_run_fused(pool, &fused, 1, layout, 4, data, 3, NULL, raised, NULL) == TM_OK);
    for (size_t i = 0; i < 5000; i++) CHECK(out[i] == (x[i] + 2) * 2);
}

TEST(what_is_written_may_be_what_is_read)
{
    const tm_fused fused = formula();
    const intptr_t layout[] = {70001, 8, 8, 8};
    char *data[] = {(char *)x, (char *)y, (char *)x};
    fill();
    CHECK(tm_run_fused(pool, &fused, 1, layout, 4, data, 3, NULL, raised, NULL) == TM_OK);
    for (size_t i = 0; i < 70001; i++) CHECK(x[i] == ((double)i * 0.5 + y[i]) * y[i]);
    CHECK(x[70001] == 70001 * 0.5);
}

/* ---- folds ---- */

TEST(a_fold_leaves_a_partial_result_of_each_chunk)
{
    static double partial[MOST];
    char *partials[] = {(char *)partial};
    tm_fold fold = {.tree = -1, .loop = most, .slot = 2, .item = 8};
    tm_fused fused = formula();
    fused.folds = 1, fused.fold = &fold;
    EACH_POOL (p)
        for (int with = 0; with < 2; with++)
            for (size_t at = 0; at < LENGTH(sizes); at++) {
                const double identity = 12;
                const size_t chunks = tm_fused_chunks(sizes[at], 0);
                double greatest = with ? 12 : -1;
                fold.has_identity = with;
                memcpy(fold.identity, &identity, 8);
                fill();
                for (size_t i = 0; i <= chunks; i++) partial[i] = -3;
                CHECK(run_along(p, &fused, sizes[at], partials, NULL) == TM_OK);
                for (size_t i = 0; i < sizes[at]; i++) greatest = fmax(greatest, (x[i] + y[i]) * y[i]);
                double found = partial[0];
                for (size_t i = 0; i < chunks; i++) {
                    CHECK(partial[i] != -3);
                    found = fmax(found, partial[i]);
                }
                CHECK(found == greatest);
                CHECK(partial[chunks] == -3);
            }
}

TEST(a_tree_adds_as_one_sum_does)
{
    static double partial[4096];
    static const uint8_t one[] = {8};
    char *partials[] = {(char *)partial};
    char *data[] = {(char *)x, (char *)y};
    tm_fused_step product = step_of(multiply, 0, 1, 2);
    const tm_fold fold = {.tree = TM_FLOAT64, .slot = 2, .item = 8};
    const tm_fused fused = {.arrays = 2,
                            .buffers = 1,
                            .steps = 1,
                            .folds = 1,
                            .buffer_item = one,
                            .buffer_once = never,
                            .step = &product,
                            .fold = &fold};
    EACH_POOL (p)
        for (size_t at = 0; at < LENGTH(sizes); at++) {
            const intptr_t layout[] = {(intptr_t)sizes[at], 8, 8};
            double total = 0;
            fill();
            for (size_t i = 0; i < sizes[at]; i++) x[i] = sin((double)i) * 1e6, out[i] = x[i] * y[i];
            CHECK(tm_fused_chunks(sizes[at], 1) <= LENGTH(partial));
            CHECK(tm_run_fused(p, &fused, 1, layout, 3, data, 2, partials, raised, NULL) == TM_OK);
            CHECK(tm_sum(NULL, TM_FLOAT64, sizes[at], out, &total, 0) == TM_OK);
            CHECK(memcmp(partial, &total, 8) == 0);
        }
}

/* ---- rows ---- */

/* out = x * (the sum of a row's x + y, plus 100, times 2), and the greatest of each row. */
TEST(arrays_are_folded_as_they_are)
{
    static double sums[1024], greatest[1024];
    const tm_fold folds[] = {{.tree = TM_FLOAT64, .slot = 1, .item = 8},
                             {.tree = -1, .loop = most, .slot = 1, .item = 8},
                             {.tree = TM_FLOAT64, .slot = 0, .item = 8}};
    char *partials[] = {(char *)sums, (char *)greatest, (char *)(sums + 512)};
    const tm_fused fused = {.arrays = 3, .inputs = 3, .folds = 3, .fold = folds};
    const size_t some[] = {1, 7, 8191, 8193, 20000, MOST};

    EACH_POOL (p)
        for (size_t k = 0; k < LENGTH(some); k++) {
            const size_t n = some[k], chunks = tm_fused_chunks(n, true);
            double first, second, best = 0;
            fill();
            for (size_t i = 0; i < n; i++) x[i] = sin((double)i) * 1e6;
            CHECK(tm_sum(NULL, TM_FLOAT64, n, y, &first, 0) >= 0);
            CHECK(tm_sum(NULL, TM_FLOAT64, n, x, &second, 0) >= 0);
            CHECK(run_along(p, &fused, n, partials, NULL) == TM_OK);
            for (size_t i = 0; i < chunks; i++) best = greatest[i] > best ? greatest[i] : best;
            CHECK(sums[0] == first && sums[512] == second && best == (n < 1000 ? (double)(n - 1) : 999));
        }
}

TEST(a_row_is_reduced_before_the_steps_that_follow)
{
    static const intptr_t shapes[][2] = {{1, 5000}, {5000, 1}, {7, 3}, {150, 1087}, {2, 70001}, {2000, 64}};
    static const uint8_t item[] = {8, 8, 8}, single[] = {0, 1, 1};
    static double greatest[5000];
    double hundred = 100, two = 2;
    /* slots: x, y, hundred, two, out, greatest, then x + y, its sum, twice that */
    tm_fused_step step[] = {step_of(most, 5, 0, 5), step_of(add, 0, 1, 6), step_of(add, 7, 6, 7),
                            step_of(multiply, 7, 3, 8), step_of(multiply, 0, 8, 4)};
    step[0].over = TM_ROW, step[0].item = 8;
    step[2].over = TM_ROW, step[2].item = 8, step[2].operands = 4, step[2].slot[3] = 2;
    step[3].over = TM_ONCE;
    const tm_fused fused = {.arrays = 6,
                            .inputs = 4,
                            .buffers = 3,
                            .steps = 5,
                            .buffer_item = item,
                            .buffer_once = single,
                            .step = step};
    EACH_POOL (p)
        for (size_t at = 0; at < LENGTH(shapes); at++) {
            const intptr_t a = shapes[at][0], b = shapes[at][1];
            const intptr_t layout[] = {a, b, 16 * b, 16, 0, 8, 0, 0, 0, 0, 8 * (b + 1), 8, 8, 0};
            char *data[] = {(char *)x,    (char *)y,   (char *)&hundred,
                            (char *)&two, (char *)out, (char *)greatest};
            fill();
            CHECK(tm_run_fused(p, &fused, 2, layout, 14, data, 6, NULL, raised, NULL) == TM_OK);
            for (intptr_t i = 0; i < a; i++) {
                double total = 100;
                for (intptr_t j = 0; j < b; j++) total = total + (x[2 * (i * b + j)] + y[j]);
                for (intptr_t j = 0; j < b; j++)
                    CHECK(out[i * (b + 1) + j] == x[2 * (i * b + j)] * (total * 2));
                CHECK(out[i * (b + 1) + b] == -7 && greatest[i] == x[2 * (i * b + b - 1)]);
            }
        }
}

/* ---- columns ---- */

/* out[j] += x[i][j] + y[j], row by row, and the sums themselves are stored as well. */
TEST(columns_are_added_up_row_by_row)
{
    static const intptr_t shapes[][2] = {{1, 5000}, {5000, 1}, {7, 3}, {150, 129}, {30, 1087}, {2, 70001}};
    static double made[160000], expected[70001];
    tm_fused_step step[] = {step_of(add, 0, 1, 3), step_of(add, 2, 3, 2)};
    step[1].over = TM_COLUMN;
    const tm_fused fused = {.arrays = 4, .inputs = 2, .steps = 2, .step = step};
    EACH_POOL (p)
        for (size_t at = 0; at < LENGTH(shapes); at++) {
            const intptr_t a = shapes[at][0], b = shapes[at][1];
            const intptr_t layout[] = {a, b, 16 * b, 16, 0, 8, 0, 8, 8 * b, 8};
            char *data[] = {(char *)x, (char *)y, (char *)out, (char *)made};
            fill();
            for (intptr_t j = 0; j < b; j++) expected[j] = out[j];
            for (intptr_t i = 0; i < a; i++)
                for (intptr_t j = 0; j < b; j++) expected[j] = expected[j] + (x[2 * (i * b + j)] + y[j]);
            CHECK(tm_run_fused(p, &fused, 2, layout, 10, data, 4, NULL, raised, NULL) == TM_OK);
            CHECK(memcmp(out, expected, (size_t)b * sizeof *out) == 0 && out[b] == -7);
            for (intptr_t i = 0; i < a * b; i++) CHECK(made[i] == x[2 * i] + y[i % b]);
        }
}

static _Atomic size_t added;

/* Takes as long at first as the main thread goes without asking for interrupts. */
static int add_slowly(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                      void *auxdata)
{
    if (atomic_fetch_add(&added, 1) == 0)
        for (const int64_t begin = tm_now_ns(); tm_now_ns() - begin < 2 * TM_INTERRUPT_PERIOD_NS;)
            sched_yield();
    return add(context, data, dims, strides, auxdata);
}

static int interrupted(void)
{
    return 1;
}

/* All rows under one piece of columns, which is one chunk where nothing else cuts. */
TEST(an_interrupt_does_not_wait_for_the_end_of_the_columns)
{
    enum { ROWS = 50000, ROW = 128 };
    tm_fused_step step[] = {step_of(add_slowly, 1, 0, 1)};
    step[0].over = TM_COLUMN;
    const tm_fused fused = {.arrays = 2, .inputs = 1, .steps = 1, .step = step};
    const intptr_t layout[] = {ROWS, ROW, 0, 8, 0, 8};
    char *data[] = {(char *)x, (char *)out};
    EACH_POOL (p)
        for (int check = 0; check < 2; check++) {
            fill();
            atomic_store(&added, 0);
            tm_set_interrupt_check(check ? interrupted : NULL);
            const int status = tm_run_fused(p, &fused, 2, layout, 6, data, 2, NULL, raised, NULL);
            tm_set_interrupt_check(NULL);
            CHECK(status == (check ? TM_INTERRUPTED : TM_OK));
            CHECK(check ? added < ROWS / 2 : added == ROWS);
        }
}

/* ---- open tiles ---- */

/* out = x + y, over x itself: rows of 1087 with NaNs in some, unlike ones in few. */
TEST(a_tile_where_unlike_nans_meet_stays_open)
{
    enum { ROWS = 150, ROW = 1087 };
    const double like = NAN, unlike = -NAN;
    tm_fused_step step[] = {{.loop = tm_nans_loop(2, 8), .operands = 2, .slot = {0, 1}, .when = TM_LOOK},
                            step_of(add, 0, 1, 3),
                            {.loop = tm_nans_loop(1, 8), .context = NULL, .operands = 1, .slot = {3}},
                            {.loop = tm_copy_loop(8), .context = (void *)8, .operands = 2, .slot = {3, 2}}};
    step[2].when = TM_CHECK, step[2].context = (void *)1, step[3].when = TM_LAST;
    const tm_fused fused = pass_of(LENGTH(step), step);
    const intptr_t layout[] = {ROWS, ROW, 8 * (ROW + 1), 8, 0, 8, 8 * (ROW + 1), 8};
    char *data[] = {(char *)x, (char *)y, (char *)x};
    EACH_POOL (p)
        for (int turn = 0; turn < 3; turn++) { /* no NaNs; those that are like; one that is not */
            char *open = NULL;
            fill();
            if (turn > 0) y[1080] = like;
            if (turn > 0)
                for (size_t i = 0; i < ROWS; i += 10) x[i * (ROW + 1) + 1080] = like;
            if (turn > 1) x[70 * (ROW + 1) + 1080] = unlike;
            CHECK(tm_run_fused(p, &fused, 2, layout, 8, data, 3, NULL, raised, &open) == TM_OK);
            CHECK((open != NULL) == (turn == 2));
            for (size_t i = 0; i < ROWS; i++)
                for (size_t j = 0; j < ROW; j++) {
                    const size_t at = i * (ROW + 1) + j;
                    const bool whole = open == NULL || !open[i * ROW + j];
                    CHECK(whole || (turn == 2 && i == 70));
                    if (j != 1080) CHECK(x[at] == (double)at * 0.5 + (whole ? y[j] : 0));
                }
            CHECK(turn < 2 || open[70 * ROW + 1080]);
            tm_free_open(open);
        }
}

static int reciprocal(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                      void *auxdata)
{
    (void)context, (void)auxdata;
    for (intptr_t i = 0; i < dims[0]; i++)
        *(double *)(void *)(data[1] + i * strides[1]) = 1 / *(double *)(void *)(data[0] + i * strides[0]);
    return 0;
}

/* out = 1 / (y * y), in a buffer that had x + x when unlike NaNs met: flags are those of y alone. */
TEST(an_open_tile_raises_what_its_last_step_would)
{
    enum { N = 5000, AT = 3000 };
    tm_fused_step step[] = {step_of(add, 0, 0, 3),
                            {.loop = tm_nans_loop(2, 8), .operands = 2, .slot = {0, 1}, .when = TM_LOOK},
                            step_of(multiply, 1, 1, 3),
                            {.loop = tm_nans_loop(1, 8), .operands = 1, .slot = {0}, .when = TM_CHECK},
                            {.loop = reciprocal, .operands = 2, .slot = {3, 2}, .when = TM_LAST}};
    step[3].context = (void *)1;
    const tm_fused fused = pass_of(LENGTH(step), step);
    EACH_POOL (p)
        for (int zero = 0; zero < 3; zero++) { /* where there is one: nowhere, in x, in y */
            char *open = NULL;
            for (size_t i = 0; i < N; i++) x[i] = y[i] = 1, out[i] = -7;
            x[AT] = NAN, y[AT] = -NAN;
            if (zero > 0) (zero == 1 ? x : y)[AT + 1] = 0;
            CHECK(run_along(p, &fused, N, NULL, &open) == TM_OK);
            CHECK(open != NULL && open[AT] && open[AT + 1] && out[AT + 1] == -7);
            CHECK(raised[4] == (zero == 2 ? TM_FP_DIVIDE : 0));
            tm_free_open(open);
        }
}

/* ---- chains ---- */

static _Atomic size_t runs; /* of loops that a chain stands for */

static int add_counted(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                       void *auxdata)
{
    atomic_fetch_add(&runs, 1);
    return add(context, data, dims, strides, auxdata);
}

/* out = (x + y + x)^2, with a NaN, or an infinity that raises a flag, in some tile or in none; a chain may have more
 * links than it covers steps. */
TEST(a_chain_stands_for_its_steps_unless_there_are_nans_or_flags)
{
    enum { N = 70001, AT = 60000 };
    static const tm_chain chains[] = {{.links = 2, .link = {TM_LINK_ADD, TM_LINK_ADD}},
                                      {.links = 4,
                                       .link = {TM_LINK_ADD, TM_LINK_NEGATE, TM_LINK_NEGATE, TM_LINK_ADD}}};
    tm_fused_step step[] = {{.loop = tm_chain_loop(TM_FLOAT64), .operands = 4, .slot = {0, 1, 0, 2}},
                            step_of(add_counted, 0, 1, 3),
                            step_of(add_counted, 3, 0, 2),
                            step_of(multiply, 2, 2, 2)};
    step[0].when = TM_CHAIN, step[0].covers = 2;
    const tm_fused fused = pass_of(LENGTH(step), step);
    EACH_POOL (p)
        for (int each = 0; each < 6; each++) {
            const int turn = each % 3;
            fill();
            step[0].context = (void *)(uintptr_t)&chains[each / 3];
            if (turn == 1) y[AT] = NAN;
            if (turn == 2) x[AT] = INFINITY, y[AT] = -INFINITY;
            atomic_store(&runs, 0);
            CHECK(run_along(p, &fused, N, NULL, NULL) == TM_OK);
            CHECK((atomic_load(&runs) > 0) == (turn > 0) && raised[0] == 0 && raised[2] == 0);
            CHECK(raised[1] == (turn == 2 ? TM_FP_INVALID : 0));
            for (size_t i = 0; i < N; i++) {
                const double sum = x[i] + y[i] + x[i];
                CHECK(out[i] == sum * sum || (turn > 0 && i == AT));
            }
            CHECK((out[AT] != out[AT]) == (turn > 0));
        }
}

/* The sum of (x + y) + x goes from registers to registers: no step runs unless there are flags. */
TEST(a_chain_is_summed_as_what_its_steps_make)
{
    static const tm_chain chain = {.links = 2, .link = {TM_LINK_ADD, TM_LINK_ADD}};
    static double sums[MOST], expected[MOST];
    tm_fused_step step[] = {{.loop = tm_chain_loop(TM_FLOAT64),
                             .context = (void *)(uintptr_t)&chain,
                             .operands = 4,
                             .slot = {0, 1, 0, 3},
                             .when = TM_CHAIN,
                             .covers = 2},
                            step_of(add_counted, 0, 1, 3),
                            step_of(add_counted, 3, 0, 3)};
    const tm_fold fold = {.tree = TM_FLOAT64, .slot = 3, .item = 8};
    tm_fused whole = pass_of(3, step), plain = pass_of(2, step + 1);
    whole.folds = plain.folds = 1;
    whole.fold = plain.fold = &fold;
    char *partials[] = {(char *)sums}, *plainly[] = {(char *)expected};
    EACH_POOL (p)
        for (size_t each = 0; each < 3 * LENGTH(sizes); each++) {
            const size_t n = sizes[each / 3], turn = each % 3, at = n * 2 / 3;
            fill();
            for (size_t i = 0; i < n; i++) x[i] = 1 / (x[i] + 3);
            if (turn == 1) y[at] = NAN;
            if (turn == 2) x[at] = INFINITY, y[at] = -INFINITY;
            CHECK(run_along(p, &plain, n, plainly, NULL) == TM_OK &&
                  raised[0] == (turn == 2 ? TM_FP_INVALID : 0));
            atomic_store(&runs, 0);
            CHECK(run_along(p, &whole, n, partials, NULL) == TM_OK &&
                  raised[1] == (turn == 2 ? TM_FP_INVALID : 0));
            CHECK((sums[0] != sums[0]) == (turn > 0) &&
                  (turn == 1 || memcmp(sums, expected, sizeof *sums) == 0));
            if (n % 8 == 0) CHECK((atomic_load(&runs) > 0) == (turn == 2));
        }
}

/* ---- flags, failures, refusals ---- */

TEST(flags_are_those_of_the_step)
{
    int flags[] = {FE_DIVBYZERO, FE_INVALID};
    tm_fused_step quiet_and_two[] = {step_of(add, 0, 1, 3), step_of(raise_flag, 0, 0, 0),
                                     step_of(add, 0, 1, 3), step_of(raise_flag, 0, 0, 0),
                                     step_of(multiply, 3, 1, 2)};
    quiet_and_two[1].context = &flags[0], quiet_and_two[3].context = &flags[1];
    const tm_fused fused = pass_of(LENGTH(quiet_and_two), quiet_and_two);
    EACH_POOL (p) {
        fill();
        CHECK(run_along(p, &fused, MOST, NULL, NULL) == TM_OK);
        CHECK(raised[0] == 0 && raised[2] == 0 && raised[4] == 0);
        CHECK(raised[1] == TM_FP_DIVIDE && raised[3] == TM_FP_INVALID);
    }
}

TEST(a_loop_that_fails_ends_the_pass)
{
    double poison = 100;
    tm_fused fused = formula();
    steps[0].loop = fail_at, steps[0].context = &poison;
    fill();
    CHECK(run_along(pool, &fused, MOST, NULL, NULL) == TM_FAILED);
}

TEST(unsound_passes_touch_nothing)
{
    const intptr_t layout[] = {5000, 8, 8, 8}, negative[] = {-1, 8, 8, 8}, none[] = {0, 8, 8, 8};
    char *data[] = {(char *)x, (char *)y, (char *)out};
    double partial[64];
    char *partials[] = {(char *)partial};
    const uint8_t empty_item[] = {0}, large_item[] = {TM_FUSED_ITEM + 1};
    tm_fold fold = {.tree = -1, .loop = most, .slot = 2, .item = 8};
    tm_fused good = formula(), bad;
    good.folds = 1, good.fold = &fold;
    fill();

#define REFUSED(change)                                                                                      \
    do {                                                                                                     \
        bad = good;                                                                                          \
        change;                                                                                              \
        CHECK(tm_run_fused(pool, &bad, 1, layout, 4, data, 3, partials, raised, NULL) == TM_INVALID);        \
        formula();                                                                                           \
        fold = (tm_fold){.tree = -1, .loop = most, .slot = 2, .item = 8};                                    \
    } while (0)
    REFUSED(bad.arrays = TM_FUSED_SLOTS + 1);
    REFUSED(bad.arrays = 2);
    REFUSED(bad.buffers = TM_FUSED_SLOTS - 2);
    REFUSED(bad.buffers = SIZE_MAX);
    REFUSED(bad.steps = TM_FUSED_STEPS + 1);
    REFUSED(bad.folds = TM_FUSED_FOLDS + 1);
    REFUSED(bad.buffer_item = empty_item);
    REFUSED(bad.buffer_item = large_item);
    REFUSED(steps[1].slot[2] = 4);
    REFUSED(steps[1].operands = TM_MAX_OPERANDS + 1);
    REFUSED((bad.folds = 0, steps[1].over = TM_COLUMN + 1));
    REFUSED(
        (bad.folds = 0, steps[1].over = TM_COLUMN)); /* one axis, and what is read is not what is written */
    REFUSED((bad.folds = 0, steps[1].over = TM_ROW));
    REFUSED((bad.folds = 0, steps[1].over = TM_ROW, steps[1].item = TM_FUSED_ITEM + 1));
    REFUSED((bad.folds = 0, steps[1].over = TM_ROW, steps[1].item = 8, steps[1].operands = 2));
    REFUSED((steps[1].over = TM_ONCE)); /* beside a fold */
    REFUSED(steps[1].when = TM_CHAIN + 1);
    static tm_chain chain = {.links = 1};
#define CHAIN(...) (steps[0].when = TM_CHAIN, steps[0].context = &chain, steps[0].covers = 1, __VA_ARGS__)
    REFUSED(CHAIN(steps[0].context = NULL));
    REFUSED(CHAIN(steps[0].covers = 2));
    REFUSED(CHAIN(steps[0].covers = 0));
    REFUSED(CHAIN(steps[0].over = TM_ONCE));
    REFUSED(CHAIN(steps[0].operands = 2));
    REFUSED(CHAIN(steps[1] = steps[0]));
    REFUSED((CHAIN(chain.link[0] = TM_LINK_SQRT + 1)));
    chain.link[0] = TM_LINK_ADD, chain.links = TM_CHAIN_LINKS + 1;
    REFUSED(CHAIN(steps[0].item = 0));
    REFUSED(steps[1].when = TM_LOOK); /* with nowhere to tell */
    REFUSED(fold.slot = 4);
    REFUSED(fold.item = 0);
    REFUSED(fold.item = TM_FUSED_ITEM + 1);
    REFUSED((fold.tree = TM_FLOAT32, fold.slot = 2, fold.item = 4)); /* whose elements lie apart */
    REFUSED((fold.tree = 1000, fold.slot = 3));
    tm_fold twice[] = {{.tree = TM_FLOAT64, .slot = 3, .item = 8},
                       {.tree = TM_FLOAT64, .slot = 3, .item = 8}};
    REFUSED((bad.folds = 2, bad.fold = twice));
    CHECK(tm_run_fused(pool, &good, 0, layout, 4, data, 3, partials, raised, NULL) == TM_INVALID);
    CHECK(tm_run_fused(pool, &good, TM_MAX_DIMS + 1, layout, 4, data, 3, partials, raised, NULL) ==
          TM_INVALID);
    CHECK(tm_run_fused(pool, &good, 1, layout, 3, data, 3, partials, raised, NULL) == TM_INVALID);
    CHECK(tm_run_fused(pool, &good, 1, layout, 4, data, 2, partials, raised, NULL) == TM_INVALID);
    CHECK(tm_run_fused(pool, &good, 1, negative, 4, data, 3, partials, raised, NULL) == TM_INVALID);
    CHECK(tm_run_fused(pool, &good, 1, none, 4, data, 3, partials, raised, NULL) == TM_INVALID);
    for (size_t i = 0; i < 5000; i++) CHECK(out[i] == -7);
    CHECK(tm_run_fused(pool, &good, 1, layout, 4, data, 3, partials, raised, NULL) == TM_OK);
}

TEST(a_closed_pool_refuses)
{
    tm_pool *closed;
    tm_pool_options options = {.threads = 2};
    const tm_fused fused = formula();
    CHECK(tm_pool_create(&options, &closed) == TM_OK);
    tm_pool_close(closed);
    fill();
    CHECK(run_along(closed, &fused, 70001, NULL, NULL) == TM_CLOSED);
    CHECK(out[0] == -7);
    tm_pool_destroy(closed);
}

TEST(a_choice_takes_elements_of_any_size)
{
    static _Alignas(32) unsigned char condition[2000], a[64000], b[64000], before[64000], after[64000];
    for (size_t i = 0; i < sizeof a; i++)
        a[i] = (unsigned char)(i * 5 + 1), b[i] = (unsigned char)(i * 7 + 3);
    for (size_t i = 0; i < sizeof condition; i++)
        condition[i] = (unsigned char)(i % 3); /* not 1 alone is true */
    /* of the condition, x, y and the output, in elements */
    static const int step_of[][4] = {{1, 1, 1, 1}, {1, 0, 1, 1}, {1, 1, 0, 1}, {1, 0, 0, 1}, {2, 1, 1, 1},
                                     {1, 2, 1, 1}, {1, 1, 2, 1}, {1, 1, 1, 2}, {0, 1, 1, 1}, {1, 1, -1, 1}};
    for (size_t item = 1; item <= 32; item *= 2)
        for (size_t k = 0; k < sizeof step_of / sizeof *step_of; k++)
            for (intptr_t n = 0; n < 1000; n = 2 * n + 7) {
                intptr_t strides[4] = {step_of[k][0]};
                for (int j = 1; j < 4; j++) strides[j] = step_of[k][j] * (intptr_t)item;
                char *first_b = (char *)b + (strides[2] < 0 && n > 0 ? (n - 1) * (intptr_t)item : 0);
                char *data[] = {(char *)condition, (char *)a, first_b, (char *)after};
                memset(after, 9, sizeof after);
                memset(before, 9, sizeof before);
                for (intptr_t i = 0; i < n; i++)
                    memcpy(before + i * strides[3],
                           condition[i * strides[0]] ? data[1] + i * strides[1] : first_b + i * strides[2],
                           item);
                CHECK(tm_select_loop((void *)(uintptr_t)item, data, &n, strides, NULL) == 0);
                CHECK(memcmp(before, after, sizeof after) == 0);
            }
}

TEST(a_choice_is_written_where_it_is_read)
{
    static unsigned char condition[1000];
    static double kept[1000], held[1000];
    for (int i = 0; i < 1000; i++) condition[i] = i % 3 == 0, kept[i] = held[i] = i;
    const double other = -1;
    char *data[] = {(char *)condition, (char *)(uintptr_t)&other, (char *)held, (char *)held};
    const intptr_t n = 1000, strides[] = {1, 0, 8, 8};
    CHECK(tm_select_loop((void *)(uintptr_t)8, data, &n, strides, NULL) == 0);
    for (int i = 0; i < 1000; i++) CHECK(held[i] == (condition[i] ? other : kept[i]));
}

int main(void)
{
    tm_pool_options options = {.threads = 3};
    if (tm_pool_create(&options, &pool) != TM_OK) return 1;
    RUN(one_axis_of_any_length);
    RUN(every_element_of_a_box_once);
    RUN(an_operand_may_be_one_element);
    RUN(what_is_written_may_be_what_is_read);
    RUN(a_fold_leaves_a_partial_result_of_each_chunk);
    RUN(a_tree_adds_as_one_sum_does);
    RUN(arrays_are_folded_as_they_are);
    RUN(a_row_is_reduced_before_the_steps_that_follow);
    RUN(columns_are_added_up_row_by_row);
    RUN(an_interrupt_does_not_wait_for_the_end_of_the_columns);
    RUN(a_tile_where_unlike_nans_meet_stays_open);
    RUN(an_open_tile_raises_what_its_last_step_would);
    RUN(a_chain_stands_for_its_steps_unless_there_are_nans_or_flags);
    RUN(a_chain_is_summed_as_what_its_steps_make);
    RUN(flags_are_those_of_the_step);
    RUN(a_loop_that_fails_ends_the_pass);
    RUN(unsound_passes_touch_nothing);
    RUN(a_closed_pool_refuses);
    RUN(a_choice_takes_elements_of_any_size);
    RUN(a_choice_is_written_where_it_is_read);
    tm_pool_destroy(pool);
    return finish();
}
