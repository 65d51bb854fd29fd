/* tile.c: see tile.h. Which of two unlike NaNs a loop hands on depends on where in a row they stand: see
 * inner_loops.h for what a pass over rows does about it. */
#include "tile.h"

enum { LINE = 64, PIECE = 256 };

/* Puts what stands before a row into its result: the row's first element where nothing else is given. */
static intptr_t tile_begin_row(const tm_fused_step *step, char **data, const intptr_t *strides, intptr_t n)
{
    const bool given = step->operands > 3;
    memcpy(data[0], data[given ? 3 : 1], step->item);
    if (given) return n;
    data[1] += strides[1];
    return n - 1;
}

static bool tile_run_step(const tm_fused_step *step, char *const *at, const intptr_t *stride, intptr_t n,
                          unsigned char *raised)
{
    char *data[TM_MAX_OPERANDS];
    intptr_t strides[TM_MAX_OPERANDS];

    for (size_t k = 0; k < step->operands; k++) {
        data[k] = at[step->slot[k]];
        strides[k] = stride[step->slot[k]];
    }
    if (step->over == TM_ONCE) n = 1;
    if (step->over == TM_ROW) n = tile_begin_row(step, data, strides, n);
    tm_fp_lower();
    const bool good = step->loop(step->context, data, &n, strides, step->auxdata) == 0;
    *raised |= (unsigned char)tm_fp_raised();
    return good;
}

/* Asks for a part of the next tile, so that memory works while the steps compute. All of it falls to n times the
 * usual steps; this part to those from `begin` to `end`. The next tile may lie elsewhere, or nowhere: what is asked
 * for is never needed. */
static void tile_prefetch(const tm_pass *p, const tm_tile_place *here, size_t begin, size_t end, size_t n)
{
    for (size_t i = 0; i < p->fetches; i++) {
        const size_t k = p->fetched[i];
        const size_t stride = (size_t)here->stride[k], apart = TM_MAX(stride, (size_t)LINE);
        const size_t ahead = p->by_columns ? (size_t)p->strides[k * p->dims + p->dims - 2] : n * stride;
        const uintptr_t next = (uintptr_t)here->at[k] + ahead;
        for (size_t at = begin / p->usual * stride; at < end / p->usual * stride; at += apart)
            __builtin_prefetch((void *)(next + at), 0, 2);
    }
}

/* Runs the steps of the kinds in a set of bits over a tile; false: a loop has failed. */
static bool tile_run_steps(const tm_pass *p, tm_tile_place *here, unsigned kinds, intptr_t n)
{
    const tm_fused *fused = p->fused;
    for (size_t i = 0; i < fused->steps; i++)
        if (kinds >> fused->step[i].when & 1 &&
            !tile_run_step(&fused->step[i], here->at, here->stride, n, &here->raised[i]))
            return false;
    return true;
}

/* Asks for the part of the next tile that falls to a chain, and runs it, piece by piece: so that memory does not get
 * all requests at once. False: the steps after it have to run, and tell of NaNs and flags. */
static bool tile_run_chain(const tm_pass *p, const tm_fused_step *step, tm_tile_place *here, size_t done,
                           size_t covered, size_t n)
{
    char *data[TM_MAX_OPERANDS];
    intptr_t strides[TM_MAX_OPERANDS];
    size_t length;

    for (size_t k = 0; k < step->operands; k++) strides[k] = here->stride[step->slot[k]];
    tm_fp_lower();
    for (size_t begin = 0; begin < n; begin += length) {
        length = n - begin < 2 * PIECE ? n - begin : PIECE;
        const intptr_t each = (intptr_t)length;
        tile_prefetch(p, here, n * done + begin * covered, n * done + (begin + length) * covered, n);
        for (size_t k = 0; k < step->operands; k++)
            data[k] = here->at[step->slot[k]] + (intptr_t)begin * strides[k];
        here->in_chains = step->loop(step->context, data, &each, strides, step->auxdata) == 0;
        if (!here->in_chains) return false;
    }
    here->in_chains = tm_fp_raised() == 0;
    return here->in_chains;
}

