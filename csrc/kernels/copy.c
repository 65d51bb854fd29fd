/* copy.c: copies between arrays of any strides as inner loops: the instances of the template, and the tables. */
#include "items.h"

/* A block is as many rows as a line has elements of a column, and as many columns as there are lines in an eighth
 * of the first-level cache, of each of two arrays. A row of fewer elements than NARROW is no loop's. */
enum { LINE = 64, COLUMNS = 128, ROWS = 64, NARROW = 8 };

#define TEMPLATE "copy_template.h"
#include "foreach_item.h"

tm_inner_loop tm_copy_loop(size_t item)
{
    static const tm_inner_loop loops[TM_ITEM_SIZES] = {copy_1, copy_2, copy_4, copy_8, copy_16, copy_any};
    return loops[tm_item_place(item)];
}

tm_inner_loop tm_copy_blocks_loop(size_t item)
{
    static const tm_inner_loop loops[TM_ITEM_SIZES] = {copy_blocks_1, copy_blocks_2,  copy_blocks_4,
                                                       copy_blocks_8, copy_blocks_16, copy_blocks_any};
    return loops[tm_item_place(item)];
}
