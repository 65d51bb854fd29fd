/* draws.h: the streams of PCG64 and PCG64DXSM, draw by draw or from any place on, and kernels that make numbers
 * of them.
 *
 * A stream is a linear congruential sequence of 128 bits, state = multiplier * state + increment; a draw is
 * 64 bits hashed out of a state. k steps at once are such a step as well, with another multiplier and
 * increment: so a chunk can begin anywhere, and a loop can go several ways along the stream at a time, where
 * one alone waits for each product. */
#ifndef TM_DRAWS_H
#define TM_DRAWS_H

#include "../common.h"

typedef unsigned __int128 tm_uint128;

/* Bounded integers: that of a draw is lowest + (draw * (most + 1) >> its bits). Draws are rejected whose
 * product leaves less than `least`, 2^bits modulo (most + 1), in its lower bits. */
typedef struct tm_bounds {
    uint64_t lowest, most, least;
} tm_bounds;

/* Numbers of `draws` draws from {state, increment} on, side by side in `out`; how many they are. */
typedef size_t (*tm_draws_fn)(const tm_uint128 from[2], size_t draws, const tm_bounds *bounds, void *out);

/* One number of half a draw at out[0]; how many it is, 0 where it is rejected. */
typedef size_t (*tm_half_fn)(uint32_t half, const tm_bounds *bounds, void *out);

typedef struct tm_generator_kernels {
    tm_uint128 (*multiplier)(void);
    uint64_t (*draw)(const tm_uint128 from[2]); /* the next one */
    tm_draws_fn fill[TM_NUMBERS];
} tm_generator_kernels;

extern const tm_generator_kernels tm_generators[TM_GENERATORS];
extern const tm_half_fn tm_halves[TM_NUMBERS]; /* NULL: a number takes a whole draw */

/* Goes `steps` steps on. */
static inline void tm_skip(tm_uint128 from[2], tm_uint128 multiplier, size_t steps)
{
    tm_uint128 times = 1, plus = 0, power = multiplier, sum = from[1]; /* power, sum: 2^k steps at once */

    for (; steps > 0; steps >>= 1) {
        if (steps & 1) {
            times *= power;
            plus = plus * power + sum;
        }
        sum *= power + 1;
        power *= power;
    }
    from[0] = from[0] * times + plus;
}

#endif
