/* test_moments.c: sums of what elements stand for against plain loops: each instruction set, lengths around every cut
 * of NumPy's tree, arrays that begin anywhere and end where their memory does. */
#include "kernel_cases.h"

#include <fenv.h>

enum { KINDS = 3, VALUES = TM_OF_NUMBER_SQUARES + 1, GUARD = 0x5a };

/* ---- the reference ---- */

static bool leaves_out(int value)
{
    return value == TM_OF_NUMBERS || value == TM_OF_NUMBER_SQUARES;
}

#define REFERENCE(type)                                                                                      \
    static type value_##type(int value, type x, type mean)                                                   \
    {                                                                                                        \
        if (leaves_out(value) && x != x) return 0;                                                           \
        return value < TM_OF_SQUARES ? x : (x - mean) * (x - mean);                                          \
    }                                                                                                        \
    static type tree_##type(int value, const type *x, intptr_t n, type mean)                                 \
    {                                                                                                        \
        type sum = (type) - 0.0, r[8] = {0};                                                                 \
        intptr_t i = 0;                                                                                      \
        if (n > 128) {                                                                                       \
            const intptr_t left = n / 2 - n / 2 % 8;                                                         \
            return tree_##type(value, x, left, mean) + tree_##type(value, x + left, n - left, mean);         \
        }                                                                                                    \
        for (; i + 8 <= n; i += 8)                                                                           \
            for (int k = 0; k < 8; k++) {                                                                    \
                const type one = value_##type(value, x[i + k], mean);                                        \
                r[k] = i == 0 ? one : r[k] + one;                                                            \
            }                                                                                                \
        if (n >= 8) sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));                 \
        for (; i < n; i++) sum += value_##type(value, x[i], mean);                                           \
        return sum;                                                                                          \
    }                                                                                                        \
    static void node_##type(int value, const void *x, intptr_t n, const void *mean, void *sum)               \
    {                                                                                                        \
        *(type *)sum = tree_##type(value, x, n, *(const type *)mean);                                        \
    }                                                                                                        \
    static void row_##type(int value, const void *x, intptr_t n, const void *means, void *sums)              \
    {                                                                                                        \
        for (intptr_t i = 0; i < n; i++)                                                                     \
            ((type *)sums)[i] += value_##type(value, ((const type *)x)[i], ((const type *)means)[i]);        \
    }
REFERENCE(float)
REFERENCE(double)

typedef void (*plain_sum)(int value, const void *x, intptr_t n, const void *mean, void *sum);

static bool is_number(tm_dtype dtype, const char *x)
{
    float narrow;
    double wide;
    if (sizes[dtype] == 4) return memcpy(&narrow, x, 4), !isnan(narrow);
    return memcpy(&wide, x, 8), !isnan(wide);
}

/* ---- arrays ---- */

/* n elements: hostile ones, or tame ones with NaNs: all alike, or of any kind where they are left out. */
static void fill_kind(tm_dtype dtype, size_t n, void *x, int kind, int value)
{
    fill(dtype, n, x, kind > 0);
    if (kind == 2 && leaves_out(value)) put_nans(dtype, n, x);
    for (size_t i = 5; i < n && kind > 0; i += 9)
        if (sizes[dtype] == 4)
            ((float *)x)[i] = NAN;
        else
            ((double *)x)[i] = NAN;
}

#define EACH_CASE(dtype, value, kind)                                                                        \
    for (tm_dtype dtype = TM_FLOAT32; dtype <= TM_FLOAT64; dtype++)                                          \
        for (int value = 0; value < VALUES; value++)                                                         \
            for (int kind = 0; kind < KINDS; kind++)

/* ---- nodes of the tree ---- */

