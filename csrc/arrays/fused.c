/* fused.c: runs a pass, a list of inner loops whose results stay in the first-level cache, over arrays of
 * any shape.
 *
 * The elements are counted in C order over the arrays' common shape, and a chunk is a range of that count.
 * It is walked row by row, a row being what is left of the innermost axis, and a row tile by tile. Each
 * step runs once for a tile; what it makes lies in a buffer of the thread's own, or in an output. A fold
 * reduces a value on the way: floats in NumPy's pairwise tree, whose nodes are then the chunks, all else
 * one chunk after the other. */
#include "../fpenv.h"
#include "../kernels/tree.h"
#include "../parallel_for.h"
#include "dtype.h"

#include <stdatomic.h>

/* The buffers of a tile share the first-level cache with its inputs. A tile of fewer elements pays too
 * much for the calls of its steps, so that many live buffers rather leave that cache. */
enum { TILE_BYTES = 24576, TILE_MOST = 1024, TILE_LEAST = 256, LINE = 64 };

/* Memory that a chunk finds on its thread's stack; malloc's would go back to the system after each. */
enum { STACK_BYTES = 98304 };

/* Elements in a node of the tree: what is summed of it fits in the second-level cache. */
enum { NODE_MOST = 8192, DEPTH_MAX = 24 };

typedef struct pass {
    const tm_fused *fused;
    size_t dims, n, grain, tile;
    unsigned depth; /* of the tree, where the chunks are its nodes */
    const intptr_t *shape;
    const intptr_t *strides; /* [arrays][dims] */
    char *const *data;
    char *const *partials; /* [folds]: each chunk's */
    tm_x87_control x87;
    _Atomic unsigned char *raised; /* [steps + folds] */
} pass;

/* One thread's place in a chunk. */
typedef struct fused_place {
    char *at[TM_FUSED_SLOTS];
    intptr_t stride[TM_FUSED_SLOTS];
    intptr_t index[TM_MAX_DIMS];
    unsigned char raised[TM_FUSED_STEPS + TM_FUSED_FOLDS];
} fused_place;

static size_t fused_round(size_t bytes)
{
    return (bytes + LINE - 1) / LINE * LINE;
}

/* Elements in a tile. */
static size_t fused_tile(const tm_fused *fused)
{
    size_t item = 1;
    for (size_t k = 0; k < fused->buffers; k++) item += fused->buffer_item[k];
    const size_t tile = TILE_BYTES / item / LINE * LINE;
    return TM_MIN(TM_MAX(tile, (size_t)TILE_LEAST), (size_t)TILE_MOST);
}

static unsigned fused_depth(size_t n)
{
    unsigned depth = 0;
    while (depth < DEPTH_MAX && n >> depth > NODE_MOST) depth++;
    return depth;
}

size_t tm_fused_chunks(size_t n, int tree)
{
    const size_t grain = tm_chunk_elements(n);
    return tree ? (size_t)1 << fused_depth(n) : n / grain + (n % grain != 0);
}

/* Goes down from the root to node `index` of the chosen depth. */
static void fused_node(const pass *p, size_t index, size_t *begin, size_t *n)
{
    size_t first = 0, count = p->n;
    for (unsigned bit = p->depth; bit-- > 0;) {
        const size_t left = tm_tree_half(count);
        const bool right = index >> bit & 1;
        first += right ? left : 0;
        count = right ? count - left : left;
    }
    *begin = first;
    *n = count;
}

static bool fused_step(const tm_fused_step *step, char *const *at, const intptr_t *stride, intptr_t n,
                       unsigned char *raised)
{
    char *data[TM_MAX_OPERANDS];
    intptr_t strides[TM_MAX_OPERANDS];

    for (size_t k = 0; k < step->operands; k++) {
        data[k] = at[step->slot[k]];
        strides[k] = stride[step->slot[k]];
    }
    tm_fp_lower();
    const bool good = step->loop(step->context, data, &n, strides, step->auxdata) == 0;
    *raised |= (unsigned char)tm_fp_raised();
    return good;
}

