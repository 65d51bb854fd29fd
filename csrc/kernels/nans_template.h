/* nans_template.h: inner loops that look for NaNs, read as the unsigned integers of one size. They write
 * nothing, and fail where they find one.
 *
 * Parameters: DTYPE, LEVEL, TARGET (foreach_level.h); EXPONENT, all ones where an element is infinite or
 * NaN; QUIET, the bit that a quiet NaN has. */

/* Whether an element is a NaN, and whether it is a signalling one. */
#define IS_NAN(e) ((TM_ELEMENT)((e) << 1) > (TM_ELEMENT)(EXPONENT << 1))
#define IS_SIGNALLING(e) (IS_NAN(e) & !((e) & QUIET))

/* data: x, of `context` numbers an element. */
TARGET static int TM_KERNEL(nans)(void *context, char *const *data, const intptr_t *dims,
                                  const intptr_t *strides, void *auxdata)
{
    const intptr_t parts = (intptr_t)context, n = dims[0], step = strides[0];
    const bool contiguous = step == parts * (intptr_t)sizeof(TM_ELEMENT);
    const intptr_t length = contiguous ? n * parts : parts;
    TM_ELEMENT found = 0;

    (void)auxdata;
    for (intptr_t i = 0; i < (contiguous ? 1 : n); i++) {
        const TM_ELEMENT *x = (const void *)(data[0] + i * step);
        for (intptr_t part = 0; part < length; part++) found = (TM_ELEMENT)(found | IS_NAN(x[part]));
    }
    return found ? -1 : 0;
}

/* data: x, y. A NaN in one of them alone is no find, unless it is a signalling one. */
TARGET static int TM_KERNEL(nan_pairs)(void *context, char *const *data, const intptr_t *dims,
                                       const intptr_t *strides, void *auxdata)
{
    const TM_ELEMENT *x = (const void *)data[0], *y = (const void *)data[1];
    const intptr_t n = dims[0], step_x = strides[0], step_y = strides[1];
    TM_ELEMENT found = 0;

    (void)context, (void)auxdata;
#define MEET(a, b) ((IS_NAN(a) & IS_NAN(b) & ((a) != (b))) | IS_SIGNALLING(a) | IS_SIGNALLING(b))
    if (step_x == sizeof(TM_ELEMENT) && step_y == sizeof(TM_ELEMENT))
        for (intptr_t i = 0; i < n; i++) found = (TM_ELEMENT)(found | MEET(x[i], y[i]));
    else if (step_x == sizeof(TM_ELEMENT) && step_y == 0)
        for (intptr_t i = 0; i < n; i++) found = (TM_ELEMENT)(found | MEET(x[i], *y));
    else
        for (intptr_t i = 0; i < n; i++) {
            const TM_ELEMENT a = *(const TM_ELEMENT *)(const void *)(data[0] + i * step_x);
            const TM_ELEMENT b = *(const TM_ELEMENT *)(const void *)(data[1] + i * step_y);
            found = (TM_ELEMENT)(found | MEET(a, b));
        }
#undef MEET
    return found ? -1 : 0;
}

#undef IS_NAN
#undef IS_SIGNALLING
