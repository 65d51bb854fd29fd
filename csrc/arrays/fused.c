/* fused.c: runs a pass, a list of inner loops whose results stay in the first-level cache, over arrays of
 * any shape.
 *
 * The elements are counted in C order over the arrays' common shape, and a chunk is a range of that count.
 * It is walked row by row, a row being what is left of the innermost axis, and a row tile by tile. Each
 * step runs once for a tile; what it makes lies in a buffer of the thread's own, or in an output. Where a
 * fold sums in a tree, the chunks are the tree's nodes. Where a step reduces rows, tiles are rows. Where one
 * reduces columns, a chunk is a piece of the innermost axis, and goes down all rows of a band; one band comes after
 * the other. */
#include "../clock.h"
#include "../interrupt.h"
#include "../kernels/chain.h"
#include "../parallel_for.h"
#include "sound.h"
#include "tile.h"

/* The buffers of a tile share the first-level cache with its inputs. A tile of fewer elements pays too
 * much for the calls of its steps, so that many live buffers rather leave that cache. */
enum { TILE_BYTES = 24576, TILE_MOST = 1024, TILE_LEAST = 256, LINE = 64, CHUNK_STEPS = 8 };

/* Elements in a tile that is folded alone: a call of NumPy's loops takes some 200 ns besides. */
enum { TILE_FOLDED = 4096 };

/* An array that begins so few bytes before another one finds in the cache what the other has fetched. */
enum { FOLLOWS_BYTES = 262144 };

/* The narrowest piece of a row in a chunk of columns, in elements. */
enum { PIECE_LEAST = 128 };

/* Elements times steps in a chunk of columns: some 25 ms of the slowest loops, so that an interrupt is soon heard. */
enum { BAND_STEPS = 1 << 20 };

/* Memory that a chunk finds on its thread's stack; malloc's would go back to the system after each. */
enum { STACK_BYTES = 98304 };

static size_t fused_round(size_t bytes)
{
    return (bytes + LINE - 1) / LINE * LINE;
}

/* Elements in a tile. */
static size_t fused_tile(const tm_fused *fused)
{
    size_t item = 1;
    if (fused->steps == 0) return TILE_FOLDED;
    for (size_t k = 0; k < fused->buffers; k++) item += fused->buffer_item[k];
    const size_t tile = TILE_BYTES / item / LINE * LINE;
    return TM_MIN(TM_MAX(tile, (size_t)TILE_LEAST), (size_t)TILE_MOST);
}

size_t tm_fused_chunks(size_t n, int tree)
{
    const size_t grain = tm_chunk_elements(n);
    return tree ? tm_fold_nodes(n) : n / grain + (n % grain != 0);
}

/* To the element `count`, in C order. */
static void fused_seek(const tm_pass *p, tm_tile_place *here, size_t count)
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
static void fused_move(const tm_pass *p, tm_tile_place *here, intptr_t n)
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
static size_t fused_lay_out(const tm_pass *p, tm_tile_place *here, char *memory, size_t count)
{
    const tm_fused *fused = p->fused;
    size_t used = 0;
    for (size_t k = 0; k < fused->buffers; k++) {
        size_t elements = fused->buffer_once[k] ? 1 : p->by_rows ? p->tile : p->tile + LINE;
        for (size_t f = 0; f < fused->folds; f++)
            if (fused->fold[f].tree >= 0 && fused->fold[f].slot == fused->arrays + k) elements = count;
        if (here != NULL) {
            here->at[fused->arrays + k] = memory + used;
            here->stride[fused->arrays + k] = fused->buffer_once[k] ? 0 : (intptr_t)fused->buffer_item[k];
        }
        used += fused_round(elements * fused->buffer_item[k]);
    }
    return used;
}

/* Sums what the pass's chain makes of a node; false: it has to be made for that. */
static bool fused_sum_chain(const tm_pass *p, tm_tile_place *here, size_t chunk, size_t count)
{
    const tm_fused_step *step = p->fused->step;
    const intptr_t n = (intptr_t)count;
    char *data[TM_MAX_OPERANDS];
    intptr_t strides[TM_MAX_OPERANDS];

    for (size_t k = 0; k < step->operands; k++) {
        data[k] = here->at[step->slot[k]];
        strides[k] = here->stride[step->slot[k]];
    }
    data[step->operands - 1] = p->folds.partials[0] + chunk * p->fused->fold->item;
    tm_fp_lower();
    here->in_chains = p->sum(step->context, data, &n, strides, step->auxdata) == 0 && tm_fp_raised() == 0;
    return here->in_chains;
}

