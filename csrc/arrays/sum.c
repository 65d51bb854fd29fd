/* sum.c: sum: checks the arguments, cuts into nodes, adds up what the nodes came to.
 *
 * A node is summed by one kernel call into a partial sum. The nodes are those of one depth of NumPy's tree;
 * or blocks, where NumPy sums block by block (tm_set_sum_block). Both depend on n and the dtype alone, and
 * the partial sums are added in NumPy's order, so that the number of threads can't show in the result. */
#include "../kernels/tree.h"
#include "../parallel_for.h"
#include "dtype.h"

#include <stdatomic.h>

/* Nodes of this size are large against the 50 ns that claiming one costs. The depth is bounded so that the
 * partial sums fit on the stack; 1,024 nodes are enough to share out over any number of cores. */
enum { NODE_BYTES = 131072, DEPTH_MAX = 10 };

typedef struct summation {
    tm_kernel_fn sum, combine;
    const char *x;
    size_t n;
    size_t parts;   /* numbers in an element: 2 in a complex */
    size_t size;    /* of an element */
    size_t partial; /* of a partial sum */
    size_t block;   /* elements in a block; 0: a tree */
    unsigned depth; /* of the tree */
    size_t nodes;
    char *partials;
} summation;

static _Atomic size_t sum_block;

void tm_set_sum_block(size_t elements)
{
    atomic_store(&sum_block, elements);
}

/* Finds node `index` of the chosen depth by going down from the root. */
static void sum_find_node(const summation *s, size_t index, size_t *begin, size_t *n)
{
    size_t first = 0, numbers = s->n * s->parts;

    for (unsigned bit = s->depth; bit-- > 0;) {
        const size_t left = tm_tree_half(numbers);
        const bool right = index >> bit & 1;
        first += right ? left : 0;
        numbers = right ? numbers - left : left;
    }
    *begin = first / s->parts;
    *n = numbers / s->parts;
}

static tm_status sum_run_combine(void *ctx, size_t begin, size_t end)
{
    summation *s = ctx;

    (void)begin;
    (void)end;
    s->combine(s->nodes, NULL, NULL, s->partials);
    return TM_OK;
}

static tm_status sum_run_nodes(void *ctx, size_t begin, size_t end)
{
    summation *s = ctx;

    for (size_t index = begin; index < end; index++) {
        size_t at = index * s->block, n = TM_MIN(s->block, s->n - at);
        if (s->block == 0) sum_find_node(s, index, &at, &n);
        s->sum(n, s->x + at * s->size, NULL, s->partials + index * s->partial);
    }
    return s->nodes == 1 ? sum_run_combine(s, 0, 1) : TM_OK;
}

/* Runs all nodes, then adds what they came to: in a loop as well, for its floating-point flags. */
static int sum_run(tm_pool *pool, summation *s)
{
    tm_loop nodes = {
        .n = s->nodes,
        .grain = s->block == 0 ? 1 : TM_MAX((size_t)1, NODE_BYTES / s->size / s->block),
        .body = sum_run_nodes,
        .ctx = s,
        .label = "sum",
        .short_chunks = true,
    };
    tm_loop combine = {.n = 1, .grain = 1, .body = sum_run_combine, .ctx = s};
    const int flags = tm_run_flags(pool, &nodes);

    if (flags < 0 || s->nodes == 1) return flags;
    const int more = tm_run_flags(NULL, &combine);
    return more < 0 ? more : flags | more;
}

static void sum_cut(summation *s, tm_dtype dtype)
{
    const size_t block = tm_is_integer(dtype) ? 0 : atomic_load_explicit(&sum_block, memory_order_relaxed);

    if (block > 0 && block < s->n) {
        s->block = block;
        s->nodes = s->n / block + (s->n % block != 0);
        s->combine = tm_pick(&tm_accumulate_kernels[dtype]);
        return;
    }
    while (s->depth < DEPTH_MAX && s->n * s->size >> s->depth > NODE_BYTES) s->depth++;
    s->nodes = (size_t)1 << s->depth;
    s->combine = tm_pick(&tm_combine_kernels[dtype]);
}

/* Writes the total as the dtype's sum type. */
static int sum_store_total(const summation *s, tm_dtype dtype, void *total, int options)
{
    tm_int128 exact;

    if (!tm_is_integer(dtype)) {
        memcpy(total, s->partials, s->partial);
        return 0;
    }
    memcpy(&exact, s->partials, sizeof exact);
    const bool fits = tm_is_unsigned(dtype) ? exact <= UINT64_MAX : exact >= INT64_MIN && exact <= INT64_MAX;
    const uint64_t wrapped = (uint64_t)exact;
    if (options & TM_CHECKED && !fits) return TM_OVERFLOW;
    memcpy(total, &wrapped, sizeof wrapped);
    return 0;
}

int tm_sum(tm_pool *pool, tm_dtype dtype, size_t n, const void *x, void *total, int options)
{
    if (!tm_is_valid(dtype, n, options) || n >> DEPTH_MAX >= TM_SUM_CHUNK_MAX) return TM_INVALID;

    _Alignas(16) char few[16 << DEPTH_MAX];
    summation s = {.sum = tm_pick(&tm_sum_kernels[dtype]), .x = x, .n = n, .partials = few};
    if (s.sum == NULL) return TM_INVALID;
    s.size = tm_element_size(dtype);
    s.parts = tm_is_complex(dtype) ? 2 : 1;
    s.partial = tm_is_integer(dtype) ? sizeof(tm_int128) : s.size;
    sum_cut(&s, dtype);
    if (s.nodes * s.partial > sizeof few) s.partials = malloc(s.nodes * s.partial);
    if (s.partials == NULL) return TM_NO_MEMORY;

    memset(s.partials, 0, s.partial); /* the sum of nothing */
    const int flags = n == 0 ? 0 : sum_run(pool, &s);
    const int stored = flags < 0 ? flags : sum_store_total(&s, dtype, total, options);
    if (s.partials != few) free(s.partials);
    return stored < 0 ? stored : flags;
}
