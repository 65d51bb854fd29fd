/* select_level.h: the choices between elements of all sizes for one instruction set. Parameters: LEVEL, TARGET (an
 * attribute), which are undefined at the end. */

#define ITEM item1
#include "select_template.h"
#define ITEM item2
#include "select_template.h"
#define ITEM item4
#include "select_template.h"
#define ITEM item8
#include "select_template.h"
#define ITEM item16
#include "select_template.h"

static const select_fn TM_JOIN2(selects, LEVEL)[17] = {
    [1] = TM_JOIN3(select, item1, LEVEL),   [2] = TM_JOIN3(select, item2, LEVEL),
    [4] = TM_JOIN3(select, item4, LEVEL),   [8] = TM_JOIN3(select, item8, LEVEL),
    [16] = TM_JOIN3(select, item16, LEVEL),
};

#undef LEVEL
#undef TARGET
