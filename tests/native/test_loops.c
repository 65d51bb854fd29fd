/* test_loops.c: programs, casts and streamed copies against plain loops: walks, masks, buffers, hops,
 * stops. */
#include "check.h"
#include "common.h"
#include "kernels/stream.h"

#include <fenv.h>
#include <float.h>
#include <math.h>

enum { MOST = 70001 };

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static tm_pool *pool;
static double x[2 * MOST], y[2 * MOST], out[2 * MOST];
static uint8_t mask[2 * MOST];

/* ---- inner loops as NumPy writes them ---- */

static int add(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides, void *auxdata)
{
    (void)context, (void)auxdata;
    for (intptr_t i = 0; i < dims[0]; i++)
        *(double *)(void *)(data[2] + i * strides[2]) =
            *(double *)(void *)(data[0] + i * strides[0]) + *(double *)(void *)(data[1] + i * strides[1]);
    return 0;
}

/* Fails at the first operand that is *context. */
static int add_or_fail(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                       void *auxdata)
{
    for (intptr_t i = 0; i < dims[0]; i++)
        if (*(double *)(void *)(data[0] + i * strides[0]) == *(double *)context) return -1;
    return add(NULL, data, dims, strides, auxdata);
}

/* The sum over one core dimension; auxdata is a number that is added, so that it is seen to arrive. */
static int core_sum(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                    void *auxdata)
{
    (void)context;
    for (intptr_t i = 0; i < dims[0]; i++) {
        double total = *(double *)auxdata;
        for (intptr_t j = 0; j < dims[1]; j++)
            total += *(double *)(void *)(data[0] + i * strides[0] + j * strides[2]);
        *(double *)(void *)(data[1] + i * strides[1]) = total;
    }
    return 0;
}

/* Any of bools, into its first operand. */
static int any(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides, void *auxdata)
{
    (void)context, (void)auxdata;
    for (intptr_t i = 0; i < dims[0]; i++) *data[0] = (char)(*data[0] || data[1][i * strides[1]]);
    return 0;
}

/* Raises the flag that its operand is. */
static int raise_flag(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                      void *auxdata)
{
    (void)context, (void)auxdata;
    for (intptr_t i = 0; i < dims[0]; i++) feraiseexcept(*(int *)(void *)(data[0] + i * strides[0]));
    return 0;
}

static tm_step step_of(tm_inner_loop loop, size_t operands, int a, int b, int c)
{
    return (tm_step){.loop = loop, .operands = operands, .slot = {(uint8_t)a, (uint8_t)b, (uint8_t)c}};
}

static tm_program addition(void)
{
    return (tm_program){.arrays = 3, .steps = 1, .step = {step_of(add, 3, 0, 1, 2)}, .mask = -1, .stop = -1};
}

static void fill(void)
{
    for (size_t i = 0; i < 2 * MOST; i++) {
        x[i] = (double)i * 0.5, y[i] = (double)(i % 1000), out[i] = -7;
        mask[i] = (uint8_t)(i % 7 == 0 ? 0 : i % 5 == 0 ? 0x82 : i % 3 == 0);
    }
}

#define EACH_POOL(p)                                                                                         \
    for (int alone = 0; alone < 2; alone++)                                                                  \
        for (tm_pool *p = alone ? NULL : pool, *once = pool; once; once = NULL)

/* Writes down how many elements it is given, at the place of the first of them; auxdata is where the row
 * begins. */
static int note_length(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                       void *auxdata)
{
    (void)strides;
    ((int *)context)[(double *)(void *)data[0] - (double *)auxdata] = (int)dims[0];
    return 0;
}

/* ---- where loops are cut ---- */

/* Which NaN comes out depends on whether an element is in a vector of a loop or in the rest after them. */
static void check_cuts(size_t n, size_t block, bool tiled)
{
    static int lengths[MOST];
    tm_program program = {.arrays = 1,
                          .buffers = tiled,
                          .buffer_item = {8},
                          .steps = 1,
                          .block = block,
                          .mask = -1,
                          .stop = -1,
                          .inputs = 1,
                          .stride = {8}};
    char *data[] = {(char *)x};
    program.step[0] = step_of(note_length, 1, 0, 0, 0);
    program.step[0].context = lengths, program.step[0].auxdata = x;
    memset(lengths, 0, sizeof lengths);
    CHECK(tm_run_dense(pool, &program, n, data, 1) == 0);
    for (size_t at = 0; at < n; at += (size_t)lengths[at]) {
        const size_t end = at + (size_t)lengths[at],
                     border = block == 0 ? n : TM_MIN(n, at / block * block + block);
        CHECK(lengths[at] > 0 && at % 256 == 0);
        if (lengths[at] <= 0) return;
        if (tiled) CHECK(end <= border && lengths[at] <= 1024);
        if (end == n && end - at < 256)
            CHECK(at == 0 || (block > 0 && at % block == 0));
        else
            CHECK(end == n || end % 256 == 0);
    }
}

TEST(no_rest_of_a_row_is_run_apart)
{
    static const size_t extras[] = {0, 1, 3, 255, 256, 511, 513, 767, 1023};
    for (size_t whole = 0; whole <= 65536; whole = whole ? 2 * whole : 256)
        for (size_t k = 0; k < LENGTH(extras); k++)
            for (int tiled = 0; tiled < 2; tiled++) {
                check_cuts(whole + extras[k], 0, tiled);
                if (tiled)
                    check_cuts(whole + extras[k], 8192, true), check_cuts(whole + extras[k], 512, true);
            }
}

static int look(size_t operands, size_t item, const void *a, intptr_t step, const void *b, intptr_t other,
                intptr_t n)
{
    char *data[] = {(char *)(uintptr_t)a, (char *)(uintptr_t)b};
    const intptr_t strides[] = {step, other};
    return tm_nans_loop(operands, item)((void *)(uintptr_t)1, data, &n, strides, NULL);
}

TEST(nans_are_found_wherever_they_are)
{
    enum { N = 300 };
    static uint64_t a[2 * N], b[2 * N];
    const uint64_t quiet = UINT64_C(0x7ff8) << 48, signalling = (UINT64_C(0xfff0) << 48) + 5,
                   infinite = UINT64_C(0x7ff0) << 48;
    for (int level = TM_SIMD_BASELINE; level <= (int)tm_simd_best() && tm_set_simd_level(level) == TM_OK;
         level++)
        for (int step = 0; step <= 16; step += 8)
            for (int at = 0; at < N; at++) {
                uint64_t *p = &a[at], *q = &b[at * step / 8];
                for (int i = 0; i < 2 * N; i++) a[i] = infinite, b[i] = UINT64_C(0x8000) << 48;
                CHECK(look(1, 8, a, 8, NULL, 0, N) == 0 && look(2, 8, a, 8, b, step, N) == 0);
                *p = quiet;
                CHECK(look(1, 8, a, 8, NULL, 0, N) != 0 && look(2, 8, a, 8, b, step, N) == 0);
                *q = quiet;
                CHECK(look(2, 8, a, 8, b, step, N) == 0);
                *q = quiet + 1;
                CHECK(look(2, 8, a, 8, b, step, N) != 0 && look(2, 8, b, step, a, 8, N) != 0);
                *p = infinite, *q = signalling;
                CHECK(look(2, 8, a, 8, b, step, N) != 0 && look(2, 8, b, step, a, 8, N) != 0);
            }
    const float wide[] = {1, 2, 3, NAN}; /* the imaginary part of the second of two */
    char *data[] = {(char *)(uintptr_t)wide};
    const intptr_t two = 2, step = 8, far = 16;
    CHECK(tm_nans_loop(1, 4)((void *)(uintptr_t)2, data, &two, &step, NULL) != 0);
    CHECK(tm_nans_loop(1, 4)((void *)(uintptr_t)2, data, (const intptr_t[]){1}, &far, NULL) == 0);
    CHECK(look(1, 2, (const uint16_t[]){0x7c00, 0xfc00}, 2, NULL, 0, 2) == 0);
    CHECK(look(1, 2, (const uint16_t[]){0x7c00, 0xfc01}, 2, NULL, 0, 2) != 0);
    CHECK(tm_nans_loop(0, 8) == NULL && tm_nans_loop(4, 8) == NULL && tm_nans_loop(1, 16) == NULL);
}

