/* fuzz.c: the public C functions with arguments that bytes tell, hostile ones among them; every answer is
 * compared with a plain loop's or a model's, and a difference aborts.
 *
 *     fuzz [CASES [SEED]]
 *
 * makes CASES inputs of random bytes; the k-th of a seed is the first of seed + k, so that it can be had
 * alone. Built with -DTM_LIBFUZZER and clang's -fsanitize=fuzzer, libFuzzer makes the inputs
 * (docs/reliability.md). What C cannot know is not tried: pointers to nothing, and arrays that are shorter
 * than said. */
#include "kernel_cases.h"
#include "kernels/stream.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* A sanitizer's allocator ends the process where malloc would return NULL, unless it is told not to. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1:abort_on_error=1";
}

#define EXPECT(condition)                                                                                    \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: in %s: %s\n", __FILE__, __LINE__, __func__, #condition);                 \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

/* ---- what bytes tell ---------------------------------------------------------------------- */

typedef struct input {
    const uint8_t *at;
    size_t left;
} input;

/* Zeros after the end. */
static unsigned byte_of(input *in)
{
    if (in->left == 0) return 0;
    in->left -= 1;
    return *in->at++;
}

static uint64_t bits_of(input *in, int bytes)
{
    uint64_t bits = 0;
    while (bytes-- > 0) bits = bits << 8 | byte_of(in);
    return bits;
}

/* Small, near an edge of some type, or anything. */
static uint64_t number_of(input *in)
{
    static const uint64_t edges[] = {
        2,           INT16_MAX, INT32_MAX,     UINT32_MAX,        PTRDIFF_MAX / 16, PTRDIFF_MAX / 8,
        PTRDIFF_MAX, SIZE_MAX,  SIZE_MAX / 16, (uint64_t)1 << 55, (uint64_t)1 << 58};
    const unsigned kind = byte_of(in);
    if (kind % 8 == 0) return bits_of(in, 8);
    if (kind % 8 < 3) return edges[kind / 8 % 11] + (byte_of(in) % 5) - 2;
    return kind % 8 < 5 ? bits_of(in, 2) : byte_of(in);
}

/* A code below `known`, or any. */
static int code_of(input *in, unsigned known)
{
    const bool any = byte_of(in) % 8 == 0;
    return any ? (int)number_of(in) : (int)(byte_of(in) % known);
}

/* From 0 to most. */
static size_t size_of(input *in, size_t most)
{
    const unsigned kind = byte_of(in);
    return (size_t)(kind % 4 ? bits_of(in, 1) : bits_of(in, 3)) % (most + 1);
}

/* ---- what a case has ---------------------------------------------------------------------- */

enum { ARENA = 1 << 20, MOST_ITEMS = 512, MOST_ITEM = 24 };

static tm_pool *shared;
static _Alignas(64) char first[ARENA], second[ARENA], third[ARENA], fourth[ARENA];
static double reals[ARENA / 8]; /* these two: set once */
static int32_t integers[ARENA / 4];

/* The queue's model is a plain array, the next item first or (TM_LIFO) last. */
typedef struct scene {
    input in;
    tm_pool *pool; /* NULL: none */
    bool closed;
    tm_queue *queue; /* NULL: none */
    size_t capacity, item_size, length;
    tm_order order;
    bool shut;
    unsigned char items[MOST_ITEMS * MOST_ITEM];
    _Atomic uint64_t ran;
    uint64_t spawned;
} scene;

/* A pool to run a loop on; NULL: the calling thread. */
static tm_pool *some_pool(scene *s)
{
    const unsigned which = byte_of(&s->in) % 4;
    return which == 0 ? NULL : which == 1 && s->pool != NULL ? s->pool : shared;
}

static bool refuses(const scene *s, const tm_pool *pool)
{
    return pool != NULL && pool == s->pool && s->closed;
}

/* ---- pools and tasks ---------------------------------------------------------------------- */

static void count_task(void *arg)
{
    atomic_fetch_add(&((scene *)arg)->ran, 1);
}

/* A pool's end waits for its tasks. */
static void end_pool(scene *s)
{
    if (s->pool == NULL) return;
    if (byte_of(&s->in) % 4 == 0) {
        tm_pool_release(s->pool);
        while (atomic_load(&s->ran) != s->spawned) sched_yield();
    } else {
        tm_pool_destroy(s->pool);
    }
    EXPECT(atomic_load(&s->ran) == s->spawned);
    s->pool = NULL;
}

static void make_pool(scene *s)
{
    char name[40] = {0};
    const uint64_t threads = byte_of(&s->in) % 2 ? 1u + byte_of(&s->in) % 4 : number_of(&s->in);
    tm_pool_options options = {.threads = threads, .queue_capacity = number_of(&s->in)};
    end_pool(s);
    for (size_t i = 0; i < byte_of(&s->in) % sizeof name; i++) name[i] = (char)byte_of(&s->in);
    options.name = byte_of(&s->in) % 2 ? name : NULL;
    name[sizeof name - 1] = 0;
    const tm_status status = tm_pool_create(&options, &s->pool);
    EXPECT(status == (threads < 1 || threads > INT16_MAX ? TM_INVALID : TM_OK));
    EXPECT((s->pool != NULL) == (status == TM_OK));
    s->closed = false, s->spawned = 0, s->ran = 0;
    if (s->pool == NULL) return;
    EXPECT(tm_pool_threads(s->pool) == threads && !tm_pool_is_closed(s->pool) &&
           tm_pool_worker(s->pool) == -1);
    if (threads > 4) end_pool(s); /* made, but not to be started */
}

