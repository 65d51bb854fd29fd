/* test_sum.c: sums against NumPy's tree as its definition reads, and against exact integer totals. */
#include "kernel_cases.h"

enum { LONGEST = 1000003 };
static _Alignas(64) char source[(LONGEST + 3) * 16];

/* ---- the reference: numbers of a real array, or of one part of a complex array (step 2) ---- */

/* n counts the numbers of all parts, as NumPy's tree does. */
#define PAIRWISE(type)                                                                                       \
    static type pairwise_##type(const type *x, size_t n, size_t step)                                        \
    {                                                                                                        \
        if (n < 8) {                                                                                         \
            type sum = (type) - 0.0;                                                                         \
            for (size_t i = 0; i < n; i += step) sum += x[i];                                                \
            return sum;                                                                                      \
        }                                                                                                    \
        if (n > 128) {                                                                                       \
            const size_t left = n / 16 * 8;                                                                  \
            return pairwise_##type(x, left, step) + pairwise_##type(x + left, n - left, step);               \
        }                                                                                                    \
        type r[8], sum;                                                                                      \
        size_t i = 8;                                                                                        \
        for (size_t j = 0; j < 8; j += step) r[j] = x[j];                                                    \
        for (; i + 8 <= n; i += 8)                                                                           \
            for (size_t j = 0; j < 8; j += step) r[j] += x[i + j];                                           \
        if (step == 1)                                                                                       \
            sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));                         \
        else                                                                                                 \
            sum = (r[0] + r[2]) + (r[4] + r[6]);                                                             \
        for (; i < n; i += step) sum += x[i];                                                                \
        return sum;                                                                                          \
    }
PAIRWISE(float)
PAIRWISE(double)

/* The total as tm_sum writes it; for integers the exact one too. */
static __int128 reference(tm_dtype dtype, size_t n, const void *x, void *total)
{
    __int128 exact = 0;
    switch (dtype) {
    case TM_BOOL:
        for (size_t i = 0; i < n; i++) exact += ((const uint8_t *)x)[i] != 0;
        break;
#define TM_INTEGER(code, name, type, wrap, root)                                                             \
    case code:                                                                                               \
        for (size_t i = 0; i < n; i++) exact += ((const type *)x)[i];                                        \
        break;
#define TM_REAL(code, name, type)                                                                            \
    case code: *(type *)total = 0 + pairwise_##type(x, n, 1); return 0;
#define TM_COMPLEX(code, name, part)                                                                         \
    case code:                                                                                               \
        ((part *)total)[0] = 0 + pairwise_##part(x, 2 * n, 2);                                               \
        ((part *)total)[1] = 0 + pairwise_##part((const part *)x + 1, 2 * n, 2);                             \
        return 0;
#include "kernels/dtypes.def"
    default: CHECK(false);
    }
    memcpy(total, &exact, 8); /* little-endian */
    return exact;
}

static bool same_total(tm_dtype dtype, const void *a, const void *b)
{
    return is_integer(dtype) ? memcmp(a, b, 8) == 0 : same(dtype, 1, a, b);
}

static void check_sum(tm_pool *pool, tm_dtype dtype, size_t n, size_t offset)
{
    _Alignas(16) char total[16] = {0}, expected[16] = {0};
    const char *x = source + offset * sizes[dtype];
    const __int128 exact = reference(dtype, n, x, expected);
    CHECK(tm_sum(pool, dtype, n, x, total, 0) >= 0);
    CHECK(same_total(dtype, total, expected));
    if (!is_integer(dtype)) return;
    const bool is_unsigned = dtype > TM_BOOL && dtype % 2 == 0;
    const bool fits = is_unsigned ? exact <= UINT64_MAX : exact >= INT64_MIN && exact <= INT64_MAX;
    CHECK(tm_sum(pool, dtype, n, x, total, TM_CHECKED) == (fits ? 0 : TM_OVERFLOW));
    CHECK(same_total(dtype, total, expected));
}

TEST(short_sums_are_numpys)
{
    if (THREAD_SANITIZER) return; /* there is one thread */
    EACH_LEVEL (level)
        EACH_DTYPE (dtype) {
            fill(dtype, 6000, source, dtype % 2);
            for (size_t n = 0; n < 1200; n++) check_sum(NULL, dtype, n, n % 4);
            for (size_t n = 1200; n < 5900; n += 37) check_sum(NULL, dtype, n, n % 4);
        }
}

TEST(long_sums_are_numpys_on_any_number_of_threads)
{
    static const size_t lengths[] = {8192,   16384,  16385,  32768,   65536 + 1000,
                                     131072, 262144, 262145, 1000000, LONGEST};
    tm_pool *pool = NULL;
    tm_pool_options options = {.threads = 3};
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    EACH_LEVEL (level)
        EACH_DTYPE (dtype) {
            fill(dtype, LONGEST + 3, source, true);
            for (size_t at = 0; at < sizeof lengths / sizeof *lengths; at++) {
                if (!THREAD_SANITIZER) check_sum(NULL, dtype, lengths[at], at % 4);
                check_sum(pool, dtype, lengths[at], at % 4);
            }
        }
    tm_pool_destroy(pool);
}

