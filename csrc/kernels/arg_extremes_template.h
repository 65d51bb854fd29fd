/* arg_extremes_template.h: inner loops that look for the first of the greatest elements, or of the least where
 * `context` is 1; a NaN is either. Parameters: DTYPE, LEVEL, TARGET (foreach_level.h); ELEMENT; IS_NUMBER(e), false
 * of a NaN; IS_NO_GREATER(e, b) and IS_NO_LESS(e, b), of an element e and a number b, false where e is a NaN. */

/* Where x has an element that is better than *best, or NaN, that has none; -1: nowhere. Blocks in which there is
 * none are passed over, by comparisons that run on vectors. */
#define SEEK(family, IS_NONE_BETTER)                                                                         \
    TARGET static intptr_t TM_KERNEL(family)(const ELEMENT *x, intptr_t n, ELEMENT *best)                    \
    {                                                                                                        \
        enum { BLOCK = 64 };                                                                                 \
        ELEMENT b = *best;                                                                                   \
        intptr_t found = -1;                                                                                 \
        for (intptr_t begin = 0; begin < n && IS_NUMBER(b); begin += BLOCK) {                                \
            const intptr_t end = TM_MIN(begin + BLOCK, n);                                                   \
            int some = 0;                                                                                    \
            for (intptr_t i = begin; i < end; i++) some |= !(IS_NONE_BETTER(x[i], b));                       \
            for (intptr_t i = begin; some && i < end && IS_NUMBER(b); i++)                                   \
                if (!(IS_NONE_BETTER(x[i], b))) b = x[i], found = i;                                         \
        }                                                                                                    \
        *best = b;                                                                                           \
        return found;                                                                                        \
    }
SEEK(seek_greatest, IS_NO_GREATER)
SEEK(seek_least, IS_NO_LESS)
#undef SEEK

/* The index of the best of n > 0 elements, where none is better than *best at first. */
TARGET static intptr_t TM_KERNEL(seek)(bool least, const char *x, intptr_t stride, intptr_t n, ELEMENT *best)
{
    if (stride == sizeof(ELEMENT))
        return (least ? TM_KERNEL(seek_least) : TM_KERNEL(seek_greatest))((const void *)x, n, best);
    intptr_t found = -1;
    for (intptr_t i = 0; i < n; i++) {
        const ELEMENT *here = (const void *)(x + i * stride);
        const intptr_t own = (least ? TM_KERNEL(seek_least) : TM_KERNEL(seek_greatest))(here, 1, best);
        found = own < 0 ? found : i;
    }
    return found;
}

/* data: (a tm_arg_extreme, x, the same). */
TARGET static int TM_KERNEL(arg_extreme)(void *context, char *const *data, const intptr_t *dims,
                                         const intptr_t *strides, void *auxdata)
{
    tm_arg_extreme *all = (void *)data[0];
    const intptr_t n = dims[0];
    ELEMENT best;

    (void)auxdata;
    if (n <= 0) return 0;
    if (all->index < 0) {
        memcpy(&all->value, data[1], sizeof best);
        all->index = all->count;
    }
    memcpy(&best, &all->value, sizeof best);
    const intptr_t found = TM_KERNEL(seek)(context != NULL, data[1], strides[1], n, &best);
    memcpy(&all->value, &best, sizeof best);
    if (found >= 0) all->index = all->count + found;
    all->count += n;
    return 0;
}

/* data: (the index, x, the same, ...), of a row. */
TARGET static int TM_KERNEL(arg_extreme_row)(void *context, char *const *data, const intptr_t *dims,
                                             const intptr_t *strides, void *auxdata)
{
    ELEMENT best;

    (void)auxdata;
    memcpy(&best, data[1], sizeof best);
    const intptr_t found = TM_KERNEL(seek)(context != NULL, data[1], strides[1], dims[0], &best);
    *(intptr_t *)(void *)data[0] = found < 0 ? 0 : found;
    return 0;
}

/* Where one of n elements of a row is better than what stands in its column, or NaN, and none stood there: that element
 * and the row's number. Blocks in which there is none are passed over. */
#define SEEK_DOWN(family, IS_NONE_BETTER)                                                                    \
    TARGET static void TM_KERNEL(family)(const ELEMENT *x, intptr_t n, intptr_t row, ELEMENT *best,          \
                                         intptr_t *index)                                                    \
    {                                                                                                        \
        enum { BLOCK = 64 };                                                                                 \
        for (intptr_t begin = 0; begin < n; begin += BLOCK) {                                                \
            const intptr_t end = TM_MIN(begin + BLOCK, n);                                                   \
            int some = 0;                                                                                    \
            for (intptr_t i = begin; i < end; i++)                                                           \
                some |= (!(IS_NONE_BETTER(x[i], best[i]))) & IS_NUMBER(best[i]);                             \
            for (intptr_t i = begin; some && i < end; i++) {                                                 \
                const bool better = (!(IS_NONE_BETTER(x[i], best[i]))) & IS_NUMBER(best[i]);                 \
                index[i] = better ? row : index[i];                                                          \
                best[i] = better ? x[i] : best[i];                                                           \
            }                                                                                                \
        }                                                                                                    \
    }
SEEK_DOWN(seek_down_greatest, IS_NO_GREATER)
SEEK_DOWN(seek_down_least, IS_NO_LESS)
#undef SEEK_DOWN

/* data: (the best, x, the row's number, the index), of a piece of a row. */
TARGET static int TM_KERNEL(arg_extreme_down)(void *context, char *const *data, const intptr_t *dims,
                                              const intptr_t *strides, void *auxdata)
{
    const bool least = context != NULL, dense = strides[1] == sizeof(ELEMENT);
    const intptr_t row = *(const intptr_t *)(const void *)data[2];
    ELEMENT *best = (void *)data[0];
    intptr_t *index = (void *)data[3];

    (void)auxdata;
    for (intptr_t i = 0; i < dims[0]; i += dense ? dims[0] : 1)
        (least ? TM_KERNEL(seek_down_least)
               : TM_KERNEL(seek_down_greatest))((const void *)(data[1] + i * strides[1]), dense ? dims[0] : 1,
                                                row, best + i, index + i);
    return 0;
}
