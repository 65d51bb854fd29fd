/* complex_fused_template.h: square and scale of one complex dtype with fused multiply-add, as NumPy has it.
 *
 * a * b is (ar * br - t, ar * bi + t') where t = ai * bi and t' = ai * br are rounded, and the rest once more.
 * On x86 with the instruction that NumPy uses: written as fma(ar, br, -t) the compiler may compute t's
 * negative from -bi, which turns the sign of a NaN.
 * Parameters: DTYPE; PD, 1 for complex128, else 0. */

#define FUSED(name) TM_JOIN3(name, fused, DTYPE)

#if TM_X86
#define TARGET __attribute__((target("avx2,fma")))
#if PD
#define VECTOR __m256d
#define OP(name) _mm256_##name##_pd
#define REAL_PARTS(v) _mm256_movedup_pd(v)
#define IMAG_PARTS(v) _mm256_permute_pd(v, 0xf)
#define SWAP_PARTS(v) _mm256_permute_pd(v, 0x5)
#else
#define VECTOR __m256
#define OP(name) _mm256_##name##_ps
#define REAL_PARTS(v) _mm256_moveldup_ps(v)
#define IMAG_PARTS(v) _mm256_movehdup_ps(v)
#define SWAP_PARTS(v) _mm256_permute_ps(v, 0xb1)
#endif

/* `factor` is as long as a vector; NULL: x times itself. */
TARGET static inline __attribute__((always_inline)) void FUSED(step)(const TM_ELEMENT *x, const TM_ELEMENT *factor,
                                                                    TM_ELEMENT *out)
{
    const VECTOR a = OP(loadu)(x), b = factor ? OP(loadu)(factor) : a;
    const VECTOR t = OP(mul)(IMAG_PARTS(a), SWAP_PARTS(b));
    OP(storeu)(out, OP(fmaddsub)(REAL_PARTS(a), b, t));
}

TARGET static inline __attribute__((always_inline)) void FUSED(product)(size_t n, const TM_ELEMENT *x,
                                                                       const TM_ELEMENT *factor, TM_ELEMENT *out)
{
    enum { STEP = sizeof(VECTOR) / sizeof(TM_ELEMENT) };
    TM_ELEMENT rest[STEP], wide[STEP];
    size_t i = 0;

    for (size_t part = 0; factor && part < STEP; part++) wide[part] = factor[part % 2];
    TM_UNROLL
    for (; i + STEP <= 2 * n; i += STEP) FUSED(step)(x + i, factor ? wide : NULL, out + i);
    if (i == 2 * n) return;
    /* Filled up with one of the elements, which raises no flag that it does not raise anyway. */
    for (size_t part = 0; part < STEP; part++) rest[part] = x[i + part < 2 * n ? i + part : i + part % 2];
    FUSED(step)(rest, factor ? wide : NULL, rest);
    memcpy(out + i, rest, (2 * n - i) * sizeof *out);
}
#undef VECTOR
#undef OP
#undef REAL_PARTS
#undef IMAG_PARTS
#undef SWAP_PARTS

#else
#define TARGET
#if PD
#define FMA __builtin_fma
#else
#define FMA __builtin_fmaf
#endif

static inline __attribute__((always_inline)) void FUSED(product)(size_t n, const TM_ELEMENT *x,
                                                                const TM_ELEMENT *factor, TM_ELEMENT *out)
{
    TM_INDEPENDENT
    for (size_t i = 0; i < n; i++) {
        const TM_ELEMENT *b = factor ? factor : x + 2 * i;
        const TM_ELEMENT ar = x[2 * i], ai = x[2 * i + 1], br = b[0], bi = b[1];
        out[2 * i] = FMA(ar, br, -(ai * bi));
        out[2 * i + 1] = FMA(ar, bi, ai * br);
    }
}
#undef FMA
#endif

TARGET static void FUSED(square)(size_t n, const void *x, const void *arg, void *out)
{
    (void)arg;
    FUSED(product)(n, x, NULL, out);
}

TARGET static void FUSED(scale)(size_t n, const void *x, const void *arg, void *out)
{
    FUSED(product)(n, x, arg, out);
}

#undef TARGET
#undef FUSED
#undef PD
#undef DTYPE
