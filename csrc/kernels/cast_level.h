/* cast_level.h: all casts for one instruction set, and their table. Parameters: LEVEL, TARGET (an attribute). */

#define TO boolean
#define FROM_REAL CAST
#define FROM_COMPLEX CAST
#include "cast_template.h"
#define TO int8
#define FROM_REAL NONE
#define FROM_COMPLEX NONE
#include "cast_template.h"
#define TO uint8
#define FROM_REAL NONE
#define FROM_COMPLEX NONE
#include "cast_template.h"
#define TO int16
#define FROM_REAL NONE
#define FROM_COMPLEX NONE
#include "cast_template.h"
#define TO uint16
#define FROM_REAL NONE
#define FROM_COMPLEX NONE
#include "cast_template.h"
#define TO int32
#define FROM_REAL NONE
#define FROM_COMPLEX NONE
#include "cast_template.h"
#define TO uint32
#define FROM_REAL NONE
#define FROM_COMPLEX NONE
#include "cast_template.h"
#define TO int64
#define FROM_REAL NONE
#define FROM_COMPLEX NONE
#include "cast_template.h"
#define TO uint64
#define FROM_REAL NONE
#define FROM_COMPLEX NONE
#include "cast_template.h"
#define TO float32
#define FROM_REAL CAST
#define FROM_COMPLEX NONE
#include "cast_template.h"
#define TO float64
#define FROM_REAL CAST
#define FROM_COMPLEX NONE
#include "cast_template.h"
#define TO longdouble
#define FROM_REAL CAST
#define FROM_COMPLEX NONE
#include "cast_template.h"
#define TO complex64
#define FROM_REAL CAST
#define FROM_COMPLEX CAST
#include "cast_template.h"
#define TO complex128
#define FROM_REAL CAST
#define FROM_COMPLEX CAST
#include "cast_template.h"
#define TO clongdouble
#define FROM_REAL CAST
#define FROM_COMPLEX CAST
#include "cast_template.h"

static const tm_inner_loop *const TM_JOIN2(casts, LEVEL)[TM_CAST_DTYPES] = {
#define TM_CAST_INTEGER(code, name) [code] = TM_JOIN3(casts_to, name, LEVEL),
#define TM_CAST_REAL(code, name) [code] = TM_JOIN3(casts_to, name, LEVEL),
#define TM_CAST_COMPLEX(code, name) [code] = TM_JOIN3(casts_to, name, LEVEL),
#include "cast_dtypes.def"
};

#undef LEVEL
#undef TARGET
