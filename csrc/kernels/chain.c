/* chain.c: chains of operations: the instances of the template, and the table.
 *
 * Each operation of a chain takes what the one before has made. That stays in registers here, where a loop for each
 * operation would write it and read it again: jacobi's five on 698 doubles take 0.22 ns an element instead of 0.49
 * (AVX-512). */
#include "kernel.h"

/* The vectors of a block: so many that an operation's look at its link is nothing beside them. */
enum { MOST_REGISTERS = 8 };

#if defined(__clang__)
#define BLOCK_UNROLL _Pragma("clang loop unroll(full)")
#else
#define BLOCK_UNROLL _Pragma("GCC unroll 8")
#endif

#define TEMPLATE "chain_template.h"
#define DTYPE float32
#include "foreach_level.h"
#define DTYPE float64
#include "foreach_level.h"
#undef TEMPLATE

static const tm_inner_loop floats[TM_SIMD_LEVELS] =
    TM_LEVELS(chain_float32_baseline, chain_float32_avx2, chain_float32_avx512);
static const tm_inner_loop doubles[TM_SIMD_LEVELS] =
    TM_LEVELS(chain_float64_baseline, chain_float64_avx2, chain_float64_avx512);

tm_inner_loop tm_chain_loop(size_t item)
{
    const tm_inner_loop *loops = item == sizeof(float) ? floats : item == sizeof(double) ? doubles : NULL;
    return loops == NULL ? NULL : loops[tm_simd_level()];
}
