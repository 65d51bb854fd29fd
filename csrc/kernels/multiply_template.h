/* multiply_template.h: square and scale of one integer or real dtype.
 *
 * Parameters: DTYPE, LEVEL, TARGET_NARROW (foreach_level.h). */

#define WRAP TM_JOIN2(TM_ELEMENT, wrap)

/* out[i] = x[i] * x[i] */
TARGET_NARROW static void TM_KERNEL(square)(size_t n, const void *in, const void *arg, void *result)
{
    const TM_ELEMENT *x = in;
    TM_ELEMENT *out = result;

    (void)arg;
    TM_INDEPENDENT
    for (size_t i = 0; i < n; i++) out[i] = (TM_ELEMENT)((WRAP)x[i] * (WRAP)x[i]);
}

/* out[i] = x[i] * *factor */
TARGET_NARROW static void TM_KERNEL(scale)(size_t n, const void *in, const void *arg, void *result)
{
    const WRAP factor = (WRAP)*(const TM_ELEMENT *)arg;
    const TM_ELEMENT *x = in;
    TM_ELEMENT *out = result;

    TM_INDEPENDENT
    for (size_t i = 0; i < n; i++) out[i] = (TM_ELEMENT)((WRAP)x[i] * factor);
}

#undef WRAP