/* acc = acc op x over one tile; the first tile's first element begins where there is no identity. */
static bool fused_fold(const pass *p, size_t k, fused_place *here, size_t chunk, bool first, intptr_t n)
{
    const tm_fold *fold = &p->fused->fold[k];
    char *acc = p->partials[k] + chunk * fold->item;
    const char *x = here->at[fold->slot];

    if (first) memcpy(acc, fold->has_identity ? (const char *)fold->identity : x, fold->item);
    char *data[3] = {acc, here->at[fold->slot], acc};
    const intptr_t strides[3] = {0, here->stride[fold->slot], 0};
    tm_fp_lower();
    const bool good = fold->loop(fold->context, data, &n, strides, fold->auxdata) == 0;
    here->raised[p->fused->steps + k] |= (unsigned char)tm_fp_raised();
    return good;
}

static bool fused_run_tile(const pass *p, fused_place *here, size_t chunk, bool first, intptr_t n)
{
    const tm_fused *fused = p->fused;
    for (size_t i = 0; i < fused->steps; i++)
        if (!fused_step(&fused->step[i], here->at, here->stride, n, &here->raised[i])) return false;
    for (size_t k = 0; k < fused->folds; k++)
        if (fused->fold[k].tree < 0 && !fused_fold(p, k, here, chunk, first, n)) return false;
    return true;
}

/* To the element `count`, in C order. */
static void fused_seek(const pass *p, fused_place *here, size_t count)
{
    for (size_t axis = p->dims; axis-- > 0;) {
        here->index[axis] = (intptr_t)(count % (size_t)p->shape[axis]);
        count /= (size_t)p->shape[axis];
    }
    for (size_t k = 0; k < p->fused->arrays; k++) {
        here->at[k] = p->data[k];
        for (size_t axis = 0; axis < p->dims; axis++)
            here->at[k] += here->index[axis] * p->strides[k * p->dims + axis];
    }
}

/* Moves on by n elements of the row that it is in, and to the next row at its end. */
static void fused_move(const pass *p, fused_place *here, intptr_t n)
{
    const size_t last = p->dims - 1;
    for (size_t k = 0; k < p->fused->arrays; k++) here->at[k] += n * p->strides[k * p->dims + last];
    here->index[last] += n;
    for (size_t axis = last; here->index[axis] == p->shape[axis] && axis > 0; axis--) {
        for (size_t k = 0; k < p->fused->arrays; k++) {
            const intptr_t *stride = p->strides + k * p->dims;
            here->at[k] += stride[axis - 1] - p->shape[axis] * stride[axis];
        }
        here->index[axis] = 0;
        here->index[axis - 1]++;
    }
}

/* Lays out the thread's memory: the buffers of a tile, and those that keep a whole node for its sum. */
static size_t fused_lay_out(const pass *p, fused_place *here, char *memory, size_t count)
{
    const tm_fused *fused = p->fused;
    size_t used = 0;
    for (size_t k = 0; k < fused->buffers; k++) {
        size_t elements = p->tile + LINE;
        for (size_t f = 0; f < fused->folds; f++)
            if (fused->fold[f].tree >= 0 && fused->fold[f].slot == fused->arrays + k) elements = count;
        if (here != NULL) {
            here->at[fused->arrays + k] = memory + used;
            here->stride[fused->arrays + k] = (intptr_t)fused->buffer_item[k];
        }
        used += fused_round(elements * fused->buffer_item[k]);
    }
    return used;
}

static void fused_sum_node(const pass *p, fused_place *here, char *const *begin, size_t chunk, size_t n)
{
    for (size_t k = 0; k < p->fused->folds; k++) {
        const tm_fold *fold = &p->fused->fold[k];
        if (fold->tree < 0) continue;
        tm_fp_lower();
        tm_pick (&tm_sum_kernels[fold->tree])(n, begin[fold->slot], NULL,
                                              p->partials[k] + chunk * fold->item);
        here->raised[p->fused->steps + k] |= (unsigned char)tm_fp_raised();
    }
}

