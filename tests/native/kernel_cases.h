/* kernel_cases.h: what the kernel tests share: dtypes, instruction sets, arrays of hostile numbers. */
#ifndef TM_KERNEL_CASES_H
#define TM_KERNEL_CASES_H

#include "check.h"
#include "common.h"

#include <float.h>
#include <math.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static const size_t sizes[TM_DTYPES] = {
    [TM_BOOL] = 1,
#define TM_INTEGER(code, name, type, wrap, root) [code] = sizeof(type),
#define TM_REAL(code, name, type) [code] = sizeof(type),
#define TM_COMPLEX(code, name, part) [code] = 2 * sizeof(part),
#include "kernels/dtypes.def"
};

#define EACH_DTYPE(dtype) for (tm_dtype dtype = TM_BOOL; dtype < TM_DTYPES; dtype++)
#define EACH_LEVEL(level)                                                                                    \
    for (int level = TM_SIMD_BASELINE; level <= (int)tm_simd_best() && tm_set_simd_level(level) == TM_OK;    \
         level++)

static inline bool is_integer(tm_dtype dtype)
{
    return dtype <= TM_UINT64;
}

static inline uint64_t next_random(void)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Mostly ordinary, now and then one of those that break things. The processor makes NaNs of them that are
 * all alike; which of two different ones survives an addition is left to the compiler, ours and NumPy's. */
static inline double random_real(void)
{
    static const double special[] = {0.0,      -0.0,    INFINITY, -INFINITY, FLT_MAX,
                                     -FLT_MAX, FLT_MIN, DBL_MAX,  1e-310};
    const uint64_t r = next_random();
    if (r % 61 == 0) return special[r / 64 % 9];
    return (double)(int64_t)next_random() * 0x1p-60;
}

/* Fills n elements: any bits for integers, 0 and 1 for bool. `tame`: reals are never special. */
static inline void fill(tm_dtype dtype, size_t n, void *array, bool tame)
{
    const size_t parts = dtype == TM_COMPLEX64 || dtype == TM_COMPLEX128 ? 2 : 1;
    for (size_t i = 0; i < n * parts; i++) {
        const uint64_t bits = next_random();
        const double real = tame ? (double)(int64_t)bits * 0x1p-60 : random_real();
        if (dtype == TM_BOOL)
            ((uint8_t *)array)[i] = bits & 1;
        else if (is_integer(dtype))
            memcpy((char *)array + i * sizes[dtype], &bits, sizes[dtype]);
        else if (sizes[dtype] / parts == 4)
            ((float *)array)[i] = (float)real;
        else
            ((double *)array)[i] = real;
    }
}

/* Makes every 7th of n reals a NaN: of either sign, quiet or signalling, of any payload. */
static inline void put_nans(tm_dtype dtype, size_t n, void *array)
{
    for (size_t i = 3; i < n && !is_integer(dtype); i += 7) {
        const uint64_t narrow = 0x7f800000 | (next_random() & 0x807fffff) | 1,
                       wide = next_random() | UINT64_C(0x7ff) << 52 | 1;
        memcpy((char *)array + i * sizes[dtype], sizes[dtype] == 4 ? &narrow : &wide,
               sizes[dtype]); /* little-endian */
    }
}

/* An array at `offset` in memory of its own, which ends with it: so that a sanitizer sees what is read beyond. */
static inline char *own_memory(size_t bytes, size_t offset)
{
    char *memory = malloc(TM_MAX(offset + bytes, (size_t)1));
    if (memory == NULL) abort();
    return memory + offset;
}

static inline void free_own(char *array, size_t offset)
{
    free(array - offset);
}

/* Equal bits in n elements. */
static inline bool same(tm_dtype dtype, size_t n, const void *a, const void *b)
{
    return memcmp(a, b, n * sizes[dtype]) == 0;
}

#endif
