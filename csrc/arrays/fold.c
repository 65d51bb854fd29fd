/* fold.c: reduces a value on the way through a pass. Floats are added up in NumPy's pairwise tree, whose
 * nodes are then the pass's chunks; all else is reduced one chunk after the other. */
#include "fold.h"

#include "../fpenv.h"
#include "../kernels/tree.h"
#include "../parallel_for.h"
#include "dtype.h"

/* Elements in a node of the tree: what is summed of it fits in the second-level cache. */
enum { NODE_MOST = 8192, DEPTH_MAX = 24 };

static unsigned fold_depth(size_t n)
{
    unsigned depth = 0;
    while (depth < DEPTH_MAX && n >> depth > NODE_MOST) depth++;
    return depth;
}

size_t tm_fold_nodes(size_t n)
{
    return (size_t)1 << fold_depth(n);
}

bool tm_fold_is_sound(const tm_fold *fold, size_t arrays, size_t slots, size_t dims, const intptr_t *strides)
{
    if (fold->slot >= slots || fold->item == 0 || fold->item > TM_FUSED_ITEM) return false;
    if (fold->tree < 0) return true;
    const bool dense = fold->slot >= arrays || (dims == 1 && strides[fold->slot] == (intptr_t)fold->item);
    return fold->tree < TM_DTYPES && dense;
}

bool tm_folds_find_tree(tm_folds *folds, size_t n)
{
    folds->parts = 0;
    for (size_t k = 0; k < folds->count; k++) {
        if (folds->fold[k].tree < 0) continue;
        const size_t own = tm_is_complex((tm_dtype)folds->fold[k].tree) ? 2 : 1;
        if (folds->parts > 0 && folds->parts != own) return false;
        folds->parts = own;
    }
    folds->depth = folds->parts > 0 ? fold_depth(n) : 0;
    return true;
}

/* Goes down from the root to the node. */
void tm_folds_node(const tm_folds *folds, size_t n, size_t index, size_t *begin, size_t *count)
{
    size_t first = 0, numbers = n * folds->parts;
    for (unsigned bit = folds->depth; bit-- > 0;) {
        const size_t left = tm_tree_half(numbers);
        const bool right = index >> bit & 1;
        first += right ? left : 0;
        numbers = right ? numbers - left : left;
    }
    *begin = first / folds->parts;
    *count = numbers / folds->parts;
}

/* acc = acc op x over one tile; the first tile's first element begins where there is no identity. */
static bool fold_tile(const tm_fold *fold, char *acc, char *x, intptr_t stride, bool first, intptr_t n,
                      unsigned char *raised)
{
    if (first) memcpy(acc, fold->has_identity ? (const char *)fold->identity : x, fold->item);
    char *data[3] = {acc, x, acc};
    const intptr_t strides[3] = {0, stride, 0};
    tm_fp_lower();
    const bool good = fold->loop(fold->context, data, &n, strides, fold->auxdata) == 0;
    *raised |= (unsigned char)tm_fp_raised();
    return good;
}

bool tm_folds_run_tile(const tm_folds *folds, char *const *at, const intptr_t *stride, size_t chunk,
                       bool first, intptr_t n, unsigned char *raised)
{
    for (size_t k = 0; k < folds->count; k++) {
        const tm_fold *fold = &folds->fold[k];
        if (fold->tree >= 0) continue;
        char *acc = folds->partials[k] + chunk * fold->item;
        if (!fold_tile(fold, acc, at[fold->slot], stride[fold->slot], first, n, &raised[k])) return false;
    }
    return true;
}

void tm_folds_sum_node(const tm_folds *folds, char *const *begin, size_t chunk, size_t n,
                       unsigned char *raised)
{
    for (size_t k = 0; k < folds->count; k++) {
        const tm_fold *fold = &folds->fold[k];
        if (fold->tree < 0) continue;
        tm_fp_lower();
        tm_pick (&tm_sum_kernels[fold->tree])(n, begin[fold->slot], NULL,
                                              folds->partials[k] + chunk * fold->item);
        raised[k] |= (unsigned char)tm_fp_raised();
    }
}

static tm_status fold_combine(void *ctx, size_t begin, size_t end)
{
    const tm_folds *folds = ctx;

    (void)begin, (void)end;
    for (size_t k = 0; k < folds->count; k++) {
        if (folds->fold[k].tree < 0) continue;
        tm_fp_lower();
        tm_pick (&tm_combine_kernels[folds->fold[k].tree])((size_t)1 << folds->depth, NULL, NULL,
                                                           folds->partials[k]);
        const unsigned char raised = (unsigned char)tm_fp_raised();
        atomic_fetch_or_explicit(&folds->raised[k], raised, memory_order_relaxed);
    }
    return TM_OK;
}

tm_status tm_folds_combine(tm_folds *folds)
{
    tm_loop loop = {.n = 1, .grain = 1, .body = fold_combine, .ctx = folds};
    return tm_run_loop(NULL, &loop);
}

void tm_folds_fill(const tm_folds *folds, size_t chunks, size_t most)
{
    for (size_t k = 0; k < folds->count; k++) {
        const tm_fold *fold = &folds->fold[k];
        const char *neutral = fold->has_identity ? (const char *)fold->identity : folds->partials[k];
        for (size_t chunk = chunks; chunk < most; chunk++)
            memcpy(folds->partials[k] + chunk * fold->item, neutral, fold->item);
    }
}
