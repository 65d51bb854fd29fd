/* chain.h: the links of a chain, for the templates that go through a chain block by block.
 *
 * A template defines VECTOR, of NUMBER, MASK, its integer, LANES, ROOT of a number, of floats, EACH register r of a
 * block, and AT(pointer), the vector that falls to a register; it has `a`, the registers, and `found`, a mask of what
 * the chain fails for. */
#ifndef TM_CHAIN_H
#define TM_CHAIN_H

#include "kernel.h"

/* A chain's loop (inner_loops.h) that adds up what it makes: out is one number, the sum of a node in NumPy's pairwise tree,
 * or, where numbers are NaN, some NaN. Fails as the chain does, NaNs aside, and where the node's elements are no multiple
 * of eight. NULL: none. */
tm_inner_loop tm_chain_sum_loop(int dtype);

/* What a template reads of a chain: a case's code for each link, and what the link takes besides. */
typedef struct tm_links {
    size_t count;
    uint8_t code[TM_CHAIN_LINKS];
    const void *taken[TM_CHAIN_LINKS];
} tm_links;

/* Of how many operands the chain is, out aside. */
static inline size_t tm_read_links(const tm_chain *chain, char *const *data, const intptr_t *strides,
                                   tm_links *links)
{
    size_t operands = 1;

    links->count = chain->links;
    for (size_t k = 0; k < chain->links; k++) {
        const bool is_binary = chain->link[k] < TM_LINK_NEGATE;
        links->taken[k] = is_binary ? data[operands] : NULL;
        links->code[k] = (uint8_t)(2 * chain->link[k] + (is_binary && strides[operands] == 0));
        operands += is_binary;
    }
    return operands;
}

/* The vectors of a block: so many that an operation's look at its link is nothing beside them. */
enum { MOST_REGISTERS = 8 };

#if defined(__clang__)
#define BLOCK_UNROLL _Pragma("clang loop unroll(full)")
#else
#define BLOCK_UNROLL _Pragma("GCC unroll 8")
#endif

/* All links on the registers of a block. */
#define RUN_LINKS                                                                                            \
    for (size_t k = 0; k < links->count; k++) switch (links->code[k]) {                                      \
            LINKS                                                                                            \
        }

/* A link on vectors of a block: b is the operand's, or one element for all. */
#define LINK(code, result)                                                                                   \
    case 2 * (code):                                                                                         \
        EACH                                                                                                 \
        {                                                                                                    \
            const VECTOR b = AT(links->taken[k]);                                                            \
            a[r] = (result);                                                                                 \
        }                                                                                                    \
        break;                                                                                               \
    case 2 * (code) + 1: {                                                                                   \
        const VECTOR b = *(const NUMBER *)links->taken[k] - (VECTOR){0};                                     \
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

#define LINKS_OF_FLOATS                                                                                      \
    LINKS_OF_ALL                                                                                             \
    LINK(TM_LINK_DIVIDE, a[r] / b)                                                                           \
    LINK(TM_LINK_DIVIDE_INTO, b / a[r])                                                                      \
    LINK(TM_LINK_MAXIMUM, SURE(b, a[r] > b))                                                                 \
    LINK(TM_LINK_MINIMUM, SURE(b, a[r] < b))                                                                 \
    LINK_OF_ONE(TM_LINK_ABSOLUTE, (VECTOR)((MASK)a[r] & ~(MASK) - (VECTOR){0}))                              \
    LINK_OF_ONE(TM_LINK_SQRT, ROOTS(a[r]))

#define IS_NAN_OF_FLOATS(x) ((x) != (x))

/* Of a copy, as vectors whose lanes are named are kept in memory. */
#define ROOTS(x)                                                                                             \
    __extension__({                                                                                          \
        const VECTOR of = (x);                                                                               \
        VECTOR root = of;                                                                                    \
        for (size_t lane = 0; lane < LANES; lane++) root[lane] = ROOT(of[lane]);                             \
        root;                                                                                                \
    })

/* Marks what compares neither as less nor as greater and has other bits: a NaN, which a comparison would lose, or the
 * other zero, of which NumPy's loops take one or the other. */
#define UNSURE(b) (((a[r] > (b)) == (a[r] < (b))) & ((MASK)a[r] != (MASK)(b)))
#define SURE(b, mask) (found |= UNSURE(b), WHERE(mask))

#endif
