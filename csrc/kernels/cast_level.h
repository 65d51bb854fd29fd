/* cast_level.h: all casts for one instruction set, and their table. Parameters: LEVEL, TARGET (an
 * attribute), which are undefined at the end. */

#define TO boolean
#define READS REALS
#include "cast_template.h"
#define TO int8
#define READS INTEGERS
#include "cast_template.h"
#define TO uint8
#define READS INTEGERS
#include "cast_template.h"
#define TO int16
#define READS INTEGERS
#include "cast_template.h"
#define TO uint16
#define READS INTEGERS
#include "cast_template.h"
#define TO int32
#define READS INTEGERS
#include "cast_template.h"
#define TO uint32
#define READS INTEGERS
#include "cast_template.h"
#define TO int64
#define READS INTEGERS
#include "cast_template.h"
#define TO uint64
#define READS INTEGERS
#include "cast_template.h"
#define TO float32
#define READS REALS
#include "cast_template.h"
#define TO float64
#define READS REALS
#include "cast_template.h"
#define TO longdouble
#define READS REALS
#include "cast_template.h"
#define TO complex64
#define READS ALL
#include "cast_template.h"
#define TO complex128
#define READS ALL
#include "cast_template.h"
#define TO clongdouble
#define READS ALL
#include "cast_template.h"

static const tm_inner_loop *const TM_JOIN2(casts, LEVEL)[TM_CAST_DTYPES] = {
    [TM_BOOL] = TM_JOIN3(casts_to, boolean, LEVEL),
    [TM_INT8] = TM_JOIN3(casts_to, int8, LEVEL),
    [TM_UINT8] = TM_JOIN3(casts_to, uint8, LEVEL),
    [TM_INT16] = TM_JOIN3(casts_to, int16, LEVEL),
    [TM_UINT16] = TM_JOIN3(casts_to, uint16, LEVEL),
    [TM_INT32] = TM_JOIN3(casts_to, int32, LEVEL),
    [TM_UINT32] = TM_JOIN3(casts_to, uint32, LEVEL),
    [TM_INT64] = TM_JOIN3(casts_to, int64, LEVEL),
    [TM_UINT64] = TM_JOIN3(casts_to, uint64, LEVEL),
    [TM_FLOAT32] = TM_JOIN3(casts_to, float32, LEVEL),
    [TM_FLOAT64] = TM_JOIN3(casts_to, float64, LEVEL),
    [TM_LONGDOUBLE] = TM_JOIN3(casts_to, longdouble, LEVEL),
    [TM_COMPLEX64] = TM_JOIN3(casts_to, complex64, LEVEL),
    [TM_COMPLEX128] = TM_JOIN3(casts_to, complex128, LEVEL),
    [TM_CLONGDOUBLE] = TM_JOIN3(casts_to, clongdouble, LEVEL),
};

#undef LEVEL
#undef TARGET
