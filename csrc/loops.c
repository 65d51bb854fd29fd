/* loops.c: runs a program, a list of inner loops, over arrays of any shape.
 *
 * A chunk is the whole space with one axis cut down to a range: a box. It is walked row by row, a row being the
 * innermost axis, and a row tile by tile where steps hand on their results in buffers. Rows are those that NumPy's
 * iterator makes, so that an inner loop sees the strides, and therefore takes the paths, that it takes in NumPy. */
#include "cpu.h"
#include "fpenv.h"
#include "kernels/stream.h"
#include "parallel_for.h"

#include <stdatomic.h>

/* A tile and all that is made of it stay in the first-level cache. Its length is a power of two of whole vectors. */
enum { BUFFER_BYTES = 16384, TILE_MOST = 1024, TILE_LEAST = 16 };

/* Elements that surely take less than to wake a sleeper. */
enum { SHORT_CHUNK = 4096 };

/* One call; what its chunks read, and the flags that they raise. */
typedef struct call {
    const tm_program *program;
    size_t dims, split, grain, tile;
    size_t cut; /* the indices that are cut into chunks; the last chunk takes the short rest after them as well */
    const intptr_t *shape;
    const intptr_t *strides; /* [arrays][dims] */
    const intptr_t *hops;    /* [arrays] */
    const intptr_t *core;
    char *const *data;
    tm_x87_control x87;
    bool streams;
    _Atomic unsigned fp_flags;
} call;

/* What one thread has in hand: where each slot's next element lies, and how far the one after that is. */
typedef struct place {
    char *at[TM_MAX_SLOTS];
    intptr_t stride[TM_MAX_SLOTS];
    unsigned fp_flags;
} place;

static bool run_step(const call *c, const tm_step *step, char *const *at, place *here, intptr_t n)
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

static bool run_steps(const call *c, char *const *at, place *here, intptr_t n)
{
    const tm_program *program = c->program;
    bool good = true;
    for (size_t i = 0; i < program->steps && good; i++) good = run_step(c, &program->step[i], at, here, n);
    /* Now, as the next tile's loop may take all flags down; not before, as this loop takes down those of the
     * conversions of its operands. */
    here->fp_flags |= tm_fp_raised();
    return good;
}

/* `from` moved on by `elements`; buffers stay. */
static void move_on(const call *c, char **to, char *const *from, const place *here, intptr_t elements)
{
    const size_t arrays = c->program->arrays;
    for (size_t k = 0; k < arrays; k++) to[k] = from[k] + elements * here->stride[k];
    for (size_t k = arrays; k < arrays + c->program->buffers; k++) to[k] = from[k];
}

/* The elements for which the mask is true, one run of them after the other. */
static bool run_masked(const call *c, char *const *at, place *here, intptr_t n)
{
    const char *mask = at[c->program->mask];
    const intptr_t stride = here->stride[c->program->mask];
    char *run[TM_MAX_SLOTS];
    bool good = true;

    for (intptr_t begin = 0, end; begin < n && good; begin = end) {
        const bool wanted = mask[begin * stride] != 0;
        for (end = begin + 1; end < n && (mask[end * stride] != 0) == wanted;) end++;
        if (!wanted) continue;
        move_on(c, run, at, here, begin);
        good = run_steps(c, run, here, end - begin);
    }
    return good;
}

/* The length of the tile that begins at element `at` of a row, where `left` elements are still to do. Which of two
 * NaNs an inner loop hands on depends on whether the element is in the loop's vectors or in the rest after them. So
 * a tile is short where NumPy's own block of the row is, and nowhere else: a tile that would leave a short rest leaves
 * half of itself as well. */
static intptr_t tile_length(const call *c, intptr_t at, intptr_t left)
{
    const intptr_t tile = (intptr_t)c->tile, block = (intptr_t)c->program->block;
    if (tile == 0) return left;
    if (block > 0) left = TM_MIN(left, block - at % block);
    return left <= tile ? left : left < tile + tile / 2 ? tile / 2 : tile;
}

/* `first` is the place of the row's first element in the whole row, of which a chunk may have a part. */
static bool run_row(const call *c, place *here, intptr_t first, intptr_t n)
{
    char *at[TM_MAX_SLOTS];
    bool good = true;

    if (!c->tile && c->program->mask < 0) return run_steps(c, here->at, here, n);
    for (intptr_t begin = 0, length; begin < n && good; begin += length) {
        length = tile_length(c, first + begin, n - begin);
        move_on(c, at, here->at, here, begin);
        good = c->program->mask < 0 ? run_steps(c, at, here, length) : run_masked(c, at, here, length);
    }
    return good;
}

