/* cast.c: conversions between dtypes as inner loops, so that a program takes them for steps like any other.
 *
 * C converts as NumPy does. Real numbers to integers, which C leaves undefined where they don't fit, are not
 * offered, nor complex numbers to real ones, of which NumPy warns, nor to bools: NumPy looks at the imaginary
 * part of a signalling NaN where C need not. */
#include "kernel.h"

/* What stands for each name. In C a conversion to _Bool is a comparison with 0, and real numbers convert
 * to complex ones by themselves. What is read as a bool may be any byte, each of which but 0 is true: char is a type
 * of its own, no other element's. */
typedef char boolean_read;
typedef bool boolean_written;
typedef int8_t int8_read, int8_written;
typedef uint8_t uint8_read, uint8_written;
typedef int16_t int16_read, int16_written;
typedef uint16_t uint16_read, uint16_written;
typedef int32_t int32_read, int32_written;
typedef uint32_t uint32_read, uint32_written;
typedef int64_t int64_read, int64_written;
typedef uint64_t uint64_read, uint64_written;
typedef float float32_read, float32_written;
typedef double float64_read, float64_written;
typedef long double longdouble_read, longdouble_written;
typedef float _Complex complex64_read, complex64_written;
typedef double _Complex complex128_read, complex128_written;
typedef long double _Complex clongdouble_read, clongdouble_written;

#define NUMBER(x) _Generic((x), char: (x) != 0, default: (x))

#define INTEGERS 0
#define REALS 1
#define ALL 2

#define TM_JOIN4_(a, b, c, d) a##_##b##_##c##_##d
#define TM_JOIN4(a, b, c, d) TM_JOIN4_(a, b, c, d)

/* Comparisons with 0 are four times as fast with AVX2; nothing more is with AVX-512. */
#define LEVEL baseline
#define TARGET
#include "cast_level.h"
#if TM_X86_KERNELS
#define LEVEL avx2
#define TARGET __attribute__((target("avx2")))
#include "cast_level.h"
#endif

tm_inner_loop tm_cast_loop(int from, int to)
{
    const tm_inner_loop *const *casts = casts_baseline;
#if TM_X86_KERNELS
    if (tm_simd_level() >= TM_SIMD_AVX2) casts = casts_avx2;
#endif
    const bool known =
        from >= 0 && from < TM_CAST_DTYPES && to >= 0 && to < TM_CAST_DTYPES && casts[to] != NULL;
    return known ? casts[to][from] : NULL;
}
