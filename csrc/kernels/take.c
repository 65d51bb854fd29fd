/* take.c: elements by their indices, as an inner loop: the instances of the template, and the table. */
#include "items.h"

/* The place that an index out of [0, length) stands for; -1: none. */
static intptr_t take_place(intptr_t at, intptr_t length, int mode)
{
    if (length <= 0) return -1;
    switch (mode) {
    case TM_TAKE_WRAP: at %= length; return at < 0 ? at + length : at;
    case TM_TAKE_CLIP: return at < 0 ? 0 : length - 1;
    default: return at < 0 && at >= -length ? at + length : -1;
    }
}

#define TEMPLATE "take_template.h"
#include "foreach_item.h"

tm_inner_loop tm_take_loop(size_t item)
{
    static const tm_inner_loop loops[TM_ITEM_SIZES] = {take_1, take_2, take_4, take_8, take_16, take_any};
    return loops[tm_item_place(item)];
}
