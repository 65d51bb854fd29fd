/* cast.c: conversions between dtypes as inner loops, so that a program takes them for steps like any other.
 *
 * C converts as NumPy does. Real numbers to integers, which C leaves undefined where they don't fit, are not
 * offered, nor complex numbers to real ones, of which NumPy warns. */
#include "kernel.h"

/* In C a conversion to _Bool is a comparison with 0, and real numbers convert to complex ones by themselves. What
 * is read as a bool may be any byte. */
typedef uint8_t boolean_read;
typedef bool boolean_written;
#define BOTH(name, type) typedef type name##_read; typedef type name##_written;
BOTH(int8, int8_t)
BOTH(uint8, uint8_t)
BOTH(int16, int16_t)
BOTH(uint16, uint16_t)
BOTH(int32, int32_t)
BOTH(uint32, uint32_t)
BOTH(int64, int64_t)
BOTH(uint64, uint64_t)
BOTH(float32, float)
BOTH(float64, double)
BOTH(longdouble, long double)
BOTH(complex64, float _Complex)
BOTH(complex128, double _Complex)
BOTH(clongdouble, long double _Complex)

#define TM_JOIN4_(a, b, c, d) a##_##b##_##c##_##d
#define TM_JOIN4(a, b, c, d) TM_JOIN4_(a, b, c, d)
#define CAST_NAME(from, to) TM_JOIN4(from, to, cast, LEVEL)
#define CAST(from, to) CAST_(from, to, CAST_NAME(from, to), TM_JOIN2(from, read), TM_JOIN2(to, written))

/* The contiguous case apart, for it alone is vectorized. */
#define CAST_(from, to, name, FROM, TO_TYPE)                                                          \
    TARGET static int name(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides, void *auxdata) \
    {                                                                                                 \
        const intptr_t n = dims[0], step = strides[0], stride = strides[1];                           \
        const char *x = data[0];                                                                      \
        char *out = data[1];                                                                          \
        (void)context, (void)auxdata;                                                                 \
        if (step == sizeof(FROM) && stride == sizeof(TO_TYPE))                                        \
            for (intptr_t i = 0; i < n; i++) ((TO_TYPE *)(void *)out)[i] = (TO_TYPE)((const FROM *)(const void *)x)[i]; \
        else                                                                                          \
            for (intptr_t i = 0; i < n; i++, x += step, out += stride)                                \
                *(TO_TYPE *)(void *)out = (TO_TYPE)*(const FROM *)(const void *)x;                    \
        return 0;                                                                                     \
    }

#define NONE(from, to)
#define ROW_CAST(code, from, to) [code] = CAST_NAME(from, to),
#define ROW_NONE(code, from, to)

/* Comparisons with 0 are four times as fast with AVX2; nothing more is with AVX-512. */
#define LEVEL baseline
#define TARGET
#include "cast_level.h"
#if TM_X86
#define LEVEL avx2
#define TARGET __attribute__((target("avx2")))
#include "cast_level.h"
#endif

tm_inner_loop tm_cast_loop(int from, int to)
{
    const tm_inner_loop *const *casts = casts_baseline;
#if TM_X86
    if (tm_simd_level() >= TM_SIMD_AVX2) casts = casts_avx2;
#endif
    const bool known = from >= 0 && from < TM_CAST_DTYPES && to >= 0 && to < TM_CAST_DTYPES && casts[to] != NULL;
    return known ? casts[to][from] : NULL;
}