static tm_status fused_walk(const tm_pass *p, tm_tile_place *here, size_t chunk, size_t begin, size_t count)
{
    const tm_fused *fused = p->fused;
    const size_t last = p->dims - 1;
    char *first[TM_FUSED_SLOTS];

    fused_seek(p, here, begin);
    if (p->sum != NULL && fused_sum_chain(p, here, chunk, count)) return TM_OK;
    memcpy(first, here->at, sizeof first);
    for (size_t done = 0; done < count;) {
        const size_t left = TM_MIN((size_t)(p->shape[last] - here->index[last]), count - done);
        const size_t n = left < p->tile + LINE ? left : p->tile;
        const tm_status status = tm_run_tile(p, here, chunk, done == 0, begin + done, (intptr_t)n);
        if (status != TM_OK) return status;
        fused_move(p, here, (intptr_t)n);
        done += n;
        for (size_t k = 0; k < fused->folds; k++)
            if (fused->fold[k].tree >= 0 && fused->fold[k].slot >= fused->arrays)
                here->at[fused->fold[k].slot] += n * fused->fold[k].item;
    }
    tm_folds_sum_node(&p->folds, first, chunk, count, here->raised + fused->steps);
    return TM_OK;
}

/* Goes down the band's rows in columns [begin, begin + n). */
static tm_status fused_walk_columns(const tm_pass *p, tm_tile_place *here, size_t begin, size_t n)
{
    const size_t row = (size_t)p->shape[p->dims - 1];
    for (size_t count = p->from + begin; n > 0 && count < p->to; count += row) {
        fused_seek(p, here, count);
        const tm_status status = tm_run_tile(p, here, 0, false, count, (intptr_t)n);
        if (status != TM_OK) return status;
    }
    return TM_OK;
}

/* Where a chunk is cut that would end at `count`. Which of two NaNs a loop hands on depends on whether
 * they are in its vectors or in the rest after them. So a row is cut only where vectors end, and a short
 * rest is not cut off. */
static size_t fused_cut(const tm_pass *p, size_t count)
{
    const size_t row = (size_t)p->shape[p->dims - 1];
    if (p->by_columns) return count > 0 && count + LINE > row ? row : count;
    if (count >= p->n) return p->n;
    const size_t begin = count / row * row, cut = p->by_rows ? 0 : (count - begin) / LINE * LINE;
    return cut > 0 && row - cut < LINE ? begin + row : begin + cut;
}

/* Chunks that have elements, of `most`: the last ones' may have gone to those before them. */
static size_t fused_chunks(const tm_pass *p, size_t most)
{
    while (most > 1 && fused_cut(p, (most - 1) * p->grain) == p->n) most--;
    return most;
}

static tm_status fused_run_chunk(void *ctx, size_t begin, size_t end)
{
    const tm_pass *p = ctx;
    const tm_fused *fused = p->fused;
    _Alignas(LINE) char stack[STACK_BYTES];
    tm_tile_place here;
    size_t count = end - begin, chunk = begin;

    if (p->folds.parts > 0)
        tm_folds_node(&p->folds, p->n, chunk, &begin, &count);
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
    here.in_chains = true;
    memset(here.raised, 0, fused->steps + fused->folds);

    const tm_x87_control mine = tm_x87_enter(p->x87);
    const tm_status status = p->by_columns ? fused_walk_columns(p, &here, begin, count)
                                           : fused_walk(p, &here, chunk, begin, count);
    tm_x87_leave(mine);
    if (memory != stack) free(memory);
    for (size_t i = 0; i < fused->steps + fused->folds; i++)
        if (here.raised[i]) atomic_fetch_or_explicit(&p->raised[i], here.raised[i], memory_order_relaxed);
    return status;
}

/* Whether the next tile of array k will be in the cache unasked: of a stencil's rows all but the foremost. The
 * processor itself sees to one long row that is written. */
static bool fused_comes_unasked(const tm_pass *p, size_t k)
{
    if (k >= p->fused->inputs && p->dims == 1) return true;
    for (size_t j = 0; j < p->fused->arrays; j++) {
        const uintptr_t ahead = (uintptr_t)p->data[j] - (uintptr_t)p->data[k];
        if ((ahead > 0 && ahead <= FOLLOWS_BYTES) || (ahead == 0 && j < k)) return true;
    }
    return false;
}

static void fused_find_fetched(tm_pass *p)
{
    for (size_t i = 0; i < p->fused->steps; i++) p->usual += p->fused->step[i].when == TM_ALWAYS;
    for (size_t k = 0; k < p->fused->arrays; k++)
        if (!fused_comes_unasked(p, k)) p->fetched[p->fetches++] = (uint8_t)k;
}

/* Whether the steps are one chain along one row, of which nothing is kept but its sum. */
static void fused_find_sum(tm_pass *p)
{
    const tm_fused *fused = p->fused;
    const tm_fused_step *step = fused->step;
    if (p->dims != 1 || fused->folds != 1 || fused->fold->tree < 0 || fused->steps == 0) return;
    if (step->when != TM_CHAIN || step->covers != fused->steps - 1u) return;
    const size_t out = step->slot[step->operands - 1];
    if (out == fused->fold->slot && out >= fused->arrays) p->sum = tm_chain_sum_loop(fused->fold->tree);
}