static bool fused_walk(const pass *p, fused_place *here, size_t chunk, size_t begin, size_t count)
{
    const tm_fused *fused = p->fused;
    const size_t last = p->dims - 1;
    char *first[TM_FUSED_SLOTS];

    memcpy(first, here->at, sizeof first);
    fused_seek(p, here, begin);
    for (size_t done = 0; done < count;) {
        const size_t left = TM_MIN((size_t)(p->shape[last] - here->index[last]), count - done);
        const size_t n = left < p->tile + LINE ? left : p->tile;
        if (!fused_run_tile(p, here, chunk, done == 0, (intptr_t)n)) return false;
        fused_move(p, here, (intptr_t)n);
        done += n;
        for (size_t k = 0; k < fused->folds; k++)
            if (fused->fold[k].tree >= 0) here->at[fused->fold[k].slot] += n * fused->fold[k].item;
    }
    fused_sum_node(p, here, first, chunk, count);
    return true;
}

/* Where a chunk is cut that would end at `count`. Which of two NaNs a loop hands on depends on whether
 * they are in its vectors or in the rest after them. So a row is cut only where vectors end, and a short
 * rest is not cut off. */
static size_t fused_cut(const pass *p, size_t count)
{
    const size_t row = (size_t)p->shape[p->dims - 1];
    if (count >= p->n) return p->n;
    const size_t begin = count / row * row, cut = (count - begin) / LINE * LINE;
    return cut > 0 && row - cut < LINE ? begin + row : begin + cut;
}

/* Chunks that have elements, of `most`: the last ones' may have gone to those before them. */
static size_t fused_chunks(const pass *p, size_t most)
{
    while (most > 1 && fused_cut(p, (most - 1) * p->grain) == p->n) most--;
    return most;
}

static tm_status fused_run_chunk(void *ctx, size_t begin, size_t end)
{
    const pass *p = ctx;
    const tm_fused *fused = p->fused;
    _Alignas(LINE) char stack[STACK_BYTES];
    fused_place here;
    size_t count = end - begin, chunk = begin;

    if (p->depth > 0 || p->grain == 1)
        fused_node(p, chunk, &begin, &count);
    else {
        chunk = begin / p->grain;
        begin = fused_cut(p, begin);
        count = fused_cut(p, end) - begin;
    }
    const size_t bytes = fused_lay_out(p, NULL, NULL, count);
    char *memory = bytes <= sizeof stack ? stack : aligned_alloc(LINE, bytes);
    if (memory == NULL) return TM_NO_MEMORY;
    fused_lay_out(p, &here, memory, count);
    for (size_t k = 0; k < fused->arrays; k++) here.stride[k] = p->strides[k * p->dims + p->dims - 1];
    memset(here.raised, 0, fused->steps + fused->folds);

    const tm_x87_control mine = tm_x87_enter(p->x87);
    const bool good = fused_walk(p, &here, chunk, begin, count);
    tm_x87_leave(mine);
    if (memory != stack) free(memory);
    for (size_t i = 0; i < fused->steps + fused->folds; i++)
        if (here.raised[i]) atomic_fetch_or_explicit(&p->raised[i], here.raised[i], memory_order_relaxed);
    return good ? TM_OK : TM_FAILED;
}

/* Adds up what the nodes of each tree came to, in NumPy's order. */
static tm_status fused_combine(void *ctx, size_t begin, size_t end)
{
    const pass *p = ctx;
    const tm_fused *fused = p->fused;

    (void)begin, (void)end;
    for (size_t k = 0; k < fused->folds; k++) {
        if (fused->fold[k].tree < 0) continue;
        tm_fp_lower();
        tm_pick (&tm_combine_kernels[fused->fold[k].tree])((size_t)1 << p->depth, NULL, NULL, p->partials[k]);
        const unsigned char raised = (unsigned char)tm_fp_raised();
        atomic_fetch_or_explicit(&p->raised[fused->steps + k], raised, memory_order_relaxed);
    }
    return TM_OK;
}

