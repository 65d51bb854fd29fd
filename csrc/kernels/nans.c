/* nans.c: inner loops that look for NaNs: the instances of the template, and the tables. */
#include "kernel.h"

#define TEMPLATE "nans_template.h"
#define EXPONENT 0x7c00
#define QUIET 0x0200
#define DTYPE uint16
#include "foreach_level.h"
#undef EXPONENT
#undef QUIET
#define EXPONENT UINT32_C(0x7f800000)
#define QUIET UINT32_C(0x00400000)
#define DTYPE uint32
#include "foreach_level.h"
#undef EXPONENT
#undef QUIET
#define EXPONENT UINT64_C(0x7ff0000000000000)
#define QUIET UINT64_C(0x0008000000000000)
#define DTYPE uint64
#include "foreach_level.h"
#undef EXPONENT
#undef QUIET
#undef TEMPLATE

enum { TWO_BYTES, FOUR_BYTES, EIGHT_BYTES, SIZES };

static const tm_inner_loop nans[SIZES][TM_SIMD_LEVELS] = {
    [TWO_BYTES] = TM_LEVELS(nans_uint16_baseline, nans_uint16_avx2, nans_uint16_avx512),
    [FOUR_BYTES] = TM_LEVELS(nans_uint32_baseline, nans_uint32_avx2, nans_uint32_avx512),
    [EIGHT_BYTES] = TM_LEVELS(nans_uint64_baseline, nans_uint64_avx2, nans_uint64_avx512),
};

static const tm_inner_loop nan_pairs[SIZES][TM_SIMD_LEVELS] = {
    [TWO_BYTES] = TM_LEVELS(nan_pairs_uint16_baseline, nan_pairs_uint16_avx2, nan_pairs_uint16_avx512),
    [FOUR_BYTES] = TM_LEVELS(nan_pairs_uint32_baseline, nan_pairs_uint32_avx2, nan_pairs_uint32_avx512),
    [EIGHT_BYTES] = TM_LEVELS(nan_pairs_uint64_baseline, nan_pairs_uint64_avx2, nan_pairs_uint64_avx512),
};

static const tm_inner_loop nan_results[SIZES][TM_SIMD_LEVELS] = {
    [TWO_BYTES] = TM_LEVELS(nan_results_uint16_baseline, nan_results_uint16_avx2, nan_results_uint16_avx512),
    [FOUR_BYTES] = TM_LEVELS(nan_results_uint32_baseline, nan_results_uint32_avx2, nan_results_uint32_avx512),
    [EIGHT_BYTES] =
        TM_LEVELS(nan_results_uint64_baseline, nan_results_uint64_avx2, nan_results_uint64_avx512),
};

tm_inner_loop tm_nans_loop(size_t operands, size_t item)
{
    const tm_inner_loop(*loops)[TM_SIMD_LEVELS] = operands == 1   ? nans
                                                  : operands == 2 ? nan_pairs
                                                  : operands == 3 ? nan_results
                                                                  : NULL;
    const int size = item == 2 ? TWO_BYTES : item == 4 ? FOUR_BYTES : item == 8 ? EIGHT_BYTES : SIZES;
    return loops == NULL || size == SIZES ? NULL : loops[size][tm_simd_level()];
}