static void spawn(scene *s)
{
    void *args[200];
    size_t count = byte_of(&s->in) % 200, done = 0;
    const unsigned how = byte_of(&s->in) % 3;
    tm_status status;
    if (s->pool == NULL) return;
    for (size_t i = 0; i < count; i++) args[i] = s;
    if (how == 0)
        count = 1, done = (status = tm_spawn(s->pool, count_task, s)) == TM_OK;
    else if (how == 1)
        count = 1, done = (status = tm_post(s->pool, count_task, s)) == TM_OK;
    else
        status = tm_spawn_many(s->pool, count_task, args, count, &done);
    s->spawned += done;
    /* A queue of a capacity that no memory has is found out when the pool's threads start. */
    EXPECT(status == (s->closed ? TM_CLOSED : TM_OK) || (status == TM_NO_MEMORY && done == 0) || count == 0);
    EXPECT(done == (status == TM_OK ? count : 0));
}

static void ask_pool(scene *s)
{
    tm_worker_stats stats[4 + 1];
    if (s->pool == NULL) return;
    switch (byte_of(&s->in) % 8) {
    case 0: tm_pool_close(s->pool), s->closed = true; break;
    case 1:
        s->closed = true;
        EXPECT(tm_pool_shutdown(s->pool) == TM_OK && s->ran == s->spawned);
        break;
    case 2: EXPECT(tm_join(s->pool, TM_FOREVER) == TM_OK); break;
    case 3: {
        const tm_status status = tm_join(s->pool, (int64_t)number_of(&s->in));
        EXPECT(status == TM_OK || status == TM_TIMEOUT);
        break;
    }
    case 4: tm_pool_stats(s->pool, stats); break;
    case 5: {
        const int needs = tm_pool_needs_worker(s->pool);
        EXPECT(needs == 0 || needs == 1);
        break;
    }
    default: {
        const int64_t spin_ns = (int64_t)number_of(&s->in); /* a long one may have no end */
        tm_pool_watch(s->pool, TM_MIN(spin_ns, 100000));
        break;
    }
    }
    EXPECT(tm_pool_is_closed(s->pool) == s->closed);
}

/* ---- loops -------------------------------------------------------------------------------- */

/* A chunk's status is told by its number; chunks that are what they should be are counted. */
typedef struct loop {
    tm_pool *pool;
    size_t n, grain, inner;
    size_t failing; /* the chunks that are multiples of it, 0: none */
    int status;
    _Atomic size_t indices, chunks, nested;
} loop;

static void count_indices(void *ctx, size_t begin, size_t end)
{
    loop *l = ctx;
    EXPECT(begin < end && end <= l->n && begin % l->grain == 0 && (end - begin == l->grain || end == l->n));
    atomic_fetch_add(&l->indices, end - begin);
    atomic_fetch_add(&l->chunks, 1);
}

static void count_nested(void *ctx, size_t begin, size_t end)
{
    atomic_fetch_add(&((loop *)ctx)->nested, end - begin);
}

static tm_status count_or_fail(void *ctx, size_t begin, size_t end)
{
    loop *l = ctx;
    count_indices(ctx, begin, end);
    if (l->inner) EXPECT(tm_parallel_for(l->pool, l->inner, 7, count_nested, l) == TM_OK);
    const size_t chunk = begin / l->grain;
    return l->failing && (chunk + 1) % l->failing == 0 ? (tm_status)l->status : TM_OK;
}

static void run_loop(scene *s)
{
    enum { MOST_CHUNKS = 3000 };
    loop l = {.pool = some_pool(s), .n = number_of(&s->in), .grain = number_of(&s->in)};
    const bool can_fail = byte_of(&s->in) % 2;
    l.failing = byte_of(&s->in) % 3 ? 0 : 1 + byte_of(&s->in), l.status = (int)number_of(&s->in);
    l.inner = byte_of(&s->in) % 8 == 0 ? byte_of(&s->in) : 0;
    size_t chunks = l.grain ? l.n / l.grain + (l.n % l.grain != 0) : 0;
    tm_status expected = l.grain == 0 || l.n > PTRDIFF_MAX || chunks > UINT64_MAX >> 9 ? TM_INVALID : TM_OK;
    if (expected == TM_OK && chunks > MOST_CHUNKS) { /* as many as there is time for */
        l.grain = l.n / MOST_CHUNKS + 1;
        chunks = l.n / l.grain + (l.n % l.grain != 0);
    }
    if (expected == TM_OK && refuses(s, l.pool)) expected = TM_CLOSED;
    const size_t limit = byte_of(&s->in) % 4 ? 0 : number_of(&s->in), before = tm_set_thread_limit(limit);
    EXPECT(tm_get_thread_limit() == limit);
    const bool fails = expected == TM_OK && can_fail && l.failing && l.failing <= chunks && l.status != 0;
    if (fails) expected = l.status < 0 && l.status > -256 ? (tm_status)l.status : TM_FAILED;
    const tm_status status = can_fail ? tm_parallel_try(l.pool, l.n, l.grain, count_or_fail, &l)
                                      : tm_parallel_for(l.pool, l.n, l.grain, count_indices, &l);
    tm_set_thread_limit(before);
    EXPECT(status == expected);
    if (status == TM_OK)
        EXPECT(l.indices == l.n && l.chunks == chunks && l.nested == (can_fail ? chunks : 0) * l.inner);
    else if (!fails)
        EXPECT(l.chunks == 0);
    else
        EXPECT(l.chunks >= l.failing && l.chunks <= chunks);
}

/* ---- queues ------------------------------------------------------------------------------- */

static void make_queue(scene *s)
{
    const bool tame = byte_of(&s->in) % 4;
    const uint64_t capacity = tame ? byte_of(&s->in) : number_of(&s->in);
    const uint64_t size = tame ? 1u + byte_of(&s->in) % MOST_ITEM : number_of(&s->in);
    const unsigned order = tame ? byte_of(&s->in) % 2 : (unsigned)number_of(&s->in);
    tm_queue_destroy(s->queue);
    const tm_status status = tm_queue_create(capacity, size, (tm_order)order, &s->queue);
    EXPECT((status == TM_OK) == (s->queue != NULL));
    if (size == 0 || capacity > PTRDIFF_MAX / size || order > 1)
        EXPECT(status == TM_INVALID);
    else
        EXPECT(status == TM_OK ||
               (!tame && (status == TM_NO_MEMORY || (capacity == 0 && status == TM_INVALID))));
    if (s->queue == NULL) return;
    EXPECT(TM_MAX(capacity, 1) <= ((size_t)1 << 47) / size); /* there is so much to address */
    EXPECT(tm_queue_capacity(s->queue) == capacity && tm_queue_item_size(s->queue) == size);
    s->capacity = capacity, s->item_size = size, s->order = (tm_order)order, s->length = 0, s->shut = false;
    if (size <= MOST_ITEM) return;
    tm_queue_destroy(s->queue);
    s->queue = NULL;
}

