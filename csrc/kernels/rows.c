/* rows.c: adding rows to a row as an inner loop, one instance a line, and their table. */
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

#if TM_X86
#define LEVELS(name) {name##_baseline, name##_avx2, name##_avx512}
#else
#define LEVELS(name) {name##_baseline}
#endif

static const tm_inner_loop loops[TM_DTYPES][TM_SIMD_LEVELS] = {
    [TM_INT64] = LEVELS(add_rows_uint64),
    [TM_UINT64] = LEVELS(add_rows_uint64),
    [TM_FLOAT32] = LEVELS(add_rows_float32),
    [TM_FLOAT64] = LEVELS(add_rows_float64),
    [TM_COMPLEX64] = LEVELS(add_rows_complex64),
    [TM_COMPLEX128] = LEVELS(add_rows_complex128),
};

tm_inner_loop tm_add_rows_loop(int dtype)
{
    return dtype >= 0 && dtype < TM_DTYPES ? loops[dtype][tm_simd_level()] : NULL;
}
