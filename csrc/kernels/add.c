/* add.c: the kernels of sum: the instances of the templates, and the tables. */
#include "tree.h"

typedef uint8_t tm_bool8; /* any byte but 0 is true, as in NumPy */

#define TEMPLATE "add_narrow_template.h"
#define VALUE(e) ((e) != 0)
#define DTYPE bool8
#include "foreach_level.h"
#undef VALUE
#define VALUE(e) (e)
#define DTYPE int8
#include "foreach_level.h"
#define DTYPE uint8
#include "foreach_level.h"
#define DTYPE int16
#include "foreach_level.h"
#define DTYPE uint16
#include "foreach_level.h"
#undef VALUE
#undef TEMPLATE

#define TEMPLATE "add_wide_template.h"
#define DTYPE int32
#include "foreach_level.h"
#define DTYPE uint32
#include "foreach_level.h"
#define DTYPE int64
#include "foreach_level.h"
#define DTYPE uint64
#include "foreach_level.h"
#undef TEMPLATE

#define TEMPLATE "add_float_template.h"
#define PARTS 1
#define PART_BYTES 4
#define DTYPE float32
#include "foreach_level.h"
#undef PART_BYTES
#define PART_BYTES 8
#define DTYPE float64
#include "foreach_level.h"
#undef PARTS
#define PARTS 2
#define DTYPE complex128
#include "foreach_level.h"
#undef PART_BYTES
#define PART_BYTES 4
#define DTYPE complex64
#include "foreach_level.h"
#undef PART_BYTES
#undef PARTS
#undef TEMPLATE

static void combine_integers(size_t n, const void *x, const void *arg, void *result)
{
    tm_int128 *sums = result;

    (void)x;
    (void)arg;
    for (size_t i = 1; i < n; i++) sums[0] += sums[i];
}

const tm_kernels tm_sum_kernels[TM_DTYPES] = {
    [TM_BOOL] = {TM_LEVELS(sum_bool8_baseline, sum_bool8_avx2, sum_bool8_avx512)},
    [TM_INT8] = {TM_LEVELS(sum_int8_baseline, sum_int8_avx2, sum_int8_avx512)},
    [TM_UINT8] = {TM_LEVELS(sum_uint8_baseline, sum_uint8_avx2, sum_uint8_avx512)},
    [TM_INT16] = {TM_LEVELS(sum_int16_baseline, sum_int16_avx2, sum_int16_avx512)},
    [TM_UINT16] = {TM_LEVELS(sum_uint16_baseline, sum_uint16_avx2, sum_uint16_avx512)},
    [TM_INT32] = {TM_LEVELS(sum_int32_baseline, sum_int32_avx2, sum_int32_avx512)},
    [TM_UINT32] = {TM_LEVELS(sum_uint32_baseline, sum_uint32_avx2, sum_uint32_avx512)},
    [TM_INT64] = {TM_LEVELS(sum_int64_baseline, sum_int64_avx2, sum_int64_avx512)},
    [TM_UINT64] = {TM_LEVELS(sum_uint64_baseline, sum_uint64_avx2, sum_uint64_avx512)},
    [TM_FLOAT32] = {TM_LEVELS(sum_float32_baseline, sum_float32_avx2, sum_float32_avx512)},
    [TM_FLOAT64] = {TM_LEVELS(sum_float64_baseline, sum_float64_avx2, sum_float64_avx512)},
    [TM_COMPLEX64] = {TM_LEVELS(sum_complex64_baseline, sum_complex64_avx2, sum_complex64_avx512)},
    [TM_COMPLEX128] = {TM_LEVELS(sum_complex128_baseline, sum_complex128_avx2, sum_complex128_avx512)},
};

const tm_kernels tm_combine_kernels[TM_DTYPES] = {
    [TM_BOOL] = {TM_LEVELS(combine_integers, combine_integers, combine_integers)},
    [TM_INT8] = {TM_LEVELS(combine_integers, combine_integers, combine_integers)},
    [TM_UINT8] = {TM_LEVELS(combine_integers, combine_integers, combine_integers)},
    [TM_INT16] = {TM_LEVELS(combine_integers, combine_integers, combine_integers)},
    [TM_UINT16] = {TM_LEVELS(combine_integers, combine_integers, combine_integers)},
    [TM_INT32] = {TM_LEVELS(combine_integers, combine_integers, combine_integers)},
    [TM_UINT32] = {TM_LEVELS(combine_integers, combine_integers, combine_integers)},
    [TM_INT64] = {TM_LEVELS(combine_integers, combine_integers, combine_integers)},
    [TM_UINT64] = {TM_LEVELS(combine_integers, combine_integers, combine_integers)},
    [TM_FLOAT32] = {TM_LEVELS(combine_float32_baseline, combine_float32_avx2, combine_float32_avx512)},
    [TM_FLOAT64] = {TM_LEVELS(combine_float64_baseline, combine_float64_avx2, combine_float64_avx512)},
    [TM_COMPLEX64] = {TM_LEVELS(combine_complex64_baseline, combine_complex64_avx2,
                                combine_complex64_avx512)},
    [TM_COMPLEX128] = {TM_LEVELS(combine_complex128_baseline, combine_complex128_avx2,
                                 combine_complex128_avx512)},
};

const tm_kernels tm_accumulate_kernels[TM_DTYPES] = {
    [TM_FLOAT32] = {TM_LEVELS(accumulate_float32_baseline, accumulate_float32_avx2,
                              accumulate_float32_avx512)},
    [TM_FLOAT64] = {TM_LEVELS(accumulate_float64_baseline, accumulate_float64_avx2,
                              accumulate_float64_avx512)},
    [TM_COMPLEX64] = {TM_LEVELS(accumulate_complex64_baseline, accumulate_complex64_avx2,
                                accumulate_complex64_avx512)},
    [TM_COMPLEX128] = {TM_LEVELS(accumulate_complex128_baseline, accumulate_complex128_avx2,
                                 accumulate_complex128_avx512)},
};