/* A wait that would have no end is given none to wait for. */
static int64_t timeout_of(scene *s, bool waits)
{
    const int64_t timeout = (int64_t)number_of(&s->in);
    return !waits ? timeout : timeout < 0 || timeout > 1000 ? 0 : timeout;
}

static void push(scene *s)
{
    unsigned char items[MOST_ITEMS * MOST_ITEM];
    size_t count = size_of(&s->in, MOST_ITEMS), done = 99;
    if (s->queue == NULL) return;
    count = TM_MIN(count, MOST_ITEMS - s->length); /* the model's room */
    const size_t room = s->capacity ? s->capacity - TM_MIN(s->capacity, s->length) : MOST_ITEMS;
    for (size_t i = 0; i < count * s->item_size; i++)
        items[i] = (unsigned char)(i * 31 + s->length + i / 256);
    const bool all = count <= room;
    const int64_t timeout = timeout_of(s, !all && !s->shut);
    const tm_status status =
        tm_queue_push(s->queue, items, count, timeout, byte_of(&s->in) % 4 ? &done : NULL);
    const size_t expected = s->shut ? 0 : TM_MIN(count, room);
    EXPECT(status == (count == 0     ? TM_OK
                      : s->shut      ? TM_CLOSED
                      : all          ? TM_OK
                      : timeout == 0 ? TM_FULL
                                     : TM_TIMEOUT));
    EXPECT(done == expected || done == 99);
    memcpy(s->items + s->length * s->item_size, items, expected * s->item_size);
    s->length += expected;
}

/* The model's next n items. */
static void take(scene *s, size_t n, unsigned char *items)
{
    const size_t size = s->item_size;
    s->length -= n;
    if (s->order == TM_FIFO) {
        memcpy(items, s->items, n * size);
        memmove(s->items, s->items + n * size, s->length * size);
    } else {
        for (size_t i = 0; i < n; i++)
            memcpy(items + i * size, s->items + (s->length + n - 1 - i) * size, size);
    }
}

static void pop(scene *s)
{
    unsigned char items[MOST_ITEMS * MOST_ITEM], expected[MOST_ITEMS * MOST_ITEM];
    const size_t count = byte_of(&s->in) % 8 ? size_of(&s->in, MOST_ITEMS) : number_of(&s->in);
    size_t done = 99;
    if (s->queue == NULL) return;
    const size_t n = TM_MIN(count, s->length); /* no more is written, whatever is asked for */
    const int64_t timeout = timeout_of(s, n == 0 && !s->shut);
    const tm_status status = tm_queue_pop(s->queue, items, count, timeout, &done);
    EXPECT(status == (n || !count    ? TM_OK
                      : s->shut      ? TM_CLOSED
                      : timeout == 0 ? TM_EMPTY
                                     : TM_TIMEOUT) &&
           done == n);
    take(s, n, expected);
    EXPECT(memcmp(items, expected, n * s->item_size) == 0);
}

static void ask_queue(scene *s)
{
    if (s->queue == NULL) return;
    if (byte_of(&s->in) % 8 == 0) {
        const int discard = (int)number_of(&s->in);
        EXPECT(tm_queue_close(s->queue, discard) == (discard ? s->length : 0));
        s->shut = true, s->length = discard ? 0 : s->length;
    }
    EXPECT(tm_queue_length(s->queue) == s->length && tm_queue_is_closed(s->queue) == s->shut);
}

typedef struct drained {
    size_t item_size, block;
    _Atomic uint64_t items, sum;
} drained;

static uint64_t sum_of(const unsigned char *bytes, size_t n)
{
    uint64_t sum = 0;
    while (n > 0) sum += bytes[--n];
    return sum;
}

static void drain_block(void *ctx, const void *items, size_t n)
{
    drained *d = ctx;
    EXPECT(n > 0 && n <= d->block && (uintptr_t)items % 64 == 0);
    atomic_fetch_add(&d->items, n);
    atomic_fetch_add(&d->sum, sum_of(items, n * d->item_size));
}

/* Of a queue that is shut down: of another it has no end. */
static void drain(scene *s)
{
    tm_pool *pool = some_pool(s);
    const size_t block = number_of(&s->in);
    if (s->queue == NULL) return;
    drained d = {.item_size = s->item_size, .block = block};
    size_t done = 99;
    tm_queue_close(s->queue, 0), s->shut = true;
    const tm_status status = tm_drain(pool, s->queue, block, drain_block, &d, &done);
    const uint64_t sum = sum_of(s->items, s->length * s->item_size);
    if (status == TM_OK)
        EXPECT(done == s->length && d.items == done && d.sum == sum && !refuses(s, pool));
    else if (status == TM_INVALID)
        EXPECT(block == 0 || (s->capacity == 0 && block > PTRDIFF_MAX / 1000));
    else
        EXPECT(status == TM_CLOSED ? refuses(s, pool) : status == TM_NO_MEMORY && s->capacity == 0);
    EXPECT(status == TM_OK || done == 0);
    if (status == TM_OK) s->length = 0;
}

/* ---- square, scale, sum ------------------------------------------------------------------- */

