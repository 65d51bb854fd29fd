/* product.c: square and scale: checks the arguments, cuts into chunks and tiles, picks the kernel.
 *
 * How the work is cut depends on n, the dtype and the operation alone, so that neither the number of
 * threads nor the instruction set can show in a result. */
#include "../kernels/stream.h"
#include "../parallel_for.h"
#include "dtype.h"
#include "memory.h"

/* One call of an element-wise kernel. */
typedef struct product {
    tm_kernel_fn kernel;
    tm_kernel_fn within; /* NULL: unchecked */
    uint64_t limits[2];  /* two elements, for `within` */
    const char *x;
    const void *factor; /* NULL: square */
    char *out;
    size_t size; /* of an element */
    bool stream;
} product;

/* Tiles and what is made of them stay in the first-level cache between the passes over them. */
enum { TILE_BYTES = 4096, LINE_BYTES = 64 };

/* Elements from `at` on up to the end of their tile. Tiles end where a line of the output ends: from there
 * on no store of the kernel crosses a line, which is worth up to a tenth. */
static size_t product_tile_length(const product *p, size_t at)
{
    return (TILE_BYTES - (uintptr_t)(p->out + at * p->size) % LINE_BYTES) / p->size;
}

/* One tile of n elements from `at` on. */
static tm_status product_run_tile(const product *p, size_t at, size_t n)
{
    _Alignas(LINE_BYTES) char buffer[TILE_BYTES];
    const char *x = p->x + at * p->size;
    char *out = p->out + at * p->size;
    bool fits = true;

    if (p->within) p->within(n, x, p->limits, &fits);
    if (!fits) return TM_OVERFLOW;
    p->kernel(n, x, p->factor, p->stream ? buffer : out);
    if (p->stream) tm_stream_copy(out, buffer, n * p->size);
    return TM_OK;
}

static tm_status product_run_chunk(void *ctx, size_t begin, size_t end)
{
    const product *p = ctx;
    const bool once = !p->within && !p->stream; /* one pass: after the first, a tile may be of any length */
    tm_status status = TM_OK;

    for (size_t at = begin; at < end && status == TM_OK;) {
        const size_t n = once && at > begin ? end - at : TM_MIN(product_tile_length(p, at), end - at);
        status = product_run_tile(p, at, n);
        at += n;
    }
    if (p->stream) tm_stream_end();
    return status;
}

/* Chunks of about this much input: large against the 50 ns that claiming one costs, small against the
 * second-level cache, and enough of them to share out evenly where a second thread pays. */
enum { CHUNK_BYTES = 131072 };
_Static_assert(CHUNK_BYTES % (4096 * 16) == 0, "chunks are multiples of 4096 elements of up to 16 bytes");

static int product_run(tm_pool *pool, tm_dtype dtype, size_t n, product *p, const tm_kernels *kernels,
                       int options)
{
    if (!tm_is_valid(dtype, n, options & ~TM_FRESH_OUT)) return TM_INVALID;
    p->kernel = tm_pick(&kernels[dtype]);
    if (p->kernel == NULL) return TM_INVALID; /* bool, of which NumPy makes int8, and complex numbers */
    if (n == 0) return 0;
    p->size = tm_element_size(dtype);
    const tm_relation relation = tm_relate_rows(p->x, p->size, p->out, p->size, n);
    if (relation == TM_OVERLAPPING) return TM_OVERLAP;
    if (options & TM_CHECKED) {
        tm_pick (&tm_limits_kernels[dtype])(0, NULL, p->factor, p->limits);
        p->within = tm_pick(&tm_within_kernels[dtype]);
    }
    p->stream = relation == TM_APART && !(options & TM_FRESH_OUT) && tm_worth_streaming(n * p->size);
    tm_loop loop = {
        .n = n,
        .grain = CHUNK_BYTES / p->size,
        .body = product_run_chunk,
        .ctx = p,
        .label = p->factor == NULL ? "square" : "scale",
        .short_chunks = true,
    };
    return tm_run_flags(pool, &loop);
}

int tm_square(tm_pool *pool, tm_dtype dtype, size_t n, const void *x, void *out, int options)
{
    product p = {.x = x, .out = out};
    return product_run(pool, dtype, n, &p, tm_square_kernels, options);
}

int tm_scale(tm_pool *pool, tm_dtype dtype, size_t n, const void *x, const void *k, void *out, int options)
{
    uint64_t factor = 0; /* a copy, since k may lie inside out */
    product p = {.x = x, .factor = &factor, .out = out};
    if (k == NULL || !tm_is_valid(dtype, n, options & ~TM_FRESH_OUT)) return TM_INVALID;
    memcpy(&factor, k, TM_MIN(tm_element_size(dtype), sizeof factor));
    return product_run(pool, dtype, n, &p, tm_scale_kernels, options);
}
