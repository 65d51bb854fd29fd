/* rows_template.h: out[i] += row[i] for each of a number of rows, in their order.
 *
 * NumPy adds one row at a time, and so reads and writes the result once for each. Here it is done for
 * eight rows: every element is added to in the same order, so the bits are the same, and memory is read in
 * eight streams, which come nearly as fast as one even where the rows are short pieces of longer ones.
 * Parameters: DTYPE, LEVEL, TARGET, VECTOR_BYTES (foreach_level.h). */

/* `count` rows, `step` bytes apart and `bytes` long; it is a constant, so that the loop over rows is
 * unrolled. */
TARGET static inline void TM_KERNEL(add_some)(char *out, const char *x, intptr_t step, intptr_t bytes,
                                              const int count)
{
    typedef TM_ELEMENT vector
        __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(TM_ELEMENT)), may_alias));
    typedef TM_ELEMENT element __attribute__((may_alias));
    intptr_t at = 0;

    for (; at + VECTOR_BYTES <= bytes; at += VECTOR_BYTES) {
        vector total = *(vector *)(out + at);
        for (int k = 0; k < count; k++) total += *(const vector *)(x + k * step + at);
        *(vector *)(out + at) = total;
    }
    for (; at < bytes; at += (intptr_t)sizeof(TM_ELEMENT)) {
        element total = *(element *)(out + at);
        for (int k = 0; k < count; k++) total += *(const element *)(x + k * step + at);
        *(element *)(out + at) = total;
    }
}

TARGET static int TM_KERNEL(add_rows)(void *context, char *const *data, const intptr_t *dims,
                                      const intptr_t *strides, void *auxdata)
{
    enum { ROWS = 8 };
    const intptr_t bytes = dims[0] * strides[0], step = strides[2];
    const char *x = data[1];
    intptr_t rows = dims[1];

    (void)context, (void)auxdata;
    for (; rows >= ROWS; rows -= ROWS, x += ROWS * step) TM_KERNEL(add_some)(data[0], x, step, bytes, ROWS);
    for (; rows > 0; rows--, x += step) TM_KERNEL(add_some)(data[0], x, step, bytes, 1);
    return 0;
}