/* out = x * k, or x * x; whether all products of integers fit. */
static bool multiply(tm_dtype dtype, size_t n, const void *x, const void *k, void *out)
{
    bool fits = true;
    switch (dtype) {
#define TM_INTEGER(code, name, type, wrap, root)                                                             \
    case code:                                                                                               \
        for (size_t i = 0; i < n; i++) {                                                                     \
            const type a = ((const type *)x)[i], b = k ? *(const type *)k : a;                               \
            fits &= !__builtin_mul_overflow(a, b, (type *)out + i);                                          \
        }                                                                                                    \
        break;
#define TM_REAL(code, name, type)                                                                            \
    case code:                                                                                               \
        for (size_t i = 0; i < n; i++) {                                                                     \
            const type a = ((const type *)x)[i], b = k ? *(const type *)k : a;                               \
            ((type *)out)[i] = a * b;                                                                        \
        }                                                                                                    \
        break;
#include "kernels/dtypes.def"
    default: break;
    }
    return fits;
}

static __int128 add_up(tm_dtype dtype, size_t n, const void *x)
{
    __int128 total = 0;
    switch (dtype) {
    case TM_BOOL:
        for (size_t i = 0; i < n; i++) total += ((const uint8_t *)x)[i] != 0;
        break;
#define TM_INTEGER(code, name, type, wrap, root)                                                             \
    case code:                                                                                               \
        for (size_t i = 0; i < n; i++) total += ((const type *)x)[i];                                        \
        break;
#include "kernels/dtypes.def"
    default: break;
    }
    return total;
}

static void scatter(input *in, void *to, size_t bytes)
{
    uint64_t state = bits_of(in, 2) + 1;
    const uint64_t mask = byte_of(in) % 2 ? UINT64_MAX : 0x0001000100010001; /* anything, or all small */
    for (size_t i = 0; i + 8 <= bytes + 7; i += 8) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const uint64_t bits = (state ^ state >> 29) & mask;
        memcpy((char *)to + i, &bits, 8);
    }
}

static bool is_valid(int dtype, uint64_t n, int options)
{
    return dtype >= 0 && dtype < TM_DTYPES && n <= PTRDIFF_MAX / sizes[dtype] &&
           (options == 0 || (options == TM_CHECKED && is_integer((tm_dtype)dtype)));
}

static bool is_nan(tm_dtype dtype, const void *x)
{
    return (dtype == TM_FLOAT32 && isnan(*(const float *)x)) ||
           (dtype == TM_FLOAT64 && isnan(*(const double *)x));
}

/* The arrays lie anywhere in one piece of memory. */
static void run_product(scene *s)
{
    tm_pool *pool = some_pool(s);
    const int code = code_of(&s->in, TM_DTYPES);
    const int options = code_of(&s->in, 4);
    const bool scales = byte_of(&s->in) % 2;
    const size_t size = code >= 0 && code < TM_DTYPES ? sizes[code] : 1;
    const tm_dtype dtype = (tm_dtype)code;
    uint64_t n = number_of(&s->in), factor[2] = {0};
    const bool valid = is_valid(code, n, options & ~TM_FRESH_OUT) && code != TM_BOOL && code < TM_COMPLEX64;
    if (valid) n %= ARENA / 4 / size;
    const size_t bytes = valid ? n * size : 64, room = 3 * bytes + 4096, limit = (room - 64 - bytes) / size;
    const size_t from = size_of(&s->in, limit) * size;
    const size_t to = byte_of(&s->in) % 4 == 0 ? from : size_of(&s->in, limit) * size;
    const bool apart = from >= to + bytes || to >= from + bytes || n == 0, inside = from == to;
    scatter(&s->in, first + from / 8 * 8, bytes + 8);
    memcpy(factor, first + size_of(&s->in, limit) * size, TM_MIN(size, sizeof factor));
    if (is_nan(dtype, factor)) factor[0] = 0; /* which of it and another NaN comes out is not promised */
    memcpy(second, first, room);              /* what was there */
    const void *k = scales ? factor : NULL;
    const int result = scales ? tm_scale(pool, dtype, n, first + from, factor, first + to, options)
                              : tm_square(pool, dtype, n, first + from, first + to, options);
    if (!valid || (n > 0 && (!(apart || inside) || refuses(s, pool)))) {
        EXPECT(result == (!valid ? TM_INVALID : !(apart || inside) ? TM_OVERLAP : TM_CLOSED));
        EXPECT(memcmp(first, second, room) == 0);
        return;
    }
    const bool fits = multiply(dtype, n, second + from, k, third);
    if (options & TM_CHECKED && !fits) {
        EXPECT(result == TM_OVERFLOW);
        return;
    }
    EXPECT(result >= 0 && (result == 0 || !is_integer(dtype)) && same(dtype, n, first + to, third));
    memcpy(second + to, first + to, bytes);
    EXPECT(memcmp(first, second, room) == 0); /* nothing beside it */
}

static void run_sum(scene *s)
{
    tm_pool *pool = some_pool(s);
    const int code = code_of(&s->in, TM_DTYPES);
    const int options = code_of(&s->in, 2);
    const size_t size = code >= 0 && code < TM_DTYPES ? sizes[code] : 1;
    const tm_dtype dtype = (tm_dtype)code;
    uint64_t n = number_of(&s->in), total[3] = {0, 0, 77}, alone[2] = {0};
    const bool valid = is_valid(code, n, options);
    if (valid) n %= ARENA / 2 / size;
    const size_t from = size_of(&s->in, ARENA / 2 / size - 8) * size;
    scatter(&s->in, first + from / 8 * 8, valid ? n * size + 8 : 8);
    if (code == TM_BOOL)
        for (size_t i = 0; i < n && valid; i++) first[from + i] &= 1;
    tm_set_sum_block(byte_of(&s->in) % 4 ? 0 : number_of(&s->in));
    const int result = tm_sum(pool, dtype, n, first + from, total, options);
    const int serial = valid ? tm_sum(NULL, dtype, n, first + from, alone, options) : TM_INVALID;
    tm_set_sum_block(0);
    EXPECT(total[2] == 77);
    if (refuses(s, pool) && valid && n > 0) {
        EXPECT(result == TM_CLOSED);
        return;
    }
    EXPECT(result == serial);
    if (result < 0)
        EXPECT(!valid || result == TM_OVERFLOW);
    else
        EXPECT(is_integer(dtype) ? total[0] == alone[0] : same(dtype, 1, total, alone));
    if (!valid || !is_integer(dtype)) return;
    const __int128 exact = add_up(dtype, n, first + from);
    const bool is_unsigned = dtype != TM_BOOL && dtype % 2 == 0;
    const bool fits = is_unsigned ? exact <= UINT64_MAX : exact >= INT64_MIN && exact <= INT64_MAX;
    EXPECT(result == (options == TM_CHECKED && !fits ? TM_OVERFLOW : 0));
    if (result == 0) EXPECT(total[0] == (uint64_t)exact);
}

