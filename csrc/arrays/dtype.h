/* dtype.h: what is to know of a dtype: its size, its kind, whether a call may have it, its kernel. */
#ifndef TM_DTYPE_H
#define TM_DTYPE_H

#include "../kernels/kernel.h"

static inline size_t tm_element_size(tm_dtype dtype)
{
    switch (dtype) {
#define TM_INTEGER(code, name, type, wrap, root)                                                             \
    case code: return sizeof(type);
#define TM_REAL(code, name, type)                                                                            \
    case code: return sizeof(type);
#define TM_COMPLEX(code, name, part)                                                                         \
    case code: return 2 * sizeof(part);
#include "../kernels/dtypes.def"
    default: return 1; /* bool */
    }
}

/* Bool is one: what its kernels do is exact too. */
static inline bool tm_is_integer(tm_dtype dtype)
{
    return dtype <= TM_UINT64;
}

static inline bool tm_is_unsigned(tm_dtype dtype)
{
    switch (dtype) {
#define TM_INTEGER(code, name, type, wrap, root)                                                             \
    case code: return (type) - 1 > 0;
#include "../kernels/dtypes.def"
    default: return false;
    }
}

static inline bool tm_is_complex(tm_dtype dtype)
{
    switch (dtype) {
#define TM_COMPLEX(code, name, part)                                                                         \
    case code: return true;
#include "../kernels/dtypes.def"
    default: return false;
    }
}

/* Whether n elements of the dtype can be, and the options hold for it. */
static inline bool tm_is_valid(tm_dtype dtype, size_t n, int options)
{
    if ((int)dtype < 0 || dtype >= TM_DTYPES || n > PTRDIFF_MAX / tm_element_size(dtype)) return false;
    return options == 0 || (options == TM_CHECKED && tm_is_integer(dtype));
}

static inline tm_kernel_fn tm_pick(const tm_kernels *kernels)
{
    return kernels->level[tm_simd_level()];
}

#endif
