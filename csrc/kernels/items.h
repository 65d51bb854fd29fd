/* items.h: tables of inner loops that move elements, one loop for each size of an element. */
#ifndef TM_ITEMS_H
#define TM_ITEMS_H

#include "kernel.h"

enum { TM_ITEM_SIZES = 6 };

/* Where a table that lists the sizes of foreach_item.h in its order has the loop for elements of `item` bytes. */
static inline size_t tm_item_place(size_t item)
{
    switch (item) {
    case 1: return 0;
    case 2: return 1;
    case 4: return 2;
    case 8: return 3;
    case 16: return 4;
    default: return TM_ITEM_SIZES - 1;
    }
}

#endif
