/* buckets.c: inner loops that count and part elements by their keys: the instances of the template, and the tables.
 *
 * A key is an integer of an element's size. Keys are in the order of the elements. An integer is its own key. Of floats
 * they are in the order from the negative NaNs over -inf, -0.0, 0.0 and inf to the positive NaNs, whatever becomes of
 * subnormal numbers in comparisons of floats. To compare all elements of a tile with one splitter after the other takes
 * no branch, and runs on vectors. */
#include "kernel.h"

/* Elements whose keys are held at a time, which a counter of their size can count; and elements that are looked at
 * together before they are taken one by one. */
#define TILE ((intptr_t)(sizeof(WORD) == 1 ? 128 : 512))
enum { BLOCK = 64 };

/* The key of an element, and the element of a key. */
#define KEY_OF(word) ((WORD)((word) ^ (WORD)(((word) >> (8 * sizeof(WORD) - 1)) & FLIP)))

#define TEMPLATE "buckets_template.h"
#define WORD int8_t
#define COUNTER uint8_t
#define FLIP 0
#define DTYPE int8
#include "foreach_level.h"
#undef WORD
#undef COUNTER
#undef FLIP
#define WORD uint8_t
#define COUNTER uint8_t
#define FLIP 0
#define DTYPE uint8
#include "foreach_level.h"
#undef WORD
#undef COUNTER
#undef FLIP
#define WORD int16_t
#define COUNTER uint16_t
#define FLIP 0
#define DTYPE int16
#include "foreach_level.h"
#undef WORD
#undef COUNTER
#undef FLIP
#define WORD uint16_t
#define COUNTER uint16_t
#define FLIP 0
#define DTYPE uint16
#include "foreach_level.h"
#undef WORD
#undef COUNTER
#undef FLIP
#define WORD int32_t
#define COUNTER uint32_t
#define FLIP 0
#define DTYPE int32
#include "foreach_level.h"
#undef WORD
#undef COUNTER
#undef FLIP
#define WORD uint32_t
#define COUNTER uint32_t
#define FLIP 0
#define DTYPE uint32
#include "foreach_level.h"
#undef WORD
#undef COUNTER
#undef FLIP
#define WORD int64_t
#define COUNTER uint64_t
#define FLIP 0
#define DTYPE int64
#include "foreach_level.h"
#undef WORD
#undef COUNTER
#undef FLIP
#define WORD uint64_t
#define COUNTER uint64_t
#define FLIP 0
#define DTYPE uint64
#include "foreach_level.h"
#undef WORD
#undef COUNTER
#undef FLIP
#define WORD int32_t
#define COUNTER uint32_t
#define FLIP INT32_MAX
#define DTYPE float32
#include "foreach_level.h"
#undef WORD
#undef COUNTER
#undef FLIP
#define WORD int64_t
#define COUNTER uint64_t
#define FLIP INT64_MAX
#define DTYPE float64
#include "foreach_level.h"
#undef WORD
#undef COUNTER
#undef FLIP
#undef TEMPLATE

static const tm_inner_loop ranks_loops[TM_DTYPES][TM_SIMD_LEVELS] = {
    [TM_BOOL] = TM_LEVELS(ranks_uint8_baseline, ranks_uint8_avx2, ranks_uint8_avx512),
    [TM_INT8] = TM_LEVELS(ranks_int8_baseline, ranks_int8_avx2, ranks_int8_avx512),
    [TM_UINT8] = TM_LEVELS(ranks_uint8_baseline, ranks_uint8_avx2, ranks_uint8_avx512),
    [TM_INT16] = TM_LEVELS(ranks_int16_baseline, ranks_int16_avx2, ranks_int16_avx512),
    [TM_UINT16] = TM_LEVELS(ranks_uint16_baseline, ranks_uint16_avx2, ranks_uint16_avx512),
    [TM_INT32] = TM_LEVELS(ranks_int32_baseline, ranks_int32_avx2, ranks_int32_avx512),
    [TM_UINT32] = TM_LEVELS(ranks_uint32_baseline, ranks_uint32_avx2, ranks_uint32_avx512),
    [TM_INT64] = TM_LEVELS(ranks_int64_baseline, ranks_int64_avx2, ranks_int64_avx512),
    [TM_UINT64] = TM_LEVELS(ranks_uint64_baseline, ranks_uint64_avx2, ranks_uint64_avx512),
    [TM_FLOAT32] = TM_LEVELS(ranks_float32_baseline, ranks_float32_avx2, ranks_float32_avx512),
    [TM_FLOAT64] = TM_LEVELS(ranks_float64_baseline, ranks_float64_avx2, ranks_float64_avx512),
};