/* ---- programs ----------------------------------------------------------------------------- */

static int add(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides, void *auxdata)
{
    (void)context, (void)auxdata;
    for (intptr_t i = 0; i < dims[0]; i++)
        *(double *)(void *)(data[2] + i * strides[2]) =
            *(double *)(void *)(data[0] + i * strides[0]) + *(double *)(void *)(data[1] + i * strides[1]);
    return 0;
}

static int count_elements(void *context, char *const *data, const intptr_t *dims, const intptr_t *strides,
                          void *auxdata)
{
    (void)data, (void)strides, (void)auxdata;
    atomic_fetch_add((_Atomic uint64_t *)context, (uint64_t)dims[0]);
    return 0;
}

/* Slots: x, y, out, a mask, a bool to stop at; and x's doubles in a buffer where it holds int32. */
enum { X, Y, OUT, MASK, STOP, BUFFER, SLOTS, MOST_DIMS = 4 };

static tm_program make_program(bool casts, bool masked, bool stops)
{
    tm_program program = {.arrays = BUFFER,
                          .buffers = casts,
                          .steps = 1,
                          .buffer_item = {8},
                          .mask = masked ? MASK : -1,
                          .stop = stops ? STOP : -1,
                          .stop_value = 7,
                          .written = 1u << OUT};
    if (casts)
        program.step[0] =
            (tm_step){.loop = tm_cast_loop(TM_INT32, TM_FLOAT64), .operands = 2, .slot = {X, BUFFER}};
    program.step[casts] = (tm_step){.loop = add, .operands = 3, .slot = {casts ? BUFFER : X, Y, OUT}};
    program.steps += casts;
    return program;
}

/* Makes one thing wrong with a call; `past` is a number too large for any of them. */
static void spoil(input *in, tm_program *program, size_t *dims, intptr_t *layout, size_t *numbers,
                  size_t *count, size_t *split, size_t *grain)
{
    const uint64_t number = number_of(in);
    const size_t past = number > 64 ? (size_t)number : SIZE_MAX - (size_t)number;
    const int far = (int)(past % INT32_MAX) > 24 ? (int)(past % INT32_MAX) : 25;
    switch (byte_of(in) % 16) {
    case 0: program->arrays = *count = past; break;
    case 1: program->buffers = past; break;
    case 2: program->steps = past; break;
    case 3: program->step[0].operands = past; break;
    case 4: program->step[0].core_dims = past; break;
    case 5: program->step[0].core_strides = past; break;
    case 6: program->step[0].slot[1] = (uint8_t)(SLOTS + number % (256 - SLOTS)); break;
    case 7: program->mask = far; break;
    case 8: program->stop = far; break;
    case 9: program->buffers = 1, program->buffer_item[0] = number % 2 ? 0 : TM_MAX(past, 1025); break;
    case 10: *dims = number % 2 ? 0 : past; break;
    case 11: *split = past; break;
    case 12: *grain = 0; break;
    case 13: *numbers -= 1 + number % *numbers; break;
    case 14: *count = number % 2 ? *count - 1 : past; break;
    default: layout[0] = -1 - (intptr_t)(number >> 1); break;
    }
}

/* Where each element of a space lies: any order and direction of x and y, out in C's order. */
static void lay_out(input *in, size_t dims, intptr_t *layout, const size_t *item)
{
    for (size_t slot = X; slot <= MASK; slot++) {
        const bool any = slot <= Y;
        const size_t from = any ? byte_of(in) % dims : 0;
        intptr_t stride = (intptr_t)item[slot];
        for (size_t i = 0; i < dims; i++) {
            const size_t axis = (dims - 1 - i + from) % dims;
            const unsigned way = any ? byte_of(in) % 6 : 0;
            layout[dims + slot * dims + axis] = way == 5   ? 0
                                                : way == 4 ? -stride
                                                : way == 3 ? 2 * stride
                                                           : stride;
            stride *= layout[axis] * (way == 3 ? 2 : 1);
        }
    }
}

