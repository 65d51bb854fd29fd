/* nans_template.h: inner loops that look for NaNs, read as the unsigned integers of one size. They write
 * nothing, and fail where they find one.
 *
 * Parameters: DTYPE, LEVEL, TARGET, VECTOR_BYTES (foreach_level.h); EXPONENT, all ones where an element is infinite
 * or NaN; QUIET, the bit that a quiet NaN has. */

#define VECTOR TM_KERNEL(nans_vector)
#define LANES (VECTOR_BYTES / (intptr_t)sizeof(TM_ELEMENT))
typedef TM_ELEMENT VECTOR __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(TM_ELEMENT)), may_alias));

/* Whether an element is a NaN, and whether it is a signalling one; or each of a vector. */
#define MAGNITUDE ((TM_ELEMENT)((TM_ELEMENT)-1 >> 1))
#define IS_NAN(e) (((e) & MAGNITUDE) > (TM_ELEMENT)EXPONENT)
#define IS_SIGNALLING(e) (IS_NAN(e) & (((e) & (TM_ELEMENT)QUIET) == 0))
#define MEET(a, b) ((IS_NAN(a) & IS_NAN(b) & ((a) != (b))) | IS_SIGNALLING(a) | IS_SIGNALLING(b))

#define AT(x) (*(const VECTOR *)(const void *)((x) + i))
#define ALONE(x) ((TM_ELEMENT)(x)[i])

/* Returns -1 where FOUND is true of an element i below n, FOUND_IN_VECTOR of those from i on. The last vector is whole: it
 * looks at some elements again. */
#define FAIL_WHERE(FOUND_IN_VECTOR, FOUND)                                                                   \
    if (n < LANES) {                                                                                         \
        for (intptr_t i = 0; i < n; i++)                                                                     \
            if (FOUND) return -1;                                                                            \
    } else {                                                                                                 \
        __typeof__((VECTOR){0} != (VECTOR){0}) found = (VECTOR){0} != (VECTOR){0};                           \
        for (intptr_t begin = 0; begin < n; begin += LANES) {                                                \
            const intptr_t i = TM_MIN(begin, n - LANES);                                                     \
            found |= FOUND_IN_VECTOR;                                                                        \
        }                                                                                                    \
        uint64_t words[VECTOR_BYTES / 8], any = 0;                                                           \
        memcpy(words, &found, sizeof found);                                                                 \
        for (int word = 0; word < VECTOR_BYTES / 8; word++) any |= words[word];                              \
        if (any) return -1;                                                                                  \
    }

/* data: x, of `context` numbers an element. */
TARGET static int TM_KERNEL(nans)(void *context, char *const *data, const intptr_t *dims,
                                  const intptr_t *strides, void *auxdata)
{
    const intptr_t parts = (intptr_t)context, step = strides[0];
    const bool contiguous = step == parts * (intptr_t)sizeof(TM_ELEMENT);
    const intptr_t n = contiguous ? dims[0] * parts : parts;

    (void)auxdata;
    for (intptr_t k = 0; k < (contiguous ? 1 : dims[0]); k++) {
        const TM_ELEMENT *x = (const void *)(data[0] + k * step);
        FAIL_WHERE(IS_NAN(AT(x)), IS_NAN(ALONE(x)))
    }
    return 0;
}

/* data: x, y. A NaN in one of them alone is no find, unless it is a signalling one. */
TARGET static int TM_KERNEL(nan_pairs)(void *context, char *const *data, const intptr_t *dims,
                                       const intptr_t *strides, void *auxdata)
{
    const TM_ELEMENT *x = (const void *)data[0], *y = (const void *)data[1];
    const intptr_t n = dims[0], step_x = strides[0], step_y = strides[1];

    (void)context, (void)auxdata;
    if (step_x == sizeof(TM_ELEMENT) && step_y == sizeof(TM_ELEMENT)) {
        FAIL_WHERE(MEET(AT(x), AT(y)), MEET(ALONE(x), ALONE(y)))
    } else if (step_x == sizeof(TM_ELEMENT) && step_y == 0) {
        const VECTOR all = *y - (VECTOR){0};
        FAIL_WHERE(MEET(AT(x), all), MEET(ALONE(x), *y))
    } else
        for (intptr_t i = 0; i < n; i++) {
            const TM_ELEMENT a = *(const TM_ELEMENT *)(const void *)(data[0] + i * step_x);
            const TM_ELEMENT b = *(const TM_ELEMENT *)(const void *)(data[1] + i * step_y);
            if (MEET(a, b)) return -1;
        }
    return 0;
}

/* data: x, y, the result, which is a NaN wherever x or y is one. */
TARGET static int TM_KERNEL(nan_results)(void *context, char *const *data, const intptr_t *dims,
                                         const intptr_t *strides, void *auxdata)
{
    if (TM_KERNEL(nans)((void *)(intptr_t)1, data + 2, dims, strides + 2, auxdata) == 0) return 0;
    return TM_KERNEL(nan_pairs)(context, data, dims, strides, auxdata);
}

#undef VECTOR
#undef LANES
#undef MAGNITUDE
#undef IS_NAN
#undef IS_SIGNALLING
#undef MEET
#undef AT
#undef ALONE
#undef FAIL_WHERE
