/* test_kernels.c: square and scale against a plain loop: every dtype, instruction set, edge and alias. */
#include "kernel_cases.h"

#include "machine.h"
#include "kernels/stream.h"

static const size_t lengths[] = {0,  1,  2,  3,  7,  8,   9,    15,   16,   17,   31,
                                 32, 33, 63, 64, 65, 127, 1000, 4095, 4096, 4097, 70001};
enum { LENGTHS = sizeof lengths / sizeof *lengths, LONGEST = 70001 + 4, GUARD = 0x5a };

/* ---- the reference ---- */

/* out = x * x where k is NULL, else x * *k; returns whether an integer product did not fit. */
static bool products(tm_dtype dtype, size_t n, const void *x, const void *k, void *out)
{
    bool overflow = false;
    switch (dtype) {
#define TM_INTEGER(code, name, type, wrap, root)                                                             \
    case code:                                                                                               \
        for (size_t i = 0; i < n; i++) {                                                                     \
            const type a = ((const type *)x)[i], b = k ? *(const type *)k : a;                               \
            overflow |= __builtin_mul_overflow(a, b, &((type *)out)[i]);                                     \
        }                                                                                                    \
        break;
#define TM_REAL(code, name, type)                                                                            \
    case code:                                                                                               \
        for (size_t i = 0; i < n; i++) {                                                                     \
            const type a = ((const type *)x)[i], b = k ? *(const type *)k : a;                               \
            ((type *)out)[i] = a * b;                                                                        \
        }                                                                                                    \
        break;
#include "kernels/dtypes.def"
    default: CHECK(false);
    }
    return overflow;
}

static bool has_products(tm_dtype dtype)
{
    return dtype != TM_BOOL && dtype < TM_COMPLEX64;
}

/* ---- results ---- */

static _Alignas(64) char source[LONGEST * 16], target[LONGEST * 16 + 64], expected[LONGEST * 16];

static int product(tm_pool *pool, tm_dtype dtype, size_t n, const void *x, const void *k, void *out,
                   int options)
{
    return k ? tm_scale(pool, dtype, n, x, k, out, options) : tm_square(pool, dtype, n, x, out, options);
}

static void check_product(tm_dtype dtype, size_t n, size_t offset, const void *k)
{
    const size_t bytes = n * sizes[dtype];
    const char *x = source + offset * sizes[dtype];
    char *out = target + (3 - offset) * sizes[dtype];

    products(dtype, n, x, k, expected);
    memset(target, GUARD, sizeof target);
    CHECK(product(NULL, dtype, n, x, k, out, 0) >= 0);
    CHECK(same(dtype, n, out, expected));
    CHECK(n == 0 || out == target || out[-1] == GUARD);
    CHECK(out[bytes] == GUARD);

    memcpy(out, x, bytes);
    CHECK(product(NULL, dtype, n, out, k, out, 0) >= 0);
    CHECK(same(dtype, n, out, expected));
    CHECK(out[bytes] == GUARD);
}

TEST(products_equal_the_plain_loop)
{
    EACH_LEVEL (level)
        EACH_DTYPE (dtype) {
            if (!has_products(dtype)) continue;
            _Alignas(16) char k[16];
            fill(dtype, LONGEST, source, false);
            put_nans(dtype, LONGEST, source);
            for (size_t at = 0; at < LENGTHS; at++)
                for (size_t offset = 0; offset < 4; offset++) {
                    fill(dtype, 1, k, offset % 2);
                    check_product(dtype, lengths[at], offset, NULL);
                    check_product(dtype, lengths[at], offset, k);
                }
        }
}