static void run_program(scene *s)
{
    enum { GUARD = 64 };
    input *in = &s->in;
    tm_pool *pool = some_pool(s);
    const bool casts = byte_of(in) % 2, masked = byte_of(in) % 4 == 0, stops = byte_of(in) % 4 == 0;
    const size_t item[] = {casts ? 4 : 8, 8, 8, 1};
    size_t dims = 1 + byte_of(in) % MOST_DIMS, total = 1;
    intptr_t layout[MOST_DIMS + BUFFER * (MOST_DIMS + 1)] = {0};
    char stop = stops && byte_of(in) % 2 ? 7 : 0;
    for (size_t axis = 0; axis < dims; axis++) {
        const size_t most = axis == dims - 1 ? TM_MIN((size_t)4000 / total, 2000) : 9;
        layout[axis] = (intptr_t)(byte_of(in) % 16 ? 1 + size_of(in, TM_MAX(most, 1) - 1) : 0);
        total *= TM_MAX((size_t)layout[axis], 1);
    }
    lay_out(in, dims, layout, item);
    size_t split = byte_of(in) % dims, grain = number_of(in), elements = total;
    if (grain < 1 + (size_t)layout[split] / 500) grain = 1 + (size_t)layout[split] / 500;
    for (size_t axis = 0; axis < dims; axis++) elements *= layout[axis] > 0;
    char *data[] = {casts ? (char *)(integers + ARENA / 8) : (char *)(reals + ARENA / 16),
                    (char *)(reals + ARENA / 16), third, fourth, &stop};
    double *out = (double *)(void *)third;
    for (size_t i = 0; i < total + GUARD; i++) out[i] = -7, fourth[i] = (char)(i % 3 == 0 ? 0 : 0x82);
    tm_program program = make_program(casts, masked, stops);
    const size_t shape_dims = dims;
    const bool spoilt = byte_of(in) % 4 == 0;
    size_t numbers = dims + program.arrays * (dims + 1), count = program.arrays;
    if (spoilt) spoil(in, &program, &dims, layout, &numbers, &count, &split, &grain);
    const int result = tm_run_program(pool, &program, dims, layout, numbers, data, count, split, grain);
    if (spoilt || elements == 0 || refuses(s, pool)) {
        EXPECT(result == (spoilt ? TM_INVALID : elements == 0 ? TM_OK : TM_CLOSED));
        for (size_t i = 0; i < total + GUARD; i++) EXPECT(out[i] == -7);
        return;
    }
    EXPECT(result == (stop ? TM_FAILED : 0));
    for (size_t i = 0; i < total && !stop; i++) {
        const char *at[] = {data[X], data[Y]};
        for (size_t axis = shape_dims, left = i; axis-- > 0; left /= (size_t)layout[axis])
            for (size_t slot = X; slot <= Y; slot++)
                at[slot] += (intptr_t)(left % (size_t)layout[axis]) * layout[dims + slot * dims + axis];
        const double a = casts ? *(const int32_t *)(const void *)at[X] : *(const double *)(const void *)at[X];
        EXPECT(out[i] == (masked && fourth[i] == 0 ? -7 : a + *(const double *)(const void *)at[Y]));
    }
    for (size_t i = total; i < total + GUARD; i++) EXPECT(out[i] == -7);
}

/* Of any length where nothing is moved. */
static void walk(scene *s)
{
    tm_pool *pool = some_pool(s);
    _Atomic uint64_t count = 0;
    intptr_t layout[1 + 2 * TM_MAX_OPERANDS] = {(intptr_t)(number_of(&s->in) & PTRDIFF_MAX)};
    size_t n = (size_t)layout[0], grain = number_of(&s->in);
    char *data[TM_MAX_SLOTS] = {first};
    tm_program program = {.arrays = 1, .inputs = 1, .steps = 1, .mask = -1, .stop = -1};
    program.step[0] = (tm_step){.loop = count_elements, .context = &count, .operands = 1};
    const bool dense = byte_of(&s->in) % 2;
    if (dense) {
        if (byte_of(&s->in) % 4 == 0)
            program.arrays = TM_MAX_OPERANDS + 1 + byte_of(&s->in), n = 5;
        else if (byte_of(&s->in) % 4 == 0)
            n = ~n;
        else
            n %= 1 << 24;
    } else if (grain > 0 && n / grain > 3000 && n / grain + (n % grain != 0) <= UINT64_MAX >> 9) {
        grain = n / 3000 + 1;
    }
    const int result = dense ? tm_run_dense(pool, &program, n, data, program.arrays)
                             : tm_run_program(pool, &program, 1, layout, 1 + 2 * program.arrays, data,
                                              program.arrays, 0, grain);
    const bool invalid = dense ? n > PTRDIFF_MAX || program.arrays > TM_MAX_OPERANDS
                               : grain == 0 || n / grain + (n % grain != 0) > UINT64_MAX >> 9;
    if (n == 0 && !invalid)
        EXPECT(result == 0);
    else
        EXPECT(result == (invalid ? TM_INVALID : refuses(s, pool) ? TM_CLOSED : 0));
    EXPECT(count == (result == 0 ? n : 0));
}

/* out = x + y of three arrays anywhere in one piece of memory. */
static void run_dense(scene *s)
{
    tm_pool *pool = some_pool(s);
    const size_t n = size_of(&s->in, 5000), numbers = 3 * n + 100;
    tm_program program = {.arrays = 3, .inputs = 2, .steps = 1, .mask = -1, .stop = -1};
    program.step[0] = (tm_step){.loop = add, .operands = 3, .slot = {0, 1, 2}};
    program.stream_item[2] = byte_of(&s->in) % 2 ? 8 : 0;
    tm_set_last_level_cache(byte_of(&s->in) % 2 ? number_of(&s->in) : 0);
    char *data[3];
    bool overlap = false;
    for (size_t k = 0; k < 3; k++) {
        program.stride[k] = k < 2 && byte_of(&s->in) % 4 == 0 ? 0 : 8;
        data[k] = k && byte_of(&s->in) % 3 == 0 ? data[0] : first + size_of(&s->in, 2 * n + 99) * 8;
    }
    for (size_t k = 0; k < 2; k++) {
        const char *end = data[k] + (program.stride[k] ? n * 8 : 1), *out_end = data[2] + n * 8;
        overlap |= data[k] < out_end && data[2] < end && !(data[k] == data[2] && program.stride[k] == 8);
    }
    for (size_t i = 0; i < numbers; i++) ((double *)(void *)first)[i] = (double)(i % 1001);
    memcpy(second, first, numbers * 8);
    const int result = tm_run_dense(pool, &program, n, data, 3);
    EXPECT(result == (overlap ? TM_OVERLAP : n > 0 && refuses(s, pool) ? TM_CLOSED : 0));
    char *copies[3] = {second + (data[0] - first), second + (data[1] - first), second + (data[2] - first)};
    if (result == 0) add(NULL, copies, (intptr_t[]){(intptr_t)n}, program.stride, NULL);
    EXPECT(memcmp(first, second, numbers * 8) == 0);
}

/* ---- random numbers ----------------------------------------------------------------------- */