/* Tiles are rows, and chunks whole rows. */
static void fused_take_rows(tm_pass *p)
{
    const size_t row = (size_t)p->shape[p->dims - 1];
    p->by_rows = true;
    p->tile = row;
    p->grain = TM_MAX(p->grain / row, (size_t)1) * row;
}

/* Each thread takes a piece of every row, or several where pieces would not fit its buffers. */
static void fused_take_columns(tm_pass *p, size_t threads)
{
    const size_t row = (size_t)p->shape[p->dims - 1];
    const size_t piece = TM_MAX((row + threads - 1) / threads, (size_t)PIECE_LEAST);
    p->by_columns = true;
    p->grain = p->tile = TM_MIN((piece + LINE - 1) / LINE * LINE, p->tile);
}

/* The bands one after the other: what columns have come to stands in their results meanwhile. A pool that is closed
 * then is one that the pass has begun on. */
static tm_status fused_run_bands(tm_pool *pool, tm_pass *p, tm_loop *loop)
{
    const size_t row = (size_t)p->shape[p->dims - 1], rows = p->n / row;
    const size_t band = TM_MAX(BAND_STEPS / (p->tile * p->fused->steps), (size_t)1);
    int64_t asked_ns = tm_coarse_now_ns();
    tm_status status = TM_OK;
    for (size_t done = 0; done < rows && status == TM_OK; done += band) {
        p->from = done * row, p->to = TM_MIN(rows - done, band) * row + p->from;
        status = tm_run_loop(pool, loop);
        if (status == TM_CLOSED && done > 0) status = tm_run_loop(NULL, loop);
        if (status != TM_OK || tm_coarse_now_ns() - asked_ns < TM_INTERRUPT_PERIOD_NS) continue;
        if (p->to < p->n && tm_interrupted()) status = TM_INTERRUPTED;
        asked_ns = tm_coarse_now_ns();
    }
    return status;
}

int tm_run_fused(tm_pool *pool, const tm_fused *fused, size_t dims, const intptr_t *layout, size_t numbers,
                 char *const *data, size_t count, char *const *partials, unsigned char *raised, char **open)
{
    if (!tm_fused_is_sound(fused, dims, layout, numbers, count, open != NULL)) return TM_INVALID;
    _Atomic unsigned char flags[TM_FUSED_STEPS + TM_FUSED_FOLDS];
    _Atomic(char *) left_open = NULL;
    tm_pass p = {.fused = fused,
                 .dims = dims,
                 .n = 1,
                 .tile = fused_tile(fused),
                 .shape = layout,
                 .strides = layout + dims,
                 .data = data,
                 .folds = {.fold = fused->fold,
                           .count = fused->folds,
                           .partials = partials,
                           .raised = flags + fused->steps},
                 .x87 = tm_x87_save(),
                 .raised = flags,
                 .looks = open != NULL,
                 .open = &left_open};

    for (size_t i = 0; i < fused->steps + fused->folds; i++) atomic_init(&flags[i], 0);
    for (size_t axis = 0; axis < dims; axis++) {
        if (layout[axis] < 0) return TM_INVALID;
        p.n *= (size_t)layout[axis];
    }
    if (p.n == 0) return TM_INVALID;
    fused_find_fetched(&p);
    fused_find_sum(&p);
    if (!tm_folds_find_tree(&p.folds, p.n)) return TM_INVALID;
    const bool tree = p.folds.parts > 0;
    p.grain = tree ? 1 : tm_chunk_elements(p.n);
    if (fused->folds == 0 && fused->steps > CHUNK_STEPS) /* for whose chunks an interrupt would wait */
        p.grain = TM_MAX(p.grain * CHUNK_STEPS / fused->steps / TILE_MOST, (size_t)1) * TILE_MOST;
    if (tm_fused_has(fused, TM_ROW)) fused_take_rows(&p);
    if (tm_fused_has(fused, TM_COLUMN)) fused_take_columns(&p, pool == NULL ? 1 : tm_pool_threads(pool));
    const size_t most = tree ? tm_fused_chunks(p.n, tree) : p.n / p.grain + (p.n % p.grain != 0);
    const size_t chunks = tree || p.by_columns ? most : fused_chunks(&p, most);
    const size_t n = p.by_columns ? (size_t)layout[dims - 1] : TM_MIN(chunks * p.grain, tree ? most : p.n);
    tm_loop loop = {.n = n, .grain = p.grain, .body = fused_run_chunk, .ctx = &p, .label = fused->label};
    tm_status status = p.by_columns ? fused_run_bands(pool, &p, &loop) : tm_run_loop(pool, &loop);
    if (!tree) tm_folds_fill(&p.folds, chunks, most);
    if (status == TM_OK && tree) status = tm_folds_combine(&p.folds);
    for (size_t i = 0; i < fused->steps + fused->folds; i++)
        raised[i] = atomic_load_explicit(&flags[i], memory_order_relaxed);
    if (open != NULL) *open = atomic_load_explicit(&left_open, memory_order_relaxed);
    return (int)status;
}

void tm_free_open(char *open)
{
    free(open);
}
