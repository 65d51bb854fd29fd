/* arg_extremes.c: inner loops that look for the first of the greatest elements, or of the least; a NaN is either. */
#include "kernel.h"

#define TEMPLATE "arg_extremes_template.h"

#define ELEMENT TM_ELEMENT
#define IS_NUMBER(e) ((e) == (e))
#define IS_NO_GREATER(e, b) ((e) <= (b))
#define IS_NO_LESS(e, b) ((e) >= (b))
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
#undef ELEMENT
#undef IS_NUMBER
#undef IS_NO_GREATER
#undef IS_NO_LESS

/* Halves in the order of integers, zeros of both signs being one; and whether one is no NaN. */
static inline int16_t half_order(uint16_t half)
{
    const int magnitude = half & 0x7fff;
    return (int16_t)(half & 0x8000 ? -magnitude : magnitude);
}

#define ELEMENT uint16_t
#define IS_NUMBER(e) (((e) & 0x7fff) <= 0x7c00)
#define IS_NO_GREATER(e, b) ((half_order(e) <= half_order(b)) & IS_NUMBER(e))
#define IS_NO_LESS(e, b) ((half_order(e) >= half_order(b)) & IS_NUMBER(e))
#define DTYPE float16
#include "foreach_level.h"
#undef ELEMENT
#undef IS_NUMBER
#undef IS_NO_GREATER
#undef IS_NO_LESS

/* Complex numbers in the order of their real parts, and of their imaginary ones where those are equal. */
typedef struct arg_complex64 {
    float real, imaginary;
} arg_complex64;
typedef struct arg_complex128 {
    double real, imaginary;
} arg_complex128;

#define ELEMENT TM_JOIN2(arg, DTYPE)
#define IS_NUMBER(e) (((e).real == (e).real) & ((e).imaginary == (e).imaginary))
#define IS_NO_GREATER(e, b)                                                                                  \
    ((((e).real < (b).real) & ((e).imaginary == (e).imaginary)) |                                            \
     (((e).real == (b).real) & ((e).imaginary <= (b).imaginary)))
#define IS_NO_LESS(e, b)                                                                                     \
    ((((e).real > (b).real) & ((e).imaginary == (e).imaginary)) |                                            \
     (((e).real == (b).real) & ((e).imaginary >= (b).imaginary)))
#define DTYPE complex64
#include "foreach_level.h"
#define DTYPE complex128
#include "foreach_level.h"
#undef ELEMENT
#undef IS_NUMBER
#undef IS_NO_GREATER
#undef IS_NO_LESS
#undef TEMPLATE

static const tm_inner_loop arg_extremes[TM_ORDERED_DTYPES][TM_SIMD_LEVELS] = {
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
    [TM_COMPLEX64] =
        TM_LEVELS(arg_extreme_complex64_baseline, arg_extreme_complex64_avx2, arg_extreme_complex64_avx512),
    [TM_COMPLEX128] = TM_LEVELS(arg_extreme_complex128_baseline, arg_extreme_complex128_avx2,
                                arg_extreme_complex128_avx512),
    [TM_FLOAT16] =
        TM_LEVELS(arg_extreme_float16_baseline, arg_extreme_float16_avx2, arg_extreme_float16_avx512),
};

static const tm_inner_loop arg_extremes_of_rows[TM_ORDERED_DTYPES][TM_SIMD_LEVELS] = {
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
    [TM_COMPLEX64] = TM_LEVELS(arg_extreme_row_complex64_baseline, arg_extreme_row_complex64_avx2,
                               arg_extreme_row_complex64_avx512),
    [TM_COMPLEX128] = TM_LEVELS(arg_extreme_row_complex128_baseline, arg_extreme_row_complex128_avx2,
                                arg_extreme_row_complex128_avx512),
    [TM_FLOAT16] = TM_LEVELS(arg_extreme_row_float16_baseline, arg_extreme_row_float16_avx2,
                             arg_extreme_row_float16_avx512),
};

static const tm_inner_loop arg_extremes_down[TM_ORDERED_DTYPES][TM_SIMD_LEVELS] = {
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
    [TM_COMPLEX64] = TM_LEVELS(arg_extreme_down_complex64_baseline, arg_extreme_down_complex64_avx2,
                               arg_extreme_down_complex64_avx512),
    [TM_COMPLEX128] = TM_LEVELS(arg_extreme_down_complex128_baseline, arg_extreme_down_complex128_avx2,
                                arg_extreme_down_complex128_avx512),
    [TM_FLOAT16] = TM_LEVELS(arg_extreme_down_float16_baseline, arg_extreme_down_float16_avx2,
                             arg_extreme_down_float16_avx512),
};

tm_inner_loop tm_arg_extreme_loop(int dtype, int over)
{
    if (dtype < 0 || dtype >= TM_ORDERED_DTYPES) return NULL;
    const tm_inner_loop *loops = over == TM_ROW      ? arg_extremes_of_rows[dtype]
                                 : over == TM_COLUMN ? arg_extremes_down[dtype]
                                                     : arg_extremes[dtype];
    return loops[tm_simd_level()];
}
