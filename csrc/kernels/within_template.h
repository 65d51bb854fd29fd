/* within_template.h: overflow checking for one integer dtype: the x whose product fits are an interval.
 *
 * So a check costs two comparisons and no branch per element, and runs on vectors.
 * Parameters: DTYPE, LEVEL, TARGET (foreach_level.h). */

#define SIGNED ((TM_ELEMENT)-1 < (TM_ELEMENT)1)
#define MAX_SIGNED (TM_ELEMENT)((UINT64_C(1) << (8 * sizeof(TM_ELEMENT) - 1)) - 1)

/* limits[0] and limits[1] = the least and the greatest x for which x * x fits the dtype where factor is
 * NULL, else x * *factor. Division rounds toward zero, which is inward at both ends. */
TARGET static void TM_KERNEL(limits)(size_t n, const void *x, const void *arg, void *result)
{
    const TM_ELEMENT max = SIGNED ? MAX_SIGNED : (TM_ELEMENT)-1;
    const TM_ELEMENT min = SIGNED ? (TM_ELEMENT)(-max - 1) : 0;
    const TM_ELEMENT factor = arg == NULL ? 0 : *(const TM_ELEMENT *)arg;
    TM_ELEMENT *limits = result;

    (void)n;
    (void)x;
    limits[0] = min;
    limits[1] = max;
    if (arg == NULL) {
        limits[1] = TM_JOIN2(TM_ELEMENT, root);
        limits[0] = SIGNED ? (TM_ELEMENT)-limits[1] : 0;
    } else if (SIGNED && factor == (TM_ELEMENT)-1) {
        limits[0] = (TM_ELEMENT)-max; /* and no division: min / -1 does not fit */
    } else if (SIGNED && factor < 1 && factor != 0) {
        limits[0] = (TM_ELEMENT)(max / factor);
        limits[1] = (TM_ELEMENT)(min / factor);
    } else if (factor != 0) {
        limits[0] = (TM_ELEMENT)(min / factor);
        limits[1] = (TM_ELEMENT)(max / factor);
    }
}

/* *result = whether all of x lie within the limits `arg`. */
TARGET static void TM_KERNEL(within)(size_t n, const void *in, const void *arg, void *result)
{
    const TM_ELEMENT *x = in;
    const TM_ELEMENT lowest = ((const TM_ELEMENT *)arg)[0];
    const TM_ELEMENT highest = ((const TM_ELEMENT *)arg)[1];
    TM_ELEMENT outside = 0;

    for (size_t i = 0; i < n; i++) outside = (TM_ELEMENT)(outside | ((x[i] < lowest) | (x[i] > highest)));
    *(bool *)result = outside == 0;
}

#undef SIGNED
#undef MAX_SIGNED
