/* test_random.c: random numbers against the generators as they are defined, one draw after the other. */
#include "check.h"
#include "common.h"

typedef unsigned __int128 uint128;
enum { LONGEST = 70001 };
static _Alignas(64) char made[LONGEST * 8 + 8], expected[LONGEST * 8];

/* ---- the reference ---- */

typedef struct reference {
    tm_generator generator;
    uint128 state, increment;
    uint32_t has_half, half;
} reference;

static uint64_t draw(reference *r)
{
    if (r->generator == TM_PCG64DXSM) {
        const uint64_t multiplier = UINT64_C(0xda942042e4dd58b5), low = (uint64_t)r->state | 1;
        uint64_t high = (uint64_t)(r->state >> 64);
        high = (high ^ high >> 32) * multiplier;
        r->state = r->state * multiplier + r->increment;
        return (high ^ high >> 48) * low;
    }
    r->state *= (uint128)UINT64_C(2549297995355413924) << 64 | UINT64_C(4865540595714422341);
    r->state += r->increment;
    const uint64_t x = (uint64_t)(r->state >> 64) ^ (uint64_t)r->state;
    const int turn = (int)(r->state >> 122);
    return turn ? x >> turn | x << (64 - turn) : x;
}

static uint32_t half(reference *r)
{
    r->has_half = !r->has_half;
    if (!r->has_half) return r->half;
    const uint64_t whole = draw(r);
    r->half = (uint32_t)(whole >> 32);
    return (uint32_t)whole;
}

/* An integer from 0 to most: of draws of `bits` bits those are rejected of which there is one too many for
 * some integers. */
static uint64_t bounded(reference *r, int bits, uint64_t most)
{
    const uint128 range = (uint128)most + 1, all = (uint128)1 << bits;
    for (;;) {
        const uint128 product = range * (bits == 64 ? draw(r) : half(r));
        if (product % all >= all % range) return (uint64_t)(product / all);
    }
}

static void reference_numbers(reference *r, tm_numbers numbers, size_t n, uint64_t lowest, uint64_t most)
{
    for (size_t i = 0; i < n; i++) switch ((int)numbers) {
        case TM_RANDOM_FLOAT64:
            ((double *)(void *)expected)[i] = (double)(draw(r) >> 11) / 9007199254740992.0;
            break;
        case TM_RANDOM_FLOAT32: ((float *)(void *)expected)[i] = (float)(half(r) >> 8) / 16777216.0f; break;
        case TM_RANDOM_INTEGER32:
            ((uint32_t *)(void *)expected)[i] = (uint32_t)(lowest + bounded(r, 32, most));
            break;
        case TM_RANDOM_INTEGER64: ((uint64_t *)(void *)expected)[i] = lowest + bounded(r, 32, most); break;
        default: ((uint64_t *)(void *)expected)[i] = lowest + bounded(r, 64, most);
        }
}

/* ---- comparisons ---- */

static const size_t sizes[TM_NUMBERS] = {8, 4, 4, 8, 8};

static void check_numbers(tm_pool *pool, tm_generator generator, tm_numbers numbers, size_t n,
                          uint64_t lowest, uint64_t most, uint32_t has_half)
{
    tm_place place = {{UINT64_C(0xe500c1d129ce9183) * (n + 1), most}, {3, lowest | 1}, has_half, 77777};
    reference r = {generator, (uint128)place.state[0] << 64 | place.state[1],
                   (uint128)place.increment[0] << 64 | place.increment[1], has_half, 77777};

    reference_numbers(&r, numbers, n, lowest, most);
    memset(made, 0x5a, sizeof made);
    CHECK(tm_random(pool, generator, numbers, n, lowest, most, &place, made) == TM_OK);
    CHECK(memcmp(made, expected, n * sizes[numbers]) == 0);
    CHECK(made[n * sizes[numbers]] == 0x5a);
    CHECK(place.state[0] == (uint64_t)(r.state >> 64) && place.state[1] == (uint64_t)r.state);
    CHECK(place.has_half == r.has_half && place.half == r.half);
    CHECK(place.increment[0] == 3 && place.increment[1] == (lowest | 1));
}

