/* cast_template.h: all casts to one dtype, and the row of the table that lists them. Parameters, the first being
 * a name of cast_dtypes.def and the others CAST or NONE:
 *   TO, FROM_REAL, FROM_COMPLEX
 * CAST(from, to) and ROW_CAST, their like NONE and ROW_NONE, are cast.c's. */

#define TM_CAST_INTEGER(code, from) CAST(from, TO)
#define TM_CAST_REAL(code, from) FROM_REAL(from, TO)
#define TM_CAST_COMPLEX(code, from) FROM_COMPLEX(from, TO)
#include "cast_dtypes.def"

static const tm_inner_loop TM_JOIN3(casts_to, TO, LEVEL)[TM_CAST_DTYPES] = {
#define TM_CAST_INTEGER(code, from) [code] = CAST_NAME(from, TO),
#define TM_CAST_REAL(code, from) TM_JOIN2(ROW, FROM_REAL)(code, from, TO)
#define TM_CAST_COMPLEX(code, from) TM_JOIN2(ROW, FROM_COMPLEX)(code, from, TO)
#include "cast_dtypes.def"
};

#undef TO
#undef FROM_REAL
#undef FROM_COMPLEX
