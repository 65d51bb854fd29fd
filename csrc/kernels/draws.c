/* draws.c: the two generators, the kinds of numbers, and their kernels.
 *
 * The generators are O'Neill's PCG, 128 bits wide, with its outputs XSL RR and DXSM; kinds of numbers and
 * their order in the stream are those of numpy.random.Generator. */
#include "draws.h"

#include "kernel.h"

/* Ways along the stream at once: enough that the product of one is ready when its turn comes again. */
enum { LANES = 4 };

/* ---- generators ---------------------------------------------------------------------------- */

static inline tm_uint128 pcg64_multiplier(void)
{
    return (tm_uint128)UINT64_C(0x2360ed051fc65da4) << 64 | UINT64_C(0x4385df649fccf645);
}

/* The state that the first draw is hashed out of: the next one. */
static inline tm_uint128 pcg64_first(const tm_uint128 state[2])
{
    return state[0] * pcg64_multiplier() + state[1];
}

static inline uint64_t pcg64_hash(tm_uint128 state)
{
    const uint64_t x = (uint64_t)(state >> 64) ^ (uint64_t)state;
    const unsigned turn = (unsigned)(state >> 122);
    return x >> turn | x << (-turn & 63);
}

static uint64_t pcg64_draw(const tm_uint128 state[2])
{
    return pcg64_hash(pcg64_first(state));
}

#define DXSM_MULTIPLIER UINT64_C(0xda942042e4dd58b5)

static inline tm_uint128 pcg64dxsm_multiplier(void)
{
    return DXSM_MULTIPLIER;
}

/* The present one: the next is made while this is hashed. */
static inline tm_uint128 pcg64dxsm_first(const tm_uint128 state[2])
{
    return state[0];
}

static inline uint64_t pcg64dxsm_hash(tm_uint128 state)
{
    uint64_t high = (uint64_t)(state >> 64);
    high ^= high >> 32;
    high *= DXSM_MULTIPLIER;
    high ^= high >> 48;
    return high * ((uint64_t)state | 1);
}

static uint64_t pcg64dxsm_draw(const tm_uint128 state[2])
{
    return pcg64dxsm_hash(state[0]);
}

/* ---- kinds of numbers ---------------------------------------------------------------------- */

/* Each puts the numbers of a draw, or of a half of one, at out[at] on; the place after them. */

static inline size_t put_float64(uint64_t draw, const tm_bounds *bounds, void *out, size_t at)
{
    (void)bounds;
    ((double *)out)[at] = (double)(draw >> 11) * 0x1p-53;
    return at + 1;
}

static inline size_t put_wide64(uint64_t draw, const tm_bounds *bounds, void *out, size_t at)
{
    const tm_uint128 product = (tm_uint128)draw * bounds->most + draw;
    if ((uint64_t)product < bounds->least) return at;
    ((uint64_t *)out)[at] = bounds->lowest + (uint64_t)(product >> 64);
    return at + 1;
}

static inline size_t half_float32(uint32_t half, const tm_bounds *bounds, void *out, size_t at)
{
    (void)bounds;
    ((float *)out)[at] = (float)(half >> 8) * 0x1p-24f;
    return at + 1;
}

static inline size_t half_integer32(uint32_t half, const tm_bounds *bounds, void *out, size_t at)
{
    const uint64_t product = half * bounds->most + half;
    if ((uint32_t)product < bounds->least) return at;
    ((uint32_t *)out)[at] = (uint32_t)(bounds->lowest + (product >> 32));
    return at + 1;
}

static inline size_t half_integer64(uint32_t half, const tm_bounds *bounds, void *out, size_t at)
{
    const uint64_t product = half * bounds->most + half;
    if ((uint32_t)product < bounds->least) return at;
    ((uint64_t *)out)[at] = bounds->lowest + (product >> 32);
    return at + 1;
}

/* Both halves of a draw, the lower one first; and one that is left of a draw. */
#define HALVES(name)                                                                                         \
    static inline size_t put_##name(uint64_t draw, const tm_bounds *bounds, void *out, size_t at)            \
    {                                                                                                        \
        at = half_##name((uint32_t)draw, bounds, out, at);                                                   \
        return half_##name((uint32_t)(draw >> 32), bounds, out, at);                                         \
    }                                                                                                        \
    static size_t one_##name(uint32_t half, const tm_bounds *bounds, void *out)                              \
    {                                                                                                        \
        return half_##name(half, bounds, out, 0);                                                            \
    }
HALVES(float32)
HALVES(integer32)
HALVES(integer64)
#undef HALVES

/* ---- the kernels --------------------------------------------------------------------------- */

#define TEMPLATE "draws_template.h"

#define GENERATOR pcg64
#define NUMBER float64
#include TEMPLATE
#define NUMBER float32
#include TEMPLATE
#define NUMBER integer32
#include TEMPLATE
#define NUMBER integer64
#include TEMPLATE
#define NUMBER wide64
#include TEMPLATE
#undef GENERATOR

#define GENERATOR pcg64dxsm
#define NUMBER float64
#include TEMPLATE
#define NUMBER float32
#include TEMPLATE
#define NUMBER integer32
#include TEMPLATE
#define NUMBER integer64
#include TEMPLATE
#define NUMBER wide64
#include TEMPLATE
#undef GENERATOR
#undef TEMPLATE

const tm_generator_kernels tm_generators[TM_GENERATORS] = {
    [TM_PCG64] = {pcg64_multiplier,
                  pcg64_draw,
                  {fill_pcg64_float64, fill_pcg64_float32, fill_pcg64_integer32, fill_pcg64_integer64,
                   fill_pcg64_wide64}},
    [TM_PCG64DXSM] = {pcg64dxsm_multiplier,
                      pcg64dxsm_draw,
                      {fill_pcg64dxsm_float64, fill_pcg64dxsm_float32, fill_pcg64dxsm_integer32,
                       fill_pcg64dxsm_integer64, fill_pcg64dxsm_wide64}},
};

const tm_half_fn tm_halves[TM_NUMBERS] = {NULL, one_float32, one_integer32, one_integer64, NULL};
