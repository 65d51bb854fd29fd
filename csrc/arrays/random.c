/* random.c: random numbers: cuts the draws of a stream into chunks, which begin where they stand in the stream,
 * and closes the gaps that rejected draws leave.
 *
 * A chunk makes its numbers of a range of draws. The place of its first number in `out` is known but for the
 * draws that chunks before it reject: so it writes where it would stand if none did, and all that comes after
 * a gap is moved when the loop is over. Numbers that are then missing are made by another loop. */
#include "../kernels/draws.h"
#include "../parallel_for.h"

/* Draws in a chunk: 10 to 15 us, against half a microsecond for finding its place in the stream. */
enum { GRAIN = 1 << 14 };

/* One call. */
typedef struct random_call {
    const tm_generator_kernels *generator;
    tm_draws_fn fill;
    tm_half_fn half; /* NULL: a number takes a whole draw */
    tm_bounds bounds;
    size_t size; /* of a number */
    size_t each; /* numbers of a draw */
    /* Where the call is: in the stream, and in the result. */
    tm_uint128 from[2]; /* state and increment */
    uint32_t has_half, put_by;
    char *out;
    size_t left;
    size_t *made; /* of each chunk, how many numbers; NULL: no draw is rejected */
} random_call;

static tm_status random_run_chunk(void *ctx, size_t begin, size_t end)
{
    const random_call *call = ctx;
    tm_uint128 from[2] = {call->from[0], call->from[1]};
    char *out = call->out + begin * call->each * call->size;

    tm_skip(from, call->generator->multiplier(), begin);
    const size_t made = call->fill(from, end - begin, &call->bounds, out);
    if (call->made) call->made[begin / GRAIN] = made;
    return TM_OK;
}

/* Moves the chunks' numbers together; how many they are. */
static size_t random_close_gaps(const random_call *call, size_t draws)
{
    const size_t chunk_bytes = GRAIN * call->each * call->size;
    size_t total = 0;

    if (call->made == NULL) return draws * call->each;
    for (size_t chunk = 0; chunk * GRAIN < draws; chunk++) {
        char *to = call->out + total * call->size, *made = call->out + chunk * chunk_bytes;
        if (to < made) memmove(to, made, call->made[chunk] * call->size);
        total += call->made[chunk];
    }
    return total;
}

static void random_advance(random_call *call, size_t numbers)
{
    call->out += numbers * call->size;
    call->left -= numbers;
}

/* A draw, whose upper half is put by. */
static uint64_t random_draw(random_call *call)
{
    const uint64_t draw = call->generator->draw(call->from);
    tm_skip(call->from, call->generator->multiplier(), 1);
    call->put_by = (uint32_t)(draw >> 32);
    return draw;
}

/* A number of the next half of a draw, if it is not rejected. */
static void random_take_half(random_call *call)
{
    call->has_half ^= 1;
    const uint32_t half = call->has_half ? (uint32_t)random_draw(call) : call->put_by;
    random_advance(call, call->half(half, &call->bounds, call->out));
}

/* The numbers of as many whole draws as are needed if none is rejected. */
static tm_status random_take_draws(tm_pool *pool, random_call *call)
{
    const size_t draws = call->left / call->each;
    tm_loop loop = {.n = draws, .grain = GRAIN, .body = random_run_chunk, .ctx = call, .label = "random"};
    const tm_status status = tm_run_loop(pool, &loop);

    if (status != TM_OK) return status;
    random_advance(call, random_close_gaps(call, draws));
    tm_skip(call->from, call->generator->multiplier(), draws - (call->half != NULL));
    if (call->half) random_draw(call); /* the last one */
    return TM_OK;
}

static tm_status random_run(tm_pool *pool, random_call *call)
{
    if (call->half && call->has_half && call->left > 0) random_take_half(call);
    while (call->left >= call->each) {
        const tm_status status = random_take_draws(pool, call);
        if (status != TM_OK) return status;
    }
    while (call->left > 0) random_take_half(call);
    return TM_OK;
}

/* Sizes of the numbers, in the order of tm_numbers. */
static const size_t random_sizes[TM_NUMBERS] = {8, 4, 4, 8, 8};

tm_status tm_random(tm_pool *pool, tm_generator generator, tm_numbers numbers, size_t n, uint64_t lowest,
                    uint64_t most, tm_place *place, void *out)
{
    if ((int)generator < 0 || generator >= TM_GENERATORS || (int)numbers < 0 || numbers >= TM_NUMBERS ||
        n > PTRDIFF_MAX / random_sizes[numbers])
        return TM_INVALID;
    random_call call = {
        .generator = &tm_generators[generator],
        .fill = tm_generators[generator].fill[numbers],
        .half = tm_halves[numbers],
        .bounds = {lowest, most, 0},
        .size = random_sizes[numbers],
        .each = tm_halves[numbers] ? 2 : 1,
        .from = {(tm_uint128)place->state[0] << 64 | place->state[1],
                 (tm_uint128)place->increment[0] << 64 | place->increment[1]},
        .has_half = place->has_half,
        .put_by = place->half,
        .out = out,
        .left = n,
    };
    if (numbers != TM_RANDOM_WIDE64 && most > UINT32_MAX) return TM_INVALID;
    if (numbers >= TM_RANDOM_INTEGER32 && most < UINT64_MAX)
        call.bounds.least = ((call.half ? UINT32_MAX : UINT64_MAX) - most) % (most + 1);
    if (call.bounds.least > 0) {
        call.made = malloc((n / call.each / GRAIN + 1) * sizeof *call.made);
        if (call.made == NULL) return TM_NO_MEMORY;
    }
    const tm_status status = random_run(pool, &call);
    free(call.made);
    if (status != TM_OK) return status;
    place->state[0] = (uint64_t)(call.from[0] >> 64);
    place->state[1] = (uint64_t)call.from[0];
    place->has_half = call.has_half;
    place->half = call.put_by;
    return TM_OK;
}
