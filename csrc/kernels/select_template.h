/* select_template.h: one of two operands for each element, of one size, as an inner loop.
 *
 * Parameters: ITEM (an unsigned integer of the elements' size, or a struct of such), LEVEL, TARGET; ITEM is undefined at
 * the end. Its name is select_ITEM_LEVEL. Without a branch for an element, as nobody can foretell a mask; where a block
 * of it is all true or all false, only what is chosen is read. */

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

/* The addresses and strides are copied first: for all that the compiler knows, an item that is written is one of them. */
TARGET static void TM_JOIN3(select_strided, ITEM, LEVEL)(intptr_t n, char *const *data,
                                                         const intptr_t *strides)
{
    const char *condition = data[0], *x = data[1], *y = data[2];
    char *out = data[3];
    const intptr_t step = strides[0], x_step = strides[1], y_step = strides[2], out_step = strides[3];

    for (intptr_t i = 0; i < n; i++) {
        const ITEM chosen = *(const ITEM *)(const void *)(x + i * x_step);
        const ITEM other = *(const ITEM *)(const void *)(y + i * y_step);
        *(ITEM *)(void *)(out + i * out_step) = TM_JOIN2(pick, ITEM)(condition[i * step] != 0, chosen, other);
    }
}

TARGET static void TM_JOIN3(select_mixed, ITEM, LEVEL)(intptr_t n, char *const *data, const intptr_t *strides)
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
        TM_JOIN3(select_strided, ITEM, LEVEL)(n, data, strides);
}

/* out = x */
TARGET static void TM_JOIN3(select_all, ITEM, LEVEL)(intptr_t n, const char *x, intptr_t x_step, char *out,
                                                     intptr_t out_step)
{
    const intptr_t size = sizeof(ITEM);
    const ITEM *from = (const void *)x, only = *from;
    ITEM *to = (void *)out;

    if (x_step == size && out_step == size) {
        TM_INDEPENDENT /* as above */
        for (intptr_t i = 0; i < n; i++) to[i] = from[i];
    } else if (x_step == 0 && out_step == size) {
        for (intptr_t i = 0; i < n; i++) to[i] = only;
    } else {
        for (intptr_t i = 0; i < n; i++)
            *(ITEM *)(void *)(out + i * out_step) = *(const ITEM *)(const void *)(x + i * x_step);
    }
}

TARGET static void TM_JOIN3(select, ITEM, LEVEL)(intptr_t n, char *const *data, const intptr_t *strides)
{
    for (intptr_t begin = 0, length; begin < n; begin += length) {
        char *at[4];
        for (int k = 0; k < 4; k++) at[k] = data[k] + begin * strides[k];
        length = TM_MIN(n - begin, (intptr_t)SELECT_BLOCK);
        if (strides[0] == 1 && select_is_alike((const unsigned char *)at[0], length)) {
            const int chosen = *at[0] ? 1 : 2;
            TM_JOIN3(select_all, ITEM, LEVEL)(length, at[chosen], strides[chosen], at[3], strides[3]);
        } else {
            TM_JOIN3(select_mixed, ITEM, LEVEL)(length, at, strides);
        }
    }
}

#undef ITEM
