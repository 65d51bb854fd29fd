/* cast_template.h: all casts to one dtype, and the row of the table that lists them.
 *
 * Parameters: LEVEL, TARGET; TO, one of the names in cast.c; READS, which dtypes are converted to it:
 * INTEGERS (bool among them), REALS (integers too) or ALL. TO and READS are undefined at the end. */

#define FROM boolean
#include "cast_one_template.h"
#define FROM int8
#include "cast_one_template.h"
#define FROM uint8
#include "cast_one_template.h"
#define FROM int16
#include "cast_one_template.h"
#define FROM uint16
#include "cast_one_template.h"
#define FROM int32
#include "cast_one_template.h"
#define FROM uint32
#include "cast_one_template.h"
#define FROM int64
#include "cast_one_template.h"
#define FROM uint64
#include "cast_one_template.h"
#if READS >= REALS
#define FROM float32
#include "cast_one_template.h"
#define FROM float64
#include "cast_one_template.h"
#define FROM longdouble
#include "cast_one_template.h"
#endif
#if READS >= ALL
#define FROM complex64
#include "cast_one_template.h"
#define FROM complex128
#include "cast_one_template.h"
#define FROM clongdouble
#include "cast_one_template.h"
#endif

static const tm_inner_loop TM_JOIN3(casts_to, TO, LEVEL)[TM_CAST_DTYPES] = {
    [TM_BOOL] = TM_JOIN4(cast, boolean, TO, LEVEL),
    [TM_INT8] = TM_JOIN4(cast, int8, TO, LEVEL),
    [TM_UINT8] = TM_JOIN4(cast, uint8, TO, LEVEL),
    [TM_INT16] = TM_JOIN4(cast, int16, TO, LEVEL),
    [TM_UINT16] = TM_JOIN4(cast, uint16, TO, LEVEL),
    [TM_INT32] = TM_JOIN4(cast, int32, TO, LEVEL),
    [TM_UINT32] = TM_JOIN4(cast, uint32, TO, LEVEL),
    [TM_INT64] = TM_JOIN4(cast, int64, TO, LEVEL),
    [TM_UINT64] = TM_JOIN4(cast, uint64, TO, LEVEL),
#if READS >= REALS
    [TM_FLOAT32] = TM_JOIN4(cast, float32, TO, LEVEL),
    [TM_FLOAT64] = TM_JOIN4(cast, float64, TO, LEVEL),
    [TM_LONGDOUBLE] = TM_JOIN4(cast, longdouble, TO, LEVEL),
#endif
#if READS >= ALL
    [TM_COMPLEX64] = TM_JOIN4(cast, complex64, TO, LEVEL),
    [TM_COMPLEX128] = TM_JOIN4(cast, complex128, TO, LEVEL),
    [TM_CLONGDOUBLE] = TM_JOIN4(cast, clongdouble, TO, LEVEL),
#endif
};

#undef TO
#undef READS
