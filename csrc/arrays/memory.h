/* memory.h: how the arrays of a call lie to one another, and whether a result is written past the caches. */
#ifndef TM_MEMORY_H
#define TM_MEMORY_H

#include "../kernels/stream.h"
#include "../machine.h"

/* Pieces of memory: where each begins and ends. */
static inline bool tm_are_apart(uintptr_t a, uintptr_t a_end, uintptr_t b, uintptr_t b_end)
{
    return a_end <= b || b_end <= a;
}

/* The relation of two arrays of n elements that lie `stride` bytes from one to the next, or 0 for a single
 * one. */
static inline tm_relation tm_relate_rows(const void *a, size_t a_stride, const void *b, size_t b_stride,
                                         size_t n)
{
    const uintptr_t first = (uintptr_t)a, second = (uintptr_t)b;
    if (first == second && a_stride == b_stride) return TM_SAME;
    const size_t a_bytes = a_stride ? n * a_stride : 1, b_bytes = b_stride ? n * b_stride : 1;
    return tm_are_apart(first, first + a_bytes, second, second + b_bytes) ? TM_APART : TM_OVERLAPPING;
}

/* Whether a result of so many bytes, which nobody has in a cache, is better written past the caches: where
 * the last of them can't hold it. */
static inline bool tm_worth_streaming(size_t bytes)
{
    return TM_STREAMS && bytes > tm_last_level_cache();
}

/* The program itself, or, where it has outputs that are worth streaming over this space, `copy`: the same
 * program, which makes them in buffers and copies them past the caches. */
const tm_program *tm_with_streams(const tm_program *program, tm_program *copy, size_t dims,
                                  const intptr_t *layout, char *const *data);

#endif
