/* foreach_item.h: compiles one template for each size of an element, as an element of a constant size is moved in
 * a register.
 *
 * Parameter: TEMPLATE, the template's file name, quoted. The template sees in addition:
 *   ITEM             1, 2, 4, 8, 16 or any, for names
 *   ITEM_BYTES(size) the size: a constant, or for `any` what it is given
 *   ITEM_WORD        an integer of the size, where there is one */

#define ITEM 1
#define ITEM_WORD uint8_t
#define ITEM_BYTES(size) ((void)(size), (size_t)1)
#include TEMPLATE
#undef ITEM
#undef ITEM_WORD
#undef ITEM_BYTES

#define ITEM 2
#define ITEM_WORD uint16_t
#define ITEM_BYTES(size) ((void)(size), (size_t)2)
#include TEMPLATE
#undef ITEM
#undef ITEM_WORD
#undef ITEM_BYTES

#define ITEM 4
#define ITEM_WORD uint32_t
#define ITEM_BYTES(size) ((void)(size), (size_t)4)
#include TEMPLATE
#undef ITEM
#undef ITEM_WORD
#undef ITEM_BYTES

#define ITEM 8
#define ITEM_WORD uint64_t
#define ITEM_BYTES(size) ((void)(size), (size_t)8)
#include TEMPLATE
#undef ITEM
#undef ITEM_WORD
#undef ITEM_BYTES

#define ITEM 16
#define ITEM_BYTES(size) ((void)(size), (size_t)16)
#include TEMPLATE
#undef ITEM
#undef ITEM_BYTES

#define ITEM any
#define ITEM_BYTES(size) ((size_t)(size))
#include TEMPLATE
#undef ITEM
#undef ITEM_BYTES

#undef TEMPLATE
