/* memory.c: memory that arrays of any layout share, and the outputs of a program that go past the caches. */
#include "memory.h"

#include <inttypes.h>

/* The memory from an array's first byte to its last. */
typedef struct memory_span {
    uintptr_t begin, end;
} memory_span;

static memory_span memory_span_of(uintptr_t data, size_t item, size_t dims, const intptr_t *shape,
                                  const intptr_t *strides)
{
    memory_span span = {data, data + item};
    for (size_t axis = 0; axis < dims; axis++) {
        if (shape[axis] <= 0) return (memory_span){data, data};
        const intptr_t reach = (shape[axis] - 1) * strides[axis];
        if (reach < 0)
            span.begin += (uintptr_t)reach;
        else
            span.end += (uintptr_t)reach;
    }
    return span;
}

/* ---- arrays ------------------------------------------------------------------------------- */

/* An array as it is told: address, dtype, size of an element, shape, strides. */
enum { ADDRESS, DTYPE, ITEM, SHAPE };

static size_t memory_dims(size_t numbers)
{
    return (numbers - SHAPE) / 2;
}

static memory_span memory_span_of_array(const intptr_t *array, size_t numbers)
{
    const size_t dims = memory_dims(numbers);
    return memory_span_of((uintptr_t)array[ADDRESS], (size_t)array[ITEM], dims, array + SHAPE,
                          array + SHAPE + dims);
}

tm_relation tm_relate(const intptr_t *a, size_t a_numbers, const intptr_t *b, size_t b_numbers)
{
    const memory_span first = memory_span_of_array(a, a_numbers), second = memory_span_of_array(b, b_numbers);
    if (tm_are_apart(first.begin, first.end, second.begin, second.end)) return TM_APART;
    return a_numbers == b_numbers && memcmp(a, b, a_numbers * sizeof *a) == 0 ? TM_SAME : TM_OVERLAPPING;
}

/* The axis, of those not in `seen`, with the smallest stride and the fewest elements. */
static size_t memory_next_axis(const intptr_t *shape, const intptr_t *strides, size_t dims, uint64_t seen)
{
    size_t next = dims;
    for (size_t axis = 0; axis < dims; axis++) {
        if (seen >> axis & 1) continue;
        if (next == dims) next = axis;
        const intptr_t here = imaxabs(strides[axis]), least = imaxabs(strides[next]);
        if (here < least || (here == least && shape[axis] < shape[next])) next = axis;
    }
    return next;
}

int tm_overlaps_itself(const intptr_t *array, size_t numbers)
{
    const size_t dims = memory_dims(numbers);
    const intptr_t *shape = array + SHAPE, *strides = shape + dims;
    intptr_t span = array[ITEM];
    uint64_t seen = 0;
    bool steps_over = true;

    for (size_t count = 0; count < dims; count++) {
        const size_t axis = memory_next_axis(shape, strides, dims, seen);
        const intptr_t stride = imaxabs(strides[axis]);
        seen |= UINT64_C(1) << axis;
        if (shape[axis] <= 0) return false;
        steps_over &= shape[axis] == 1 || stride >= span;
        span += stride * (shape[axis] - 1);
    }
    return !steps_over;
}

/* ---- outputs past the caches -------------------------------------------------------------- */

/* Rows of fewer elements part too many lines of the caches to be written past them. */
enum { LONG_ROW = 1024 };

static bool memory_is_streamed(const tm_program *program, size_t k, size_t dims, const intptr_t *layout,
                               char *const *data)
{
    const intptr_t *strides = layout + dims;
    const size_t item = program->stream_item[k];
    size_t bytes = item;
    if (item == 0 || strides[k * dims + dims - 1] != (intptr_t)item) return false;
    for (size_t axis = 0; axis < dims; axis++) bytes *= (size_t)layout[axis];
    if (!tm_worth_streaming(bytes) || (dims > 1 && layout[dims - 1] < LONG_ROW)) return false;
    const memory_span out = memory_span_of((uintptr_t)data[k], item, dims, layout, strides + k * dims);
    for (size_t other = 0; other < program->arrays; other++) {
        const memory_span x = memory_span_of((uintptr_t)data[other], 1, dims, layout, strides + other * dims);
        if (other != k && !tm_are_apart(x.begin, x.end, out.begin, out.end)) return false;
    }
    return true;
}

/* Has output k made in a new buffer, and the buffer copied. */
static void memory_stream(tm_program *program, size_t k)
{
    const size_t buffer = program->arrays + program->buffers;
    for (size_t i = 0; i < program->steps; i++)
        for (size_t operand = 0; operand < program->step[i].operands; operand++)
            if (program->step[i].slot[operand] == k) program->step[i].slot[operand] = (uint8_t)buffer;
    program->buffer_item[program->buffers++] = program->stream_item[k];
    program->step[program->steps++] = (tm_step){
        .loop = tm_stream_loop,
        .context = (void *)(uintptr_t)program->stream_item[k],
        .operands = 2,
        .slot = {(uint8_t)buffer, (uint8_t)k},
    };
}

const tm_program *tm_with_streams(const tm_program *program, tm_program *copy, size_t dims,
                                  const intptr_t *layout, char *const *data)
{
    const tm_program *chosen = program;
    if (program->mask >= 0) return program; /* it leaves gaps */
    for (size_t k = 0; k < TM_MIN(program->arrays, (size_t)TM_MAX_OPERANDS); k++) {
        const bool has_room = chosen->steps < TM_MAX_STEPS && chosen->buffers < TM_MAX_OPERANDS * 2 &&
                              chosen->arrays + chosen->buffers < TM_MAX_SLOTS;
        if (!has_room || !memory_is_streamed(program, k, dims, layout, data)) continue;
        if (chosen == program) *copy = *program;
        chosen = copy;
        memory_stream(copy, k);
    }
    return chosen;
}
