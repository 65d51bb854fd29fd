/* drain.c: the threads of a loop pull blocks out of a queue until it is shut down and empty.
 *
 * One chunk of the loop is one place to pull at. Who takes a place after the end finds nothing, so it does
 * not matter how many threads come: the caller alone empties the queue as well. */
#include "interrupt.h"
#include "queue.h"
#include "sync.h"

typedef struct places {
    tm_queue *queue; /* this and below: set once */
    tm_block_kernel kernel;
    void *ctx;
    size_t block;  /* items that fit in a buffer */
    size_t stride; /* bytes from one place's buffer to the next */
    unsigned char *buffers;
    atomic_bool stop;    /* the main thread was interrupted */
    _Atomic size_t done; /* items that the kernel has had */
} places;

/* A queue that never runs dry has no wait in which the main thread would ask for interrupts. */
static bool drain_check_interrupt(int64_t *asked_ns)
{
    if (tm_coarse_now_ns() - *asked_ns < TM_INTERRUPT_PERIOD_NS) return false;
    bool interrupted = tm_interrupted();
    *asked_ns = tm_coarse_now_ns();
    return interrupted;
}

static tm_status drain_pull(void *ctx, size_t at, size_t end)
{
    places *all = ctx;
    unsigned char *items = all->buffers + at * all->stride;
    int64_t asked_ns = tm_coarse_now_ns();
    tm_status status = TM_OK;
    size_t done = 0;
    (void)end;
    while (status == TM_OK && !atomic_load_explicit(&all->stop, memory_order_relaxed)) {
        size_t n;
        status = tm_queue_pop_until(all->queue, items, all->block, &all->stop, &n);
        if (status != TM_OK) break;
        all->kernel(all->ctx, items, n);
        done += n;
        if (drain_check_interrupt(&asked_ns)) status = TM_INTERRUPTED;
    }
    atomic_fetch_add_explicit(&all->done, done, memory_order_relaxed);
    if (status != TM_INTERRUPTED) return TM_OK; /* closed and empty */
    atomic_store_explicit(&all->stop, true, memory_order_relaxed);
    tm_queue_wake(all->queue); /* the main thread's signal does not end the others' wait */
    return status;
}

tm_status tm_drain(tm_pool *pool, tm_queue *queue, size_t block, tm_block_kernel kernel, void *ctx,
                   size_t *done)
{
    size_t threads = pool == NULL ? 1 : tm_pool_threads(pool);
    size_t item_size = tm_queue_item_size(queue), capacity = tm_queue_capacity(queue);
    if (capacity > 0) block = TM_MIN(block, capacity); /* more can't come at once */
    if (done != NULL) *done = 0;
    if (block == 0 || block > PTRDIFF_MAX / 2 / item_size / threads) return TM_INVALID;
    places all = {.queue = queue, .kernel = kernel, .ctx = ctx, .block = block};
    all.stride = (block * item_size + TM_LINE - 1) / TM_LINE * TM_LINE;
    all.buffers = aligned_alloc(TM_LINE, threads * all.stride);
    if (all.buffers == NULL) return TM_NO_MEMORY;
    tm_status status = tm_parallel_try(pool, threads, 1, drain_pull, &all);
    free(all.buffers);
    if (done != NULL) *done = atomic_load_explicit(&all.done, memory_order_relaxed);
    return status;
}
