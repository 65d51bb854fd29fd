/* test_extremes.c: the least and the greatest elements against plain loops: of any dtype, where a NaN is the extreme,
 * and of floats, where NaNs are left out; each instruction set, arrays that begin anywhere and end where their memory
 * does. */
#include "kernel_cases.h"

#include <fenv.h>

enum { KINDS = 6, LEFT = -7 };

static const intptr_t lengths[] = {1,  2,  3,  5,  7,   8,   9,   15,  16,  17,  31,  32, 33,
                                   63, 64, 65, 95, 127, 128, 129, 191, 192, 257, 513, 900};

/* ---- the reference ---- */

/* Where the first of the best of n > 0 elements is, a NaN being the best. */
#define FIRST(code, type)                                                                                    \
    static intptr_t first_##code(const void *x, intptr_t n, intptr_t step, bool least)                       \
    {                                                                                                        \
        const type *at = x;                                                                                  \
        intptr_t best = 0;                                                                                   \
        for (intptr_t i = 1; i < n && !(at[best * step] != at[best * step]); i++) {                          \
            const type one = at[i * step], kept = at[best * step];                                           \
            if (one != one || (least ? one < kept : one > kept)) best = i;                                   \
        }                                                                                                    \
        return best;                                                                                         \
    }
FIRST(TM_BOOL, uint8_t)
#define TM_INTEGER(code, name, type, wrap, root) FIRST(code, type)
#define TM_REAL(code, name, type) FIRST(code, type)
#include "kernels/dtypes.def"

/* The same of complex numbers, in the order of their real parts and then of their imaginary ones. */
#define FIRST_COMPLEX(code, type)                                                                            \
    static intptr_t first_##code(const void *x, intptr_t n, intptr_t step, bool least)                       \
    {                                                                                                        \
        intptr_t best = 0;                                                                                   \
        for (intptr_t i = 0; i < n; i++) {                                                                   \
            const type *one = (const type *)x + 2 * i * step, *kept = (const type *)x + 2 * best * step;     \
            if (isnan(one[0]) || isnan(one[1])) return i;                                                    \
            const int part = one[0] == kept[0];                                                              \
            if (least ? one[part] < kept[part] : one[part] > kept[part]) best = i;                           \
        }                                                                                                    \
        return best;                                                                                         \
    }
#define TM_COMPLEX(code, name, part) FIRST_COMPLEX(code, part)
#include "kernels/dtypes.def"

/* A half as a float. */
static float half_at(const uint16_t *x)
{
    const int exponent = *x >> 10 & 31, fraction = *x & 1023;
    const float size = exponent == 31  ? (fraction ? NAN : INFINITY)
                       : exponent == 0 ? ldexpf((float)fraction, -24)
                                       : ldexpf((float)(fraction + 1024), exponent - 25);
    return *x >> 15 ? -size : size;
}

static intptr_t first_TM_FLOAT16(const void *x, intptr_t n, intptr_t step, bool least)
{
    intptr_t best = 0;
    for (intptr_t i = 0; i < n; i++) {
        const float one = half_at((const uint16_t *)x + i * step);
        const float kept = half_at((const uint16_t *)x + best * step);
        if (isnan(one)) return i;
        if (least ? one < kept : one > kept) best = i;
    }
    return best;
}

static intptr_t (*const first[])(const void *, intptr_t, intptr_t, bool) = {
    [TM_BOOL] = first_TM_BOOL,
    [TM_FLOAT16] = first_TM_FLOAT16,
#define TM_INTEGER(code, name, type, wrap, root) [code] = first_##code,
#define TM_REAL(code, name, type) [code] = first_##code,
#define TM_COMPLEX(code, name, part) [code] = first_##code,
#include "kernels/dtypes.def"
};

#define EACH_ORDERED(dtype)                                                                                  \
    for (tm_dtype dtype = TM_BOOL; dtype < TM_ORDERED_DTYPES; dtype++)                                       \
        if (dtype < TM_DTYPES || dtype == TM_FLOAT16)

static size_t item_of(tm_dtype dtype)
{
    return dtype == TM_FLOAT16 ? 2 : sizes[dtype];
}

static double real_at(tm_dtype dtype, const char *x)
{
    float narrow;
    double wide;
    if (sizes[dtype] == 4) return memcpy(&narrow, x, 4), narrow;
    return memcpy(&wide, x, 8), wide;
}

/* Where the first of the best of n elements `step` bytes apart is, and its value; LEFT where all are NaN, or as far as
 * can be. */
