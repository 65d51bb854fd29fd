/* chain_sums.c: sums of what chains of operations on floats make: the instances of the template, and the table.
 *
 * What a chain makes goes from its registers into those of the sum, where a pass would write it to a buffer and sum that. */
#include "chain.h"
#include "tree.h"

#define LINKS LINKS_OF_FLOATS
#define TEMPLATE "chain_sums_template.h"
#define PARTS 1
#define PART_BYTES 4
#define ROOT __builtin_sqrtf
#define DTYPE float32
#include "foreach_level.h"
#undef PART_BYTES
#undef ROOT
#define PART_BYTES 8
#define ROOT __builtin_sqrt
#define DTYPE float64
#include "foreach_level.h"

static const tm_inner_loop sums[TM_DTYPES][TM_SIMD_LEVELS] = {
    [TM_FLOAT32] = TM_LEVELS(chain_sum_float32_baseline, chain_sum_float32_avx2, chain_sum_float32_avx512),
    [TM_FLOAT64] = TM_LEVELS(chain_sum_float64_baseline, chain_sum_float64_avx2, chain_sum_float64_avx512),
};

tm_inner_loop tm_chain_sum_loop(int dtype)
{
    return dtype < 0 || dtype >= TM_DTYPES ? NULL : sums[dtype][tm_simd_level()];
}
