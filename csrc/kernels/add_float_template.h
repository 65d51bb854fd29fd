/* add_float_template.h: NumPy's pairwise sum of one real or complex dtype, bit for bit.
 *
 * Parameters: those of tree_template.h but for what is added up, the elements themselves. */
#define VALUE(x, mean) (x)
#define VECTOR_VALUE(x, mean) (x)
#include "tree_template.h"
#undef VALUE
#undef VECTOR_VALUE

TARGET static void TM_KERNEL(sum)(size_t n, const void *x, const void *arg, void *result)
{
    (void)arg;
    TM_KERNEL(node)(x, n * PARTS, 0, result);
}

/* sums[0] = zero + the n partial sums, the nodes of one depth of the tree in order; n a power of two.
 * NumPy starts from zero as well, so that -0.0 alone sums up to 0.0. */
TARGET static void TM_KERNEL(combine)(size_t n, const void *x, const void *arg, void *result)
{
    TM_ELEMENT *sums = result;

    (void)x;
    (void)arg;
    for (; n > 1; n /= 2)
        for (size_t i = 0; i < n / 2 * PARTS; i += PARTS)
            for (size_t p = 0; p < PARTS; p++) sums[i + p] = sums[2 * i + p] + sums[2 * i + PARTS + p];
    for (size_t p = 0; p < PARTS; p++) sums[p] += 0;
}

/* sums[0] = zero + the n partial sums one after the other. */
TARGET static void TM_KERNEL(accumulate)(size_t n, const void *x, const void *arg, void *result)
{
    TM_ELEMENT *sums = result, total[PARTS] = {0};

    (void)x;
    (void)arg;
    for (size_t i = 0; i < n * PARTS; i += PARTS)
        for (size_t p = 0; p < PARTS; p++) total[p] += sums[i + p];
    memcpy(sums, total, sizeof total);
}