TEST(results_tell_of_nans_in_rows_of_all_lengths)
{
    enum { LONGEST = 80 };
    static uint16_t a[LONGEST], b[LONGEST], made[2 * LONGEST];
    for (int level = TM_SIMD_BASELINE; level <= (int)tm_simd_best() && tm_set_simd_level(level) == TM_OK;
         level++)
        for (intptr_t n = 1; n <= LONGEST; n++)
            for (intptr_t at = 0; at < n; at++)
                for (intptr_t step = 2; step <= 4; step += 2) {
                    char *data[] = {(char *)a, (char *)b, (char *)made};
                    const intptr_t strides[] = {2, 2, step};
                    const tm_inner_loop looks = tm_nans_loop(3, 2);
                    for (int i = 0; i < LONGEST; i++)
                        a[i] = 0xfc00, b[i] = 0x7c00, made[2 * i] = made[2 * i + 1] = 0xfc00;
                    CHECK(looks(NULL, data, &n, strides, NULL) == 0);
                    made[at * step / 2] = a[at] = 0xfe01; /* of one, or made of none */
                    CHECK(looks(NULL, data, &n, strides, NULL) == 0);
                    b[at] = 0xfe01; /* alike */
                    CHECK(looks(NULL, data, &n, strides, NULL) == 0);
                    b[at] = 0xfe02;
                    CHECK(looks(NULL, data, &n, strides, NULL) != 0);
                    b[at] = 0x7c00, a[at] = 0x7c01; /* a signalling one */
                    CHECK(looks(NULL, data, &n, strides, NULL) != 0);
                }
}

/* One link, as C computes it. */
#define LINKED_OF_ALL(number, a, b)                                                                          \
    case TM_LINK_ADD: return a + b;                                                                          \
    case TM_LINK_SUBTRACT: return a - b;                                                                     \
    case TM_LINK_SUBTRACT_FROM: return b - a;                                                                \
    case TM_LINK_MULTIPLY: return a * b;                                                                     \
    case TM_LINK_NEGATE: return -a;                                                                          \
    case TM_LINK_SQUARE: return a * a;
#define LINKED_FLOATS(type)                                                                                  \
    static type linked_##type(int link, type a, type b)                                                      \
    {                                                                                                        \
        switch (link) {                                                                                      \
            LINKED_OF_ALL(type, a, b)                                                                        \
        case TM_LINK_DIVIDE: return a / b;                                                                   \
        case TM_LINK_DIVIDE_INTO: return b / a;                                                              \
        case TM_LINK_MAXIMUM: return a > b || a != a ? a : b;                                                \
        case TM_LINK_MINIMUM: return a < b || a != a ? a : b;                                                \
        case TM_LINK_ABSOLUTE: return (type)fabs((double)a);                                                 \
        default: return sizeof a == sizeof(float) ? (type)sqrtf((float)a) : (type)sqrt((double)a);           \
        }                                                                                                    \
    }
LINKED_FLOATS(double)
LINKED_FLOATS(float)
/* As the sums and products of 64 bits end as those of fewer do. */
#define LINKED_INTEGERS(type)                                                                                \
    static uint64_t wrapped_##type(int link, uint64_t a, uint64_t b)                                         \
    {                                                                                                        \
        switch (link) {                                                                                      \
            LINKED_OF_ALL(uint64_t, a, b)                                                                    \
        case TM_LINK_AND: return a & b;                                                                      \
        case TM_LINK_OR: return a | b;                                                                       \
        default: return a ^ b;                                                                               \
        }                                                                                                    \
    }                                                                                                        \
    static type linked_##type(int link, type a, type b)                                                      \
    {                                                                                                        \
        if (link == TM_LINK_MAXIMUM) return a > b ? a : b;                                                   \
        if (link == TM_LINK_MINIMUM) return a < b ? a : b;                                                   \
        return (type)wrapped_##type(link, (uint64_t)a, (uint64_t)b);                                         \
    }
LINKED_INTEGERS(int8_t)
LINKED_INTEGERS(uint8_t)
LINKED_INTEGERS(int16_t)
LINKED_INTEGERS(uint16_t)
LINKED_INTEGERS(int32_t)
LINKED_INTEGERS(uint32_t)
LINKED_INTEGERS(int64_t)
LINKED_INTEGERS(uint64_t)

static const uint8_t float_links[] = {TM_LINK_ADD,      TM_LINK_SUBTRACT, TM_LINK_SUBTRACT_FROM,
                                      TM_LINK_MULTIPLY, TM_LINK_DIVIDE,   TM_LINK_DIVIDE_INTO,
                                      TM_LINK_NEGATE,   TM_LINK_SQUARE,   TM_LINK_MAXIMUM,
                                      TM_LINK_ABSOLUTE, TM_LINK_SQRT};
static const uint8_t integer_links[] = {
    TM_LINK_MAXIMUM, TM_LINK_ADD, TM_LINK_MINIMUM, TM_LINK_SUBTRACT, TM_LINK_SUBTRACT_FROM, TM_LINK_MULTIPLY,
    TM_LINK_AND,     TM_LINK_OR,  TM_LINK_XOR,     TM_LINK_NEGATE,   TM_LINK_SQUARE};
static const uint8_t extremes[] = {TM_LINK_MAXIMUM, TM_LINK_MINIMUM};
enum { FIRST_LINKS = LENGTH(float_links), CHAIN_MOST = 600 };
_Static_assert(LENGTH(integer_links) == FIRST_LINKS, "one loop goes through both");