TEST(a_pool_gives_the_same_bits)
{
    tm_pool *pool = NULL;
    tm_pool_options options = {.threads = 3};
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    EACH_DTYPE (dtype) {
        if (!has_products(dtype)) continue;
        fill(dtype, LONGEST, source, false);
        put_nans(dtype, LONGEST, source);
        CHECK(tm_square(NULL, dtype, LONGEST, source, expected, 0) >= 0);
        CHECK(tm_square(pool, dtype, LONGEST, source, target, 0) >= 0);
        CHECK(memcmp(target, expected, LONGEST * sizes[dtype]) == 0);
    }
    tm_pool_destroy(pool);
}

/* ---- checked ---- */

TEST(checked_int8_and_uint8_know_every_product)
{
    EACH_LEVEL (level)
        for (int a = 0; a < 256; a++)
            for (int k = -1; k < 256; k++)
                for (tm_dtype dtype = TM_INT8; dtype <= TM_UINT8; dtype++) {
                    const char x[70] = {[3] = (char)a}, factor = (char)k;
                    const void *operand = k < 0 ? NULL : &factor;
                    const bool overflow = products(dtype, 70, x, operand, expected);
                    CHECK(product(NULL, dtype, 70, x, operand, target, TM_CHECKED) ==
                          (overflow ? TM_OVERFLOW : 0));
                    CHECK(overflow || memcmp(target, expected, 70) == 0);
                }
}

