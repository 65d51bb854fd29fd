/* nan_extremes.c: inner loops that look for the least or the greatest number, and leave NaNs out: the instances of the
 * template, and the tables. */
#include "kernel.h"

#include <math.h>

/* Names of the element types that the instances of one dtype have. */
typedef float tm_least_float32, tm_greatest_float32;
typedef double tm_least_float64, tm_greatest_float64;

#define TEMPLATE "nan_extremes_template.h"

#define BEYOND INFINITY
#define IS_NEARER(a, b) ((a) < (b))
#define INDEX int32_t
#define DTYPE least_float32
#include "foreach_level.h"
#undef INDEX
#define INDEX int64_t
#define DTYPE least_float64
#include "foreach_level.h"
#undef INDEX
#undef BEYOND
#undef IS_NEARER

#define BEYOND (-INFINITY)
#define IS_NEARER(a, b) ((a) > (b))
#define INDEX int32_t
#define DTYPE greatest_float32
#include "foreach_level.h"
#undef INDEX
#define INDEX int64_t
#define DTYPE greatest_float64
#include "foreach_level.h"
#undef INDEX
#undef BEYOND
#undef IS_NEARER
#undef TEMPLATE

enum { SINGLE, DOUBLE, SIZES };

static const tm_inner_loop nodes[2][SIZES][TM_SIMD_LEVELS] = {
    {
        TM_LEVELS(nan_extreme_nodes_least_float32_baseline, nan_extreme_nodes_least_float32_avx2,
                  nan_extreme_nodes_least_float32_avx512),
        TM_LEVELS(nan_extreme_nodes_least_float64_baseline, nan_extreme_nodes_least_float64_avx2,
                  nan_extreme_nodes_least_float64_avx512),
    },
    {
        TM_LEVELS(nan_extreme_nodes_greatest_float32_baseline, nan_extreme_nodes_greatest_float32_avx2,
                  nan_extreme_nodes_greatest_float32_avx512),
        TM_LEVELS(nan_extreme_nodes_greatest_float64_baseline, nan_extreme_nodes_greatest_float64_avx2,
                  nan_extreme_nodes_greatest_float64_avx512),
    },
};

static const tm_inner_loop rows[2][SIZES][TM_SIMD_LEVELS] = {
    {
        TM_LEVELS(nan_extreme_rows_least_float32_baseline, nan_extreme_rows_least_float32_avx2,
                  nan_extreme_rows_least_float32_avx512),
        TM_LEVELS(nan_extreme_rows_least_float64_baseline, nan_extreme_rows_least_float64_avx2,
                  nan_extreme_rows_least_float64_avx512),
    },
    {
        TM_LEVELS(nan_extreme_rows_greatest_float32_baseline, nan_extreme_rows_greatest_float32_avx2,
                  nan_extreme_rows_greatest_float32_avx512),
        TM_LEVELS(nan_extreme_rows_greatest_float64_baseline, nan_extreme_rows_greatest_float64_avx2,
                  nan_extreme_rows_greatest_float64_avx512),
    },
};

static tm_inner_loop nan_extremes_find(const tm_inner_loop table[2][SIZES][TM_SIMD_LEVELS], int dtype,
                                       int greatest)
{
    const int size = dtype == TM_FLOAT32 ? SINGLE : dtype == TM_FLOAT64 ? DOUBLE : SIZES;
    return size == SIZES ? NULL : table[greatest != 0][size][tm_simd_level()];
}

tm_inner_loop tm_nan_extreme_nodes_loop(int dtype, int greatest)
{
    return nan_extremes_find(nodes, dtype, greatest);
}

tm_inner_loop tm_nan_extreme_rows_loop(int dtype, int greatest)
{
    return nan_extremes_find(rows, dtype, greatest);
}
