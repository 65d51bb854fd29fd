/* queue.c: a ring of fixed-size items under one mutex, bounded unless it is asked to grow.
 *
 * Two conditions, one predicate each; whoever changes a predicate signals with the mutex held. Blocks move
 * by at most two memcpy, so that the mutex is held for a copy and nothing else. A fork
 * waits for that. */
#include "queue.h"

#include "fork.h"
#include "interrupt.h"
#include "sync.h"

#define FIRST_CAPACITY 64 /* of a ring that grows */

/* Invariant: count <= capacity; the items are at (head + i) % capacity for i < count. */
struct tm_queue {
    /* set once */
    size_t limit; /* items that may be inside; 0: any number */
    size_t item_size;
    tm_order order;

    pthread_mutex_t mutex;    /* guards all below */
    pthread_cond_t not_empty; /* count > 0 or closed */
    pthread_cond_t not_full;  /* count < limit or closed */
    unsigned char *items;
    size_t capacity; /* items that there is memory for: `limit` where that is set */
    size_t head;
    _Atomic size_t count; /* written under the mutex; peek reads it without */
    size_t waiting_pop;   /* threads in not_empty */
    size_t waiting_push;  /* threads in not_full */
    bool closed;

    tm_fork_watch watch;
};

/* The parent's waiters are not there; to destroy their conditions would wait for them. */
static void queue_renew_in_child(void *owner)
{
    tm_queue *queue = owner;
    TM_MUST(tm_condition_init(&queue->not_empty));
    TM_MUST(tm_condition_init(&queue->not_full));
    queue->waiting_pop = queue->waiting_push = 0;
}

static int queue_init_sync(tm_queue *queue)
{
    int error = pthread_mutex_init(&queue->mutex, NULL);
    if (error != 0) return error;
    error = tm_condition_init(&queue->not_empty);
    if (error == 0) {
        error = tm_condition_init(&queue->not_full);
        if (error == 0) return 0;
        pthread_cond_destroy(&queue->not_empty);
    }
    pthread_mutex_destroy(&queue->mutex);
    return error;
}

tm_status tm_queue_create(size_t capacity, size_t item_size, tm_order order, tm_queue **queue)
{
    *queue = NULL;
    const size_t room = capacity > 0 ? capacity : FIRST_CAPACITY;
    if (item_size == 0 || room > PTRDIFF_MAX / item_size) return TM_INVALID;
    if (order != TM_FIFO && order != TM_LIFO) return TM_INVALID;
    if (!tm_fork_set_hooks()) return TM_NO_MEMORY;
    tm_queue *made = calloc(1, sizeof *made);
    if (made == NULL) return TM_NO_MEMORY;
    made->limit = capacity;
    made->capacity = room;
    made->item_size = item_size;
    made->order = order;
    made->items = malloc(made->capacity * item_size);
    if (made->items == NULL || queue_init_sync(made) != 0) {
        free(made->items);
        free(made);
        return TM_NO_MEMORY;
    }
    made->watch = (tm_fork_watch){.mutex = &made->mutex, .renew = queue_renew_in_child, .owner = made};
    tm_fork_enter(&made->watch);
    *queue = made;
    return TM_OK;
}

void tm_queue_destroy(tm_queue *queue)
{
    if (queue == NULL) return;
    tm_fork_leave(&queue->watch);
    TM_MUST(pthread_cond_destroy(&queue->not_full));
    TM_MUST(pthread_cond_destroy(&queue->not_empty));
    TM_MUST(pthread_mutex_destroy(&queue->mutex));
    free(queue->items);
    free(queue);
}

/* ---- the ring, mutex held ----------------------------------------------------------------- */

static size_t queue_length_locked(const tm_queue *queue)
{
    return atomic_load_explicit(&queue->count, memory_order_relaxed);
}

static void queue_set_length_locked(tm_queue *queue, size_t count)
{
    TM_ASSERT(count <= queue->capacity);
    atomic_store(&queue->count, count); /* sequentially consistent, as peek */
}

static size_t queue_wrap(const tm_queue *queue, size_t at)
{
    return at < queue->capacity ? at : at - queue->capacity;
}