/* A chain of all links, from `first` on, over n elements x, y[1] ..; every second operand is one element. */
#define CHECK_CHAIN(type, dtype, codes, first, n, element)                                                   \
    do {                                                                                                     \
        static type in[FIRST_LINKS + 1][CHAIN_MOST], made[CHAIN_MOST + 1];                                   \
        tm_chain chain = {.links = FIRST_LINKS};                                                             \
        char *data[FIRST_LINKS + 2] = {(char *)in[0]};                                                       \
        intptr_t steps[FIRST_LINKS + 2] = {sizeof(type)}, taken = 1, count = (n);                            \
        for (intptr_t k = 0; k <= FIRST_LINKS; k++)                                                          \
            for (intptr_t i = 0; i < CHAIN_MOST; i++) in[k][i] = (type)(element);                            \
        for (int k = 0; k < chain.links; k++) {                                                              \
            chain.link[k] = codes[(first + k) % chain.links];                                                \
            if (chain.link[k] >= TM_LINK_NEGATE) continue;                                                   \
            data[taken] = (char *)in[taken];                                                                 \
            steps[taken] = taken % 2 ? sizeof(type) : 0;                                                     \
            taken++;                                                                                         \
        }                                                                                                    \
        data[taken] = (char *)made, steps[taken] = sizeof(type);                                             \
        made[count] = 77;                                                                                    \
        const tm_inner_loop loop = tm_chain_loop(dtype);                                                     \
        const bool done = loop(&chain, data, &count, steps, NULL) == 0;                                      \
        CHECK(done == (count * (intptr_t)sizeof(type) >= widths[tm_simd_level()]));                          \
        for (intptr_t i = 0; done && i < count; i++) {                                                       \
            type a = in[0][i];                                                                               \
            for (intptr_t k = 0, next = 1; k < chain.links; k++) {                                           \
                const bool binary = chain.link[k] < TM_LINK_NEGATE;                                          \
                a = linked_##type(chain.link[k], a, binary ? in[next][next % 2 ? i : 0] : 0);                \
                next += binary;                                                                              \
            }                                                                                                \
            CHECK(memcmp(&a, &made[i], sizeof a) == 0);                                                      \
        }                                                                                                    \
        CHECK(made[count] == 77);                                                                            \
        if (done && (type)0.5 > 0) { /* of floats: a NaN anywhere, which comes through all links */          \
            const intptr_t at = (intptr_t)first * count / chain.links;                                       \
            in[first % 2 ? 0 : 1][at] = (type)NAN;                                                           \
            CHECK(loop(&chain, data, &count, steps, NULL) != 0);                                             \
        }                                                                                                    \
    } while (0)
/* x is positive, for a root that comes first; the bits of integers are all kinds of. */
#define CHECK_FLOATS(type, dtype, first, n)                                                                  \
    CHECK_CHAIN(type, dtype, float_links, first, n, (double)k * 0.37 + 0.01 * (double)i + (k ? -1.7 : 0.1))
#define CHECK_INTEGERS(type, dtype, first, n)                                                                \
    CHECK_CHAIN(type, dtype, integer_links, first, n,                                                        \
                (uint64_t)(i + 601 * k + 1) * UINT64_C(0x9e3779b97f4a7c15))

TEST(a_chain_makes_what_its_links_make_one_by_one)
{
    static const intptr_t widths[] = {16, 32, 64};
    static const intptr_t lengths[] = {1,  2,  3,  4,  7,   8,   9,   15,  16,  17,  31,
                                       33, 63, 64, 65, 127, 128, 129, 255, 257, 300, 511};
    for (int level = TM_SIMD_BASELINE; level <= (int)tm_simd_best() && tm_set_simd_level(level) == TM_OK;
         level++)
        for (int first = 0; first < FIRST_LINKS; first++)
            for (size_t which = 0; which < LENGTH(lengths); which++) {
                CHECK_FLOATS(double, TM_FLOAT64, first, lengths[which]);
                CHECK_FLOATS(float, TM_FLOAT32, first, lengths[which]);
                CHECK_INTEGERS(int8_t, TM_INT8, first, lengths[which]);
                CHECK_INTEGERS(uint8_t, TM_UINT8, first, lengths[which]);
                CHECK_INTEGERS(int16_t, TM_INT16, first, lengths[which]);
                CHECK_INTEGERS(uint16_t, TM_UINT16, first, lengths[which]);
                CHECK_INTEGERS(int32_t, TM_INT32, first, lengths[which]);
                CHECK_INTEGERS(uint32_t, TM_UINT32, first, lengths[which]);
                CHECK_INTEGERS(int64_t, TM_INT64, first, lengths[which]);
                CHECK_INTEGERS(uint64_t, TM_UINT64, first, lengths[which]);
            }
    CHECK(tm_chain_loop(TM_BOOL) == NULL && tm_chain_loop(TM_COMPLEX64) == NULL);
    CHECK(tm_chain_loop(-1) == NULL && tm_chain_loop(TM_DTYPES) == NULL);
}

/* One link on each pair of special elements; what is a NaN is told of, and unlike zeros of which one is taken, and
 * only that. */
#define CHECK_SPECIALS(type, dtype, codes, ...)                                                              \
    do {                                                                                                     \
        static const type special[] = {__VA_ARGS__};                                                         \
        type a[CHAIN_MOST], b[CHAIN_MOST], made[CHAIN_MOST];                                                 \
        for (size_t k = 0; k < LENGTH(codes); k++)                                                           \
            for (size_t i = 0; i < LENGTH(special); i++)                                                     \
                for (size_t j = 0; j < LENGTH(special); j++)                                                 \
                    for (int step = 0; step < 2; step++) {                                                   \
                        const intptr_t n = 64 + (intptr_t)(i + j), item = sizeof(type);                      \
                        const bool binary = codes[k] < TM_LINK_NEGATE;                                       \
                        const tm_chain chain = {.links = 1, .link = {codes[k]}};                             \
                        const intptr_t steps[] = {item, binary ? step * item : item, item};                  \
                        char *data[] = {(char *)a, (char *)(binary ? b : made), (char *)made};               \
                        for (intptr_t at = 0; at < n; at++) a[at] = special[i], b[at] = special[j];          \
                        const type wanted = linked_##type(codes[k], special[i], special[j]);                 \
                        const tm_inner_loop loop = tm_chain_loop(dtype);                                     \
                        const bool done = loop((void *)(uintptr_t)&chain, data, &n, steps, NULL) == 0;       \
                        const bool taken = codes[k] == TM_LINK_MAXIMUM || codes[k] == TM_LINK_MINIMUM;       \
                        const bool unlike = memcmp(&special[i], &special[j], sizeof wanted) != 0;            \
                        const bool equal = special[i] >= special[j] && special[i] <= special[j];             \
                        CHECK(done == !(wanted != wanted || (taken && unlike && equal)));                    \
                        for (intptr_t at = 0; done && at < n; at++)                                          \
                            CHECK(memcmp(&made[at], &wanted, sizeof wanted) == 0);                           \
                    }                                                                                        \
    } while (0)
#define CHECK_SIGNED(type, dtype, least, most)                                                               \
    CHECK_SPECIALS(type, dtype, integer_links, 0, 1, -1, 2, (least), (least) + 1, (most))
#define CHECK_UNSIGNED(type, dtype, most)                                                                    \
    CHECK_SPECIALS(type, dtype, integer_links, 0, 1, 2, (most) / 2, (most) / 2 + 1, (most))

