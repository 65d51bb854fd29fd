/* nan_extremes_template.h: inner loops that look for the least or the greatest number and where it stands first. A
 * NaN stands for BEYOND, which no number is further than; so no comparison meets one.
 *
 * Parameters: DTYPE, LEVEL, TARGET, VECTOR_BYTES (foreach_level.h); BEYOND; IS_NEARER(a, b); INDEX, a signed integer
 * of an element's size. */
#define LANES (VECTOR_BYTES / (int)sizeof(TM_ELEMENT))
#define VECTOR TM_KERNEL(vector)
#define INDICES TM_KERNEL(indices)

typedef TM_ELEMENT VECTOR __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(TM_ELEMENT)), may_alias));
typedef INDEX INDICES __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(TM_ELEMENT)), may_alias));

/* a where the mask is set, else b. */
#define CHOOSE(type, mask, a, b) ((type)(((INDICES)(a) & (mask)) | ((INDICES)(b) & ~(mask))))

TARGET static inline VECTOR TM_KERNEL(number)(VECTOR x)
{
    const VECTOR beyond = (VECTOR){0} + (TM_ELEMENT)BEYOND;
    return CHOOSE(VECTOR, x == x, x, beyond);
}

TARGET static TM_ELEMENT TM_KERNEL(extreme)(const TM_ELEMENT *x, intptr_t n)
{
    enum { STREAMS = 4 };
    VECTOR found[STREAMS];
    TM_ELEMENT best = (TM_ELEMENT)BEYOND;
    intptr_t i = 0;

    for (int k = 0; k < STREAMS; k++) found[k] = (VECTOR){0} + best;
    for (; i + STREAMS * LANES <= n; i += STREAMS * LANES)
        for (int k = 0; k < STREAMS; k++) {
            const VECTOR each = TM_KERNEL(number)(*(const VECTOR *)(const void *)(x + i + k * LANES));
            found[k] = CHOOSE(VECTOR, IS_NEARER(each, found[k]), each, found[k]);
        }
    for (int k = 0; k < STREAMS; k++)
        for (int lane = 0; lane < LANES; lane++)
            if (IS_NEARER(found[k][lane], best)) best = found[k][lane];
    for (; i < n; i++) {
        /* no condition of two parts: clang would compare a NaN for the second, which raises a flag */
        const TM_ELEMENT each = x[i] == x[i] ? x[i] : (TM_ELEMENT)BEYOND;
        if (IS_NEARER(each, best)) best = each;
    }
    return best;
}

/* The first place of an element; there is one. */
TARGET static intptr_t TM_KERNEL(place)(const TM_ELEMENT *x, intptr_t n, TM_ELEMENT element)
{
    enum { BLOCK = 8 * LANES };
    intptr_t i = 0;

    for (bool met = false; i + BLOCK <= n; i += BLOCK) {
        INDICES equal = {0};
        for (int k = 0; k < BLOCK; k += LANES) equal |= *(const VECTOR *)(const void *)(x + i + k) == element;
        for (int lane = 0; lane < LANES; lane++) met |= equal[lane] != 0;
        if (met) break;
    }
    while (i < n && x[i] != element) i++;
    return i;
}

/* data: nodes, x, extremes, places; no place is looked for where a node has nothing nearer than BEYOND. context: 1
 * where no places are wanted. */
TARGET static int TM_KERNEL(nan_extreme_nodes)(void *context, char *const *data, const intptr_t *dims,
                                               const intptr_t *strides, void *auxdata)
{
    (void)auxdata;
    for (intptr_t i = 0; i < dims[0]; i++) {
        const tm_node *node = (const void *)(data[0] + i * strides[0]);
        const TM_ELEMENT *x = (const TM_ELEMENT *)(const void *)(data[1] + i * strides[1]) + node->begin;
        const TM_ELEMENT best = TM_KERNEL(extreme)(x, node->n);
        *(TM_ELEMENT *)(void *)(data[2] + i * strides[2]) = best;
        if (context == NULL && best != (TM_ELEMENT)BEYOND)
            *(intptr_t *)(void *)(data[3] + i * strides[3]) = TM_KERNEL(place)(x, node->n, best);
    }
    return 0;
}

/* `rows` rows from row number `from` on, `step` bytes apart and `bytes` long; a constant, as in rows_template.h. */
TARGET static inline void TM_KERNEL(nan_extremes_some)(char *extremes, const char *x, char *places,
                                                       intptr_t step, intptr_t bytes, INDEX from,
                                                       const int rows)
{
    typedef TM_ELEMENT element __attribute__((may_alias));
    typedef INDEX index __attribute__((may_alias));
    intptr_t at = 0;

    for (; at + VECTOR_BYTES <= bytes; at += VECTOR_BYTES) {
        VECTOR best = *(VECTOR *)(void *)(extremes + at);
        INDICES place = *(INDICES *)(void *)(places + at);
        for (int k = 0; k < rows; k++) {
            const VECTOR each = TM_KERNEL(number)(*(const VECTOR *)(const void *)(x + k * step + at));
            const INDICES nearer = IS_NEARER(each, best);
            best = CHOOSE(VECTOR, nearer, each, best);
            place = CHOOSE(INDICES, nearer, (INDICES){0} + (from + k), place);
        }
        *(VECTOR *)(void *)(extremes + at) = best;
        *(INDICES *)(void *)(places + at) = place;
    }
    for (; at < bytes; at += (intptr_t)sizeof(TM_ELEMENT))
        for (int k = 0; k < rows; k++) {
            const element each = *(const element *)(const void *)(x + k * step + at);
            element *best = (void *)(extremes + at);
            if (each != each || !IS_NEARER(each, *best)) continue;
            *best = each;
            *(index *)(void *)(places + at) = from + k;
        }
}

/* data: extremes, x, places, an INDEX each; the rows as in rows_template.h. */
TARGET static int TM_KERNEL(nan_extreme_rows)(void *context, char *const *data, const intptr_t *dims,
                                              const intptr_t *strides, void *auxdata)
{
    enum { ROWS = 8 };
    const intptr_t bytes = dims[0] * strides[0], step = strides[3];
    intptr_t row = 0;

    (void)context, (void)auxdata;
    for (; row + ROWS <= dims[1]; row += ROWS)
        TM_KERNEL(nan_extremes_some)(data[0], data[1] + row * step, data[2], step, bytes, (INDEX)row, ROWS);
    for (; row < dims[1]; row++)
        TM_KERNEL(nan_extremes_some)(data[0], data[1] + row * step, data[2], step, bytes, (INDEX)row, 1);
    return 0;
}

#undef LANES
#undef VECTOR
#undef INDICES
#undef CHOOSE
