/* select.c: one of two operands for each element, as an inner loop. */
#include "kernel.h"

/* Elements by their size alone; a complex64 is aligned to four bytes. */
typedef uint8_t __attribute__((may_alias)) item1;
typedef uint16_t __attribute__((may_alias)) item2;
typedef uint32_t __attribute__((may_alias)) item4;
typedef uint64_t __attribute__((may_alias, aligned(4))) item8;

typedef struct {
    item8 low, high;
} item16;

/* One of two items, without a branch. */
static inline item1 pick_item1(bool first, item1 x, item1 y)
{
    return (item1)(y ^ ((x ^ y) & -(int)first));
}
static inline item2 pick_item2(bool first, item2 x, item2 y)
{
    return (item2)(y ^ ((x ^ y) & -(int)first));
}
static inline item4 pick_item4(bool first, item4 x, item4 y)
{
    return y ^ ((x ^ y) & -(item4)first);
}
static inline item8 pick_item8(bool first, item8 x, item8 y)
{
    return y ^ ((x ^ y) & -(item8)first);
}
static inline item16 pick_item16(bool first, item16 x, item16 y)
{
    return first ? x : y;
}

/* Elements whose conditions are looked at together. */
enum { SELECT_BLOCK = 512 };

/* Whether conditions are all true or all false; any byte but 0 is true. Of mixed ones the first words tell. */
static inline bool select_is_alike(const unsigned char *condition, intptr_t n)
{
    const uint64_t low = 0x0101010101010101, high = low << 7;
    const bool first = condition[0] != 0;
    intptr_t i = 0;

    for (uint64_t word; i + 8 <= n; i += 8) {
        memcpy(&word, condition + i, sizeof word);
        if (first ? ((word - low) & ~word & high) != 0 : word != 0) return false;
    }
    for (; i < n; i++)
        if ((condition[i] != 0) != first) return false;
    return true;
}

typedef void (*select_fn)(intptr_t n, char *const *data, const intptr_t *strides);

#define LEVEL baseline
#define TARGET
#include "select_level.h"
#if TM_X86_KERNELS
#define LEVEL avx2
#define TARGET __attribute__((target("avx2")))
#include "select_level.h"
#endif

int tm_select_loop(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                   void *auxdata)
{
    const size_t item = (size_t)(uintptr_t)context;
    const select_fn *selects = selects_baseline;
    (void)auxdata;

#if TM_X86_KERNELS
    if (tm_simd_level() >= TM_SIMD_AVX2) selects = selects_avx2;
#endif
    if (item <= 16 && selects[item] != NULL) {
        selects[item](dims[0], data, strides);
        return 0;
    }
    for (intptr_t i = 0; i < dims[0]; i++) {
        const char *from = data[0][i * strides[0]] ? data[1] + i * strides[1] : data[2] + i * strides[2];
        memcpy(data[3] + i * strides[3], from, item);
    }
    return 0;
}