/* Around each limit, for factors of either sign. */
TEST(checked_products_overflow_where_the_plain_loop_does)
{
    static const int64_t factors[] = {0,    1,     -1,        2,         -2,        3,        -3,
                                      1000, -1000, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    EACH_LEVEL (level)
        for (tm_dtype dtype = TM_INT8; dtype <= TM_UINT64; dtype++)
            for (size_t f = 0; f <= sizeof factors / sizeof *factors; f++)
                for (int trial = 0; trial < 300; trial++) {
                    const void *k = f == 0 ? NULL : &factors[f - 1]; /* little-endian: its low bytes */
                    uint64_t x[9] = {0};
                    const uint64_t near = next_random() >> (next_random() % 64);
                    memcpy((char *)x + (size_t)trial % 9 * sizes[dtype], &near, sizes[dtype]);
                    const bool overflow = products(dtype, 9, x, k, expected);
                    CHECK(product(NULL, dtype, 9, x, k, target, TM_CHECKED) == (overflow ? TM_OVERFLOW : 0));
                }
}

TEST(checked_squares_end_at_the_root)
{
    EACH_LEVEL (level) {
#define TM_INTEGER(code, name, type, wrap, root)                                                             \
    {                                                                                                        \
        type x[3] = {0, (type)(root), 0};                                                                    \
        CHECK(tm_square(NULL, code, 3, x, target, TM_CHECKED) == 0);                                         \
        x[1] = (type)(x[1] + 1);                                                                             \
        CHECK(tm_square(NULL, code, 3, x, target, TM_CHECKED) == TM_OVERFLOW);                               \
    }
#include "kernels/dtypes.def"
    }
}

/* ---- arguments and flags ---- */

TEST(what_has_no_kernel_is_invalid)
{
    CHECK(tm_square(NULL, TM_BOOL, 1, source, target, 0) == TM_INVALID);
    CHECK(tm_scale(NULL, TM_BOOL, 1, source, source, target, 0) == TM_INVALID);
    CHECK(tm_square(NULL, TM_DTYPES, 1, source, target, 0) == TM_INVALID);
    CHECK(tm_square(NULL, TM_COMPLEX64, 1, source, target, 0) == TM_INVALID);
    CHECK(tm_scale(NULL, TM_COMPLEX128, 1, source, source, target, 0) == TM_INVALID);
    CHECK(tm_square(NULL, TM_FLOAT64, 1, source, target, TM_CHECKED) == TM_INVALID);
    CHECK(tm_square(NULL, TM_INT8, 1, source, target, 4) == TM_INVALID);
    CHECK(tm_square(NULL, TM_INT64, SIZE_MAX / 4, source, target, 0) == TM_INVALID);
    CHECK(tm_scale(NULL, TM_INT8, 1, source, NULL, target, 0) == TM_INVALID);
}

TEST(a_partial_overlap_is_refused_and_writes_nothing)
{
    memset(target, GUARD, sizeof target);
    CHECK(tm_square(NULL, TM_INT32, 100, target, target + 4, 0) == TM_OVERLAP);
    CHECK(tm_square(NULL, TM_INT32, 100, target + 396, target, 0) == TM_OVERLAP);
    CHECK(target[0] == GUARD && target[4] == GUARD && target[396] == GUARD);
    CHECK(tm_square(NULL, TM_INT32, 100, target + 400, target, 0) == 0);
    CHECK(tm_square(NULL, TM_INT32, 0, target, target + 4, 0) == 0);
}

TEST(the_factor_may_lie_inside_the_output)
{
    int32_t x[100];
    for (int i = 0; i < 100; i++) x[i] = i + 2;
    CHECK(tm_scale(NULL, TM_INT32, 100, x, &x[0], x, 0) == 0);
    for (int i = 0; i < 100; i++) CHECK(x[i] == 2 * (i + 2));
}

TEST(flags_are_those_of_the_elements_alone)
{
    EACH_LEVEL (level)
        for (size_t n = 1; n < 40; n++) {
            double x[80];
            const double infinite = INFINITY;
            for (size_t i = 0; i < 80; i++) x[i] = 1 + (double)(i % 2);
            CHECK(tm_scale(NULL, TM_FLOAT64, n, x, &infinite, target, 0) == 0);
            x[2 * (n / 2)] = 1e300;
            CHECK(tm_square(NULL, TM_FLOAT64, n + 1, x, target, 0) == TM_FP_OVERFLOW);
            x[2 * (n / 2)] = 0;
            CHECK(tm_scale(NULL, TM_FLOAT64, n + 1, x, &infinite, target, 0) == TM_FP_INVALID);
        }
}

/* ---- streaming ---- */

TEST(a_stream_copy_copies)
{
    for (size_t offset = 0; offset < 70; offset++)
        for (size_t bytes = 0; bytes < 300; bytes++) {
            memset(target, GUARD, 512);
            tm_stream_copy(target + offset, source + 1, bytes);
            tm_stream_end();
            CHECK(memcmp(target + offset, source + 1, bytes) == 0);
            CHECK(target[offset + bytes] == GUARD && (offset == 0 || target[offset - 1] == GUARD));
        }
}

TEST(an_output_beyond_the_cache_holds_the_same)
{
    const size_t n = tm_last_level_cache() / 8 + 70001;
    if (n > (size_t)32 << 20) return; /* half a GB: not on every machine */
    for (size_t offset = 0; offset < 3; offset++) {
        double *x = malloc((n + 3) * 8), *out = malloc((n + 3) * 8);
        CHECK(x != NULL && out != NULL);
        for (size_t i = 0; i < n; i++) x[i] = (double)i;
        CHECK(tm_square(NULL, TM_FLOAT64, n, x, out + offset, offset == 1 ? TM_FRESH_OUT : 0) == 0);
        size_t wrong = 0;
        for (size_t i = 0; i < n; i++) wrong += out[offset + i] != x[i] * x[i];
        CHECK(wrong == 0);
        free(x);
        free(out);
    }
}

int main(void)
{
    RUN(products_equal_the_plain_loop);
    RUN(a_pool_gives_the_same_bits);
    RUN(checked_int8_and_uint8_know_every_product);
    RUN(checked_products_overflow_where_the_plain_loop_does);
    RUN(checked_squares_end_at_the_root);
    RUN(what_has_no_kernel_is_invalid);
    RUN(a_partial_overlap_is_refused_and_writes_nothing);
    RUN(the_factor_may_lie_inside_the_output);
    RUN(flags_are_those_of_the_elements_alone);
    RUN(a_stream_copy_copies);
    RUN(an_output_beyond_the_cache_holds_the_same);
    return finish();
}
