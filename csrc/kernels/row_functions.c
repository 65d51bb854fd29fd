/* row_functions.c: inner loops over rows that call a function of NumPy's for each: it sorts a row, finds its order, or
 * the place of its greatest or least element. */
#include "kernel.h"

/* NumPy's types of them; none of its functions for numbers looks at the array. */
typedef int sort_function(void *row, intptr_t n, void *array);
typedef int order_function(void *row, intptr_t *order, intptr_t n, void *array);
typedef int place_function(void *row, intptr_t n, intptr_t *place, void *array);

/* ISO C has no conversion between pointers to objects and to functions. */
typedef union row_function {
    void *context;
    sort_function *sort;
    order_function *order;
    place_function *place;
} row_function;

/* A memcpy of a constant size is a move, and one of another is a call. */
#define COPY_ITEMS(item)                                                                                     \
    case item:                                                                                               \
        for (intptr_t i = 0; i < n; i++) memcpy(to + i * (item), from + i * stride, item);                   \
        return;

static void row_copy(char *to, const char *from, intptr_t n, intptr_t stride, size_t item)
{
    if (stride == (intptr_t)item) {
        memcpy(to, from, (size_t)n * item);
        return;
    }
    switch (item) {
        COPY_ITEMS(1)
        COPY_ITEMS(2)
        COPY_ITEMS(4)
        COPY_ITEMS(8)
        COPY_ITEMS(16)
    default:
        for (intptr_t i = 0; i < n; i++) memcpy(to + (size_t)i * item, from + i * stride, item);
    }
}
#undef COPY_ITEMS

int tm_sort_rows_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                      void *auxdata)
{
    const row_function function = {.context = context};
    const size_t item = (size_t)(uintptr_t)auxdata;
    for (intptr_t row = 0; row < dims[0]; row++) {
        char *to = data[1] + row * strides[1];
        row_copy(to, data[0] + row * strides[0], dims[1], strides[2], item);
        if (function.sort(to, dims[1], NULL) < 0) return -1;
    }
    return 0;
}

int tm_order_rows_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                       void *auxdata)
{
    const row_function function = {.context = context};
    (void)auxdata;
    for (intptr_t row = 0; row < dims[0]; row++) {
        intptr_t *order = (intptr_t *)(void *)(data[1] + row * strides[1]);
        for (intptr_t i = 0; i < dims[1]; i++) order[i] = i;
        if (function.order(data[0] + row * strides[0], order, dims[1], NULL) < 0) return -1;
    }
    return 0;
}

int tm_place_rows_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                       void *auxdata)
{
    const row_function function = {.context = context};
    (void)auxdata;
    for (intptr_t row = 0; row < dims[0]; row++) {
        intptr_t *place = (intptr_t *)(void *)(data[1] + row * strides[1]);
        if (function.place(data[0] + row * strides[0], dims[1], place, NULL) < 0) return -1;
    }
    return 0;
}