/* Goes to the next row of the box: counts the outer axes up like an odometer. False after the last. */
static bool next_row(const call *c, place *here, const intptr_t *shape, intptr_t *index)
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

static bool run_box(const call *c, place *here, intptr_t begin, intptr_t end)
{
    intptr_t shape[TM_MAX_DIMS], index[TM_MAX_DIMS];
    const intptr_t first = c->split == c->dims - 1 ? begin : 0;
    bool good;

    memcpy(shape, c->shape, c->dims * sizeof *shape);
    memset(index, 0, c->dims * sizeof *index);
    shape[c->split] = end - begin;
    do {
        good = run_row(c, here, first, shape[c->dims - 1]);
    } while (good && next_row(c, here, shape, index));
    return good;
}

/* Where the box's first row begins. */
static void enter_box(const call *c, place *here, char *buffer, intptr_t begin)
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

static tm_status run_chunk(void *ctx, size_t begin, size_t end)
{
    call *c = ctx;
    const tm_program *program = c->program;
    _Alignas(64) char buffer[BUFFER_BYTES];
    place here;

    if (end == c->cut) end = (size_t)c->shape[c->split];
    enter_box(c, &here, buffer, (intptr_t)begin);
    const char *watched = program->stop < 0 ? NULL : here.at[program->stop];
    tm_x87_control mine = tm_x87_enter(c->x87);
    bool good = run_box(c, &here, (intptr_t)begin, (intptr_t)end);
    tm_x87_leave(mine);
    if (c->streams) tm_stream_end(); /* what was written is there before the chunk counts as done */
    if (here.fp_flags) atomic_fetch_or_explicit(&c->fp_flags, here.fp_flags, memory_order_relaxed);
    if (watched != NULL && *watched == program->stop_value) return TM_FAILED;
    return good ? TM_OK : TM_FAILED;
}

/* Elements in a tile, 0 where a row need not be cut. */
static size_t tile_of(const tm_program *program)
{
    size_t item = 0, tile = TILE_MOST;
    for (size_t k = 0; k < program->buffers; k++) item += program->buffer_item[k];
    while (tile * item > BUFFER_BYTES) tile /= 2;
    return item == 0 ? 0 : tile;
}

/* How many indices are cut into chunks. Along a row the last chunk is not to be a short one, for the reason that
 * tile_length gives; where each chunk has a result of its own, it may be. */
static size_t cut_of(const call *c)
{
    const size_t n = (size_t)c->shape[c->split], rest = n % c->grain;
    if (c->split != c->dims - 1 || rest == n || rest >= c->grain / 2) return n;
    for (size_t k = 0; k < c->program->arrays; k++)
        if (c->hops[k] != 0) return n;
    return n - rest;
}

static bool is_sound_step(const tm_step *step, size_t slots)
{
    if (step->operands > TM_MAX_OPERANDS || step->core_dims > TM_MAX_CORE || step->core_strides > TM_MAX_CORE)
        return false;
    for (size_t k = 0; k < step->operands; k++)
        if (step->slot[k] >= slots) return false;
    return true;
}

/* Whether a program is one: its slots are there, and a tile of its buffers fits. */
static bool is_sound(const tm_program *program)
{
    const size_t arrays = program->arrays, buffers = program->buffers;
    size_t room = BUFFER_BYTES / TILE_LEAST;
    if (arrays > TM_MAX_SLOTS || buffers > TM_MAX_SLOTS - arrays || program->steps > TM_MAX_STEPS) return false;
    if (buffers > sizeof program->buffer_item / sizeof *program->buffer_item) return false;
    if (program->mask >= (int)arrays || program->stop >= (int)arrays || program->block > PTRDIFF_MAX) return false;
    for (size_t k = 0; k < buffers; room -= program->buffer_item[k++])
        if (program->buffer_item[k] == 0 || program->buffer_item[k] > room) return false;
    for (size_t i = 0; i < program->steps; i++)
        if (!is_sound_step(&program->step[i], arrays + buffers)) return false;
    return true;
}

/* Whether the layout is as long as a sound program reads it. */
static bool is_whole(const tm_program *program, size_t dims, size_t numbers)
{
    size_t core = 0;
    for (size_t i = 0; i < program->steps; i++)
        core = TM_MAX(core, program->step[i].core_dims + program->step[i].core_strides);
    return numbers >= dims + program->arrays * (dims + 1) + core;
}

