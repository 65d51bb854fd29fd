/* multiply.c: the kernels of square and scale, one instance a line, and their tables. */
#include "kernel.h"

#define TEMPLATE "multiply_template.h"
#define DTYPE int8
#include "foreach_level.h"
#define DTYPE uint8
#include "foreach_level.h"
#define DTYPE int16
#include "foreach_level.h"
#define DTYPE uint16
#include "foreach_level.h"
#define DTYPE int32
#include "foreach_level.h"
#define DTYPE uint32
#include "foreach_level.h"
#define DTYPE int64
#include "foreach_level.h"
#define DTYPE uint64
#include "foreach_level.h"
#define DTYPE float32
#include "foreach_level.h"
#define DTYPE float64
#include "foreach_level.h"
#undef TEMPLATE

const tm_kernels tm_square_kernels[TM_DTYPES] = {
#define TM_INTEGER(code, name, type, wrap, root) [code] = TM_KERNEL_ROW(square_##name),
#define TM_REAL(code, name, type) [code] = TM_KERNEL_ROW(square_##name),
#include "dtypes.def"
};

const tm_kernels tm_scale_kernels[TM_DTYPES] = {
#define TM_INTEGER(code, name, type, wrap, root) [code] = TM_KERNEL_ROW(scale_##name),
#define TM_REAL(code, name, type) [code] = TM_KERNEL_ROW(scale_##name),
#include "dtypes.def"
};