TEST(a_link_makes_of_special_elements_what_c_does)
{
    for (int level = TM_SIMD_BASELINE; level <= (int)tm_simd_best() && tm_set_simd_level(level) == TM_OK;
         level++) {
        CHECK_SPECIALS(double, TM_FLOAT64, float_links, 0.0, -0.0, 1.0, -1.0, 0.1, INFINITY, -INFINITY,
                       DBL_MAX, -DBL_MAX, DBL_MIN, -DBL_TRUE_MIN, NAN);
        CHECK_SPECIALS(double, TM_FLOAT64, extremes, 0.0, -0.0, 1.0, -1.0, 0.1, INFINITY, -INFINITY, DBL_MAX,
                       -DBL_MAX, DBL_MIN, DBL_TRUE_MIN, -DBL_TRUE_MIN, NAN, -NAN);
        CHECK_SPECIALS(float, TM_FLOAT32, extremes, 0.0f, -0.0f, 1.0f, -1.0f, 0.1f, INFINITY, -INFINITY,
                       FLT_MAX, -FLT_MAX, FLT_MIN, FLT_TRUE_MIN, -FLT_TRUE_MIN, NAN, -NAN);
        CHECK_SPECIALS(float, TM_FLOAT32, float_links, 0.0f, -0.0f, 1.0f, -1.0f, 0.1f, INFINITY, -INFINITY,
                       FLT_MAX, -FLT_MAX, FLT_MIN, -FLT_TRUE_MIN, NAN);
        CHECK_SIGNED(int8_t, TM_INT8, INT8_MIN, INT8_MAX);
        CHECK_SIGNED(int16_t, TM_INT16, INT16_MIN, INT16_MAX);
        CHECK_SIGNED(int32_t, TM_INT32, INT32_MIN, INT32_MAX);
        CHECK_SIGNED(int64_t, TM_INT64, INT64_MIN, INT64_MAX);
        CHECK_UNSIGNED(uint8_t, TM_UINT8, UINT8_MAX);
        CHECK_UNSIGNED(uint16_t, TM_UINT16, UINT16_MAX);
        CHECK_UNSIGNED(uint32_t, TM_UINT32, UINT32_MAX);
        CHECK_UNSIGNED(uint64_t, TM_UINT64, UINT64_MAX);
    }
}

/* ---- the walk ---- */

TEST(one_axis_of_any_length_and_grain)
{
    static const intptr_t lengths[] = {0, 1, 2, 1023, 1024, 1025, 4099, MOST};
    static const size_t grains[] = {1024, 1000, 1, SIZE_MAX / 2};
    tm_program program = addition();
    EACH_POOL (p)
        for (size_t g = 0; g < 4; g++)
            for (size_t at = 0; at < 8; at++) {
                const intptr_t n = lengths[at];
                intptr_t layout[] = {n, 8, 8, 8, 0, 0, 0};
                char *data[] = {(char *)x, (char *)y, (char *)out};
                if (grains[g] == 1 && n > 5000) continue;
                fill();
                CHECK(tm_run_program(p, &program, 1, layout, LENGTH(layout), data, LENGTH(data), 0,
                                     grains[g]) == 0);
                for (intptr_t i = 0; i < n; i++) CHECK(out[i] == x[i] + y[i]);
                CHECK(out[n] == -7);
            }
}

TEST(the_odometer_goes_through_every_element_once)
{
    /* 3 x 5 x 7 x 11 with gaps, a reversed axis and a broadcast operand, cut along each axis in turn. */
    enum { A = 3, B = 5, C = 7, D = 11 };
    tm_program program = addition();
    EACH_POOL (p)
        for (size_t split = 0; split < 4; split++)
            for (size_t grain = 1; grain < 5; grain += 3) {
                intptr_t layout[] = {A,
                                     B,
                                     C,
                                     D,
                                     8 * 2 * B * C * D,
                                     8 * 2 * C * D,
                                     -8 * 2 * D,
                                     8 * 2, /* x: gaps, C reversed */
                                     0,
                                     8,
                                     0,
                                     8 * B, /* y: D x B in Fortran's order */
                                     8,
                                     8 * A,
                                     8 * A * B,
                                     8 * A * B * C, /* out: Fortran's order */
                                     0,
                                     0,
                                     0};
                char *data[] = {(char *)(x + 2 * D * (C - 1)), (char *)y, (char *)out};
                fill();
                CHECK(tm_run_program(p, &program, 4, layout, LENGTH(layout), data, LENGTH(data), split,
                                     grain) == 0);
                for (int a = 0; a < A; a++)
                    for (int b = 0; b < B; b++)
                        for (int c = 0; c < C; c++)
                            for (int d = 0; d < D; d++)
                                CHECK(out[a + A * (b + B * (c + C * d))] ==
                                      x[2 * (d + D * (C - 1 - c + C * (b + B * a)))] + y[b + B * d]);
                CHECK(out[A * B * C * D] == -7);
            }
}

TEST(most_dimensions)
{
    intptr_t layout[TM_MAX_DIMS * 4 + 3] = {0};
    tm_program program = addition();
    char *data[] = {(char *)x, (char *)y, (char *)out};
    for (int axis = 0; axis < TM_MAX_DIMS; axis++) layout[axis] = axis % 8 == 0 ? 2 : 1;
    for (int array = 0; array < 3; array++)
        for (int axis = TM_MAX_DIMS - 1, step = 8; axis >= 0; axis--) {
            layout[TM_MAX_DIMS * (1 + array) + axis] = step;
            step *= (int)layout[axis];
        }
    fill();
    CHECK(tm_run_program(pool, &program, TM_MAX_DIMS, layout, LENGTH(layout), data, LENGTH(data), 8, 1) == 0);
    for (int i = 0; i < 256; i++) CHECK(out[i] == x[i] + y[i]);
    CHECK(out[256] == -7);
}

/* ---- buffers ---- */

TEST(buffers_are_filled_and_emptied_tile_by_tile)
{
    static int32_t narrow[MOST];
    static float wide[MOST];
    tm_program program = addition();
    tm_step steps[] = {step_of(tm_cast_loop(TM_INT32, TM_FLOAT64), 2, 0, 3, 0), step_of(add, 3, 3, 1, 4),
                       step_of(tm_cast_loop(TM_FLOAT64, TM_FLOAT32), 2, 4, 2, 0)};
    memcpy(program.step, steps, sizeof steps);
    program.steps = 3, program.buffers = 2, program.buffer_item[0] = program.buffer_item[1] = 8;
    EACH_POOL (p)
        for (intptr_t stride = 1; stride < 3; stride++)
            for (intptr_t n = 1; n < MOST / 2; n = n * 3 + 22) {
                intptr_t layout[] = {n, 4 * stride, 8, 4 * stride, 0, 0, 0};
                char *data[] = {(char *)narrow, (char *)y, (char *)wide};
                fill();
                for (int i = 0; i < MOST; i++) narrow[i] = i - 1000, wide[i] = -7;
                CHECK(tm_run_program(p, &program, 1, layout, LENGTH(layout), data, LENGTH(data), 0, 1111) ==
                      0);
                for (intptr_t i = 0; i < n; i++)
                    CHECK(wide[i * stride] == (float)(narrow[i * stride] + y[i]));
                CHECK(wide[(n - 1) * stride + 1] == -7);
            }
}

