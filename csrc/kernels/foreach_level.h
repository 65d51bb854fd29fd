/* foreach_level.h: compiles one template for every instruction set, and forgets the dtype.
 *
 * Parameters:
 *   TEMPLATE  the template's file name, quoted
 *   DTYPE     int8 .. complex128; undefined at the end, so that the next instance can be named
 * The template sees in addition:
 *   LEVEL           baseline, avx2 or avx512
 *   TARGET          the function attribute that lets the compiler use the instruction set
 *   TARGET_NARROW   the same with vectors of 32 bytes at most, for kernels that store: NumPy's arrays are
 *                   often aligned to 16 bytes only, and then each store of 64 crosses a line
 *   VECTOR_BYTES    the width of a register */

#define LEVEL baseline
#define TARGET
#define TARGET_NARROW
#define VECTOR_BYTES 16
#include TEMPLATE
#undef LEVEL
#undef TARGET
#undef TARGET_NARROW
#undef VECTOR_BYTES

#if TM_X86_KERNELS
#define LEVEL avx2
#define TARGET __attribute__((target("avx2,fma")))
#define TARGET_NARROW TARGET
#define VECTOR_BYTES 32
#include TEMPLATE
#undef LEVEL
#undef TARGET
#undef TARGET_NARROW
#undef VECTOR_BYTES

#define LEVEL avx512
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#if defined(__clang__)
#define TARGET_NARROW TARGET
#else
#define TARGET_NARROW                                                                                        \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,prefer-vector-width=256")))
#endif
#define VECTOR_BYTES 64
#include TEMPLATE
#undef LEVEL
#undef TARGET
#undef TARGET_NARROW
#undef VECTOR_BYTES
#endif

#undef DTYPE
