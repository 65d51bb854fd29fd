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

/* A link on vectors of a block: b is the operand's, or one element for all. */
#define LINK(code, result)                                                                                   \
    case 2 * (code):                                                                                         \
        EACH                                                                                                 \
        {                                                                                                    \
            const VECTOR b = AT(y[k]);                                                                       \
            a[r] = (result);                                                                                 \
        }                                                                                                    \
        break;                                                                                               \
    case 2 * (code) + 1: {                                                                                   \
        const VECTOR b = *y[k] - (VECTOR){0};                                                                \
        EACH a[r] = (result);                                                                                \
    } break;
#define LINK_OF_ONE(code, result)                                                                            \
    case 2 * (code): EACH a[r] = (result); break;

/* a where the mask is set, else b. */
#define WHERE(mask) ((VECTOR)(((MASK)a[r] & (MASK)(mask)) | ((MASK)b & ~(MASK)(mask))))

#define LINKS_OF_ALL                                                                                         \
    LINK(TM_LINK_ADD, a[r] + b)                                                                              \
    LINK(TM_LINK_SUBTRACT, a[r] - b)                                                                         \
    LINK(TM_LINK_SUBTRACT_FROM, b - a[r])                                                                    \
    LINK(TM_LINK_MULTIPLY, a[r] * b)                                                                         \
    LINK_OF_ONE(TM_LINK_NEGATE, -a[r])                                                                       \
    LINK_OF_ONE(TM_LINK_SQUARE, a[r] * a[r])

#define LINKS                                                                                                \
    LINKS_OF_ALL                                                                                             \
    LINK(TM_LINK_DIVIDE, a[r] / b)                                                                           \
    LINK(TM_LINK_DIVIDE_INTO, b / a[r])                                                                      \
    LINK(TM_LINK_MAXIMUM, SURE(b, a[r] > b))                                                                 \
    LINK(TM_LINK_MINIMUM, SURE(b, a[r] < b))                                                                 \
    LINK_OF_ONE(TM_LINK_ABSOLUTE, (VECTOR)((MASK)a[r] & ~(MASK) - (VECTOR){0}))                              \
    LINK_OF_ONE(TM_LINK_SQRT, TM_KERNEL(chain_root)(a[r]))
#define IS_NAN(x) ((x) != (x))
/* Marks what compares neither as less nor as greater and has other bits: a NaN, which a comparison would lose, or the
 * other zero, of which NumPy's loops take one or the other. */
#define UNSURE(b) (((a[r] > (b)) == (a[r] < (b))) & ((MASK)a[r] != (MASK)(b)))
#define SURE(b, mask) (found |= UNSURE(b), WHERE(mask))

#define TEMPLATE "chain_template.h"
#define NUMBER float
#define ROOT __builtin_sqrtf
#define DTYPE float32
#include "foreach_level.h"
#undef NUMBER
#undef ROOT
#define NUMBER double
#define ROOT __builtin_sqrt
#define DTYPE float64
#include "foreach_level.h"
#undef NUMBER
#undef ROOT
#undef LINKS

#undef IS_NAN
#define IS_NAN(x) ((MASK)((x) ^ (x))) /* never */
#define LINKS                                                                                                \
    LINKS_OF_ALL                                                                                             \
    LINK(TM_LINK_MAXIMUM, WHERE((ORDERED)a[r] > (ORDERED)b))                                                 \
    LINK(TM_LINK_MINIMUM, WHERE((ORDERED)a[r] < (ORDERED)b))                                                 \
    LINK(TM_LINK_AND, a[r] & b)                                                                              \
    LINK(TM_LINK_OR, a[r] | b)                                                                               \
    LINK(TM_LINK_XOR, a[r] ^ b)
#define NUMBER uint8_t
#define DTYPE int8
#include "foreach_level.h"
#define DTYPE uint8
#include "foreach_level.h"
#undef NUMBER
#define NUMBER uint16_t
#define DTYPE int16
#include "foreach_level.h"
#define DTYPE uint16
#include "foreach_level.h"
#undef NUMBER
#define NUMBER uint32_t
#define DTYPE int32
#include "foreach_level.h"
#define DTYPE uint32
#include "foreach_level.h"
#undef NUMBER
#define NUMBER uint64_t
#define DTYPE int64
#include "foreach_level.h"
#define DTYPE uint64
#include "foreach_level.h"
#undef NUMBER
#undef LINKS
#undef TEMPLATE

static const tm_inner_loop chains[TM_DTYPES][TM_SIMD_LEVELS] = {
    [TM_INT8] = TM_LEVELS(chain_int8_baseline, chain_int8_avx2, chain_int8_avx512),
    [TM_UINT8] = TM_LEVELS(chain_uint8_baseline, chain_uint8_avx2, chain_uint8_avx512),
    [TM_INT16] = TM_LEVELS(chain_int16_baseline, chain_int16_avx2, chain_int16_avx512),
    [TM_UINT16] = TM_LEVELS(chain_uint16_baseline, chain_uint16_avx2, chain_uint16_avx512),
    [TM_INT32] = TM_LEVELS(chain_int32_baseline, chain_int32_avx2, chain_int32_avx512),
    [TM_UINT32] = TM_LEVELS(chain_uint32_baseline, chain_uint32_avx2, chain_uint32_avx512),
    [TM_INT64] = TM_LEVELS(chain_int64_baseline, chain_int64_avx2, chain_int64_avx512),
    [TM_UINT64] = TM_LEVELS(chain_uint64_baseline, chain_uint64_avx2, chain_uint64_avx512),
    [TM_FLOAT32] = TM_LEVELS(chain_float32_baseline, chain_float32_avx2, chain_float32_avx512),
    [TM_FLOAT64] = TM_LEVELS(chain_float64_baseline, chain_float64_avx2, chain_float64_avx512),
};

tm_inner_loop tm_chain_loop(int dtype)
{
    return dtype < 0 || dtype >= TM_DTYPES ? NULL : chains[dtype][tm_simd_level()];
}
