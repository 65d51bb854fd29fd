/* fresh.h: what NumPy asks for the memory of its arrays. */
#ifndef TM_FRESH_H
#define TM_FRESH_H

#include "../common.h"

/* NumPy's PyDataMem_Handler of version 1, with which later versions begin. */
typedef struct tm_fresh_handler {
    char name[127];
    uint8_t version;
    void *context;
    void *(*allocate)(void *context, size_t size);
    void *(*allocate_zeroed)(void *context, size_t count, size_t size);
    void *(*reallocate)(void *context, void *block, size_t size);
    void (*release)(void *context, void *block, size_t size);
} tm_fresh_handler;

#endif
