/* nans.c: inner loops that look for NaNs, one instance a line, and their tables. */
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

#if TM_X86
#define LEVELS(name) {name##_baseline, name##_avx2, name##_avx512}
#else
#define LEVELS(name) {name##_baseline}
#endif

enum { SIZES = 3 };
static const tm_inner_loop nans[SIZES][TM_SIMD_LEVELS] = {LEVELS(nans_uint16), LEVELS(nans_uint32), LEVELS(nans_uint64)};
static const tm_inner_loop pairs[SIZES][TM_SIMD_LEVELS] = {LEVELS(nan_pairs_uint16), LEVELS(nan_pairs_uint32),
                                                           LEVELS(nan_pairs_uint64)};

tm_inner_loop tm_nans_loop(size_t operands, size_t item)
{
    const tm_inner_loop(*loops)[TM_SIMD_LEVELS] = operands == 1 ? nans : operands == 2 ? pairs : NULL;
    const int size = item == 2 ? 0 : item == 4 ? 1 : item == 8 ? 2 : -1;
    return loops == NULL || size < 0 ? NULL : loops[size][tm_simd_level()];
}
