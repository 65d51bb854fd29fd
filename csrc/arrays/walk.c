/* walk.c: walks over a chunk, a program in hand.
 *
 * A chunk is the whole space with one axis cut down to a range: a box. It is walked row by row, a row
 * being the innermost axis, and a row tile by tile where steps hand on their results in buffers. Rows are
 * those that NumPy's iterator makes, so that an inner loop sees the strides, and therefore takes the
 * paths, that it takes in NumPy. */
#include "walk.h"

#include "../kernels/stream.h"

/* What one thread has in hand: where each slot's next element lies, and how far the one after that is. */
typedef struct walk_place {
    char *at[TM_MAX_SLOTS];
    intptr_t stride[TM_MAX_SLOTS];
    unsigned fp_flags;
} walk_place;

static bool walk_run_step(const tm_walk *c, const tm_step *step, char *const *at, walk_place *here,
                          intptr_t n)
{
    char *data[TM_MAX_OPERANDS];
    intptr_t dims[1 + TM_MAX_CORE], strides[TM_MAX_OPERANDS + TM_MAX_CORE];

    for (size_t k = 0; k < step->operands; k++) {
        data[k] = at[step->slot[k]];
        strides[k] = here->stride[step->slot[k]];
    }
    dims[0] = n;
    if (step->core_dims) {
        memcpy(dims + 1, c->core, step->core_dims * sizeof *dims);
        memcpy(strides + step->operands, c->core + step->core_dims, step->core_strides * sizeof *strides);
    }
    return step->loop(step->context, data, dims, strides, step->auxdata) == 0;
}

static bool walk_run_steps(const tm_walk *c, char *const *at, walk_place *here, intptr_t n)
{
    const tm_program *program = c->program;
    bool good = true;
    for (size_t i = 0; i < program->steps && good; i++)
        good = walk_run_step(c, &program->step[i], at, here, n);
    /* Now, as the next tile's loop may take all flags down; not before, as this loop takes down those of the
     * conversions of its operands. */
    if (!program->keeps_flags) here->fp_flags |= tm_fp_raised();
    return good;
}

/* `from` moved on by `elements`; buffers stay. */
static void walk_move_on(const tm_walk *c, char **to, char *const *from, const walk_place *here,
                         intptr_t elements)
{
    const size_t arrays = c->program->arrays;
    for (size_t k = 0; k < arrays; k++) to[k] = from[k] + elements * here->stride[k];
    for (size_t k = arrays; k < arrays + c->program->buffers; k++) to[k] = from[k];
}

/* The elements for which the mask is true, one run of them after the other. */
static bool walk_run_masked(const tm_walk *c, char *const *at, walk_place *here, intptr_t n)
{
    const char *mask = at[c->program->mask];
    const intptr_t stride = here->stride[c->program->mask];
    char *run[TM_MAX_SLOTS];
    bool good = true;

    for (intptr_t begin = 0, end; begin < n && good; begin = end) {
        const bool wanted = mask[begin * stride] != 0;
        for (end = begin + 1; end < n && (mask[end * stride] != 0) == wanted;) end++;
        if (!wanted) continue;
        walk_move_on(c, run, at, here, begin);
        good = walk_run_steps(c, run, here, end - begin);
    }
    return good;
}

/* The length of the tile that begins at element `at` of a row, where `left` elements are still to do.
 * Which of two NaNs an inner loop hands on depends on whether the element is in the loop's vectors or in
 * the rest after them. So a tile is short where NumPy's own block of the row is, and nowhere else: a tile
 * that would leave a short rest leaves half of itself as well. */
static intptr_t walk_tile_length(const tm_walk *c, intptr_t at, intptr_t left)
{
    const intptr_t tile = (intptr_t)c->tile, block = (intptr_t)c->program->block;
    if (tile == 0) return left;
    if (block > 0) left = TM_MIN(left, block - at % block);
    return left <= tile ? left : left < tile + tile / 2 ? tile / 2 : tile;
}

