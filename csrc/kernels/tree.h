/* tree.h: what the sum kernels and who calls them agree on.
 *
 * A sum kernel writes one partial sum: a tm_int128 for bool and integers, one number for reals, two for
 * complex. A combine kernel takes an array of n of them and leaves their sum in the first: reals and complex
 * in adjacent pairs, up a tree; an accumulate kernel, one after the other. */
#ifndef TM_TREE_H
#define TM_TREE_H

#include "kernel.h"

typedef __int128 tm_int128;

/* 2^31 halves of 64-bit elements stay below 2^63. */
#define TM_SUM_CHUNK_MAX ((size_t)1 << 31)

/* NumPy's tree over n numbers: up to 128 form a leaf, else this many go to the left. */
#define TM_TREE_LEAF 128
static inline size_t tm_tree_half(size_t n)
{
    return n / 2 - n / 2 % 8;
}

#endif