static const tm_inner_loop scatter_loops[TM_DTYPES][TM_SIMD_LEVELS] = {
    [TM_BOOL] = TM_LEVELS(scatter_uint8_baseline, scatter_uint8_avx2, scatter_uint8_avx512),
    [TM_INT8] = TM_LEVELS(scatter_int8_baseline, scatter_int8_avx2, scatter_int8_avx512),
    [TM_UINT8] = TM_LEVELS(scatter_uint8_baseline, scatter_uint8_avx2, scatter_uint8_avx512),
    [TM_INT16] = TM_LEVELS(scatter_int16_baseline, scatter_int16_avx2, scatter_int16_avx512),
    [TM_UINT16] = TM_LEVELS(scatter_uint16_baseline, scatter_uint16_avx2, scatter_uint16_avx512),
    [TM_INT32] = TM_LEVELS(scatter_int32_baseline, scatter_int32_avx2, scatter_int32_avx512),
    [TM_UINT32] = TM_LEVELS(scatter_uint32_baseline, scatter_uint32_avx2, scatter_uint32_avx512),
    [TM_INT64] = TM_LEVELS(scatter_int64_baseline, scatter_int64_avx2, scatter_int64_avx512),
    [TM_UINT64] = TM_LEVELS(scatter_uint64_baseline, scatter_uint64_avx2, scatter_uint64_avx512),
    [TM_FLOAT32] = TM_LEVELS(scatter_float32_baseline, scatter_float32_avx2, scatter_float32_avx512),
    [TM_FLOAT64] = TM_LEVELS(scatter_float64_baseline, scatter_float64_avx2, scatter_float64_avx512),
};

static const tm_inner_loop between_loops[TM_DTYPES][TM_SIMD_LEVELS] = {
    [TM_BOOL] = TM_LEVELS(between_uint8_baseline, between_uint8_avx2, between_uint8_avx512),
    [TM_INT8] = TM_LEVELS(between_int8_baseline, between_int8_avx2, between_int8_avx512),
    [TM_UINT8] = TM_LEVELS(between_uint8_baseline, between_uint8_avx2, between_uint8_avx512),
    [TM_INT16] = TM_LEVELS(between_int16_baseline, between_int16_avx2, between_int16_avx512),
    [TM_UINT16] = TM_LEVELS(between_uint16_baseline, between_uint16_avx2, between_uint16_avx512),
    [TM_INT32] = TM_LEVELS(between_int32_baseline, between_int32_avx2, between_int32_avx512),
    [TM_UINT32] = TM_LEVELS(between_uint32_baseline, between_uint32_avx2, between_uint32_avx512),
    [TM_INT64] = TM_LEVELS(between_int64_baseline, between_int64_avx2, between_int64_avx512),
    [TM_UINT64] = TM_LEVELS(between_uint64_baseline, between_uint64_avx2, between_uint64_avx512),
    [TM_FLOAT32] = TM_LEVELS(between_float32_baseline, between_float32_avx2, between_float32_avx512),
    [TM_FLOAT64] = TM_LEVELS(between_float64_baseline, between_float64_avx2, between_float64_avx512),
};

static tm_inner_loop buckets_find(const tm_inner_loop loops[TM_DTYPES][TM_SIMD_LEVELS], int dtype)
{
    return dtype < 0 || dtype >= TM_DTYPES ? NULL : loops[dtype][tm_simd_level()];
}

tm_inner_loop tm_ranks_loop(int dtype)
{
    return buckets_find(ranks_loops, dtype);
}

tm_inner_loop tm_scatter_loop(int dtype)
{
    return buckets_find(scatter_loops, dtype);
}

tm_inner_loop tm_between_loop(int dtype)
{
    return buckets_find(between_loops, dtype);
}
