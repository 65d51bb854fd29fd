/* rows.c: adding rows to a row as an inner loop: the instances of the template, and the table. */
#include "kernel.h"

#define TEMPLATE "rows_template.h"
#define DTYPE uint64 /* int64 too: it wraps to the same bits */
#include "foreach_level.h"
#define DTYPE float32
#include "foreach_level.h"
#define DTYPE float64
#include "foreach_level.h"
#define DTYPE complex64
#include "foreach_level.h"
#define DTYPE complex128
#include "foreach_level.h"
#undef TEMPLATE

static const tm_inner_loop loops[TM_DTYPES][TM_SIMD_LEVELS] = {
    [TM_INT64] = TM_LEVELS(add_rows_uint64_baseline, add_rows_uint64_avx2, add_rows_uint64_avx512),
    [TM_UINT64] = TM_LEVELS(add_rows_uint64_baseline, add_rows_uint64_avx2, add_rows_uint64_avx512),
    [TM_FLOAT32] = TM_LEVELS(add_rows_float32_baseline, add_rows_float32_avx2, add_rows_float32_avx512),
    [TM_FLOAT64] = TM_LEVELS(add_rows_float64_baseline, add_rows_float64_avx2, add_rows_float64_avx512),
    [TM_COMPLEX64] =
        TM_LEVELS(add_rows_complex64_baseline, add_rows_complex64_avx2, add_rows_complex64_avx512),
    [TM_COMPLEX128] =
        TM_LEVELS(add_rows_complex128_baseline, add_rows_complex128_avx2, add_rows_complex128_avx512),
};

tm_inner_loop tm_add_rows_loop(int dtype)
{
    return dtype >= 0 && dtype < TM_DTYPES ? loops[dtype][tm_simd_level()] : NULL;
}