static void queue_put_locked(tm_queue *queue, const unsigned char *items, size_t n)
{
    size_t size = queue->item_size;
    size_t tail = queue_wrap(queue, queue->head + queue_length_locked(queue));
    size_t first = TM_MIN(n, queue->capacity - tail);
    memcpy(queue->items + tail * size, items, first * size);
    memcpy(queue->items, items + first * size, (n - first) * size);
    queue_set_length_locked(queue, queue_length_locked(queue) + n);
}

static void queue_take_fifo_locked(tm_queue *queue, unsigned char *items, size_t n)
{
    size_t size = queue->item_size;
    size_t first = TM_MIN(n, queue->capacity - queue->head);
    memcpy(items, queue->items + queue->head * size, first * size);
    memcpy(items + first * size, queue->items, (n - first) * size);
    queue->head = queue_wrap(queue, queue->head + n);
    queue_set_length_locked(queue, queue_length_locked(queue) - n);
}

static void queue_take_lifo_locked(tm_queue *queue, unsigned char *items, size_t n)
{
    size_t size = queue->item_size;
    size_t length = queue_length_locked(queue);
    for (size_t i = 0; i < n; i++)
        memcpy(items + i * size, queue->items + queue_wrap(queue, queue->head + length - 1 - i) * size, size);
    queue_set_length_locked(queue, length - n);
}

/* Makes memory for `more` items where the ring may grow; TM_OK if any of them fits now. */
static tm_status queue_make_room_locked(tm_queue *queue, size_t more)
{
    size_t length = queue_length_locked(queue), capacity = queue->capacity;
    if (queue->limit > 0 || more <= capacity - length) return length < capacity ? TM_OK : TM_FULL;
    while (capacity - length < more && capacity <= PTRDIFF_MAX / 2 / queue->item_size) capacity *= 2;
    unsigned char *items = capacity - length < more ? NULL : malloc(capacity * queue->item_size);
    if (items == NULL) return TM_NO_MEMORY;
    size_t first = TM_MIN(length, queue->capacity - queue->head);
    memcpy(items, queue->items + queue->head * queue->item_size, first * queue->item_size);
    memcpy(items + first * queue->item_size, queue->items, (length - first) * queue->item_size);
    free(queue->items);
    queue->items = items;
    queue->capacity = capacity;
    queue->head = 0;
    return TM_OK;
}

/* ---- waiting ------------------------------------------------------------------------------ */

/* One slice of a wait, the mutex held before and after; TM_OK: look at the predicate again. */
static tm_status queue_wait_slice_locked(tm_queue *queue, pthread_cond_t *condition, size_t *waiting,
                                         int64_t deadline)
{
    if (tm_now_ns() >= deadline) return TM_TIMEOUT;
    TM_CHAOS(queue_wait);
    *waiting += 1;
    tm_condition_wait(condition, &queue->mutex, tm_interrupt_slice(deadline));
    *waiting -= 1;
    tm_unlock(&queue->mutex); /* the check may run anything */
    TM_CHAOS(queue_slice);
    bool interrupted = tm_interrupted();
    tm_lock(&queue->mutex);
    return interrupted ? TM_INTERRUPTED : TM_OK;
}

/* Wakes as many as can now move: one for one item, all for more. */
static void queue_signal_locked(pthread_cond_t *condition, size_t waiting, size_t items)
{
    if (waiting == 0) return;
    if (items == 1)
        TM_MUST(pthread_cond_signal(condition));
    else
        TM_MUST(pthread_cond_broadcast(condition));
}

