/* count.c: what counts elements, as inner loops: those that are true, those of each value, those of each bin. */
#include "kernel.h"

#define TEMPLATE "count_template.h"
#define DTYPE uint8
#include "foreach_level.h"
#undef TEMPLATE

tm_inner_loop tm_count_loop(void)
{
    static const tm_inner_loop loops[TM_SIMD_LEVELS] =
        TM_LEVELS(count_uint8_baseline, count_uint8_avx2, count_uint8_avx512);
    return loops[tm_simd_level()];
}

int tm_bincount_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                     void *auxdata)
{
    intptr_t *counts = (void *)data[1];
    (void)context, (void)auxdata;

    for (intptr_t i = 0; i < dims[0]; i++) {
        const intptr_t value = *(const intptr_t *)(const void *)(data[0] + i * strides[0]);
        if ((uintptr_t)value >= (uintptr_t)dims[1]) return -1;
        counts[value]++;
    }
    return 0;
}

int tm_histogram_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                      void *auxdata)
{
    const double *edges = (const void *)data[1];
    intptr_t *counts = (void *)data[2];
    const intptr_t bins = dims[1];
    const double first = edges[0], last = edges[bins], scale = (double)bins / (last - first);

    (void)context, (void)auxdata;
    for (intptr_t i = 0; i < dims[0]; i++) {
        const double x = *(const double *)(const void *)(data[0] + i * strides[0]);
        if (!(x >= first && x <= last)) continue;
        intptr_t bin = TM_MIN((intptr_t)((x - first) * scale), bins - 1);
        bin -= x < edges[bin];
        bin += x >= edges[bin + 1] && bin + 1 < bins;
        counts[bin]++;
    }
    return 0;
}
