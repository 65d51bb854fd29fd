/* dense.c: a program over contiguous arrays of one length. */
#include "memory.h"

/* A 64th, but not so little that claiming it shows, nor so much that an interrupt would wait. Chunks begin
 * where every vector does that a loop may have begun at the array's first element, and a whole tile of
 * that before. */
enum { CHUNKS = 64, FEWEST = 1024, MOST = 65536, WHOLE = 256 };

size_t tm_chunk_elements(size_t n)
{
    size_t elements = TM_MIN(TM_MAX(n / CHUNKS, (size_t)FEWEST), (size_t)MOST);
    return (elements + WHOLE - 1) / WHOLE * WHOLE;
}

int tm_run_dense(tm_pool *pool, const tm_program *program, size_t n, char *const *data, size_t count)
{
    const size_t arrays = program->arrays;
    const intptr_t *stride = program->stride;
    intptr_t layout[1 + 2 * TM_MAX_OPERANDS] = {(intptr_t)n};

    if (arrays > TM_MAX_OPERANDS || count != arrays || n > PTRDIFF_MAX) return TM_INVALID;
    for (size_t out = program->inputs; out < arrays; out++) {
        if (stride[out] == 0 && n > 1) return TM_INVALID; /* all results would go to one element */
        for (size_t k = 0; k < out; k++) {
            const tm_relation found =
                tm_relate_rows(data[k], (size_t)stride[k], data[out], (size_t)stride[out], n);
            if (found == TM_OVERLAPPING || (found == TM_SAME && k >= program->inputs)) return TM_OVERLAP;
        }
    }
    memcpy(layout + 1, stride, arrays * sizeof *stride);
    return tm_run_program(pool, program, 1, layout, 1 + 2 * arrays, data, count, 0, tm_chunk_elements(n));
}
