/* compress.c: the elements, or their coordinates, where a mask is true, as inner loops.
 *
 * A tile's places are first gathered without a branch: each is written, and the next one over it where the mask
 * is false. What is found goes where it was counted to go before: each chunk has a cursor, which says where in
 * `out` its next element goes and where its elements end. A mask that another thread has changed since makes
 * the loop fail, not write elsewhere. */
#include "items.h"

enum { TILE = 512, EIGHT = 8 };

/* The places where the mask is true, counted from `first`; how many they are. */
static intptr_t compress_find(const char *mask, intptr_t step, intptr_t n, intptr_t first, intptr_t *found)
{
    intptr_t count = 0, i = 0;
    for (; step == 1 && i + EIGHT <= n; i += EIGHT) {
        uint64_t eight;
        memcpy(&eight, mask + i, sizeof eight);
        if (eight == 0) continue;
        for (intptr_t k = i; k < i + EIGHT; k++) {
            found[count] = first + k;
            count += mask[k] != 0;
        }
    }
    for (; i < n; i++) {
        found[count] = first + i;
        count += mask[i * step] != 0;
    }
    return count;
}

/* Where the next `count` elements go; NULL: there is no room for them. */
static char *compress_room(char *out, char *cursor, intptr_t count, size_t size)
{
    tm_cursor *c = (void *)cursor;
    if (count > c->end - c->at) return NULL;
    c->at += count;
    return out + (size_t)(c->at - count) * size;
}

#define TEMPLATE "compress_template.h"
#include "foreach_item.h"

tm_inner_loop tm_compress_loop(size_t item)
{
    static const tm_inner_loop loops[TM_ITEM_SIZES] = {compress_1, compress_2,  compress_4,
                                                       compress_8, compress_16, compress_any};
    return loops[tm_item_place(item)];
}

tm_inner_loop tm_copy_where_loop(size_t item)
{
    static const tm_inner_loop loops[TM_ITEM_SIZES] = {copy_where_1, copy_where_2,  copy_where_4,
                                                       copy_where_8, copy_where_16, copy_where_any};
    return loops[tm_item_place(item)];
}

/* The coordinates, in an array of this shape, of the elements with these numbers in C order. */
static void compress_unravel(const intptr_t *found, intptr_t count, size_t axes, const intptr_t *shape,
                             intptr_t *out)
{
    const size_t last = axes - 1;
    intptr_t row = 0, next = 0;
    for (intptr_t k = 0; k < count; k++, out += axes) {
        const intptr_t index = found[k];
        if (index < next) { /* in the same row as the one before */
            memcpy(out, out - axes, last * sizeof *out);
        } else {
            intptr_t left = index;
            for (size_t axis = axes; axis-- > 0; left /= shape[axis]) out[axis] = left % shape[axis];
            row = index - out[last], next = row + shape[last];
        }
        out[last] = index - row;
    }
}

int tm_nonzero_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                    void *auxdata)
{
    const size_t axes = (size_t)(uintptr_t)context;
    tm_cursor *c = (void *)data[2];
    intptr_t buffer[TILE], n;

    (void)auxdata;
    for (intptr_t begin = 0; begin < dims[0]; begin += n) {
        n = TM_MIN(TILE, dims[0] - begin);
        intptr_t *out = (intptr_t *)(void *)data[1] + (size_t)c->at * axes;
        const bool in_place = axes == 1 && n <= c->end - c->at;
        intptr_t *found = in_place ? out : buffer;
        const intptr_t count = compress_find(data[0] + begin * strides[0], strides[0], n, c->index, found);
        if (compress_room(data[1], data[2], count, axes * sizeof *out) == NULL) return -1;
        if (axes > 1)
            compress_unravel(found, count, axes, dims + 1, out);
        else if (!in_place)
            memcpy(out, found, (size_t)count * sizeof *out);
        c->index += n;
    }
    return 0;
}
