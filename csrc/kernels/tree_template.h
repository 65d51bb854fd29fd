/* tree_template.h: NumPy's pairwise tree over what elements of one real or complex dtype stand for, bit for bit.
 *
 * NumPy cuts an array of n > 128 numbers into two of about n / 2, the left a multiple of 8, and so on; in
 * each leaf eight accumulators run side by side, are added in pairs, and the up to 7 numbers left over
 * follow one by one. A complex array counts as 2 n numbers whose real and imaginary parts stay apart.
 *
 * One leaf of 16 rows is too short to keep a core busy, so where eight leaves form a whole subtree of full
 * rows of 8, they are summed into 64 accumulators, which are then added pairwise down to one: the leaves'
 * closing additions and the tree above them are the same adjacent pairs.
 *
 * Parameters: DTYPE, LEVEL, TARGET, VECTOR_BYTES (foreach_level.h); PART_BYTES, 4 or 8; PARTS, 1 for real
 * and 2 for complex; VALUE(x, other) and VECTOR_VALUE(x, other), what is added up for x and another number that all
 * share. Or LINKS (chain.h): then it is what a chain makes, and `other` tells of the chain. */

#if VECTOR_BYTES == 16
#define LANES (16 / PART_BYTES)
#else
#define LANES (32 / PART_BYTES)
#endif
#define VECTORS (8 / LANES) /* in a row of 8 */
#define VECTOR TM_KERNEL(vector)
#define VECTOR_AT TM_KERNEL(vector_at)
#define INLINE TARGET static inline __attribute__((always_inline))

/* The indices of __builtin_shuffle, which gcc before 12 has in the other's place. */
#if PART_BYTES == 8
typedef int64_t TM_KERNEL(indices) __attribute__((vector_size(LANES * 8), unused));
#else
typedef int32_t TM_KERNEL(indices) __attribute__((vector_size(LANES * 4), unused));
#endif
typedef TM_ELEMENT VECTOR __attribute__((vector_size(LANES * PART_BYTES)));
typedef TM_ELEMENT VECTOR_AT __attribute__((vector_size(LANES * PART_BYTES), aligned(PART_BYTES), may_alias));

#ifdef LINKS
#include "chain_columns_template.h"
#else
#define OTHER TM_ELEMENT

/* acc[0 .. 7] = the sums of the columns of `rows` rows of 8. */
INLINE void TM_KERNEL(columns)(const TM_ELEMENT *x, size_t rows, OTHER other, VECTOR *acc)
{
    VECTOR sum[VECTORS];

    (void)other;
    for (size_t v = 0; v < VECTORS; v++) sum[v] = VECTOR_VALUE(*(const VECTOR_AT *)(x + v * LANES), other);
    for (size_t r = 1; r < rows; r++)
        for (size_t v = 0; v < VECTORS; v++) {
            const VECTOR row = *(const VECTOR_AT *)(x + 8 * r + v * LANES);
            sum[v] += VECTOR_VALUE(row, other);
        }
    for (size_t v = 0; v < VECTORS; v++) acc[v] = sum[v];
}
#endif

/* The adjacent numbers (complex: pairs of numbers) of a and b, added. */
#if LANES * PARTS == 2
#define EVEN 0, 2
#define ODD 1, 3
#elif LANES == 2
#define EVEN 0, 1
#define ODD 2, 3
#elif LANES == 4 && PARTS == 1
#define EVEN 0, 2, 4, 6
#define ODD 1, 3, 5, 7
#elif LANES == 4
#define EVEN 0, 1, 4, 5
#define ODD 2, 3, 6, 7
#elif PARTS == 1
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define ODD 1, 3, 5, 7, 9, 11, 13, 15
#else
#define EVEN 0, 1, 4, 5, 8, 9, 12, 13
#define ODD 2, 3, 6, 7, 10, 11, 14, 15
#endif
#if defined(__clang__) || __GNUC__ >= 12
#define PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define PICK(a, b, ...) __builtin_shuffle(a, b, (TM_KERNEL(indices)){__VA_ARGS__})
#endif
#define FOLD(a, b) (PICK(a, b, EVEN) + PICK(a, b, ODD))

/* Adds the adjacent numbers of `count` vectors, a power of two, until `sum` is left; spoils acc. */
INLINE void TM_KERNEL(fold)(VECTOR *acc, size_t count, TM_ELEMENT *sum)
{
    TM_ELEMENT last[LANES];

    for (; count > 1; count /= 2)
        for (size_t v = 0; v < count / 2; v++) acc[v] = FOLD(acc[2 * v], acc[2 * v + 1]);
    memcpy(last, acc, sizeof last);
    for (size_t left = LANES; left > PARTS; left /= 2)
        for (size_t i = 0; i < left / 2; i += PARTS)
            for (size_t p = 0; p < PARTS; p++) last[i + p] = last[2 * i + p] + last[2 * i + PARTS + p];
    memcpy(sum, last, PARTS * sizeof *sum);
}

/* A node of 128 numbers or fewer. */
TARGET static void TM_KERNEL(leaf)(const TM_ELEMENT *x, size_t n, OTHER other, TM_ELEMENT *sum)
{
    VECTOR acc[VECTORS];

    for (size_t p = 0; p < PARTS; p++) sum[p] = (TM_ELEMENT)-0.0;
    if (n >= 8) {
        TM_KERNEL(columns)(x, n / 8, other, acc);
        TM_KERNEL(fold)(acc, VECTORS, sum);
    }
#ifndef LINKS
    for (size_t i = n - n % 8; i < n; i += PARTS)
        for (size_t p = 0; p < PARTS; p++) sum[p] += VALUE(x[i + p], other);
#endif
}

/* A node whose eight great-grandchildren are leaves of full rows. Of q rows the tree gives each leaf
 * q / 8, and one more to some: halving q, the left child's share is rounded down, the right's up. */
TARGET static void TM_KERNEL(eight_leaves)(const TM_ELEMENT *x, size_t rows, OTHER other, TM_ELEMENT *sum)
{
    static const unsigned char round_up[8] = {0, 4, 2, 6, 1, 5, 3, 7};
    VECTOR acc[8 * VECTORS];

    for (size_t leaf = 0; leaf < 8; leaf++) {
        const size_t share = (rows + round_up[leaf]) / 8;
        TM_KERNEL(columns)(x, share, other, acc + leaf * VECTORS);
        x += 8 * share;
    }
    TM_KERNEL(fold)(acc, 8 * VECTORS, sum);
}

/* A node of n numbers. */
TARGET static void TM_KERNEL(node)(const TM_ELEMENT *x, size_t n, OTHER other, TM_ELEMENT *sum)
{
    TM_ELEMENT right[PARTS];
    const size_t half = tm_tree_half(n);

    if (n <= TM_TREE_LEAF) {
        TM_KERNEL(leaf)(x, n, other, sum);
    } else if (n % 8 == 0 && n / 8 / 4 > TM_TREE_LEAF / 8 && n <= 8 * TM_TREE_LEAF) {
        TM_KERNEL(eight_leaves)(x, n / 8, other, sum);
    } else {
        TM_KERNEL(node)(x, half, other, sum);
        TM_KERNEL(node)(x + half, n - half, other, right);
        for (size_t p = 0; p < PARTS; p++) sum[p] += right[p];
    }
}

#undef LANES
#undef VECTORS
#undef VECTOR
#undef VECTOR_AT
#undef EVEN
#undef ODD
#undef PICK
#undef FOLD
#undef INLINE
#undef OTHER
