/* select_template.h: one of two operands for each element, of one size, as an inner loop.
 *
 * Parameters: ITEM (an unsigned integer of the elements' size), LEVEL, TARGET; ITEM is undefined at the end.
 * Its name is select_ITEM_LEVEL. Without a branch, as nobody can foretell a mask. */

/* x and y are arrays, or single elements where their steps are 0: the steps are constants to each caller. */
TARGET static inline __attribute__((always_inline)) void
TM_JOIN3(select_each, ITEM, LEVEL)(intptr_t n, const unsigned char *condition, const ITEM *x, intptr_t x_step,
                                   const ITEM *y, intptr_t y_step, ITEM *out)
{
    TM_INDEPENDENT /* what is written is apart from all, or is read where it is written */
    for (intptr_t i = 0; i < n; i++) {
        const ITEM chosen = x[i * x_step], other = y[i * y_step];
        out[i] = condition[i] ? chosen : other;
    }
}

TARGET static void TM_JOIN3(select, ITEM, LEVEL)(intptr_t n, char *const *data, const intptr_t *strides)
{
    const intptr_t size = sizeof(ITEM);
    const unsigned char *condition = (const unsigned char *)data[0];
    const ITEM *x = (const void *)data[1], *y = (const void *)data[2];
    ITEM *out = (void *)data[3];
    const bool dense = strides[0] == 1 && strides[3] == size;

    if (dense && strides[1] == size && strides[2] == size)
        TM_JOIN3(select_each, ITEM, LEVEL)(n, condition, x, 1, y, 1, out);
    else if (dense && strides[1] == 0 && strides[2] == size)
        TM_JOIN3(select_each, ITEM, LEVEL)(n, condition, x, 0, y, 1, out);
    else if (dense && strides[1] == size && strides[2] == 0)
        TM_JOIN3(select_each, ITEM, LEVEL)(n, condition, x, 1, y, 0, out);
    else
        for (intptr_t i = 0; i < n; i++) {
            const ITEM chosen = *(const ITEM *)(const void *)(data[1] + i * strides[1]);
            const ITEM other = *(const ITEM *)(const void *)(data[2] + i * strides[2]);
            *(ITEM *)(void *)(data[3] + i * strides[3]) = data[0][i * strides[0]] ? chosen : other;
        }
}

#undef ITEM
