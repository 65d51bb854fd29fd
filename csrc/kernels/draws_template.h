/* draws_template.h: numbers of one kind out of a generator's stream.
 *
 * Parameters:
 *   GENERATOR   pcg64 or pcg64dxsm: the functions GENERATOR_multiplier, GENERATOR_first and GENERATOR_hash
 *   NUMBER      the kind of numbers: the function put_NUMBER, which makes them of a draw
 * NUMBER is undefined at the end. */

static size_t TM_JOIN3(fill, GENERATOR, NUMBER)(const tm_uint128 from[2], size_t draws,
                                                const tm_bounds *given, void *out)
{
    const tm_bounds bounds = *given; /* a copy, which no store into `out` can change */
    const tm_uint128 multiplier = TM_JOIN2(GENERATOR, multiplier)();
    tm_uint128 lane[LANES], state = TM_JOIN2(GENERATOR, first)(from), times = 1, plus = 0;
    size_t i = 0, at = 0;

    for (size_t k = 0; k < LANES; k++) {
        lane[k] = state;
        state = state * multiplier + from[1];
        plus = plus * multiplier + from[1];
        times *= multiplier;
    }
    for (; i + LANES <= draws; i += LANES) TM_UNROLL
    for (size_t k = 0; k < LANES; k++) {
        at = TM_JOIN2(put, NUMBER)(TM_JOIN2(GENERATOR, hash)(lane[k]), &bounds, out, at);
        lane[k] = lane[k] * times + plus;
    }
    for (size_t k = 0; i + k < draws; k++)
        at = TM_JOIN2(put, NUMBER)(TM_JOIN2(GENERATOR, hash)(lane[k]), &bounds, out, at);
    return at;
}

#undef NUMBER