tm_status tm_queue_push(tm_queue *queue, const void *items, size_t count, int64_t timeout_ns, size_t *done)
{
    const unsigned char *from = items;
    size_t left = count;
    tm_status status = TM_OK;
    int64_t deadline = timeout_ns == 0 ? 0 : tm_deadline(timeout_ns);
    tm_lock(&queue->mutex);
    while (status == TM_OK && left > 0) {
        status = queue->closed ? TM_CLOSED : queue_make_room_locked(queue, left);
        if (status == TM_OK) {
            size_t n = TM_MIN(left, queue->capacity - queue_length_locked(queue));
            queue_put_locked(queue, from, n);
            TM_CHAOS(queue_pushed);
            queue_signal_locked(&queue->not_empty, queue->waiting_pop, n);
            from += n * queue->item_size;
            left -= n;
        } else if (status == TM_FULL && timeout_ns != 0) {
            status = queue_wait_slice_locked(queue, &queue->not_full, &queue->waiting_push, deadline);
        }
    }
    if (status == TM_INTERRUPTED)
        queue_signal_locked(&queue->not_full, queue->waiting_push, 1); /* hand it on */
    tm_unlock(&queue->mutex);
    if (done != NULL) *done = count - left;
    return status;
}

static bool queue_is_told_to_stop(const atomic_bool *stop)
{
    return stop != NULL && atomic_load_explicit(stop, memory_order_relaxed); /* the mutex orders it */
}

static tm_status queue_pop(tm_queue *queue, void *items, size_t count, int64_t timeout_ns,
                           const atomic_bool *stop, size_t *done)
{
    size_t n = 0;
    tm_status status = TM_OK;
    int64_t deadline = timeout_ns == 0 ? 0 : tm_deadline(timeout_ns);
    tm_lock(&queue->mutex);
    while (status == TM_OK && count > 0 && n == 0) {
        n = TM_MIN(count, queue_length_locked(queue));
        if (n > 0) {
            (queue->order == TM_FIFO ? queue_take_fifo_locked : queue_take_lifo_locked)(queue, items, n);
            queue_signal_locked(&queue->not_full, queue->waiting_push, n);
        } else if (queue->closed) {
            status = TM_CLOSED;
        } else if (timeout_ns == 0) {
            status = TM_EMPTY;
        } else if (queue_is_told_to_stop(stop)) {
            status = TM_INTERRUPTED;
        } else {
            status = queue_wait_slice_locked(queue, &queue->not_empty, &queue->waiting_pop, deadline);
        }
    }
    if (status == TM_INTERRUPTED)
        queue_signal_locked(&queue->not_empty, queue->waiting_pop, 1); /* hand it on */
    tm_unlock(&queue->mutex);
    if (done != NULL) *done = n;
    return status;
}

tm_status tm_queue_pop(tm_queue *queue, void *items, size_t count, int64_t timeout_ns, size_t *done)
{
    return queue_pop(queue, items, count, timeout_ns, NULL, done);
}

tm_status tm_queue_pop_until(tm_queue *queue, void *items, size_t count, const atomic_bool *stop,
                             size_t *done)
{
    return queue_pop(queue, items, count, TM_FOREVER, stop, done);
}

void tm_queue_wake(tm_queue *queue)
{
    tm_lock(&queue->mutex);
    TM_MUST(pthread_cond_broadcast(&queue->not_empty));
    tm_unlock(&queue->mutex);
}

size_t tm_queue_close(tm_queue *queue, int discard)
{
    tm_lock(&queue->mutex);
    size_t discarded = discard ? queue_length_locked(queue) : 0;
    TM_CHAOS(queue_close);
    queue->closed = true;
    queue_set_length_locked(queue, queue_length_locked(queue) - discarded);
    TM_MUST(pthread_cond_broadcast(&queue->not_empty));
    TM_MUST(pthread_cond_broadcast(&queue->not_full));
    tm_unlock(&queue->mutex);
    return discarded;
}

/* ---- questions ---------------------------------------------------------------------------- */

int tm_queue_is_closed(tm_queue *queue)
{
    tm_lock(&queue->mutex);
    bool closed = queue->closed;
    tm_unlock(&queue->mutex);
    return closed;
}

size_t tm_queue_peek(const tm_queue *queue)
{
    return atomic_load(&queue->count);
}

size_t tm_queue_length(tm_queue *queue)
{
    return tm_queue_peek(queue);
}

size_t tm_queue_capacity(const tm_queue *queue)
{
    return queue->limit;
}

size_t tm_queue_item_size(const tm_queue *queue)
{
    return queue->item_size;
}
