/* chain_template.h: chains of operations, as inner loops (inner_loops.h).
 *
 * Parameters: DTYPE, LEVEL, TARGET, VECTOR_BYTES (foreach_level.h); NUMBER, the element in whose arithmetic nothing
 * is undefined; LINKS, a LINK or LINK_OF_ONE for each operation (chain.h); IS_NAN of a vector; ROOT of a number, of
 * floats. */

#define VECTOR TM_KERNEL(chain_vector)
#define ORDERED TM_KERNEL(chain_ordered)
#define LANES (VECTOR_BYTES / (intptr_t)sizeof(NUMBER))

typedef NUMBER VECTOR __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(NUMBER)), may_alias));
typedef TM_ELEMENT ORDERED __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(NUMBER)), may_alias));

#define MASK __typeof__((VECTOR){0} != (VECTOR){0})
#define EACH BLOCK_UNROLL for (intptr_t r = 0; r < registers; r++)
#define AT(pointer) (*(const VECTOR *)(const void *)((const NUMBER *)(pointer) + i + r * LANES))

/* Blocks of so many registers; their number is a constant to each caller. The last one begins so early that it
 * is whole: what it computes again comes out the same. False: a result is a NaN. */
TARGET static inline __attribute__((always_inline)) bool TM_KERNEL(chain_blocks)(const intptr_t registers,
                                                                                 const intptr_t n,
                                                                                 const tm_links *links,
                                                                                 const NUMBER *x, NUMBER *out)
{
    const intptr_t block = registers * LANES;
    VECTOR a[MOST_REGISTERS];
    MASK found = (VECTOR){0} != (VECTOR){0};

    for (intptr_t begin = 0; begin < n; begin += block) {
        const intptr_t i = TM_MIN(begin, n - block);
        EACH a[r] = AT(x);
        RUN_LINKS
        MASK nans = IS_NAN(a[0]);
        EACH
        {
            *(VECTOR *)(void *)(out + i + r * LANES) = a[r];
            nans |= IS_NAN(a[r]);
        }
        found |= nans;
    }
    for (intptr_t lane = 0; lane < LANES; lane++)
        if (found[lane]) return false;
    return true;
}

TARGET static int TM_KERNEL(chain)(void *context, char *const *data, const intptr_t *dims,
                                   const intptr_t *strides, void *auxdata)
{
    const intptr_t n = dims[0];
    tm_links links;
    const size_t operands = tm_read_links(context, data, strides, &links);
    const NUMBER *x = (const void *)data[0];
    NUMBER *out = (void *)data[operands];

    (void)auxdata;
    bool sound = false;
    if (n >= MOST_REGISTERS * LANES)
        sound = TM_KERNEL(chain_blocks)(MOST_REGISTERS, n, &links, x, out);
    else if (n >= LANES)
        sound = TM_KERNEL(chain_blocks)(1, n, &links, x, out);
    return sound ? 0 : -1;
}

#undef VECTOR
#undef ORDERED
#undef LANES
#undef MASK
#undef EACH
#undef AT
