/* kernel.h: the one kernel type, and the tables in which a kernel is found.
 *
 * A kernel is a serial loop over contiguous elements. It is written once, in a *_template.h, and compiled
 * for every dtype and every instruction set (foreach_level.h). What differs between the kernels of one
 * table row is speed, never a bit of the result, but where two different NaNs meet: which one an operation
 * returns depends on the order of operands that the compiler chose, here as in NumPy. So nobody may ask a
 * kernel of this kind for NumPy's bits who has not made sure that none meet; and there are none for
 * complex products, which add up two products. */
#ifndef TM_KERNEL_H
#define TM_KERNEL_H

#include "../common.h"

enum { TM_SIMD_LEVELS = TM_SIMD_AVX512 + 1 };

/* Reads x[0 .. n - 1] and the operand `arg` (what it is, each family tells), writes to `out`. Where `out`
 * has n elements it is x itself or shares no byte with it. */
typedef void (*tm_kernel_fn)(size_t n, const void *x, const void *arg, void *out);

/* One kernel, compiled for each instruction set; all NULL where the dtype has no such kernel. */
typedef struct tm_kernels {
    tm_kernel_fn level[TM_SIMD_LEVELS];
} tm_kernels;

extern const tm_kernels tm_square_kernels[TM_DTYPES];     /* integers and reals; arg: unused */
extern const tm_kernels tm_scale_kernels[TM_DTYPES];      /* integers and reals; arg: the factor */
extern const tm_kernels tm_limits_kernels[TM_DTYPES];     /* integers; arg: factor or NULL; out: limits */
extern const tm_kernels tm_within_kernels[TM_DTYPES];     /* integers; arg: limits; out: bool */
extern const tm_kernels tm_sum_kernels[TM_DTYPES];        /* arg: unused; out: see tree.h */
extern const tm_kernels tm_combine_kernels[TM_DTYPES];    /* x, arg: unused; out: see tree.h */
extern const tm_kernels tm_accumulate_kernels[TM_DTYPES]; /* the same; reals and complex only */

/* ---- for the templates and the tables ---------------------------------------------------------- */

#define TM_JOIN3_(a, b, c) a##_##b##_##c
#define TM_JOIN3(a, b, c) TM_JOIN3_(a, b, c)
#define TM_JOIN2_(a, b) a##_##b
#define TM_JOIN2(a, b) TM_JOIN2_(a, b)

/* Inside a template: the full name of one of its functions, and the element type. */
#define TM_KERNEL(family) TM_JOIN3(family, DTYPE, LEVEL)
#define TM_ELEMENT TM_JOIN2(tm, DTYPE)

/* Inside a table: one function compiled for each instruction set. The names stand in full, so that they
 * can be found. */
#if TM_X86_KERNELS
#define TM_LEVELS(baseline, avx2, avx512) {baseline, avx2, avx512}
#else
#define TM_LEVELS(baseline, avx2, avx512) {baseline}
#endif

/* The next loop's iterations are independent, which the compiler can't see where x and out may be equal. */
#if defined(__clang__)
#define TM_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define TM_INDEPENDENT _Pragma("GCC ivdep")
#endif

/* The next loop's body is too short for its own bookkeeping; clang unrolls such loops unasked. */
#if defined(__clang__)
#define TM_UNROLL
#else
#define TM_UNROLL _Pragma("GCC unroll 4")
#endif

/* tm_int8 .. tm_float64 are the element types, tm_complex64 and tm_complex128 those of a complex's parts;
 * in tm_int8_wrap .. tm_uint64_wrap a product wraps, where in the element type it would be undefined;
 * tm_int8_root .. tm_uint64_root are the greatest x whose square fits. */
#define TM_INTEGER(code, name, type, wrap, root)                                                             \
    typedef type tm_##name;                                                                                  \
    typedef wrap tm_##name##_wrap;                                                                           \
    static const type tm_##name##_root = root;
#define TM_REAL(code, name, type)                                                                            \
    typedef type tm_##name;                                                                                  \
    typedef type tm_##name##_wrap;
#define TM_COMPLEX(code, name, part) typedef part tm_##name;
#include "dtypes.def"

#endif
