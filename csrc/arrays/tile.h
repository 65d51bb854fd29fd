/* tile.h: the steps of a pass over one tile: elements of a row that stay in the first-level cache meanwhile. */
#ifndef TM_TILE_H
#define TM_TILE_H

#include "../fpenv.h"
#include "fold.h"

#include <stdatomic.h>

/* One pass. Set before its loops and read by all their threads; these write to `raised`, `open` and the folds. */
typedef struct tm_pass {
    const tm_fused *fused;
    size_t dims, n, grain, tile;
    bool by_rows, by_columns;
    size_t from, to; /* by columns: the elements of the rows that the next loop goes down */
    const intptr_t *shape;
    const intptr_t *strides; /* [arrays][dims] */
    char *const *data;
    tm_folds folds;
    tm_x87_control x87;
    _Atomic unsigned char *raised; /* [steps + folds] */
    bool looks;                    /* for NaNs */
    _Atomic(char *) *open;         /* [n]: whether NaNs are for NumPy to tell; NULL until some are */
    size_t usual;                  /* steps that are TM_ALWAYS */
    size_t fetches;
    uint8_t fetched[TM_FUSED_SLOTS]; /* [fetches]: the arrays whose next tile is asked for */
    tm_inner_loop sum; /* of the chain that is all of the pass but its fold; NULL: there is more to it */
} tm_pass;

/* One thread's place in a chunk; the thread's own. */
typedef struct tm_tile_place {
    char *at[TM_FUSED_SLOTS];
    intptr_t stride[TM_FUSED_SLOTS];
    intptr_t index[TM_MAX_DIMS];
    bool in_chains; /* whether chains are tried: they have not failed in this chunk */
    unsigned char raised[TM_FUSED_STEPS + TM_FUSED_FOLDS];
} tm_tile_place;

/* Runs the steps over the n elements at `here`, which are those from the element `count` on, and folds them into
 * the chunk's partial results; `first`: they are the chunk's first ones. TM_OK, TM_FAILED or TM_NO_MEMORY. */
tm_status tm_run_tile(const tm_pass *p, tm_tile_place *here, size_t chunk, bool first, size_t count,
                      intptr_t n);

#endif
