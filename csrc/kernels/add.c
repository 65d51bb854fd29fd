/* add.c: the kernels of sum, one instance a line, and their table. */
#include "tree.h"

typedef uint8_t tm_bool8; /* any byte but 0 is true, as in NumPy */

#define TEMPLATE "add_narrow_template.h"
#define VALUE(e) ((e) != 0)
#define DTYPE bool8
#include "foreach_level.h"
#undef VALUE
#define VALUE(e) (e)
#define DTYPE int8
#include "foreach_level.h"
#define DTYPE uint8
#include "foreach_level.h"
#define DTYPE int16
#include "foreach_level.h"
#define DTYPE uint16
#include "foreach_level.h"
#undef VALUE
#undef TEMPLATE

#define TEMPLATE "add_wide_template.h"
#define DTYPE int32
#include "foreach_level.h"
#define DTYPE uint32
#include "foreach_level.h"
#define DTYPE int64
#include "foreach_level.h"
#define DTYPE uint64
#include "foreach_level.h"
#undef TEMPLATE

#define TEMPLATE "add_float_template.h"
#define PARTS 1
#define PART_BYTES 4
#define DTYPE float32
#include "foreach_level.h"
#undef PART_BYTES
#define PART_BYTES 8
#define DTYPE float64
#include "foreach_level.h"
#undef PARTS
#define PARTS 2
#define DTYPE complex128
#include "foreach_level.h"
#undef PART_BYTES
#define PART_BYTES 4
#define DTYPE complex64
#include "foreach_level.h"
#undef PART_BYTES
#undef PARTS
#undef TEMPLATE

static void combine_integers(size_t n, const void *x, const void *arg, void *result)
{
    tm_int128 *sums = result;

    (void)x;
    (void)arg;
    for (size_t i = 1; i < n; i++) sums[0] += sums[i];
}

const tm_kernels tm_sum_kernels[TM_DTYPES] = {
    [TM_BOOL] = TM_KERNEL_ROW(sum_bool8),
#define TM_INTEGER(code, name, type, wrap, root) [code] = TM_KERNEL_ROW(sum_##name),
#define TM_REAL(code, name, type) [code] = TM_KERNEL_ROW(sum_##name),
#define TM_COMPLEX(code, name, part) [code] = TM_KERNEL_ROW(sum_##name),
#include "dtypes.def"
};

const tm_kernels tm_combine_kernels[TM_DTYPES] = {
    [TM_BOOL] = TM_SAME_ROW(combine_integers),
#define TM_INTEGER(code, name, type, wrap, root) [code] = TM_SAME_ROW(combine_integers),
#define TM_REAL(code, name, type) [code] = TM_KERNEL_ROW(combine_##name),
#define TM_COMPLEX(code, name, part) [code] = TM_KERNEL_ROW(combine_##name),
#include "dtypes.def"
};

const tm_kernels tm_accumulate_kernels[TM_DTYPES] = {
#define TM_REAL(code, name, type) [code] = TM_KERNEL_ROW(accumulate_##name),
#define TM_COMPLEX(code, name, part) [code] = TM_KERNEL_ROW(accumulate_##name),
#include "dtypes.def"
};