/* `first` is the place of the row's first element in the whole row, of which a chunk may have a part. */
static bool walk_run_row(const tm_walk *c, walk_place *here, intptr_t first, intptr_t n)
{
    char *at[TM_MAX_SLOTS];
    bool good = true;

    if (!c->tile && c->program->mask < 0) return walk_run_steps(c, here->at, here, n);
    for (intptr_t begin = 0, length; begin < n && good; begin += length) {
        length = walk_tile_length(c, first + begin, n - begin);
        walk_move_on(c, at, here->at, here, begin);
        good =
            c->program->mask < 0 ? walk_run_steps(c, at, here, length) : walk_run_masked(c, at, here, length);
    }
    return good;
}

/* Goes to the next row of the box: counts the outer axes up like an odometer. False after the last. */
static bool walk_next_row(const tm_walk *c, walk_place *here, const intptr_t *shape, intptr_t *index)
{
    for (size_t axis = c->dims - 1; axis-- > 0;) {
        const intptr_t *stride = c->strides + axis;
        const bool carry = ++index[axis] == shape[axis];
        const intptr_t steps = carry ? 1 - shape[axis] : 1;
        for (size_t k = 0; k < c->program->arrays; k++) here->at[k] += steps * stride[k * c->dims];
        if (!carry) return true;
        index[axis] = 0;
    }
    return false;
}

static bool walk_run_box(const tm_walk *c, walk_place *here, intptr_t begin, intptr_t end)
{
    intptr_t shape[TM_MAX_DIMS], index[TM_MAX_DIMS];
    const intptr_t first = c->split == c->dims - 1 ? begin : 0;
    bool good;

    memcpy(shape, c->shape, c->dims * sizeof *shape);
    memset(index, 0, c->dims * sizeof *index);
    shape[c->split] = end - begin;
    do {
        good = walk_run_row(c, here, first, shape[c->dims - 1]);
    } while (good && walk_next_row(c, here, shape, index));
    return good;
}

/* Where the box's first row begins. */
static void walk_enter_box(const tm_walk *c, walk_place *here, char *buffer, intptr_t begin)
{
    const tm_program *program = c->program;
    const intptr_t chunk = begin / (intptr_t)c->grain;

    for (size_t k = 0; k < program->arrays; k++) {
        const intptr_t *strides = c->strides + k * c->dims;
        here->at[k] = c->data[k] + begin * strides[c->split] + chunk * c->hops[k];
        here->stride[k] = strides[c->dims - 1];
    }
    for (size_t k = 0; k < program->buffers; k++) {
        here->at[program->arrays + k] = buffer;
        here->stride[program->arrays + k] = (intptr_t)program->buffer_item[k];
        buffer += program->buffer_item[k] * c->tile;
    }
    here->fp_flags = 0;
}

tm_status tm_walk_chunk(void *ctx, size_t begin, size_t end)
{
    tm_walk *c = ctx;
    const tm_program *program = c->program;
    _Alignas(64) char buffer[TM_BUFFER_BYTES];
    walk_place here;

    if (end == c->cut) end = (size_t)c->shape[c->split];
    walk_enter_box(c, &here, buffer, (intptr_t)begin);
    const char *watched = program->stop < 0 ? NULL : here.at[program->stop];
    tm_x87_control mine = tm_x87_enter(c->x87);
    bool good = walk_run_box(c, &here, (intptr_t)begin, (intptr_t)end);
    if (program->keeps_flags) here.fp_flags |= tm_fp_raised();
    tm_x87_leave(mine);
    if (c->streams) tm_stream_end(); /* what was written is there before the chunk counts as done */
    if (here.fp_flags) atomic_fetch_or_explicit(&c->fp_flags, here.fp_flags, memory_order_relaxed);
    if (watched != NULL && *watched == program->stop_value) return TM_FAILED;
    return good ? TM_OK : TM_FAILED;
}
