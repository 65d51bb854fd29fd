/* moments_template.h: inner loops that add up what elements stand for, in NumPy's order: in the pairwise tree over
 * rows, and one row after the other over columns. What is added for x is told by VALUE.
 *
 * Parameters: those of tree_template.h; COUNTS: 1 where the loops count the numbers that are not NaN, 0 where they
 * are given means. */
#include "tree_template.h"

#if COUNTS
TARGET static intptr_t TM_KERNEL(count)(const TM_ELEMENT *x, intptr_t n)
{
    intptr_t count = 0;

    for (intptr_t i = 0; i < n; i++) count += x[i] == x[i];
    return count;
}
#endif

/* data: nodes, x, sums, counts or means. */
TARGET static int TM_KERNEL(nodes)(void *context, char *const *data, const intptr_t *dims,
                                   const intptr_t *strides, void *auxdata)
{
    (void)context, (void)auxdata;
    for (intptr_t i = 0; i < dims[0]; i++) {
        const tm_node *node = (const void *)(data[0] + i * strides[0]);
        const TM_ELEMENT *x = (const TM_ELEMENT *)(const void *)(data[1] + i * strides[1]) + node->begin;
        TM_ELEMENT *sum = (void *)(data[2] + i * strides[2]);
#if COUNTS
        TM_KERNEL(node)(x, (size_t)node->n, 0, sum);
        *(intptr_t *)(void *)(data[3] + i * strides[3]) = TM_KERNEL(count)(x, node->n);
#else
        const TM_ELEMENT *mean = (const void *)(data[3] + i * strides[3]);
        TM_KERNEL(node)(x, (size_t)node->n, *mean, sum);
#endif
    }
    return 0;
}

/* `rows` rows, `step` bytes apart and `bytes` long; it is a constant, so that the loop over rows is unrolled. */
TARGET static inline void TM_KERNEL(add_some)(char *sums, const char *x, char *third, intptr_t step,
                                              intptr_t bytes, const int rows)
{
    typedef TM_ELEMENT vector
        __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(TM_ELEMENT)), may_alias));
    typedef TM_ELEMENT element __attribute__((may_alias));
#if COUNTS
    typedef __typeof__((vector){0} == (vector){0}) whole;
    typedef whole counts __attribute__((aligned(sizeof(TM_ELEMENT)), may_alias));
#if PART_BYTES == 8
    typedef int64_t number __attribute__((may_alias));
#else
    typedef int32_t number __attribute__((may_alias));
#endif
#endif
    intptr_t at = 0;

    for (; at + VECTOR_BYTES <= bytes; at += VECTOR_BYTES) {
        vector sum = *(vector *)(sums + at);
#if COUNTS
        counts count = *(counts *)(third + at);
#else
        const vector mean = *(const vector *)(third + at);
#endif
        for (int k = 0; k < rows; k++) {
            const vector row = *(const vector *)(x + k * step + at);
            sum += VECTOR_VALUE(row, mean);
#if COUNTS
            count -= row == row;
#endif
        }
        *(vector *)(sums + at) = sum;
#if COUNTS
        *(counts *)(third + at) = count;
#endif
    }
    for (; at < bytes; at += (intptr_t)sizeof(TM_ELEMENT)) {
        element sum = *(element *)(sums + at);
#if COUNTS
        number count = *(number *)(third + at);
#else
        const element mean = *(const element *)(third + at);
#endif
        for (int k = 0; k < rows; k++) {
            const element row = *(const element *)(x + k * step + at);
            sum += VALUE(row, mean);
#if COUNTS
            count += row == row;
#endif
        }
        *(element *)(sums + at) = sum;
#if COUNTS
        *(number *)(third + at) = count;
#endif
    }
}

/* data: sums, x, counts or means; the rows as in rows_template.h. */
TARGET static int TM_KERNEL(rows)(void *context, char *const *data, const intptr_t *dims,
                                  const intptr_t *strides, void *auxdata)
{
    enum { ROWS = 8 };
    const intptr_t bytes = dims[0] * strides[0], step = strides[3];
    const char *x = data[1];
    intptr_t rows = dims[1];

    (void)context, (void)auxdata;
    for (; rows >= ROWS; rows -= ROWS, x += ROWS * step)
        TM_KERNEL(add_some)(data[0], x, data[2], step, bytes, ROWS);
    for (; rows > 0; rows--, x += step) TM_KERNEL(add_some)(data[0], x, data[2], step, bytes, 1);
    return 0;
}
