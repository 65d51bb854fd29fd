/* moments.c: sums of elements, of numbers that are not NaN, and of squared deviations from a mean, as inner loops: the
 * instances of the template, and the tables. */
#include "tree.h"

/* An element where x is no NaN, and 0 where it is: of one, and of vectors. */
#define WHERE_NUMBER(x, value) ((x) == (x) ? (value) : 0)
#define WHERE_NUMBERS(x, value) ((__typeof__(x))((__typeof__((x) == (x)))(value) & ((x) == (x))))
#define SQUARE(x) ((x) * (x))

/* Names of the element types that the instances of one dtype have. */
typedef float tm_elements_float32, tm_numbers_float32, tm_squares_float32, tm_number_squares_float32;
typedef double tm_elements_float64, tm_numbers_float64, tm_squares_float64, tm_number_squares_float64;

#define PARTS 1
#define TEMPLATE "moments_template.h"

#define COUNTS 1
#define VALUE(x, mean) WHERE_NUMBER(x, x)
#define VECTOR_VALUE(x, mean) WHERE_NUMBERS(x, x)
#define PART_BYTES 4
#define DTYPE numbers_float32
#include "foreach_level.h"
#undef PART_BYTES
#define PART_BYTES 8
#define DTYPE numbers_float64
#include "foreach_level.h"
#undef PART_BYTES
#undef VALUE
#undef VECTOR_VALUE
#undef COUNTS

#define COUNTS 0
#define VALUE(x, mean) ((void)(mean), (x))
#define VECTOR_VALUE(x, mean) VALUE(x, mean)
#define PART_BYTES 4
#define DTYPE elements_float32
#include "foreach_level.h"
#undef PART_BYTES
#define PART_BYTES 8
#define DTYPE elements_float64
#include "foreach_level.h"
#undef PART_BYTES
#undef VALUE
#undef VECTOR_VALUE

#define VALUE(x, mean) SQUARE((x) - (mean))
#define VECTOR_VALUE(x, mean) VALUE(x, mean)
#define PART_BYTES 4
#define DTYPE squares_float32
#include "foreach_level.h"
#undef PART_BYTES
#define PART_BYTES 8
#define DTYPE squares_float64
#include "foreach_level.h"
#undef PART_BYTES
#undef VALUE
#undef VECTOR_VALUE

#define VALUE(x, mean) SQUARE(WHERE_NUMBER(x, (x) - (mean)))
#define VECTOR_VALUE(x, mean) SQUARE(WHERE_NUMBERS(x, (x) - (mean)))
#define PART_BYTES 4
#define DTYPE number_squares_float32
#include "foreach_level.h"
#undef PART_BYTES
#define PART_BYTES 8
#define DTYPE number_squares_float64
#include "foreach_level.h"
#undef PART_BYTES
#undef VALUE
#undef VECTOR_VALUE
#undef COUNTS
#undef TEMPLATE
#undef PARTS

enum { SINGLE, DOUBLE, SIZES, VALUES = TM_OF_NUMBER_SQUARES + 1 };

static const tm_inner_loop nodes[VALUES][SIZES][TM_SIMD_LEVELS] = {
    [TM_OF_ELEMENTS] =
        {
            TM_LEVELS(nodes_elements_float32_baseline, nodes_elements_float32_avx2,
                      nodes_elements_float32_avx512),
            TM_LEVELS(nodes_elements_float64_baseline, nodes_elements_float64_avx2,
                      nodes_elements_float64_avx512),
        },
    [TM_OF_NUMBERS] =
        {
            TM_LEVELS(nodes_numbers_float32_baseline, nodes_numbers_float32_avx2,
                      nodes_numbers_float32_avx512),
            TM_LEVELS(nodes_numbers_float64_baseline, nodes_numbers_float64_avx2,
                      nodes_numbers_float64_avx512),
        },
    [TM_OF_SQUARES] =
        {
            TM_LEVELS(nodes_squares_float32_baseline, nodes_squares_float32_avx2,
                      nodes_squares_float32_avx512),
            TM_LEVELS(nodes_squares_float64_baseline, nodes_squares_float64_avx2,
                      nodes_squares_float64_avx512),
        },
    [TM_OF_NUMBER_SQUARES] =
        {
            TM_LEVELS(nodes_number_squares_float32_baseline, nodes_number_squares_float32_avx2,
                      nodes_number_squares_float32_avx512),
            TM_LEVELS(nodes_number_squares_float64_baseline, nodes_number_squares_float64_avx2,
                      nodes_number_squares_float64_avx512),
        },
};

static const tm_inner_loop rows[VALUES][SIZES][TM_SIMD_LEVELS] = {
    [TM_OF_ELEMENTS] =
        {
            TM_LEVELS(rows_elements_float32_baseline, rows_elements_float32_avx2,
                      rows_elements_float32_avx512),
            TM_LEVELS(rows_elements_float64_baseline, rows_elements_float64_avx2,
                      rows_elements_float64_avx512),
        },
    [TM_OF_NUMBERS] =
        {
            TM_LEVELS(rows_numbers_float32_baseline, rows_numbers_float32_avx2, rows_numbers_float32_avx512),
            TM_LEVELS(rows_numbers_float64_baseline, rows_numbers_float64_avx2, rows_numbers_float64_avx512),
        },
    [TM_OF_SQUARES] =
        {
            TM_LEVELS(rows_squares_float32_baseline, rows_squares_float32_avx2, rows_squares_float32_avx512),
            TM_LEVELS(rows_squares_float64_baseline, rows_squares_float64_avx2, rows_squares_float64_avx512),
        },
    [TM_OF_NUMBER_SQUARES] =
        {
            TM_LEVELS(rows_number_squares_float32_baseline, rows_number_squares_float32_avx2,
                      rows_number_squares_float32_avx512),
            TM_LEVELS(rows_number_squares_float64_baseline, rows_number_squares_float64_avx2,
                      rows_number_squares_float64_avx512),
        },
};

static tm_inner_loop moments_find(const tm_inner_loop table[VALUES][SIZES][TM_SIMD_LEVELS], int dtype,
                                  int value)
{
    const int size = dtype == TM_FLOAT32 ? SINGLE : dtype == TM_FLOAT64 ? DOUBLE : SIZES;
    return size == SIZES || value < 0 || value >= VALUES ? NULL : table[value][size][tm_simd_level()];
}

tm_inner_loop tm_moment_nodes_loop(int dtype, int value)
{
    return moments_find(nodes, dtype, value);
}

tm_inner_loop tm_moment_rows_loop(int dtype, int value)
{
    return moments_find(rows, dtype, value);
}