static intptr_t first_number(tm_dtype dtype, const char *x, intptr_t n, intptr_t step, bool greatest,
                             double *best)
{
    intptr_t place = LEFT;
    *best = greatest ? -INFINITY : INFINITY;
    for (intptr_t i = 0; i < n; i++) {
        const double one = real_at(dtype, x + i * step);
        if (greatest ? one > *best : one < *best) *best = one, place = i;
    }
    return place;
}

/* ---- arrays ---- */

/* n elements: hostile; few, so that many are equal; reals also with NaNs, all NaN, or all the same infinity. */
static void fill_kind(tm_dtype dtype, size_t n, void *x, int kind)
{
    static const double few[] = {0.0, -0.0, 1.5, -1.5};
    const double far = next_random() % 2 ? INFINITY : -INFINITY;
    if (dtype == TM_COMPLEX64 || dtype == TM_COMPLEX128) {
        fill_kind(dtype == TM_COMPLEX64 ? TM_FLOAT32 : TM_FLOAT64, 2 * n, x, kind);
        return;
    }
    if (dtype == TM_FLOAT16) {
        static const uint16_t few_halves[] = {0, 0x8000, 0x3e00, 0xbe00, 0x7c00, 0xfc00, 0x7e00, 0xfd01};
        const uint16_t of = kind == 0 || kind == 3 ? 8 : kind == 1 ? 6 : 4;
        for (size_t i = 0; i < n; i++) {
            const uint64_t bits = next_random();
            ((uint16_t *)x)[i] = kind >= 4          ? few_halves[kind]
                                 : bits % 8 && kind ? few_halves[bits / 8 % of]
                                                    : (uint16_t)(bits >> 16);
        }
        return;
    }
    fill(dtype, n, x, kind == 1);
    for (size_t i = 0; i < n && kind == 2 && is_integer(dtype); i++) {
        char *const at = (char *)x + i * sizes[dtype];
        const uint64_t number = next_random() % 3;
        memcpy(at, &number, sizes[dtype]); /* little-endian */
    }
    if (is_integer(dtype)) return;
    for (size_t i = 0; i < n && kind >= 2 && kind != 3; i++) {
        const double one = kind == 2 ? few[next_random() % 4] : kind == 4 ? (double)NAN : far;
        if (sizes[dtype] == 4)
            ((float *)x)[i] = (float)one;
        else
            ((double *)x)[i] = one;
    }
    if (kind == 1 || kind == 3) put_nans(dtype, n, x);
}

#define EACH_REAL(dtype) for (tm_dtype dtype = TM_FLOAT32; dtype <= TM_FLOAT64; dtype++)

/* ---- where a NaN is the extreme ---- */

static void check_first(tm_dtype dtype, int kind, intptr_t n, intptr_t step, size_t offset)
{
    const size_t item = item_of(dtype), length = (size_t)((n - 1) * step + 1);
    const intptr_t begun = n / 3, rest = n - begun, strides[] = {0, step * (intptr_t)item, 0};
    char *const x = own_memory(length * item, offset * item);

    fill_kind(dtype, length, x, kind);
    for (int least = 0; least < 2; least++) {
        void *const context = (void *)(uintptr_t)least;
        const intptr_t wanted = first[dtype](x, n, step, least);
        intptr_t index = LEFT;
        char *row[] = {(char *)&index, x, (char *)&index};
        CHECK(tm_arg_extreme_loop((int)dtype, TM_ROW)(context, row, &n, strides, NULL) == 0);
        CHECK(index == wanted);

        tm_arg_extreme seen = {.index = -1};
        char *data[] = {(char *)&seen, x, (char *)&seen};
        const tm_inner_loop loop = tm_arg_extreme_loop((int)dtype, TM_EACH);
        CHECK(loop(context, data, &begun, strides, NULL) == 0 && seen.count == begun);
        data[1] += begun * strides[1];
        CHECK(loop(context, data, &rest, strides, NULL) == 0 && seen.count == n);
        CHECK(seen.index == wanted);
        CHECK(memcmp(&seen.value, x + (size_t)(wanted * step) * item, item) == 0);
    }
    free_own(x, offset * item);
}

