/* test_row_functions.c: the loops that call a function for each row: what they hand it, where its results go, and that
 * a failure ends them. */
#include "check.h"
#include "common.h"

enum { ROWS = 7, LONG = 50, GUARD = -77 };

static int32_t source[ROWS * LONG * 2], target[ROWS * LONG], before[ROWS * LONG * 2];
static intptr_t order[ROWS * LONG], places[ROWS * 2];
static int left; /* rows until there is no memory; -1: always some */

static int ends_here(void)
{
    return left == 0 ? -1 : (left -= left > 0, 0);
}

/* Turns a row around, and its order. */
static int turn(void *row, intptr_t n, void *array)
{
    int32_t *x = row;
    CHECK(array == NULL);
    for (intptr_t i = 0; i < n / 2; i++) {
        const int32_t x_i = x[i];
        x[i] = x[n - 1 - i], x[n - 1 - i] = x_i;
    }
    return ends_here();
}

static int turn_order(void *row, intptr_t *at, intptr_t n, void *array)
{
    CHECK(row != NULL && array == NULL);
    for (intptr_t i = 0; i < n; i++) CHECK(at[i] == i);
    for (intptr_t i = 0; i < n; i++) at[i] = n - 1 - i;
    return ends_here();
}

/* A row's own number, which all its elements begin with. */
static int number(void *row, intptr_t n, intptr_t *place, void *array)
{
    CHECK(n > 0 && array == NULL);
    *place = ((int32_t *)row)[0] / LONG;
    return ends_here();
}

static void fill(void)
{
    for (int i = 0; i < ROWS * LONG * 2; i++) source[i] = i;
    memcpy(before, source, sizeof before);
    for (int i = 0; i < ROWS * LONG; i++) target[i] = GUARD, order[i] = GUARD;
    for (int i = 0; i < ROWS * 2; i++) places[i] = GUARD;
    left = -1;
}

typedef union function {
    int (*sort)(void *, intptr_t, void *);
    int (*order)(void *, intptr_t *, intptr_t, void *);
    int (*place)(void *, intptr_t, intptr_t *, void *);
    void *context;
} function;

TEST(rows_are_copied_and_sorted_from_any_stride)
{
    const function turns = {.sort = turn};
    for (intptr_t step = 1; step <= 2; step++) {
        const intptr_t dims[] = {ROWS, LONG}, item = sizeof(int32_t);
        const intptr_t strides[] = {LONG * step * item, LONG * item, step * item};
        char *data[] = {(char *)source, (char *)target};
        fill();
        CHECK(tm_sort_rows_loop(turns.context, data, dims, strides, (void *)(uintptr_t)item) == 0);
        for (int row = 0; row < ROWS; row++)
            for (int i = 0; i < LONG; i++)
                CHECK(target[row * LONG + i] == (row * LONG + LONG - 1 - i) * (int)step);
        CHECK(memcmp(source, before, sizeof source) == 0);
    }
}

TEST(orders_begin_with_that_in_which_elements_lie)
{
    const function turns = {.order = turn_order};
    const intptr_t dims[] = {ROWS, LONG}, strides[] = {LONG * sizeof(int32_t), LONG * sizeof(intptr_t)};
    char *data[] = {(char *)source, (char *)order};
    fill();
    CHECK(tm_order_rows_loop(turns.context, data, dims, strides, NULL) == 0);
    for (int i = 0; i < ROWS * LONG; i++) CHECK(order[i] == LONG - 1 - i % LONG);
}

TEST(places_go_to_where_their_stride_says)
{
    const function numbers = {.place = number};
    const intptr_t dims[] = {ROWS, LONG}, strides[] = {LONG * sizeof(int32_t), 2 * sizeof(intptr_t)};
    char *data[] = {(char *)source, (char *)places};
    fill();
    CHECK(tm_place_rows_loop(numbers.context, data, dims, strides, NULL) == 0);
    for (int i = 0; i < ROWS * 2; i++) CHECK(places[i] == (i % 2 ? GUARD : i / 2));
}

TEST(the_first_failure_ends_a_loop)
{
    const intptr_t dims[] = {ROWS, LONG}, item = sizeof(int32_t);
    const intptr_t rows[] = {LONG * item, LONG * item, item}, wide[] = {LONG * item, LONG * sizeof(intptr_t)};
    const function functions[] = {{.sort = turn}, {.order = turn_order}, {.place = number}};
    char *sorted[] = {(char *)source, (char *)target}, *found[] = {(char *)source, (char *)order};
    fill();
    left = 2;
    CHECK(tm_sort_rows_loop(functions[0].context, sorted, dims, rows, (void *)(uintptr_t)item) != 0);
    CHECK(target[2 * LONG] != GUARD && target[3 * LONG] == GUARD);
    left = 2;
    CHECK(tm_order_rows_loop(functions[1].context, found, dims, wide, NULL) != 0);
    CHECK(order[2 * LONG] != GUARD && order[3 * LONG] == GUARD);
    fill();
    left = 2;
    CHECK(tm_place_rows_loop(functions[2].context, found, dims, wide, NULL) != 0);
    CHECK(order[2 * LONG] != GUARD && order[3 * LONG] == GUARD);
}

int main(void)
{
    RUN(rows_are_copied_and_sorted_from_any_stride);
    RUN(orders_begin_with_that_in_which_elements_lie);
    RUN(places_go_to_where_their_stride_says);
    RUN(the_first_failure_ends_a_loop);
    return finish();
}
