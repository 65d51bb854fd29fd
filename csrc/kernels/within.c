/* within.c: the kernels behind TM_CHECKED, one instance a line, and their tables. */
#include "kernel.h"

#define TEMPLATE "within_template.h"
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
#undef TEMPLATE

const tm_kernels tm_within_kernels[TM_DTYPES] = {
#define TM_INTEGER(code, name, type, wrap, root) [code] = TM_KERNEL_ROW(within_##name),
#include "dtypes.def"
};

const tm_kernels tm_limits_kernels[TM_DTYPES] = {
#define TM_INTEGER(code, name, type, wrap, root) [code] = TM_KERNEL_ROW(limits_##name),
#include "dtypes.def"
};