/* Three nodes of an array, whose results lie apart; means stand there as the sums do, or are one. */
static void check_nodes(tm_dtype dtype, int value, int kind, intptr_t n, size_t offset)
{
    enum { NODES = 3, ROOM = 2 * NODES * 8 };
    const size_t item = sizes[dtype];
    const plain_sum plain = item == 4 ? node_float : node_double;
    const tm_node nodes[NODES] = {{0, n}, {n / 3, n - n / 3}, {n, 0}};
    _Alignas(8) char means[ROOM], sums[ROOM], thirds[ROOM], expected[ROOM], wanted[8];
    char *const x = own_memory((size_t)n * item, offset * item);
    const bool counts = value == TM_OF_NUMBERS, one_mean = !counts && n % 2;
    const intptr_t apart = (intptr_t)(counts ? sizeof(intptr_t) : one_mean ? 0 : item);

    fill_kind(dtype, (size_t)n, x, kind, value);
    fill(dtype, ROOM / item, means, true);
    memset(sums, GUARD, ROOM), memset(expected, GUARD, ROOM), memcpy(thirds, means, ROOM);
    for (int k = 0; k < NODES; k++)
        plain(value, x + (size_t)nodes[k].begin * item, nodes[k].n, means + k * apart,
              expected + (size_t)k * 2 * item);

    char *data[] = {(char *)(uintptr_t)nodes, x, sums, thirds};
    const intptr_t count = NODES, strides[] = {sizeof *nodes, 0, (intptr_t)(2 * item), apart};
    CHECK(tm_moment_nodes_loop((int)dtype, value)(NULL, data, &count, strides, NULL) == 0);
    CHECK(memcmp(sums, expected, ROOM) == 0);
    for (int k = 0; k < NODES && counts; k++) {
        intptr_t numbers = 0;
        for (intptr_t i = 0; i < nodes[k].n; i++)
            numbers += is_number(dtype, x + (size_t)(nodes[k].begin + i) * item);
        memcpy(wanted, &numbers, sizeof numbers);
        CHECK(memcmp(thirds + (size_t)k * sizeof numbers, wanted, sizeof numbers) == 0);
    }
    CHECK(counts || memcmp(thirds, means, ROOM) == 0);
    free_own(x, offset * item);
}

TEST(nodes_are_summed_in_numpys_tree)
{
    static const intptr_t lengths[] = {0,   1,   2,   3,   5,    7,    8,    9,    15,   16,  17,
                                       31,  33,  63,  64,  65,   121,  127,  128,  129,  136, 255,
                                       257, 511, 513, 520, 1023, 1024, 1025, 1032, 2048, 9001};
    EACH_LEVEL (level) EACH_CASE(dtype, value, kind)
    for (size_t at = 0; at < LENGTH(lengths); at++) check_nodes(dtype, value, kind, lengths[at], at % 4);
}

TEST(every_length_up_to_the_longest_node_that_is_no_cut_one)
{
    EACH_LEVEL (level)
        for (intptr_t n = 0; n <= 1100; n++) {
            check_nodes(TM_FLOAT64, (int)(n % VALUES), 0, n, (size_t)n % 3);
            check_nodes(TM_FLOAT32, (int)(n % VALUES), 2, n, (size_t)n % 5);
        }
}

/* ---- rows ---- */

static void check_rows(tm_dtype dtype, int value, int kind, intptr_t rows, intptr_t n, size_t offset)
{
    const size_t item = sizes[dtype], bytes = (size_t)n * item, step = bytes + offset * item;
    const plain_sum plain = item == 4 ? row_float : row_double;
    char *const x = own_memory(rows ? (size_t)(rows - 1) * step + bytes : 0, offset * item);
    char *const sums = own_memory(bytes, (3 - offset) * item), *const third =
                                                                   own_memory(bytes, offset * item);
    char *const expected = own_memory(bytes, 0), *const before = own_memory(bytes, 0);
    const bool counts = value == TM_OF_NUMBERS;

    fill_kind(dtype, rows ? (size_t)(rows - 1) * step / item + (size_t)n : 0, x, kind, value);
    fill(dtype, (size_t)n, sums, true), fill(dtype, (size_t)n, before, true);
    if (counts) memset(before, 0, bytes);
    memcpy(expected, sums, bytes), memcpy(third, before, bytes);
    for (intptr_t row = 0; row < rows; row++) plain(value, x + (size_t)row * step, n, before, expected);

    char *data[] = {sums, x, third};
    const intptr_t dims[] = {n, rows},
                   strides[] = {(intptr_t)item, (intptr_t)item, (intptr_t)item, (intptr_t)step};
    CHECK(tm_moment_rows_loop((int)dtype, value)(NULL, data, dims, strides, NULL) == 0);
    CHECK(memcmp(sums, expected, bytes) == 0);
    for (intptr_t i = 0; i < n && counts; i++) {
        int64_t numbers = 0,
                found = item == 4 ? ((int32_t *)(void *)third)[i] : ((int64_t *)(void *)third)[i];
        for (intptr_t row = 0; row < rows; row++)
            numbers += is_number(dtype, x + (size_t)row * step + (size_t)i * item);
        CHECK(found == numbers);
    }
    CHECK(counts || memcmp(third, before, bytes) == 0);
    free_own(x, offset * item), free_own(sums, (3 - offset) * item), free_own(third, offset * item);
    free_own(expected, 0), free_own(before, 0);
}