/* Partial results that no chunk has made, as if of elements that there are already. */
static void fused_fill(const pass *p, size_t chunks, size_t most)
{
    for (size_t k = 0; k < p->fused->folds; k++) {
        const tm_fold *fold = &p->fused->fold[k];
        const char *neutral = fold->has_identity ? (const char *)fold->identity : p->partials[k];
        for (size_t chunk = chunks; chunk < most; chunk++)
            memcpy(p->partials[k] + chunk * fold->item, neutral, fold->item);
    }
}

static bool fused_is_sound(const tm_fused *fused, size_t dims, size_t numbers, size_t count)
{
    const size_t slots = fused->arrays + fused->buffers;
    if (count != fused->arrays || numbers != dims * (1 + count)) return false;
    if (fused->arrays > TM_FUSED_SLOTS || fused->buffers > TM_FUSED_SLOTS || slots > TM_FUSED_SLOTS)
        return false;
    if (dims == 0 || dims > TM_MAX_DIMS) return false;
    if (fused->steps > TM_FUSED_STEPS || fused->folds > TM_FUSED_FOLDS) return false;
    for (size_t k = 0; k < fused->buffers; k++)
        if (fused->buffer_item[k] == 0 || fused->buffer_item[k] > TM_FUSED_ITEM) return false;
    for (size_t i = 0; i < fused->steps; i++) {
        if (fused->step[i].operands > TM_MAX_OPERANDS) return false;
        for (size_t k = 0; k < fused->step[i].operands; k++)
            if (fused->step[i].slot[k] >= slots) return false;
    }
    for (size_t k = 0; k < fused->folds; k++) {
        const tm_fold *fold = &fused->fold[k];
        if (fold->slot >= slots || fold->item == 0 || fold->item > TM_FUSED_ITEM) return false;
        if (fold->tree >= 0 && (fold->tree >= TM_DTYPES || fold->slot < fused->arrays)) return false;
    }
    return true;
}

int tm_run_fused(tm_pool *pool, const tm_fused *fused, size_t dims, const intptr_t *layout, size_t numbers,
                 char *const *data, size_t count, char *const *partials, unsigned char *raised)
{
    if (!fused_is_sound(fused, dims, numbers, count)) return TM_INVALID;
    _Atomic unsigned char flags[TM_FUSED_STEPS + TM_FUSED_FOLDS];
    pass p = {.fused = fused,
              .dims = dims,
              .n = 1,
              .tile = fused_tile(fused),
              .shape = layout,
              .strides = layout + dims,
              .data = data,
              .partials = partials,
              .x87 = tm_x87_save(),
              .raised = flags};
    bool tree = false;

    for (size_t i = 0; i < fused->steps + fused->folds; i++) atomic_init(&flags[i], 0);
    for (size_t axis = 0; axis < dims; axis++) {
        if (layout[axis] < 0) return TM_INVALID;
        p.n *= (size_t)layout[axis];
    }
    if (p.n == 0) return TM_INVALID;
    for (size_t k = 0; k < fused->folds; k++) tree |= fused->fold[k].tree >= 0;
    p.depth = tree ? fused_depth(p.n) : 0;
    p.grain = tree ? 1 : tm_chunk_elements(p.n);
    const size_t most = tm_fused_chunks(p.n, tree), chunks = tree ? most : fused_chunks(&p, most);
    const size_t n = TM_MIN(chunks * p.grain, tree ? most : p.n);
    tm_loop loop = {.n = n, .grain = p.grain, .body = fused_run_chunk, .ctx = &p};
    tm_status status = tm_run_loop(pool, &loop);
    if (!tree) fused_fill(&p, chunks, most);
    if (status == TM_OK && tree) {
        tm_loop combine = {.n = 1, .grain = 1, .body = fused_combine, .ctx = &p};
        status = tm_run_loop(NULL, &combine);
    }
    for (size_t i = 0; i < fused->steps + fused->folds; i++)
        raised[i] = atomic_load_explicit(&flags[i], memory_order_relaxed);
    return (int)status;
}
