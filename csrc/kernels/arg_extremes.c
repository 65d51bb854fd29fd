/* arg_extremes.c: inner loops that look for the first of the greatest elements, or of the least; a NaN is either. */
#include "kernel.h"

#define TEMPLATE "arg_extremes_template.h"
#define DTYPE int8
#include "foreach_level.h"
#define DTYPE uint8
#include "foreach_level.h"
#define DTYPE int16
#include "foreach_level.h"
#define DTYPE uint16
#include "foreach_level.h"
#define DTYPE int32
#include "foreach_level.h"
#define DTYPE uint32
#include "foreach_level.h"
#define DTYPE int64
#include "foreach_level.h"
#define DTYPE uint64
#include "foreach_level.h"
#define DTYPE float32
#include "foreach_level.h"
#define DTYPE float64
#include "foreach_level.h"
#undef TEMPLATE

static const tm_inner_loop arg_extremes[TM_DTYPES][TM_SIMD_LEVELS] = {
    [TM_BOOL] = TM_LEVELS(arg_extreme_uint8_baseline, arg_extreme_uint8_avx2, arg_extreme_uint8_avx512),
    [TM_INT8] = TM_LEVELS(arg_extreme_int8_baseline, arg_extreme_int8_avx2, arg_extreme_int8_avx512),
    [TM_UINT8] = TM_LEVELS(arg_extreme_uint8_baseline, arg_extreme_uint8_avx2, arg_extreme_uint8_avx512),
    [TM_INT16] = TM_LEVELS(arg_extreme_int16_baseline, arg_extreme_int16_avx2, arg_extreme_int16_avx512),
    [TM_UINT16] = TM_LEVELS(arg_extreme_uint16_baseline, arg_extreme_uint16_avx2, arg_extreme_uint16_avx512),
    [TM_INT32] = TM_LEVELS(arg_extreme_int32_baseline, arg_extreme_int32_avx2, arg_extreme_int32_avx512),
    [TM_UINT32] = TM_LEVELS(arg_extreme_uint32_baseline, arg_extreme_uint32_avx2, arg_extreme_uint32_avx512),
    [TM_INT64] = TM_LEVELS(arg_extreme_int64_baseline, arg_extreme_int64_avx2, arg_extreme_int64_avx512),
    [TM_UINT64] = TM_LEVELS(arg_extreme_uint64_baseline, arg_extreme_uint64_avx2, arg_extreme_uint64_avx512),
    [TM_FLOAT32] =
        TM_LEVELS(arg_extreme_float32_baseline, arg_extreme_float32_avx2, arg_extreme_float32_avx512),
    [TM_FLOAT64] =
        TM_LEVELS(arg_extreme_float64_baseline, arg_extreme_float64_avx2, arg_extreme_float64_avx512),
};

static const tm_inner_loop arg_extremes_of_rows[TM_DTYPES][TM_SIMD_LEVELS] = {
    [TM_BOOL] =
        TM_LEVELS(arg_extreme_row_uint8_baseline, arg_extreme_row_uint8_avx2, arg_extreme_row_uint8_avx512),
    [TM_INT8] =
        TM_LEVELS(arg_extreme_row_int8_baseline, arg_extreme_row_int8_avx2, arg_extreme_row_int8_avx512),
    [TM_UINT8] =
        TM_LEVELS(arg_extreme_row_uint8_baseline, arg_extreme_row_uint8_avx2, arg_extreme_row_uint8_avx512),
    [TM_INT16] =
        TM_LEVELS(arg_extreme_row_int16_baseline, arg_extreme_row_int16_avx2, arg_extreme_row_int16_avx512),
    [TM_UINT16] = TM_LEVELS(arg_extreme_row_uint16_baseline, arg_extreme_row_uint16_avx2,
                            arg_extreme_row_uint16_avx512),
    [TM_INT32] =
        TM_LEVELS(arg_extreme_row_int32_baseline, arg_extreme_row_int32_avx2, arg_extreme_row_int32_avx512),
    [TM_UINT32] = TM_LEVELS(arg_extreme_row_uint32_baseline, arg_extreme_row_uint32_avx2,
                            arg_extreme_row_uint32_avx512),
    [TM_INT64] =
        TM_LEVELS(arg_extreme_row_int64_baseline, arg_extreme_row_int64_avx2, arg_extreme_row_int64_avx512),
    [TM_UINT64] = TM_LEVELS(arg_extreme_row_uint64_baseline, arg_extreme_row_uint64_avx2,
                            arg_extreme_row_uint64_avx512),
    [TM_FLOAT32] = TM_LEVELS(arg_extreme_row_float32_baseline, arg_extreme_row_float32_avx2,
                             arg_extreme_row_float32_avx512),
    [TM_FLOAT64] = TM_LEVELS(arg_extreme_row_float64_baseline, arg_extreme_row_float64_avx2,
                             arg_extreme_row_float64_avx512),
};

static const tm_inner_loop arg_extremes_down[TM_DTYPES][TM_SIMD_LEVELS] = {
    [TM_BOOL] = TM_LEVELS(arg_extreme_down_uint8_baseline, arg_extreme_down_uint8_avx2,
                          arg_extreme_down_uint8_avx512),
    [TM_INT8] =
        TM_LEVELS(arg_extreme_down_int8_baseline, arg_extreme_down_int8_avx2, arg_extreme_down_int8_avx512),
    [TM_UINT8] = TM_LEVELS(arg_extreme_down_uint8_baseline, arg_extreme_down_uint8_avx2,
                           arg_extreme_down_uint8_avx512),
    [TM_INT16] = TM_LEVELS(arg_extreme_down_int16_baseline, arg_extreme_down_int16_avx2,
                           arg_extreme_down_int16_avx512),
    [TM_UINT16] = TM_LEVELS(arg_extreme_down_uint16_baseline, arg_extreme_down_uint16_avx2,
                            arg_extreme_down_uint16_avx512),
    [TM_INT32] = TM_LEVELS(arg_extreme_down_int32_baseline, arg_extreme_down_int32_avx2,
                           arg_extreme_down_int32_avx512),
    [TM_UINT32] = TM_LEVELS(arg_extreme_down_uint32_baseline, arg_extreme_down_uint32_avx2,
                            arg_extreme_down_uint32_avx512),
    [TM_INT64] = TM_LEVELS(arg_extreme_down_int64_baseline, arg_extreme_down_int64_avx2,
                           arg_extreme_down_int64_avx512),
    [TM_UINT64] = TM_LEVELS(arg_extreme_down_uint64_baseline, arg_extreme_down_uint64_avx2,
                            arg_extreme_down_uint64_avx512),
    [TM_FLOAT32] = TM_LEVELS(arg_extreme_down_float32_baseline, arg_extreme_down_float32_avx2,
                             arg_extreme_down_float32_avx512),
    [TM_FLOAT64] = TM_LEVELS(arg_extreme_down_float64_baseline, arg_extreme_down_float64_avx2,
                             arg_extreme_down_float64_avx512),
};

tm_inner_loop tm_arg_extreme_loop(int dtype, int over)
{
    if (dtype < 0 || dtype >= TM_DTYPES) return NULL;
    const tm_inner_loop *loops = over == TM_ROW      ? arg_extremes_of_rows[dtype]
                                 : over == TM_COLUMN ? arg_extremes_down[dtype]
                                                     : arg_extremes[dtype];
    return loops[tm_simd_level()];
}
