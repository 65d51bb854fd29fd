/* select.c: one of two operands for each element, as an inner loop. */
#include "kernel.h"

/* Elements by their size alone; a complex64 is aligned to four bytes. */
typedef uint8_t __attribute__((may_alias)) item1;
typedef uint16_t __attribute__((may_alias)) item2;
typedef uint32_t __attribute__((may_alias)) item4;
typedef uint64_t __attribute__((may_alias, aligned(4))) item8;

typedef void (*select_fn)(intptr_t n, char *const *data, const intptr_t *strides);

#define LEVEL baseline
#define TARGET
#include "select_level.h"
#if TM_X86_KERNELS
#define LEVEL avx2
#define TARGET __attribute__((target("avx2")))
#include "select_level.h"
#endif

int tm_select_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                   void *auxdata)
{
    const size_t item = (size_t)(uintptr_t)context;
    const select_fn *selects = selects_baseline;
    (void)auxdata;

#if TM_X86_KERNELS
    if (tm_simd_level() >= TM_SIMD_AVX2) selects = selects_avx2;
#endif
    if (item <= 8 && selects[item] != NULL) {
        selects[item](dims[0], data, strides);
        return 0;
    }
    for (intptr_t i = 0; i < dims[0]; i++) {
        const char *from = data[0][i * strides[0]] ? data[1] + i * strides[1] : data[2] + i * strides[2];
        memcpy(data[3] + i * strides[3], from, item);
    }
    return 0;
}