TEST(streamed_results_are_there_when_the_call_returns)
{
    tm_program program = addition();
    program.inputs = 2, program.stream_item[2] = 8;
    for (size_t k = 0; k < 3; k++) program.stride[k] = 8;
    tm_set_last_level_cache(1);
    EACH_POOL (p)
        for (intptr_t shift = 0; shift < 9; shift++)
            for (intptr_t n = 1; n < MOST; n = n * 5 + 1) {
                char *data[] = {(char *)x, (char *)y, (char *)(out + shift)};
                fill();
                CHECK(tm_run_dense(p, &program, (size_t)n, data, LENGTH(data)) == 0);
                for (intptr_t i = 0; i < n; i++) CHECK(out[i + shift] == x[i] + y[i]);
                CHECK(out[n + shift] == -7 && (shift == 0 || out[shift - 1] == -7));
            }
    tm_set_last_level_cache(0);
}

/* How many elements the loop of a program like this is handed at first. */
static int first_run(const tm_program *like, size_t dims, const intptr_t *layout, size_t numbers,
                     char *const *data)
{
    static int lengths[MOST];
    tm_program program = *like;
    program.step[0] = step_of(note_length, 1, 0, 0, 0);
    program.step[0].context = lengths, program.step[0].auxdata = data[0];
    memset(lengths, 0, sizeof lengths);
    CHECK(tm_run_program(NULL, &program, dims, layout, numbers, data, program.arrays, 0, MOST) == 0);
    return lengths[0];
}

TEST(only_large_outputs_that_lie_in_long_rows_apart_are_streamed)
{
    enum { N = 5000, TILE = 1024 };
    intptr_t row[] = {N, 8, 8, 0, 0}, gaps[] = {N, 8, 16, 0, 0};
    intptr_t rows[] = {2, 2000, 16000, 8, 16000, 8, 0, 0}, short_rows[] = {5, 1000, 8000, 8, 8000, 8, 0, 0};
    char *apart[] = {(char *)x, (char *)out}, *shared[] = {(char *)x, (char *)x};
    tm_program program = addition();
    program.arrays = 2, program.written = 2, program.stream_item[1] = 8;
    CHECK(first_run(&program, 1, row, LENGTH(row), apart) == N); /* a cache holds it */
    tm_set_last_level_cache(N * 8 - 1);
    CHECK(first_run(&program, 1, row, LENGTH(row), apart) == (TM_X86 ? TILE : N));
    CHECK(first_run(&program, 1, row, LENGTH(row), shared) == N);
    CHECK(first_run(&program, 1, gaps, LENGTH(gaps), apart) == N);
    tm_set_last_level_cache(1);
    CHECK(first_run(&program, 2, rows, LENGTH(rows), apart) == (TM_X86 ? TILE : 2000));
    CHECK(first_run(&program, 2, short_rows, LENGTH(short_rows), apart) == 1000);
    program.stream_item[1] = 0;
    CHECK(first_run(&program, 1, row, LENGTH(row), apart) == N);
    program.stream_item[1] = 8, program.buffers = 16; /* no room for another buffer */
    for (size_t k = 0; k < 16; k++) program.buffer_item[k] = 1;
    CHECK(first_run(&program, 1, row, LENGTH(row), apart) == TILE);
    tm_set_last_level_cache(0);
}

/* ---- memory that arrays share ---- */

TEST(arrays_are_apart_the_same_or_overlap)
{
    const intptr_t at = (intptr_t)x;
    const intptr_t one[] = {at, 12, 8, 10, 8}, next[] = {at + 80, 12, 8, 10, 8},
                   inside[] = {at + 72, 12, 8, 10, 8};
    const intptr_t backwards[] = {at + 72, 12, 8, 10, -8}, other[] = {at, 9, 8, 10, 8},
                   single[] = {at + 79, 1, 1};
    const intptr_t table[] = {at, 12, 8, 2, 5, 40, 8}, empty[] = {at, 12, 8, 0, 8},
                   spread[] = {at - 8, 12, 8, 2, 800};
#define RELATE(a, b) tm_relate(a, LENGTH(a), b, LENGTH(b))
    CHECK(RELATE(one, one) == TM_SAME && RELATE(table, table) == TM_SAME);
    CHECK(RELATE(one, next) == TM_APART && RELATE(next, one) == TM_APART);
    CHECK(RELATE(one, inside) == TM_OVERLAPPING && RELATE(inside, one) == TM_OVERLAPPING);
    CHECK(RELATE(one, backwards) == TM_OVERLAPPING && RELATE(next, backwards) == TM_APART);
    CHECK(RELATE(one, other) == TM_OVERLAPPING && RELATE(one, table) == TM_OVERLAPPING);
    CHECK(RELATE(single, one) == TM_OVERLAPPING && RELATE(single, next) == TM_APART);
    CHECK(RELATE(one, empty) == TM_APART && RELATE(empty, empty) == TM_APART);
    CHECK(RELATE(spread, one) == TM_OVERLAPPING); /* by its ends alone */
#undef RELATE
}

