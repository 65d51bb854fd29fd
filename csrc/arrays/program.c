/* program.c: checks a program and its layout, cuts the space into chunks, has them walked. */
#include "../parallel_for.h"
#include "memory.h"
#include "walk.h"

/* Elements that surely take less than to wake a sleeper. */
enum { SHORT_CHUNK = 4096 };

/* Elements in a tile, 0 where a row need not be cut. */
static size_t program_tile(const tm_program *program)
{
    size_t item = 0, tile = TM_TILE_MOST;
    for (size_t k = 0; k < program->buffers; k++) item += program->buffer_item[k];
    while (tile * item > TM_BUFFER_BYTES) tile /= 2;
    return item == 0 ? 0 : tile;
}

/* How many indices are cut into chunks. Along a row the last chunk is not to be a short one, for the
 * reason that walk_tile_length gives; where each chunk has a result of its own, it may be. */
static size_t program_cut(const tm_walk *c)
{
    const size_t n = (size_t)c->shape[c->split], rest = n % c->grain;
    if (c->split != c->dims - 1 || rest == n || rest >= c->grain / 2) return n;
    for (size_t k = 0; k < c->program->arrays; k++)
        if (c->hops[k] != 0) return n;
    return n - rest;
}

static bool program_is_sound_step(const tm_step *step, size_t slots)
{
    if (step->operands > TM_MAX_OPERANDS || step->core_dims > TM_MAX_CORE || step->core_strides > TM_MAX_CORE)
        return false;
    for (size_t k = 0; k < step->operands; k++)
        if (step->slot[k] >= slots) return false;
    return true;
}

/* Whether a program is one: its slots are there, and a tile of its buffers fits. */
static bool program_is_sound(const tm_program *program)
{
    const size_t arrays = program->arrays, buffers = program->buffers;
    size_t room = TM_BUFFER_BYTES / TM_TILE_LEAST;
    if (arrays > TM_MAX_SLOTS || buffers > TM_MAX_SLOTS - arrays || program->steps > TM_MAX_STEPS)
        return false;
    if (buffers > sizeof program->buffer_item / sizeof *program->buffer_item) return false;
    if (program->mask >= (int)arrays || program->stop >= (int)arrays || program->block > PTRDIFF_MAX)
        return false;
    for (size_t k = 0; k < buffers; room -= program->buffer_item[k++])
        if (program->buffer_item[k] == 0 || program->buffer_item[k] > room) return false;
    for (size_t i = 0; i < program->steps; i++)
        if (!program_is_sound_step(&program->step[i], arrays + buffers)) return false;
    return true;
}

/* Whether the layout is as long as a sound program reads it. */
static bool program_has_layout(const tm_program *program, size_t dims, size_t numbers)
{
    size_t core = 0;
    for (size_t i = 0; i < program->steps; i++)
        core = TM_MAX(core, program->step[i].core_dims + program->step[i].core_strides);
    return numbers >= dims + program->arrays * (dims + 1) + core;
}

/* Whether each chunk writes to memory of its own. */
static bool program_writes_apart(const tm_walk *c)
{
    if ((size_t)c->shape[c->split] <= c->grain) return true;
    for (size_t k = 0; k < c->program->arrays; k++)
        if (c->program->written >> k & 1 && c->strides[k * c->dims + c->split] == 0 && c->hops[k] == 0)
            return false;
    return true;
}

int tm_run_program(tm_pool *pool, const tm_program *program, size_t dims, const intptr_t *layout,
                   size_t numbers, char *const *data, size_t count, size_t split, size_t grain)
{
    const size_t arrays = program->arrays;
    if (dims == 0 || dims > TM_MAX_DIMS || split >= dims || grain == 0 || count != arrays) return TM_INVALID;
    if (!program_is_sound(program) || !program_has_layout(program, dims, numbers)) return TM_INVALID;
    for (size_t axis = 0; axis < dims; axis++)
        if (layout[axis] <= 0) return layout[axis] < 0 ? TM_INVALID : TM_OK;
    tm_program copy;
    program = tm_with_streams(program, &copy, dims, layout, data);
    tm_walk c = {
        .program = program,
        .dims = dims,
        .split = split,
        .grain = grain,
        .tile = program_tile(program),
        .shape = layout,
        .strides = layout + dims,
        .hops = layout + dims + arrays * dims,
        .core = layout + dims + arrays * dims + arrays,
        .data = data,
        .x87 = tm_x87_save(),
        .streams = program == &copy,
    };
    if (!program_writes_apart(&c)) return TM_INVALID;
    size_t elements = grain;
    for (size_t axis = 0; axis < dims; axis++) elements *= axis == split ? 1 : (size_t)layout[axis];
    c.cut = program_cut(&c);
    tm_loop loop = {.n = c.cut,
                    .grain = grain,
                    .body = tm_walk_chunk,
                    .ctx = &c,
                    .label = program->label,
                    .short_chunks = elements <= SHORT_CHUNK};
    tm_status status = tm_run_loop(pool, &loop);
    return status == TM_OK ? (int)atomic_load_explicit(&c.fp_flags, memory_order_relaxed) : (int)status;
}
