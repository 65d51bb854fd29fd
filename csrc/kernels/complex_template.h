/* complex_template.h: square and scale of one complex dtype, each part of the result rounded thrice.
 *
 * a * b is (ar * br - ai * bi, ar * bi + ai * br).
 * Parameters: DTYPE, LEVEL, TARGET_UNFUSED (foreach_level.h). */

/* x[i] times x[i] where factor is NULL, else times factor. Inlined for each case. */
TARGET_UNFUSED static inline __attribute__((always_inline)) void
TM_KERNEL(product)(size_t n, const TM_ELEMENT *x, const TM_ELEMENT *factor, TM_ELEMENT *out)
{
    TM_INDEPENDENT
    for (size_t i = 0; i < n; i++) {
        const TM_ELEMENT *b = factor ? factor : x + 2 * i;
        const TM_ELEMENT ar = x[2 * i], ai = x[2 * i + 1], br = b[0], bi = b[1];
        out[2 * i] = ar * br - ai * bi;
        out[2 * i + 1] = ar * bi + ai * br;
    }
}

TARGET_UNFUSED static void TM_KERNEL(square)(size_t n, const void *x, const void *arg, void *out)
{
    (void)arg;
    TM_KERNEL(product)(n, x, NULL, out);
}

TARGET_UNFUSED static void TM_KERNEL(scale)(size_t n, const void *x, const void *arg, void *out)
{
    TM_ELEMENT factor[2];

    memcpy(factor, arg, sizeof factor);
    TM_KERNEL(product)(n, x, factor, out);
}