/* Of three rows of `width` columns, each column's. */
static void check_first_down(tm_dtype dtype, int kind, intptr_t width, intptr_t step)
{
    const size_t item = item_of(dtype), length = (size_t)((3 * width - 1) * step + 1);
    const intptr_t strides[] = {(intptr_t)item, step * (intptr_t)item, 0, sizeof(intptr_t)};
    char *const x = own_memory(length * item, 0), *const best = own_memory((size_t)width * item, 0);
    intptr_t *const index = (void *)own_memory((size_t)width * sizeof *index, 0);

    fill_kind(dtype, length, x, kind);
    for (int least = 0; least < 2; least++) {
        void *const context = (void *)(uintptr_t)least;
        for (intptr_t j = 0; j < width; j++) {
            memcpy(best + (size_t)j * item, x + (size_t)(j * step) * item, item);
            index[j] = 0;
        }
        for (intptr_t row = 1; row < 3; row++) {
            char *data[] = {best, x + (size_t)(row * width * step) * item, (char *)&row, (char *)index};
            CHECK(tm_arg_extreme_loop((int)dtype, TM_COLUMN)(context, data, &width, strides, NULL) == 0);
        }
        for (intptr_t j = 0; j < width; j++)
            CHECK(index[j] == first[dtype](x + (size_t)(j * step) * item, 3, width * step, least));
    }
    free_own(x, 0), free_own(best, 0), free_own((char *)index, 0);
}

TEST(the_first_in_each_column_is_found)
{
    EACH_LEVEL (level) EACH_ORDERED(dtype)
    for (int kind = 0; kind < (is_integer(dtype) ? 3 : KINDS); kind++)
        for (intptr_t width = 1; width < 200; width += 33)
            for (intptr_t step = 1; step < 3; step++) check_first_down(dtype, kind, width, step);
}

TEST(the_first_of_the_greatest_and_of_the_least_is_found)
{
    EACH_LEVEL (level) EACH_ORDERED(dtype)
    for (int kind = 0; kind < (is_integer(dtype) ? 3 : KINDS); kind++)
        for (size_t at = 0; at < LENGTH(lengths); at++)
            for (intptr_t step = 0; step < 4; step++) check_first(dtype, kind, lengths[at], step, at % 4);
}

/* ---- where NaNs are left out ---- */

static void check_nodes(tm_dtype dtype, int kind, intptr_t n, size_t offset)
{
    enum { NODES = 3 };
    const tm_node nodes[NODES] = {{0, n}, {n / 3, n - n / 3}, {n, 0}};
    const size_t item = sizes[dtype];
    char *const x = own_memory((size_t)n * item, offset * item);

    fill_kind(dtype, (size_t)n, x, kind);
    for (int greatest = 0; greatest < 2; greatest++)
        for (int placeless = 0; placeless < 2; placeless++) {
            char *const found = own_memory(NODES * item, 0);
            intptr_t places[2 * NODES] = {LEFT, LEFT, LEFT, LEFT, LEFT, LEFT};
            char *data[] = {(char *)(uintptr_t)nodes, x, found, (char *)places};
            const intptr_t count = NODES,
                           strides[] = {sizeof *nodes, 0, (intptr_t)item, 2 * (intptr_t)sizeof *places};
            const tm_inner_loop loop = tm_nan_extreme_nodes_loop((int)dtype, greatest);
            CHECK(loop((void *)(uintptr_t)placeless, data, &count, strides, NULL) == 0);
            for (int k = 0; k < NODES; k++) {
                double best;
                const intptr_t place = first_number(dtype, x + (size_t)nodes[k].begin * item, nodes[k].n,
                                                    (intptr_t)item, greatest, &best);
                CHECK(real_at(dtype, found + (size_t)k * item) == best); /* which of two zeros is open */
                CHECK(places[2 * k] == (placeless ? LEFT : place) && places[2 * k + 1] == LEFT);
            }
            free_own(found, 0);
        }
    free_own(x, offset * item);
}

TEST(numbers_of_nodes_are_found_beside_nans)
{
    EACH_LEVEL (level) EACH_REAL(dtype)
    for (int kind = 0; kind < KINDS; kind++)
        for (intptr_t n = 0; n < 300; n++) check_nodes(dtype, kind, n, (size_t)n % 5);
}