TEST(an_array_overlaps_itself_or_not)
{
    static const struct {
        intptr_t array[9];
        size_t numbers;
        int expected;
    } cases[] = {
        {{0, 12, 8}, 3, 0},
        {{0, 12, 8, 5, 8}, 5, 0},
        {{0, 12, 8, 5, -8}, 5, 0},
        {{0, 12, 8, 5, 0}, 5, 1},
        {{0, 12, 8, 1, 0}, 5, 0},
        {{0, 12, 8, 5, 4}, 5, 1},
        {{0, 12, 8, 3, 4, 32, 8}, 7, 0},
        {{0, 12, 8, 3, 4, 24, 8}, 7, 1}, /* a window */
        {{0, 12, 8, 3, 4, -8, 24}, 7, 0},
        {{0, 12, 8, 0, 4, 0, 0}, 7, 0},
        {{0, 12, 8, 2, 3, 4, 96, 32, 8}, 9, 0},
        {{0, 12, 8, 2, 3, 4, 8, 16, 48}, 9, 0},
        {{0, 12, 8, 2, 3, 4, 8, 8, 48}, 9, 1},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        CHECK(tm_overlaps_itself(cases[i].array, cases[i].numbers) == cases[i].expected);
}

/* ---- masks ---- */

TEST(elements_whose_mask_is_0_are_left_alone)
{
    tm_program program = addition();
    program.arrays = 4, program.mask = 3;
    EACH_POOL (p)
        for (int kind = 0; kind < 5; kind++)
            for (int buffered = 0; buffered < 2; buffered++) {
                const intptr_t n = 9001, step = kind == 4 ? 0 : kind == 3 ? 2 : 1;
                intptr_t layout[] = {n, 8, 8, 8, step, 0, 0, 0, 0};
                char *data[] = {(char *)x, (char *)y, (char *)out, (char *)mask};
                program.buffers = (size_t)buffered, program.buffer_item[0] = 8,
                program.steps = buffered ? 2 : 1;
                program.step[0] = step_of(buffered ? tm_cast_loop(TM_FLOAT64, TM_FLOAT64) : add,
                                          buffered ? 2 : 3, 0, buffered ? 4 : 1, 2);
                program.step[1] = step_of(add, 3, 4, 1, 2);
                fill();
                if (kind == 1) memset(mask, 0, sizeof mask);
                if (kind == 2) memset(mask, 1, sizeof mask);
                CHECK(tm_run_program(p, &program, 1, layout, LENGTH(layout), data, LENGTH(data), 0, 1000) ==
                      0);
                for (intptr_t i = 0; i < n; i++) CHECK(out[i] == (mask[i * step] ? x[i] + y[i] : -7));
                CHECK(out[n] == -7);
            }
}

/* ---- reductions: hops and stops ---- */

TEST(each_chunk_has_a_result_of_its_own)
{
    tm_program program = {
        .arrays = 2, .steps = 1, .step = {step_of(add, 3, 0, 1, 0)}, .mask = -1, .stop = -1};
    EACH_POOL (p) {
        const intptr_t n = 10000, grain = 1024;
        intptr_t layout[] = {n, 0, 8, 8, 0};
        char *data[] = {(char *)out, (char *)y};
        fill();
        for (int i = 0; i < 11; i++) out[i] = i;
        CHECK(tm_run_program(p, &program, 1, layout, LENGTH(layout), data, LENGTH(data), 0, (size_t)grain) ==
              0);
        for (intptr_t chunk = 0; chunk < 10; chunk++) {
            double total = (double)chunk;
            for (intptr_t i = chunk * grain; i < TM_MIN((chunk + 1) * grain, n); i++) total += y[i];
            CHECK(out[chunk] == total);
        }
        CHECK(out[10] == 10);
    }
}

TEST(a_result_that_decides_ends_the_loop)
{
    static char results[64];
    tm_program program = {
        .arrays = 2, .steps = 1, .step = {step_of(any, 3, 0, 1, 0)}, .mask = -1, .stop = 0, .stop_value = 1};
    EACH_POOL (p)
        for (size_t place = 0; place < 60000; place += 7001) {
            intptr_t layout[] = {60000, 0, 1, 1, 0};
            char *data[] = {results, (char *)mask};
            memset(mask, 0, sizeof mask), memset(results, 0, sizeof results);
            CHECK(tm_run_program(p, &program, 1, layout, LENGTH(layout), data, LENGTH(data), 0, 1000) == 0);
            mask[place] = 1;
            CHECK(tm_run_program(p, &program, 1, layout, LENGTH(layout), data, LENGTH(data), 0, 1000) ==
                  TM_FAILED);
            CHECK(results[place / 1000] == 1);
        }
}

/* ---- core dimensions, failures, flags ---- */

TEST(loops_are_told_of_their_core_dimensions)
{
    double more = 0.25;
    tm_step step = {
        .loop = core_sum, .auxdata = &more, .operands = 2, .core_dims = 1, .core_strides = 1, .slot = {0, 1}};
    tm_program program = {.arrays = 2, .steps = 1, .step = {step}, .mask = -1, .stop = -1};
    EACH_POOL (p)
        for (intptr_t core = 1; core < 9; core += 7) {
            intptr_t layout[] = {30, 40, 8 * 40 * core, 8 * core, 8 * 40, 8, 0, 0, core, 8};
            char *data[] = {(char *)x, (char *)out};
            fill();
            CHECK(tm_run_program(p, &program, 2, layout, LENGTH(layout), data, LENGTH(data), 0, 7) == 0);
            for (intptr_t i = 0; i < 1200; i++) {
                double total = more;
                for (intptr_t j = 0; j < core; j++) total += x[i * core + j];
                CHECK(out[i] == total);
            }
            CHECK(out[1200] == -7);
        }
}

TEST(a_loop_that_fails_ends_the_call)
{
    tm_program program = addition();
    EACH_POOL (p)
        for (size_t place = 0; place < 20000; place += 6007) {
            double bad = (double)place * 0.5;
            intptr_t layout[] = {20000, 8, 8, 8, 0, 0, 0};
            char *data[] = {(char *)x, (char *)y, (char *)out};
            fill();
            program.step[0] = step_of(add_or_fail, 3, 0, 1, 2);
            program.step[0].context = &bad;
            CHECK(tm_run_program(p, &program, 1, layout, LENGTH(layout), data, LENGTH(data), 0, 1000) ==
                  TM_FAILED);
            for (size_t i = 0; i < place / 1000 * 1000; i++)
                CHECK(out[i] == x[i] + y[i]); /* all before it has run */
            CHECK(out[place] == -7);
        }
}

TEST(flags_of_all_chunks_are_joined_and_the_callers_stay)
{
    static int flags[9000];
    const int native[] = {FE_DIVBYZERO, FE_OVERFLOW, FE_UNDERFLOW, FE_INVALID};
    tm_program program = {
        .arrays = 1, .steps = 1, .step = {step_of(raise_flag, 1, 0, 0, 0)}, .mask = -1, .stop = -1};
    EACH_POOL (p)
        for (int set = 0; set < 32; set++) {
            intptr_t layout[] = {9000, 4, 0};
            char *data[] = {(char *)flags};
            memset(flags, 0, sizeof flags);
            program.keeps_flags = set >> 4;
            for (int bit = 0; bit < 4; bit++)
                if (set >> bit & 1) flags[bit * 2900 + 17] = native[bit];
            feclearexcept(FE_ALL_EXCEPT);
            feraiseexcept(FE_INVALID);
            CHECK(tm_run_program(p, &program, 1, layout, LENGTH(layout), data, LENGTH(data), 0, 1000) ==
                  (set & 15));
            CHECK(fetestexcept(FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INVALID) == FE_INVALID);
            feclearexcept(FE_ALL_EXCEPT);
        }
}

TEST(chunks_round_as_the_caller_does)
{
    static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TONEAREST};
    tm_program program = addition();
    EACH_POOL (p)
        for (int k = 0; k < 3; k++) {
            intptr_t layout[] = {4096, 8, 8, 8, 0, 0, 0};
            char *data[] = {(char *)x, (char *)y, (char *)out};
            for (int i = 0; i < 4096; i++) x[i] = 1, y[i] = 0x1p-60;
            fesetround(modes[k]);
            CHECK(tm_run_program(p, &program, 1, layout, LENGTH(layout), data, LENGTH(data), 0, 64) >= 0);
            CHECK(fegetround() == modes[k]);
            fesetround(FE_TONEAREST);
            for (int i = 0; i < 4096; i++) CHECK(out[i] == (modes[k] == FE_UPWARD ? nextafter(1, 2) : 1));
        }
}

/* ---- casts ---- */

