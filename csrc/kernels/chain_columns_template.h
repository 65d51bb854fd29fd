/* chain_columns_template.h: columns of rows that a chain makes, block by block, for tree_template.h.
 *
 * Parameters: those of tree_template.h; ROOT of a number. */

#define OTHER struct TM_KERNEL(chain_source) *
#define MASK __typeof__((VECTOR){0} != (VECTOR){0})
#define NUMBER TM_ELEMENT
#define EACH BLOCK_UNROLL for (size_t r = 0; r < registers; r++)
#define AT(pointer) (*(const VECTOR_AT *)(const void *)((const TM_ELEMENT *)(pointer) + i + r * LANES))

/* The chain, its first operand, and a mask of extremes that are unsure, which columns add to. */
struct TM_KERNEL(chain_source) {
    tm_links links;
    const TM_ELEMENT *x;
    MASK found;
};

/* Adds rows to the sums in blocks of so many registers, a constant to each caller. The last block begins so early that it
 * is whole: rows that it makes again are not added. */
INLINE void TM_KERNEL(add_blocks)(const size_t registers, size_t begin, size_t rows, OTHER source,
                                  VECTOR *sum)
{
    const size_t block = registers / VECTORS;
    const tm_links *links = &source->links;
    VECTOR a[MOST_REGISTERS];
    MASK found = source->found;

    for (size_t row = 0; row < rows; row += block) {
        const size_t first = TM_MIN(row, rows - block), again = row - first;
        const size_t i = begin + 8 * first;
        EACH a[r] = AT(source->x);
        RUN_LINKS
        EACH if (r / VECTORS >= again) sum[r % VECTORS] += a[r];
    }
    source->found = found;
}

/* acc[0 .. 7] = the sums of the columns of `rows` rows of 8, the first of which begins at x. */
INLINE void TM_KERNEL(columns)(const TM_ELEMENT *x, size_t rows, OTHER source, VECTOR *acc)
{
    const size_t begin = (size_t)(x - source->x);
    VECTOR sum[VECTORS];

    for (size_t v = 0; v < VECTORS; v++) sum[v] = -(VECTOR){0};
    if (rows >= MOST_REGISTERS / VECTORS)
        TM_KERNEL(add_blocks)(MOST_REGISTERS, begin, rows, source, sum);
    else
        TM_KERNEL(add_blocks)(VECTORS, begin, rows, source, sum);
    for (size_t v = 0; v < VECTORS; v++) acc[v] = sum[v];
}

#undef MASK
#undef NUMBER
#undef EACH
#undef AT