TEST(rows_are_added_one_after_the_other)
{
    static const intptr_t rows[] = {0, 1, 2, 7, 8, 9, 16, 27},
                          lengths[] = {0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 65, 130, 257};
    EACH_LEVEL (level) EACH_CASE(dtype, value, kind)
    for (size_t r = 0; r < LENGTH(rows); r++)
        for (size_t at = 0; at < LENGTH(lengths); at++)
            check_rows(dtype, value, kind, rows[r], lengths[at], (r + at) % 4);
}

/* ---- flags and what there is none of ---- */

TEST(a_quiet_nan_that_is_left_out_raises_nothing)
{
    EACH_LEVEL (level)
        for (tm_dtype dtype = TM_FLOAT32; dtype <= TM_FLOAT64; dtype++)
            for (intptr_t n = 1; n < 300; n++)
                for (int value = TM_OF_NUMBERS; value <= TM_OF_NUMBER_SQUARES; value += 2) {
                    static _Alignas(8) char x[300 * 8], sums[300 * 8], third[300 * 8];
                    const tm_node node = {0, n};
                    const intptr_t item = (intptr_t)sizes[dtype], one = 1, none[4] = {0}, dims[] = {n, 1},
                                   strides[] = {item, item, item, item};
                    char *nodes[] = {(char *)(uintptr_t)&node, x, sums, third}, *rows[] = {sums, x, third};
                    fill_kind(dtype, (size_t)n, x, 1, value);
                    memset(sums, 0, sizeof sums), memset(third, 0, sizeof third);
                    feclearexcept(FE_ALL_EXCEPT);
                    tm_moment_nodes_loop((int)dtype, value)(NULL, nodes, &one, none, NULL);
                    memset(sums, 0, sizeof sums), memset(third, 0, sizeof third);
                    tm_moment_rows_loop((int)dtype, value)(NULL, rows, dims, strides, NULL);
                    CHECK(fetestexcept(FE_INVALID) == 0);
                }
}

TEST(of_other_elements_and_values_there_are_none)
{
    EACH_DTYPE (dtype)
        for (int value = -1; value <= VALUES; value++) {
            const bool some = (dtype == TM_FLOAT32 || dtype == TM_FLOAT64) && value >= 0 && value < VALUES;
            CHECK((tm_moment_nodes_loop((int)dtype, value) != NULL) == some);
            CHECK((tm_moment_rows_loop((int)dtype, value) != NULL) == some);
        }
    CHECK(tm_moment_nodes_loop(-1, 0) == NULL && tm_moment_rows_loop(TM_DTYPES, 0) == NULL);
}

int main(void)
{
    RUN(nodes_are_summed_in_numpys_tree);
    RUN(every_length_up_to_the_longest_node_that_is_no_cut_one);
    RUN(rows_are_added_one_after_the_other);
    RUN(a_quiet_nan_that_is_left_out_raises_nothing);
    RUN(of_other_elements_and_values_there_are_none);
    return finish();
}