/* Whether each chunk writes to memory of its own. */
static bool writes_apart(const call *c)
{
    if ((size_t)c->shape[c->split] <= c->grain) return true;
    for (size_t k = 0; k < c->program->arrays; k++)
        if (c->program->written >> k & 1 && c->strides[k * c->dims + c->split] == 0 && c->hops[k] == 0) return false;
    return true;
}

int tm_run_program(tm_pool *pool, const tm_program *program, size_t dims, const intptr_t *layout, size_t numbers,
                   char *const *data, size_t count, size_t split, size_t grain)
{
    const size_t arrays = program->arrays;
    if (dims == 0 || dims > TM_MAX_DIMS || split >= dims || grain == 0 || count != arrays) return TM_INVALID;
    if (!is_sound(program) || !is_whole(program, dims, numbers)) return TM_INVALID;
    call c = {
        .program = program, .dims = dims, .split = split, .grain = grain, .tile = tile_of(program),
        .shape = layout, .strides = layout + dims, .hops = layout + dims + arrays * dims,
        .core = layout + dims + arrays * dims + arrays, .data = data, .x87 = tm_x87_save(),
    };
    for (size_t axis = 0; axis < dims; axis++)
        if (layout[axis] <= 0) return layout[axis] < 0 ? TM_INVALID : TM_OK;
    if (!writes_apart(&c)) return TM_INVALID;
    for (size_t i = 0; i < program->steps; i++) c.streams |= program->step[i].loop == tm_stream_loop;
    size_t elements = grain;
    for (size_t axis = 0; axis < dims; axis++) elements *= axis == split ? 1 : (size_t)layout[axis];
    c.cut = cut_of(&c);
    tm_loop loop = {.n = c.cut, .grain = grain, .body = run_chunk, .ctx = &c,
                    .short_chunks = elements <= SHORT_CHUNK};
    tm_status status = tm_run_loop(pool, &loop);
    return status == TM_OK ? (int)atomic_load_explicit(&c.fp_flags, memory_order_relaxed) : (int)status;
}

/* A 64th, but not so little that claiming it shows, nor so much that an interrupt would wait. Chunks begin where
 * every vector does that a loop may have begun at the array's first element, and a whole tile of that before. */
enum { CHUNKS = 64, FEWEST = 1024, MOST = 65536, WHOLE = 256 };

size_t tm_chunk_elements(size_t n)
{
    size_t elements = TM_MIN(TM_MAX(n / CHUNKS, (size_t)FEWEST), (size_t)MOST);
    return (elements + WHOLE - 1) / WHOLE * WHOLE;
}

/* How dense arrays a and b of n elements lie to one another. */
typedef enum relation { APART, SAME, OVERLAPPING } relation;

static relation relate(const char *a, intptr_t a_stride, const char *b, intptr_t b_stride, size_t n)
{
    const uintptr_t first = (uintptr_t)a, second = (uintptr_t)b;
    if (first == second && a_stride == b_stride) return SAME;
    const size_t a_bytes = a_stride ? n * (size_t)a_stride : 1, b_bytes = b_stride ? n * (size_t)b_stride : 1;
    return first < second + b_bytes && second < first + a_bytes ? OVERLAPPING : APART;
}

int tm_run_dense(tm_pool *pool, const tm_program *program, const tm_program *streaming, size_t n, char *const *data,
                 size_t count)
{
    const size_t arrays = program->arrays;
    const intptr_t *stride = program->stride;
    intptr_t layout[1 + 2 * TM_MAX_OPERANDS] = {(intptr_t)n};
    bool large = false, in_place = false;

    if (arrays > TM_MAX_OPERANDS || count != arrays || n > PTRDIFF_MAX) return TM_INVALID;
    for (size_t out = program->inputs; out < arrays; out++) {
        if (stride[out] == 0 && n > 1) return TM_INVALID; /* all results would go to one element */
        large |= n * (size_t)stride[out] > tm_last_level_cache();
        for (size_t k = 0; k < out; k++) {
            relation found = relate(data[k], stride[k], data[out], stride[out], n);
            if (found == OVERLAPPING || (found == SAME && k >= program->inputs)) return TM_OVERLAP;
            in_place |= found == SAME;
        }
    }
    memcpy(layout + 1, stride, arrays * sizeof *stride);
    program = large && !in_place ? streaming : program;
    return tm_run_program(pool, program, 1, layout, 1 + 2 * arrays, data, count, 0, tm_chunk_elements(n));
}

int tm_stream_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides, void *auxdata)
{
    (void)strides, (void)auxdata;
    tm_stream_copy(data[1], data[0], (size_t)dims[0] * (size_t)(uintptr_t)context);
    return 0;
}
