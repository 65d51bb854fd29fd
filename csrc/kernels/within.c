/* within.c: the kernels behind TM_CHECKED: the instances of the template, and the tables. */
#include "kernel.h"

#define TEMPLATE "within_template.h"
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
#undef TEMPLATE

const tm_kernels tm_within_kernels[TM_DTYPES] = {
    [TM_INT8] = {TM_LEVELS(within_int8_baseline, within_int8_avx2, within_int8_avx512)},
    [TM_UINT8] = {TM_LEVELS(within_uint8_baseline, within_uint8_avx2, within_uint8_avx512)},
    [TM_INT16] = {TM_LEVELS(within_int16_baseline, within_int16_avx2, within_int16_avx512)},
    [TM_UINT16] = {TM_LEVELS(within_uint16_baseline, within_uint16_avx2, within_uint16_avx512)},
    [TM_INT32] = {TM_LEVELS(within_int32_baseline, within_int32_avx2, within_int32_avx512)},
    [TM_UINT32] = {TM_LEVELS(within_uint32_baseline, within_uint32_avx2, within_uint32_avx512)},
    [TM_INT64] = {TM_LEVELS(within_int64_baseline, within_int64_avx2, within_int64_avx512)},
    [TM_UINT64] = {TM_LEVELS(within_uint64_baseline, within_uint64_avx2, within_uint64_avx512)},
};

const tm_kernels tm_limits_kernels[TM_DTYPES] = {
    [TM_INT8] = {TM_LEVELS(limits_int8_baseline, limits_int8_avx2, limits_int8_avx512)},
    [TM_UINT8] = {TM_LEVELS(limits_uint8_baseline, limits_uint8_avx2, limits_uint8_avx512)},
    [TM_INT16] = {TM_LEVELS(limits_int16_baseline, limits_int16_avx2, limits_int16_avx512)},
    [TM_UINT16] = {TM_LEVELS(limits_uint16_baseline, limits_uint16_avx2, limits_uint16_avx512)},
    [TM_INT32] = {TM_LEVELS(limits_int32_baseline, limits_int32_avx2, limits_int32_avx512)},
    [TM_UINT32] = {TM_LEVELS(limits_uint32_baseline, limits_uint32_avx2, limits_uint32_avx512)},
    [TM_INT64] = {TM_LEVELS(limits_int64_baseline, limits_int64_avx2, limits_int64_avx512)},
    [TM_UINT64] = {TM_LEVELS(limits_uint64_baseline, limits_uint64_avx2, limits_uint64_avx512)},
};
