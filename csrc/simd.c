/* simd.c: which instruction sets the kernels may use; chosen once, newest first, unless a test forces one. */
#include "common.h"

#include <stdatomic.h>

static atomic_int level_in_force = -1; /* -1: not chosen yet */

tm_simd tm_simd_best(void)
{
#if TM_X86_KERNELS
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return TM_SIMD_BASELINE;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return TM_SIMD_AVX512;
    return TM_SIMD_AVX2;
#else
    return TM_SIMD_BASELINE;
#endif
}

tm_simd tm_simd_level(void)
{
    int level = atomic_load_explicit(&level_in_force, memory_order_relaxed);
    return level >= 0 ? (tm_simd)level : tm_simd_best();
}

tm_status tm_set_simd_level(int level)
{
    if (level < TM_SIMD_BASELINE || level > (int)tm_simd_best()) return TM_INVALID;
    atomic_store_explicit(&level_in_force, level, memory_order_relaxed);
    return TM_OK;
}

const char *tm_simd_name(int level)
{
    static const char *const names[] = {"baseline", "avx2", "avx512"};
    return level >= 0 && level <= TM_SIMD_AVX512 ? names[level] : "unknown";
}