static void random_numbers(scene *s)
{
    static const size_t item[TM_NUMBERS] = {8, 4, 4, 8, 8};
    const int generator = code_of(&s->in, TM_GENERATORS), numbers = code_of(&s->in, TM_NUMBERS);
    const size_t n = size_of(&s->in, 40000);
    const uint64_t lowest = number_of(&s->in), most = number_of(&s->in);
    const bool valid = generator >= 0 && generator < TM_GENERATORS && numbers >= 0 && numbers < TM_NUMBERS &&
                       (numbers == TM_RANDOM_WIDE64 || most <= UINT32_MAX);
    const size_t bytes = valid ? n * item[numbers] : 0;
    tm_place place = {{lowest, most}, {n, number_of(&s->in) | 1}, byte_of(&s->in) & 1, (uint32_t)most};
    tm_place alone = place;
    tm_pool *pool = some_pool(s);
    memset(second, 0x5a, bytes + 64);
    const tm_status result =
        tm_random(pool, (tm_generator)generator, (tm_numbers)numbers, n, lowest, most, &place, second);
    if (valid && refuses(s, pool) && result == TM_CLOSED) {
        EXPECT(n > 0 && memcmp(&place, &alone, sizeof place) == 0);
        return;
    }
    EXPECT(result == (valid ? TM_OK : TM_INVALID));
    EXPECT(tm_random(NULL, (tm_generator)generator, (tm_numbers)numbers, n, lowest, most, &alone, third) ==
           result);
    EXPECT(memcmp(&place, &alone, sizeof place) == 0 && memcmp(second, third, bytes) == 0);
    for (size_t i = 0; i < 64; i++) EXPECT(second[bytes + i] == 0x5a);
}

/* ---- single loops, and questions ---------------------------------------------------------- */

static void cast(scene *s)
{
    static const size_t item[TM_CAST_DTYPES] = {
        1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 8, 16, 0, sizeof(long double), 2 * sizeof(long double)};
    const int from = code_of(&s->in, TM_CAST_DTYPES);
    const int to = code_of(&s->in, TM_CAST_DTYPES);
    const tm_inner_loop run = tm_cast_loop(from, to);
    const bool known = from >= 0 && from < TM_CAST_DTYPES && from != TM_DTYPES && to >= 0 &&
                       to < TM_CAST_DTYPES && to != TM_DTYPES;
    EXPECT(known || run == NULL);
    if (known && from == to) EXPECT(run != NULL);
    if (run == NULL) return;
    const intptr_t n = (intptr_t)size_of(&s->in, 300), each[] = {1, 2, -1, 0};
    const intptr_t strides[] = {(intptr_t)item[from] * each[byte_of(&s->in) % 4],
                                (intptr_t)item[to] * (1 + byte_of(&s->in) % 2)};
    char *data[] = {first + ARENA / 2, second};
    for (intptr_t i = -300; i < 600; i++) { /* zeros and ones are there in any dtype */
        if (from >= TM_LONGDOUBLE) memset(data[0] + i * (intptr_t)item[from], 0, item[from]);
        if (from == TM_LONGDOUBLE) *(long double *)(void *)(data[0] + i * (intptr_t)item[from]) = i & 1;
    }
    if (from < TM_DTYPES) scatter(&s->in, data[0] - ARENA / 4, ARENA / 2);
    memset(second, 0x5a, 300 * 64 + 64);
    EXPECT(run(NULL, data, &n, strides, NULL) == 0);
    EXPECT((unsigned char)second[n * strides[1]] == 0x5a); /* nothing after the last */
    if (from != to || from == TM_BOOL) return;
    for (intptr_t i = 0; i < n; i++)
        if (from <= TM_UINT64)
            EXPECT(memcmp(data[0] + i * strides[0], second + i * strides[1], item[from]) == 0);
}

static void add_rows(scene *s)
{
    const int dtype = code_of(&s->in, TM_DTYPES);
    const tm_inner_loop run = tm_add_rows_loop(dtype);
    EXPECT((run != NULL) == (dtype >= TM_INT64 && dtype < TM_DTYPES));
    if (dtype != TM_INT64 && dtype != TM_UINT64) return;
    const intptr_t n = (intptr_t)size_of(&s->in, 100), rows = byte_of(&s->in) % 200,
                   gap = byte_of(&s->in) % 3;
    const intptr_t dims[] = {n, rows}, strides[] = {8, 8, (n + gap) * 8};
    char *data[] = {second, first};
    uint64_t *out = (uint64_t *)(void *)second, *expected = (uint64_t *)(void *)third,
             *x = (uint64_t *)(void *)first;
    scatter(&s->in, first, (size_t)((n + gap) * rows * 8));
    for (intptr_t i = 0; i <= n; i++) out[i] = expected[i] = (uint64_t)i;
    for (intptr_t row = 0; row < rows; row++)
        for (intptr_t i = 0; i < n; i++) expected[i] += x[row * (n + gap) + i];
    EXPECT(run(NULL, data, dims, strides, NULL) == 0);
    EXPECT(memcmp(out, expected, (size_t)(n + 1) * 8) == 0);
}

static void stream(scene *s)
{
    const intptr_t n = (intptr_t)size_of(&s->in, 2000);
    const size_t item = (size_t)1 << byte_of(&s->in) % 6, at = size_of(&s->in, 100) * item;
    char *data[] = {first + size_of(&s->in, 100) * item, second + at};
    scatter(&s->in, first, 200 * 64);
    memset(second, 0x5a, at + (size_t)n * item + 64);
    EXPECT(tm_stream_loop((void *)(uintptr_t)item, data, &n, NULL, NULL) == 0);
    EXPECT(memcmp(data[0], data[1], (size_t)n * item) == 0);
    for (size_t i = 0; i < 64; i++)
        EXPECT(data[1][(size_t)n * item + i] == 0x5a && (i >= at || second[i] == 0x5a));
}

