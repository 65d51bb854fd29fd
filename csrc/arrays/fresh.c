/* fresh.c: the memory of large results, for NumPy's arrays (NEP 49).
 *
 * The system clears a page when it is first written. From HUGE on pages of 2 MiB are handed out, if whole
 * ones lie in the mapping; malloc's begins anywhere, and up to 2 MiB of its ends come in pages of 4 KiB, 512
 * faults. Here an array begins where a huge page does. The memory is malloc's all the same: anybody's free and
 * realloc take it, and it goes back to the system at once. */
#include "fresh.h"

#include <stdlib.h>

#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>
#endif

#if defined(__linux__) && defined(MADV_HUGEPAGE)

/* Of x86-64, and of arm64 with small pages of 4 KiB. */
enum { HUGE_PAGE = 1 << 21, SMALL_PAGE = 1 << 12 };

static void *fresh_allocate(void *context, size_t size)
{
    void *block = NULL;
    (void)context;
    if (size < TM_LARGE_RESULT || posix_memalign(&block, HUGE_PAGE, size) != 0) return malloc(size);
    (void)madvise(block, size / SMALL_PAGE * SMALL_PAGE, MADV_HUGEPAGE); /* refused: small pages do */
    return block;
}

static void *fresh_allocate_zeroed(void *context, size_t count, size_t size)
{
    (void)context;
    return calloc(count, size);
}

static void *fresh_reallocate(void *context, void *block, size_t size)
{
    (void)context;
    return realloc(block, size);
}

static void fresh_release(void *context, void *block, size_t size)
{
    (void)context, (void)size;
    free(block);
}

const void *tm_memory_handler(void)
{
    static const tm_fresh_handler handler = {
        "threadmill", 1, NULL, fresh_allocate, fresh_allocate_zeroed, fresh_reallocate, fresh_release,
    };
    return sysconf(_SC_PAGESIZE) == SMALL_PAGE ? &handler : NULL;
}

#else

const void *tm_memory_handler(void)
{
    return NULL;
}

#endif