/* As NumPy before 2.3: block by block, and the blocks one after the other. */
TEST(sums_in_blocks_add_them_in_order)
{
    static const size_t lengths[] = {0, 1, 8191, 8192, 8193, 100000, LONGEST};
    tm_pool *pool = NULL;
    tm_pool_options options = {.threads = 3};
    CHECK(tm_pool_create(&options, &pool) == TM_OK);
    for (size_t block = 16; block <= 8192; block *= 512) /* of 16: more blocks than fit on the stack */
        for (size_t at = 0; at < sizeof lengths / sizeof *lengths; at++) {
            const size_t n = lengths[at];
            double *x = (double *)(void *)source, expected = 0, total[2];
            fill(TM_FLOAT64, n, x, true);
            for (size_t i = 0; i < n; i += block) expected += pairwise_double(x + i, TM_MIN(block, n - i), 1);
            tm_set_sum_block(block);
            CHECK(tm_sum(NULL, TM_FLOAT64, n, x, &total[0], 0) >= 0);
            CHECK(tm_sum(pool, TM_FLOAT64, n, x, &total[1], 0) >= 0);
            tm_set_sum_block(0);
            CHECK(memcmp(&total[0], &expected, 8) == 0 && memcmp(&total[1], &expected, 8) == 0);
        }
    tm_pool_destroy(pool);
}

TEST(the_sum_of_nothing_and_of_minus_zeros_is_zero)
{
    EACH_LEVEL (level)
        for (size_t n = 0; n < 300; n++) {
            double x[300], total[2] = {-1, -1};
            for (size_t i = 0; i < 300; i++) x[i] = -0.0;
            CHECK(tm_sum(NULL, TM_FLOAT64, n, x, total, 0) == 0);
            CHECK(total[0] == 0 && !signbit(total[0]));
            CHECK(tm_sum(NULL, TM_COMPLEX128, n / 2, x, total, 0) == 0);
            CHECK(total[1] == 0 && !signbit(total[1]));
        }
}

TEST(any_byte_but_zero_is_true)
{
    EACH_LEVEL (level) {
        int64_t total = 0;
        for (size_t i = 0; i < 1000; i++) source[i] = (char)(i % 256);
        CHECK(tm_sum(NULL, TM_BOOL, 1000, source, &total, 0) == 0);
        CHECK(total == 1000 - 4);
    }
}

/* Only the total must fit: on the way it may leave 64 bits on either side. */
TEST(checked_sums_are_exact_in_128_bits)
{
    EACH_LEVEL (level) {
        int64_t x[200], total = 0;
        for (size_t i = 0; i < 200; i++) x[i] = i < 100 ? INT64_MAX : -INT64_MAX;
        CHECK(tm_sum(NULL, TM_INT64, 200, x, &total, TM_CHECKED) == 0 && total == 0);
        x[0] = -1, x[100] = INT64_MIN; /* -1 - 1 - INT64_MAX, and the rest in pairs */
        CHECK(tm_sum(NULL, TM_INT64, 200, x, &total, TM_CHECKED) == TM_OVERFLOW);
        x[0] = 0;
        CHECK(tm_sum(NULL, TM_INT64, 200, x, &total, TM_CHECKED) == 0 && total == INT64_MIN);
        x[100] = 0, x[0] = INT64_MAX;
        CHECK(tm_sum(NULL, TM_INT64, 200, x, &total, TM_CHECKED) == 0 && total == INT64_MAX);
        x[100] = 1;
        CHECK(tm_sum(NULL, TM_INT64, 200, x, &total, TM_CHECKED) == TM_OVERFLOW);
        CHECK(tm_sum(NULL, TM_INT64, 200, x, &total, 0) == 0 && total == INT64_MIN);

        uint64_t u[3] = {UINT64_MAX, 0, 0}, sum = 0;
        CHECK(tm_sum(NULL, TM_UINT64, 3, u, &sum, TM_CHECKED) == 0 && sum == UINT64_MAX);
        u[2] = 1;
        CHECK(tm_sum(NULL, TM_UINT64, 3, u, &sum, TM_CHECKED) == TM_OVERFLOW);
        CHECK(tm_sum(NULL, TM_UINT64, 3, u, &sum, 0) == 0 && sum == 0);
    }
}

TEST(flags_come_from_the_numbers_and_from_the_tree)
{
    double *x = (double *)(void *)source, total = 0;
    for (size_t i = 0; i < LONGEST; i++) x[i] = 1;
    CHECK(tm_sum(NULL, TM_FLOAT64, LONGEST, x, &total, 0) == 0 && total == LONGEST);
    x[0] = INFINITY, x[LONGEST - 1] = -INFINITY; /* they meet at the root */
    CHECK(tm_sum(NULL, TM_FLOAT64, LONGEST, x, &total, 0) == TM_FP_INVALID && isnan(total));
    x[0] = x[1] = DBL_MAX, x[LONGEST - 1] = 1;
    CHECK(tm_sum(NULL, TM_FLOAT64, LONGEST, x, &total, 0) == TM_FP_OVERFLOW && isinf(total));
}

TEST(what_has_no_sum_is_invalid)
{
    char total[16];
    CHECK(tm_sum(NULL, TM_FLOAT32, 1, source, total, TM_CHECKED) == TM_INVALID);
    CHECK(tm_sum(NULL, TM_DTYPES, 1, source, total, 0) == TM_INVALID);
    CHECK(tm_sum(NULL, TM_INT64, SIZE_MAX / 4, source, total, 0) == TM_INVALID);
}

int main(void)
{
    RUN(short_sums_are_numpys);
    RUN(long_sums_are_numpys_on_any_number_of_threads);
    RUN(sums_in_blocks_add_them_in_order);
    RUN(the_sum_of_nothing_and_of_minus_zeros_is_zero);
    RUN(any_byte_but_zero_is_true);
    RUN(checked_sums_are_exact_in_128_bits);
    RUN(flags_come_from_the_numbers_and_from_the_tree);
    RUN(what_has_no_sum_is_invalid);
    return finish();
}