/* The first time over a tile. False: a loop has failed. *nans: whether a check has found some. */
static bool tile_run_first(const tm_pass *p, tm_tile_place *here, intptr_t n, bool *nans)
{
    const tm_fused *fused = p->fused;
    size_t done = 0;
    *nans = false;
    for (size_t i = 0; i < fused->steps; i++) {
        const tm_fused_step *step = &fused->step[i];
        if (step->when == TM_CHAIN && here->in_chains) {
            size_t covered = 0;
            for (size_t k = i + 1; k <= i + step->covers; k++) covered += fused->step[k].when == TM_ALWAYS;
            if (!tile_run_chain(p, step, here, done, covered, (size_t)n)) continue;
            done += covered;
            i += step->covers;
        } else if (step->when == TM_ALWAYS) {
            tile_prefetch(p, here, (size_t)n * done, (size_t)n * (done + 1), (size_t)n);
            done++;
            if (!tile_run_step(step, here->at, here->stride, n, &here->raised[i])) return false;
        } else if (step->when == TM_CHECK) {
            *nans = *nans || !tile_run_step(step, here->at, here->stride, n, &here->raised[i]);
        }
    }
    return true;
}

/* Runs the last steps for their flags alone: what they make goes nowhere. What they read is made once more, as the
 * buffers hold what stood there when a look has failed. False: no memory. */
static bool tile_rehearse_last(const tm_pass *p, tm_tile_place *here, intptr_t n)
{
    if (!tile_run_steps(p, here, 1u << TM_ALWAYS, n)) return false;
    for (size_t i = 0; i < p->fused->steps; i++) {
        const tm_fused_step *step = &p->fused->step[i];
        if (step->when != TM_LAST) continue;
        const size_t out = step->slot[step->operands - 1];
        char *const at = here->at[out];
        char *nowhere = calloc((size_t)n, (size_t)TM_MAX(here->stride[out], (intptr_t)TM_FUSED_ITEM));
        if (nowhere == NULL) return false;
        here->at[out] = nowhere;
        tile_run_step(step, here->at, here->stride, n, &here->raised[i]);
        here->at[out] = at;
        free(nowhere);
    }
    return true;
}

/* Leaves the tile that begins at the element `count` open; false: no memory. */
static bool tile_leave_open(const tm_pass *p, tm_tile_place *here, size_t count, intptr_t n)
{
    /* acquire: pairs with the release of who has made it, so that its zeros are there before our ones */
    char *open = atomic_load_explicit(p->open, memory_order_acquire);
    if (open == NULL) {
        char *made = calloc(p->n, 1);
        if (made == NULL) return false;
        if (atomic_compare_exchange_strong_explicit(p->open, &open, made, memory_order_acq_rel,
                                                    memory_order_acquire))
            open = made;
        else
            free(made);
    }
    memset(open + count, 1, (size_t)n);
    return tile_rehearse_last(p, here, n);
}

tm_status tm_run_tile(const tm_pass *p, tm_tile_place *here, size_t chunk, bool first, size_t count,
                      intptr_t n)
{
    const tm_fused *fused = p->fused;
    bool nans;
    if (!tile_run_first(p, here, n, &nans)) return TM_FAILED;
    if (p->looks) {
        /* Whether which of two NaNs is handed on may show. */
        if (nans && !tile_run_steps(p, here, 1u << TM_ALWAYS | 1u << TM_LOOK, n)) {
            if (!tile_leave_open(p, here, count, n)) return TM_NO_MEMORY;
        } else if (!tile_run_steps(p, here, 1u << TM_LAST, n))
            return TM_FAILED;
    }
    if (!tm_folds_run_tile(&p->folds, here->at, here->stride, chunk, first, n, here->raised + fused->steps))
        return TM_FAILED;
    return TM_OK;
}