TEST(casts_convert_as_c_does)
{
    static const size_t sizes[] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 8, 16};
    int8_t small[] = {-128, -1, 0, 1, 127};
    for (int to = TM_INT8; to <= TM_UINT64; to++) { /* wraps, as two's complement does */
        uint64_t results[5] = {0};
        intptr_t n = 5, strides[] = {1, 8};
        char *data[] = {(char *)small, (char *)results};
        CHECK(tm_cast_loop(TM_INT8, to)(NULL, data, &n, strides, NULL) == 0);
        for (int i = 0; i < 5; i++) {
            const int64_t value = small[i];
            CHECK(memcmp(&results[i], &value, sizes[to]) == 0); /* little-endian */
        }
    }
    double reals[] = {0.0, -0.0, NAN, 0.1, 1e300, -1e-300};
    bool truths[6];
    float floats[6];
    double complexes[12];
    intptr_t n = 6, strides[] = {8, 1};
    char *data[] = {(char *)reals, (char *)truths};
    CHECK(tm_cast_loop(TM_FLOAT64, TM_BOOL)(NULL, data, &n, strides, NULL) == 0);
    for (int i = 0; i < 6; i++) CHECK(truths[i] == (i > 1));
    data[1] = (char *)floats, strides[1] = 4;
    CHECK(tm_cast_loop(TM_FLOAT64, TM_FLOAT32)(NULL, data, &n, strides, NULL) == 0);
    CHECK(floats[3] == 0.1f && isinf(floats[4]) && floats[5] == 0 && signbit(floats[5]) && isnan(floats[2]));
    data[1] = (char *)complexes, strides[1] = 16;
    CHECK(tm_cast_loop(TM_FLOAT64, TM_COMPLEX128)(NULL, data, &n, strides, NULL) == 0);
    for (int i = 0; i < 6; i++)
        CHECK(complexes[2 * i + 1] == 0 && memcmp(&complexes[2 * i], &reals[i], 8) == 0);
    uint8_t odd[] = {0, 1, 2, 0x80, 0xff}; /* what is read as a bool may be any byte */
    int32_t ones[5];
    n = 5, strides[0] = 1, strides[1] = 4, data[0] = (char *)odd, data[1] = (char *)ones;
    CHECK(tm_cast_loop(TM_UINT8, TM_INT32)(NULL, data, &n, strides, NULL) == 0);
    CHECK(ones[4] == 255);
    data[1] = (char *)truths, strides[1] = 1;
    CHECK(tm_cast_loop(TM_BOOL, TM_BOOL)(NULL, data, &n, strides, NULL) == 0);
    for (int i = 0; i < 5; i++) CHECK(((uint8_t *)truths)[i] == (odd[i] != 0));
}

TEST(strided_casts_are_the_contiguous_ones)
{
    static const size_t sizes[] = {
        1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 8, 16, 0, sizeof(long double), 2 * sizeof(long double)};
    static _Alignas(32) char from[64 * 32], dense[64 * 32], sparse[3 * 64 * 32], spread[3 * 64 * 32];
    for (int a = 0; a < TM_CAST_DTYPES; a++)
        for (int b = 0; b < TM_CAST_DTYPES; b++) {
            tm_inner_loop loop = tm_cast_loop(a, b);
            if (loop == NULL) continue;
            memset(from, 0, sizeof from), memset(dense, 0, sizeof dense), memset(sparse, 0, sizeof sparse);
            for (size_t i = 0; i < 64; i++) { /* small whole numbers of each dtype, made from int64 */
                int64_t value = (int64_t)i;
                char *made[] = {(char *)&value, from + i * sizes[a]};
                intptr_t one = 1, none[] = {8, 0};
                tm_cast_loop(TM_INT64, a)(NULL, made, &one, none, NULL);
                memcpy(spread + 3 * i * sizes[a], from + i * sizes[a], sizes[a]);
            }
            intptr_t n = 64, near[] = {(intptr_t)sizes[a], (intptr_t)sizes[b]};
            intptr_t far[] = {3 * (intptr_t)sizes[a], -3 * (intptr_t)sizes[b]};
            char *data[] = {from, dense}, *others[] = {spread, sparse + 3 * 63 * sizes[b]};
            CHECK(loop(NULL, data, &n, near, NULL) == 0);
            CHECK(loop(NULL, others, &n, far, NULL) == 0);
            const size_t part =
                b == TM_CLONGDOUBLE || b == TM_LONGDOUBLE ? 10 : sizes[b]; /* the rest is padding */
            for (size_t i = 0; i < 64; i++)
                CHECK(memcmp(dense + i * sizes[b], sparse + 3 * (63 - i) * sizes[b], part) == 0);
        }
}

TEST(what_is_not_offered_is_null)
{
    CHECK(tm_cast_loop(-1, TM_INT8) == NULL && tm_cast_loop(TM_INT8, -1) == NULL);
    CHECK(tm_cast_loop(TM_CAST_DTYPES, TM_INT8) == NULL && tm_cast_loop(TM_INT8, TM_CAST_DTYPES) == NULL);
    CHECK(tm_cast_loop(TM_DTYPES, TM_FLOAT64) == NULL && tm_cast_loop(TM_FLOAT64, TM_DTYPES) == NULL);
    CHECK(tm_cast_loop(TM_FLOAT64, TM_INT32) == NULL && tm_cast_loop(TM_COMPLEX64, TM_FLOAT32) == NULL);
    CHECK(tm_cast_loop(TM_COMPLEX64, TM_BOOL) == NULL && tm_cast_loop(TM_INT32, TM_FLOAT64) != NULL);
}

TEST(streamed_copies_of_any_size_and_place)
{
    static char from[4200], to[4200];
    for (size_t i = 0; i < sizeof from; i++) from[i] = (char)(i * 7);
    for (size_t item = 1; item <= 32; item *= 2)
        for (intptr_t n = 0; n * (intptr_t)item < 4000; n = n * 3 + 1)
            for (size_t shift = 0; shift < 64; shift += item) {
                char *data[] = {from + 32 - item % 32, to + shift};
                memset(to, 0x5a, sizeof to);
                CHECK(tm_stream_loop((void *)(uintptr_t)item, data, &n, NULL, NULL) == 0);
                CHECK(memcmp(to + shift, data[0], (size_t)n * item) == 0);
                CHECK(to[shift + (size_t)n * item] == 0x5a && (shift == 0 || to[shift - 1] == 0x5a));
            }
}

/* ---- what is wrong ---- */

TEST(invalid_arguments_touch_nothing)
{
    tm_program program = addition();
    intptr_t layout[4 * (TM_MAX_DIMS + 1) + 3] = {2, 8, 8, 8, 0, 0, 0};
    char *data[] = {(char *)x, (char *)y, (char *)out};
    fill();
    CHECK(tm_run_program(pool, &program, 0, layout, LENGTH(layout), data, program.arrays, 0, 1) ==
          TM_INVALID);
    CHECK(tm_run_program(pool, &program, TM_MAX_DIMS + 1, layout, LENGTH(layout), data, program.arrays, 0,
                         1) == TM_INVALID);
    CHECK(tm_run_program(pool, &program, 1, layout, LENGTH(layout), data, program.arrays, 1, 1) ==
          TM_INVALID);
    CHECK(tm_run_program(pool, &program, 1, layout, LENGTH(layout), data, program.arrays, 0, 0) ==
          TM_INVALID);
    layout[0] = -1;
    CHECK(tm_run_program(pool, &program, 1, layout, LENGTH(layout), data, program.arrays, 0, 1) ==
          TM_INVALID);
    layout[0] = 0;
    CHECK(tm_run_program(pool, &program, 1, layout, LENGTH(layout), data, program.arrays, 0, 1) == TM_OK);
    layout[0] = 2, program.steps = TM_MAX_STEPS + 1;
    CHECK(tm_run_program(pool, &program, 1, layout, LENGTH(layout), data, program.arrays, 0, 1) ==
          TM_INVALID);
    program.steps = 1, program.buffers = TM_MAX_SLOTS;
    CHECK(tm_run_program(pool, &program, 1, layout, LENGTH(layout), data, program.arrays, 0, 1) ==
          TM_INVALID);
    program.arrays = SIZE_MAX, program.buffers = 1; /* together 0 */
    CHECK(tm_run_program(pool, &program, 1, layout, LENGTH(layout), data, program.arrays, 0, 1) ==
          TM_INVALID);
    program.arrays = 3;
    for (size_t bytes = 0; bytes < 2000; bytes += 1025) { /* for which a thread has no tile */
        program.buffer_item[0] = bytes;
        CHECK(tm_run_program(pool, &program, 1, layout, LENGTH(layout), data, program.arrays, 0, 1) ==
              TM_INVALID);
    }
    CHECK(out[0] == -7);
}