/* The loops that move elements: where they may write, and nowhere else. */
static void move(scene *s)
{
    enum { LONGEST = 300, EDGE = ARENA / 2 };
    const size_t items[] = {1, 2, 4, 8, 16, 1 + (size_t)byte_of(&s->in) % 64},
                 item = items[byte_of(&s->in) % 6];
    const intptr_t size = (intptr_t)item, n = (intptr_t)size_of(&s->in, LONGEST), each[] = {1, 2, -1, 0};
    const intptr_t step = size * each[byte_of(&s->in) % 4], bool_step = each[byte_of(&s->in) % 3];
    void *context = (void *)(uintptr_t)item;
    char *mask = third + EDGE, *x = first + EDGE;
    scatter(&s->in, third + EDGE - 2 * LONGEST, 4 * LONGEST);
    scatter(&s->in, first + EDGE - 64 * LONGEST, 192 * LONGEST);
    memset(second, 0x5a, 64 * LONGEST + 64);
    size_t written = (size_t)(n * size);
    switch (byte_of(&s->in) % 5) {
    case 0: {
        char *data[] = {mask, x, fourth, second};
        EXPECT(tm_select_loop(context, data, &n, (intptr_t[]){bool_step, step, size, size}, NULL) == 0);
        break;
    }
    case 1: {
        char *data[] = {x, second};
        EXPECT(tm_copy_loop(item)(context, data, &n, (intptr_t[]){step, size}, NULL) == 0);
        break;
    }
    case 2: {
        const intptr_t m = 1 + byte_of(&s->in) % 20, dims[] = {n / m, m};
        const bool across = byte_of(&s->in) % 2, down = byte_of(&s->in) % 2;
        const intptr_t strides[] = {across ? size : m * size, down ? size : m * size,
                                    across ? dims[0] * size : size, down ? dims[0] * size : size};
        char *data[] = {x, second};
        EXPECT(tm_copy_blocks_loop(item)(context, data, dims, strides, NULL) == 0);
        written = (size_t)(dims[0] * m * size);
        break;
    }
    case 3: {
        const intptr_t dims[] = {n, (intptr_t)size_of(&s->in, LONGEST)};
        char *data[] = {x, mask - LONGEST, second};
        const int mode = (int)(byte_of(&s->in) % 3);
        if (mode == TM_TAKE_RAISE) /* indices that are there; others fail it */
            for (intptr_t i = 0; i < n && i < LONGEST / 8; i++)
                memcpy(data[1] + 8 * i, &(intptr_t){dims[1] == 0 ? 0 : i % dims[1]}, 8);
        (void)tm_take_loop(item)(context, data, dims,
                                 (intptr_t[]){0, mode ? 1 : 8 * (n <= LONGEST / 8), size, size},
                                 (void *)(uintptr_t)mode);
        break;
    }
    default: {
        tm_cursor cursor = {.end = (intptr_t)size_of(&s->in, LONGEST)};
        char *data[] = {mask, x, second, (char *)&cursor};
        const intptr_t strides[] = {bool_step, step, 0, 0};
        const int told = tm_compress_loop(item)(context, data, &n, strides, NULL);
        EXPECT(cursor.at <= cursor.end && (told == 0 || cursor.at < n));
        written = (size_t)(cursor.at * size);
    }
    }
    for (size_t i = 0; i < 64; i++) EXPECT((unsigned char)second[written + i] == 0x5a);
}

static int never(void)
{
    return 0;
}

static void ask(scene *s)
{
    const uint64_t number = number_of(&s->in);
    const size_t elements = tm_chunk_elements(number);
    EXPECT(elements > 0 && elements <= 65536 && elements % 64 == 0);
    EXPECT(strlen(tm_status_message((int)number)) > 0 && strlen(tm_simd_name((int)number)) > 0);
    const bool known = (int)number >= 0 && (int)number <= (int)tm_simd_best();
    EXPECT(tm_set_simd_level((int)number) == (known ? TM_OK : TM_INVALID));
    EXPECT(!known || (int)tm_simd_level() == (int)number);
    tm_set_interrupt_check(number % 2 ? never : NULL);
    if (number % 16) return; /* files are read */
    tm_machine machine;
    tm_read_machine(&machine);
    EXPECT(machine.usable > 0 && machine.usable <= machine.online && machine.last_level_cache > 0);
    EXPECT(tm_usable_cores() > 0);
}

/* ---- cases -------------------------------------------------------------------------------- */

static void (*const acts[])(scene *) = {
    make_pool, spawn,          spawn,       ask_pool, ask_pool,  run_loop, run_loop,    make_queue,
    push,      push,           pop,         pop,      ask_queue, drain,    run_product, run_product,
    run_sum,   run_program,    run_program, walk,     run_dense, cast,     add_rows,    stream,
    ask,       random_numbers, move,        move,
};

static unsigned long long calls;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static scene s;
    if (shared == NULL) {
        EXPECT(tm_pool_create(&(tm_pool_options){.threads = 3}, &shared) == TM_OK);
        for (int i = 0; i < ARENA / 8; i++) reals[i] = i * 0.25;
        for (int i = 0; i < ARENA / 4; i++) integers[i] = i * 7 - ARENA;
    }
    s = (scene){.in = {bytes, size}};
    for (; s.in.left > 0; calls++) acts[byte_of(&s.in) % (sizeof acts / sizeof *acts)](&s);
    end_pool(&s);
    tm_queue_destroy(s.queue);
    return 0;
}

#ifndef TM_LIBFUZZER
static unsigned long long cases = 1000, seed = 1, at;

static void tell(int number)
{
    char text[64];
    const int n = snprintf(text, sizeof text, "signal %d in case: fuzz 1 %llu\n", number, seed + at);
    _exit(write(STDERR_FILENO, text, (size_t)n) == n ? 1 : 2);
}

TEST(any_arguments)
{
    enum { MOST_BYTES = 400 };
    uint8_t bytes[MOST_BYTES];
    for (at = 0; at < cases; at++) {
        uint64_t state = (seed + at) * 0x9e3779b97f4a7c15u;
        for (size_t i = 0; i < sizeof bytes; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            bytes[i] = (uint8_t)(state >> 56);
        }
        LLVMFuzzerTestOneInput(bytes, (size_t)(state >> 20) % sizeof bytes);
    }
    printf("seed %llu: %llu cases, %llu calls\n", seed, at, calls);
}

int main(int count, char **arguments)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], tell);
    if (count > 1) cases = strtoull(arguments[1], NULL, 10);
    if (count > 2) seed = strtoull(arguments[2], NULL, 10);
    RUN(any_arguments);
    tm_pool_destroy(shared);
    return finish();
}
#endif
