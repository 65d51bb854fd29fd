/* memory.h: how the arrays of a call lie to one another, and whether a result is written past the caches. */
#ifndef TM_MEMORY_H
#define TM_MEMORY_H

#include "../kernels/stream.h"
#include "../machine.h"

typedef enum tm_relation { TM_APART, TM_SAME, TM_OVERLAPPING } tm_relation;

/* Of two arrays of n elements that lie `stride` bytes from one to the next, or 0 for a single one. */
static inline tm_relation tm_relate(const void *a, size_t a_stride, const void *b, size_t b_stride, size_t n)
{
    const uintptr_t first = (uintptr_t)a, second = (uintptr_t)b;
    if (first == second && a_stride == b_stride) return TM_SAME;
    const size_t a_bytes = a_stride ? n * a_stride : 1, b_bytes = b_stride ? n * b_stride : 1;
    return first < second + b_bytes && second < first + a_bytes ? TM_OVERLAPPING : TM_APART;
}

/* Whether a result of so many bytes, which nobody has in a cache, is better written past the caches: where
 * the last of them can't hold it. */
static inline bool tm_worth_streaming(size_t bytes)
{
    return TM_STREAMS && bytes > tm_last_level_cache();
}

#endif