static const size_t lengths[] = {0, 1, 2, 3, 4, 5, 8, 1000, 16384, 16385, 32769, LONGEST};

TEST(numbers_are_the_references_on_any_number_of_threads)
{
    static const uint64_t mosts[] = {1,          2,          99,         1u << 30,       3u << 30,
                                     INT32_MAX,  1u << 31,   UINT32_MAX, 1ull << 32,     3ull << 61,
                                     1ull << 63, UINT64_MAX, INT64_MAX,  UINT64_MAX - 1, 10000000000};
    for (size_t threads = 0; threads <= 3; threads += 3) {
        tm_pool *pool = NULL;
        if (threads) CHECK(tm_pool_create(&(tm_pool_options){.threads = threads}, &pool) == TM_OK);
        for (size_t at = 0; at < sizeof lengths / sizeof *lengths; at++)
            for (size_t m = 0; m < sizeof mosts / sizeof *mosts; m++)
                for (int generator = 0; generator < TM_GENERATORS; generator++)
                    for (int numbers = 0; numbers < TM_NUMBERS; numbers++) {
                        if (numbers != TM_RANDOM_WIDE64 && mosts[m] > UINT32_MAX) continue;
                        if (numbers < TM_RANDOM_INTEGER32 && m > 1) continue;
                        check_numbers(pool, (tm_generator)generator, (tm_numbers)numbers, lengths[at],
                                      (uint64_t)-5, mosts[m], m & 1);
                    }
        tm_pool_destroy(pool);
    }
}

TEST(draws_are_those_that_numpy_makes_of_seed_5)
{
    static const uint64_t known[][3] = {
        {UINT64_C(0xce14abeeabb8e5a8), UINT64_C(0xced5352505cc99f5), UINT64_C(0x83ec603f7806adc0)},
        {UINT64_C(0xfef6a6d2588adaa5), UINT64_C(0x75cf770a83d50ab7), UINT64_C(0x0e1f950e0ce5f136)}};
    for (int generator = 0; generator < TM_GENERATORS; generator++) {
        tm_place place = {{UINT64_C(0xe500c1d129ce9183), UINT64_C(0xd973b921e554efee)},
                          {UINT64_C(0xaf6f7b8c936ab4a4), UINT64_C(0x4f020b7b2d10234d)},
                          0,
                          0};
        uint64_t out[3];
        CHECK(tm_random(NULL, (tm_generator)generator, TM_RANDOM_WIDE64, 3, 0, UINT64_MAX, &place, out) ==
              TM_OK);
        CHECK(memcmp(out, known[generator], sizeof out) == 0);
    }
}

TEST(what_can_not_be_made_is_invalid)
{
    tm_place place = {{1, 2}, {3, 5}, 0, 0};
    CHECK(tm_random(NULL, TM_GENERATORS, TM_RANDOM_FLOAT64, 1, 0, 0, &place, made) == TM_INVALID);
    CHECK(tm_random(NULL, TM_PCG64, TM_NUMBERS, 1, 0, 0, &place, made) == TM_INVALID);
    CHECK(tm_random(NULL, TM_PCG64, TM_RANDOM_FLOAT64, SIZE_MAX / 8, 0, 0, &place, made) == TM_INVALID);
    CHECK(tm_random(NULL, TM_PCG64, TM_RANDOM_INTEGER64, 1, 0, 1ull << 32, &place, made) == TM_INVALID);
    CHECK(place.state[0] == 1 && place.state[1] == 2 && place.has_half == 0);
}

int main(void)
{
    RUN(numbers_are_the_references_on_any_number_of_threads);
    RUN(draws_are_those_that_numpy_makes_of_seed_5);
    RUN(what_can_not_be_made_is_invalid);
    return finish();
}