static void check_rows(tm_dtype dtype, int kind, intptr_t rows, intptr_t n, size_t offset)
{
    const size_t item = sizes[dtype], bytes = (size_t)n * item, step = bytes + offset * item;
    const size_t length = rows ? (size_t)(rows - 1) * step + bytes : 0;
    char *const x = own_memory(length, offset * item), *const found = own_memory(bytes, offset * item),
                *const places = own_memory(bytes, (3 - offset) * item);

    fill_kind(dtype, length / item, x, kind);
    for (int greatest = 0; greatest < 2; greatest++) {
        for (intptr_t i = 0; i < n; i++) {
            const double beyond = greatest ? -INFINITY : INFINITY;
            const float narrow = (float)beyond;
            const int64_t left = LEFT;
            memcpy(found + (size_t)i * item, item == 4 ? (const void *)&narrow : &beyond, item);
            memcpy(places + (size_t)i * item, &left, item); /* little-endian */
        }
        char *data[] = {found, x, places};
        const intptr_t dims[] = {n, rows},
                       strides[] = {(intptr_t)item, (intptr_t)item, (intptr_t)item, (intptr_t)step};
        CHECK(tm_nan_extreme_rows_loop((int)dtype, greatest)(NULL, data, dims, strides, NULL) == 0);
        for (intptr_t i = 0; i < n; i++) {
            double best;
            const size_t at = (size_t)i * item;
            const int64_t place = first_number(dtype, x + at, rows, (intptr_t)step, greatest, &best);
            CHECK(real_at(dtype, found + at) == best);
            CHECK(memcmp(places + at, &place, item) == 0);
        }
    }
    free_own(x, offset * item), free_own(found, offset * item), free_own(places, (3 - offset) * item);
}

TEST(numbers_of_columns_are_found_beside_nans)
{
    static const intptr_t rows[] = {0, 1, 2, 7, 8, 9, 16, 27},
                          columns[] = {0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 65, 130};
    EACH_LEVEL (level) EACH_REAL(dtype)
    for (int kind = 0; kind < KINDS; kind++)
        for (size_t r = 0; r < LENGTH(rows); r++)
            for (size_t at = 0; at < LENGTH(columns); at++)
                check_rows(dtype, kind, rows[r], columns[at], (r + at) % 4);
}

/* ---- flags and what there is none of ---- */

TEST(a_quiet_nan_that_is_left_out_raises_nothing)
{
    static _Alignas(8) char x[300 * 8], found[300 * 8], places[300 * 8];
    EACH_LEVEL (level) EACH_REAL(dtype)
    for (intptr_t n = 1; n < 300; n++)
        for (int greatest = 0; greatest < 2; greatest++) {
            const tm_node node = {0, n};
            const intptr_t item = (intptr_t)sizes[dtype], one = 1, none[4] = {0}, dims[] = {n, 1},
                           strides[] = {item, item, item, item};
            char *nodes[] = {(char *)(uintptr_t)&node, x, found, places}, *rows[] = {found, x, places};
            fill_kind(dtype, (size_t)n, x, 4);
            memset(found, 0, sizeof found);
            feclearexcept(FE_ALL_EXCEPT);
            tm_nan_extreme_nodes_loop((int)dtype, greatest)(NULL, nodes, &one, none, NULL);
            tm_nan_extreme_rows_loop((int)dtype, greatest)(NULL, rows, dims, strides, NULL);
            CHECK(fetestexcept(FE_INVALID) == 0);
        }
}

TEST(of_other_elements_there_are_none)
{
    EACH_DTYPE (dtype)
        for (int which = 0; which < 2; which++) {
            const bool real = dtype == TM_FLOAT32 || dtype == TM_FLOAT64;
            for (int over = TM_EACH; over <= TM_COLUMN; over++)
                CHECK(tm_arg_extreme_loop((int)dtype, over) != NULL);
            CHECK((tm_nan_extreme_nodes_loop((int)dtype, which) != NULL) == real);
            CHECK((tm_nan_extreme_rows_loop((int)dtype, which) != NULL) == real);
        }
    CHECK(tm_arg_extreme_loop(-1, 0) == NULL && tm_arg_extreme_loop(TM_DTYPES, 1) == NULL);
    CHECK(tm_arg_extreme_loop(TM_LONGDOUBLE, 0) == NULL && tm_arg_extreme_loop(TM_ORDERED_DTYPES, 1) == NULL);
    CHECK(tm_nan_extreme_nodes_loop(-1, 0) == NULL && tm_nan_extreme_rows_loop(TM_DTYPES, 0) == NULL);
}

int main(void)
{
    RUN(the_first_in_each_column_is_found);
    RUN(the_first_of_the_greatest_and_of_the_least_is_found);
    RUN(numbers_of_nodes_are_found_beside_nans);
    RUN(numbers_of_columns_are_found_beside_nans);
    RUN(a_quiet_nan_that_is_left_out_raises_nothing);
    RUN(of_other_elements_there_are_none);
    return finish();
}
