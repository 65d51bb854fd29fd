/* walk.h: one program over one space, chunk by chunk. */
#ifndef TM_WALK_H
#define TM_WALK_H

#include "../common.h"
#include "../fpenv.h"

#include <stdatomic.h>

/* A tile and all that is made of it stay in the first-level cache. Its length is a power of two of whole
 * vectors. */
enum { TM_BUFFER_BYTES = 16384, TM_TILE_MOST = 1024, TM_TILE_LEAST = 16 };

/* One call of a program: what its chunks read, and the flags that they raise. */
typedef struct tm_walk {
    const tm_program *program;
    size_t dims, split, grain, tile;
    size_t cut; /* the indices that are cut into chunks; the last chunk takes what comes after them */
    const intptr_t *shape;
    const intptr_t *strides; /* [arrays][dims] */
    const intptr_t *hops;    /* [arrays] */
    const intptr_t *core;
    char *const *data;
    tm_x87_control x87;
    bool streams;
    _Atomic unsigned fp_flags;
} tm_walk;

/* A tm_body: runs the program over the indices [begin, end) along the split axis. TM_FAILED: a step has
 * failed, or made the result that the program stops at. `ctx` is a tm_walk. */
tm_status tm_walk_chunk(void *ctx, size_t begin, size_t end);

#endif
