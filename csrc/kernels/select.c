/* select.c: one of two operands for each element, as an inner loop. */
#include "kernel.h"

int tm_select_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                   void *auxdata)
{
    const size_t item = (size_t)(uintptr_t)context;
    (void)auxdata;

    for (intptr_t i = 0; i < dims[0]; i++) {
        const char *from = data[0][i * strides[0]] ? data[1] + i * strides[1] : data[2] + i * strides[2];
        char *out = data[3] + i * strides[3];
        switch (item) { /* constants, so that a copy is a move */
        case 1: memcpy(out, from, 1); break;
        case 2: memcpy(out, from, 2); break;
        case 4: memcpy(out, from, 4); break;
        case 8: memcpy(out, from, 8); break;
        default: memcpy(out, from, item);
        }
    }
    return 0;
}
