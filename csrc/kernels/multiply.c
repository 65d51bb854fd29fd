/* multiply.c: the kernels of square and scale: the instances of the template, and the tables. */
#include "kernel.h"

#define TEMPLATE "multiply_template.h"
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

const tm_kernels tm_square_kernels[TM_DTYPES] = {
    [TM_INT8] = {TM_LEVELS(square_int8_baseline, square_int8_avx2, square_int8_avx512)},
    [TM_UINT8] = {TM_LEVELS(square_uint8_baseline, square_uint8_avx2, square_uint8_avx512)},
    [TM_INT16] = {TM_LEVELS(square_int16_baseline, square_int16_avx2, square_int16_avx512)},
    [TM_UINT16] = {TM_LEVELS(square_uint16_baseline, square_uint16_avx2, square_uint16_avx512)},
    [TM_INT32] = {TM_LEVELS(square_int32_baseline, square_int32_avx2, square_int32_avx512)},
    [TM_UINT32] = {TM_LEVELS(square_uint32_baseline, square_uint32_avx2, square_uint32_avx512)},
    [TM_INT64] = {TM_LEVELS(square_int64_baseline, square_int64_avx2, square_int64_avx512)},
    [TM_UINT64] = {TM_LEVELS(square_uint64_baseline, square_uint64_avx2, square_uint64_avx512)},
    [TM_FLOAT32] = {TM_LEVELS(square_float32_baseline, square_float32_avx2, square_float32_avx512)},
    [TM_FLOAT64] = {TM_LEVELS(square_float64_baseline, square_float64_avx2, square_float64_avx512)},
};

const tm_kernels tm_scale_kernels[TM_DTYPES] = {
    [TM_INT8] = {TM_LEVELS(scale_int8_baseline, scale_int8_avx2, scale_int8_avx512)},
    [TM_UINT8] = {TM_LEVELS(scale_uint8_baseline, scale_uint8_avx2, scale_uint8_avx512)},
    [TM_INT16] = {TM_LEVELS(scale_int16_baseline, scale_int16_avx2, scale_int16_avx512)},
    [TM_UINT16] = {TM_LEVELS(scale_uint16_baseline, scale_uint16_avx2, scale_uint16_avx512)},
    [TM_INT32] = {TM_LEVELS(scale_int32_baseline, scale_int32_avx2, scale_int32_avx512)},
    [TM_UINT32] = {TM_LEVELS(scale_uint32_baseline, scale_uint32_avx2, scale_uint32_avx512)},
    [TM_INT64] = {TM_LEVELS(scale_int64_baseline, scale_int64_avx2, scale_int64_avx512)},
    [TM_UINT64] = {TM_LEVELS(scale_uint64_baseline, scale_uint64_avx2, scale_uint64_avx512)},
    [TM_FLOAT32] = {TM_LEVELS(scale_float32_baseline, scale_float32_avx2, scale_float32_avx512)},
    [TM_FLOAT64] = {TM_LEVELS(scale_float64_baseline, scale_float64_avx2, scale_float64_avx512)},
};