TEST(a_program_that_names_what_is_not_there_is_refused)
{
    enum { WAYS = 8 };
    intptr_t layout[7] = {2, 8, 8, 8, 0, 0, 0};
    char *data[] = {(char *)x, (char *)y, (char *)out};
    fill();
    for (int way = 0; way < WAYS; way++) {
        tm_program program = addition();
        tm_step *step = &program.step[0];
        switch (way) {
        case 0: program.arrays = 0, program.buffers = TM_MAX_SLOTS; break; /* there are buffer_items for 16 */
        case 1: step->operands = TM_MAX_OPERANDS + 1; break;
        case 2: step->core_dims = TM_MAX_CORE + 1; break;
        case 3: step->core_strides = TM_MAX_CORE + 1; break;
        case 4: step->slot[2] = 3; break;
        case 5: program.mask = 3; break;
        case 6: program.stop = 3; break;
        default: program.steps = SIZE_MAX; break;
        }
        CHECK(tm_run_program(pool, &program, 1, layout, LENGTH(layout), data, program.arrays, 0, 1) ==
              TM_INVALID);
    }
    CHECK(out[0] == -7);
}

TEST(too_few_or_too_many_addresses_are_refused)
{
    intptr_t layout[] = {2, 8, 8, 8, 0, 0, 0};
    char *data[] = {(char *)x, (char *)y, (char *)out, (char *)out};
    tm_program program = addition();
    program.inputs = 2, program.stride[0] = program.stride[1] = program.stride[2] = 8;
    fill();
    for (size_t count = 0; count <= LENGTH(data); count++) {
        if (count == program.arrays) continue;
        CHECK(tm_run_program(pool, &program, 1, layout, LENGTH(layout), data, count, 0, 1) == TM_INVALID);
        CHECK(tm_run_dense(pool, &program, 2, data, count) == TM_INVALID);
    }
    for (size_t numbers = 0; numbers < LENGTH(layout); numbers++)
        CHECK(tm_run_program(pool, &program, 1, layout, numbers, data, 3, 0, 1) == TM_INVALID);
    program.step[0].core_dims = 1;
    CHECK(tm_run_program(pool, &program, 1, layout, LENGTH(layout), data, 3, 0, 1) == TM_INVALID);
    CHECK(out[0] == -7);
}

TEST(one_element_for_the_results_of_several_chunks_is_refused)
{
    enum { N = 100 };
    intptr_t layout[] = {N, 8, 8, 0, 0, 0, 0};
    char *data[] = {(char *)x, (char *)y, (char *)out};
    tm_program program = addition();
    program.written = 1u << 2, program.inputs = 2, program.stride[0] = program.stride[1] = 8;
    fill();
    CHECK(tm_run_program(pool, &program, 1, layout, LENGTH(layout), data, 3, 0, N - 1) == TM_INVALID);
    CHECK(tm_run_dense(pool, &program, N, data, 3) == TM_INVALID);
    CHECK(out[0] == -7);
    CHECK(tm_run_program(pool, &program, 1, layout, LENGTH(layout), data, 3, 0, N) == 0); /* one chunk */
    CHECK(out[0] == x[N - 1] + y[N - 1]);
    layout[6] = 8; /* an element for each chunk */
    CHECK(tm_run_program(pool, &program, 1, layout, LENGTH(layout), data, 3, 0, N - 1) == 0);
    CHECK(tm_run_dense(pool, &program, 1, data, 3) == 0);
}

TEST(a_closed_pool_refuses)
{
    tm_pool *closed = NULL;
    tm_pool_options options = {.threads = 2};
    tm_program program = addition();
    intptr_t layout[] = {2000, 8, 8, 8, 0, 0, 0};
    char *data[] = {(char *)x, (char *)y, (char *)out};
    CHECK(tm_pool_create(&options, &closed) == TM_OK);
    fill();
    tm_pool_close(closed);
    CHECK(tm_run_program(closed, &program, 1, layout, LENGTH(layout), data, LENGTH(data), 0, 100) ==
          TM_CLOSED);
    CHECK(out[0] == -7);
    tm_pool_destroy(closed);
}

int main(void)
{
    tm_pool_options options = {.threads = 3};
    if (tm_pool_create(&options, &pool) != TM_OK) return 1;
    RUN(one_axis_of_any_length_and_grain);
    RUN(the_odometer_goes_through_every_element_once);
    RUN(most_dimensions);
    RUN(buffers_are_filled_and_emptied_tile_by_tile);
    RUN(no_rest_of_a_row_is_run_apart);
    RUN(nans_are_found_wherever_they_are);
    RUN(results_tell_of_nans_in_rows_of_all_lengths);
    RUN(a_chain_makes_what_its_links_make_one_by_one);
    RUN(a_link_makes_of_special_elements_what_c_does);
    RUN(streamed_results_are_there_when_the_call_returns);
    RUN(only_large_outputs_that_lie_in_long_rows_apart_are_streamed);
    RUN(arrays_are_apart_the_same_or_overlap);
    RUN(an_array_overlaps_itself_or_not);
    RUN(elements_whose_mask_is_0_are_left_alone);
    RUN(each_chunk_has_a_result_of_its_own);
    RUN(a_result_that_decides_ends_the_loop);
    RUN(loops_are_told_of_their_core_dimensions);
    RUN(a_loop_that_fails_ends_the_call);
    RUN(flags_of_all_chunks_are_joined_and_the_callers_stay);
    RUN(chunks_round_as_the_caller_does);
    RUN(casts_convert_as_c_does);
    RUN(strided_casts_are_the_contiguous_ones);
    RUN(what_is_not_offered_is_null);
    RUN(streamed_copies_of_any_size_and_place);
    RUN(invalid_arguments_touch_nothing);
    RUN(a_program_that_names_what_is_not_there_is_refused);
    RUN(too_few_or_too_many_addresses_are_refused);
    RUN(one_element_for_the_results_of_several_chunks_is_refused);
    RUN(a_closed_pool_refuses);
    tm_pool_destroy(pool);
    return finish();
}
