/* threadmill.h: the public C interface of threadmill.
 *
 * What is here is exported from the shared library. What exists for language bindings alone is in bindings.h.
 *
 * Declarations only and no preprocessor line, because this very text is also what cffi reads.
 * C code includes "common.h", which brings the standard types and guards this file.
 *
 * Every function may be called from any thread unless its contract says otherwise. */

/* ---- status ------------------------------------------------------------------------------- */

/* What a call came to. Failures are negative, so that a result can share the return value. */
typedef enum tm_status {
    TM_OK = 0,
    TM_NO_MEMORY = -1,    /* an allocation failed */
    TM_NO_THREAD = -2,    /* the system refused a thread */
    TM_CLOSED = -3,       /* the pool or queue is shut down */
    TM_FULL = -4,         /* a queue had no room */
    TM_EMPTY = -5,        /* a queue had no item */
    TM_TIMEOUT = -6,      /* the time given ran out */
    TM_INVALID = -7,      /* an argument is out of its range */
    TM_OVERFLOW = -8,     /* a checked kernel found a result that does not fit */
    TM_OVERLAP = -9,      /* input and output share memory in a way that only a serial loop may see */
    TM_DEADLOCK = -10,    /* the call would wait for the very worker that makes it */
    TM_INTERRUPTED = -11, /* the interrupt check asked to stop */
    TM_FAILED = -12       /* a loop body's own failure */
} tm_status;

/* One English sentence without a full stop; never NULL. */
const char *tm_status_message(int status);

/* A wait without a deadline, where nanoseconds are asked for. */
enum { TM_FOREVER = -1 };

/* ---- the machine -------------------------------------------------------------------------- */

/* What this process may use. */
typedef struct tm_machine {
    size_t online;           /* cores switched on */
    size_t affinity;         /* cores in this process's affinity mask */
    double quota;            /* cores' worth of CPU time by the tightest cgroup; 0: no limit */
    size_t usable;           /* min(online, affinity, max(1, floor(quota))) */
    size_t last_level_cache; /* bytes that these cores may have of it; a default where it is not told */
} tm_machine;

/* Reads the system anew at each call (affinity and quota may change). */
void tm_read_machine(tm_machine *machine);

/* The `usable` of tm_read_machine. */
size_t tm_usable_cores(void);

/* Instruction sets for which kernels are compiled, in rising order. */
typedef enum tm_simd { TM_SIMD_BASELINE = 0, TM_SIMD_AVX2 = 1, TM_SIMD_AVX512 = 2 } tm_simd;

tm_simd tm_simd_best(void);  /* the newest that this processor runs */
tm_simd tm_simd_level(void); /* the one in force */
const char *tm_simd_name(int level);

/* ---- pool --------------------------------------------------------------------------------- */

typedef struct tm_pool tm_pool;

typedef struct tm_pool_options {
    size_t threads;                             /* 1 or more */
    const char *name;                           /* prefix of the threads' names; copied; NULL: "threadmill" */
    size_t queue_capacity;                      /* tasks that may wait; 0: a default */
    bool pin;                                   /* each thread to a core of its own, from the second one on */
    void (*on_start)(void *ctx, size_t worker); /* first call on each new thread, or NULL */
    void (*on_stop)(void *ctx, size_t worker);  /* last call on each thread, or NULL */
    void *ctx;                                  /* for both; kept until the last thread has ended */
} tm_pool_options;

/* Makes a pool; its threads start at first need, all or none. `options` itself is not kept. */
tm_status tm_pool_create(const tm_pool_options *options, tm_pool **pool);

/* From now on no task is taken; queued tasks still run, then the threads end. Waits for nothing. */
void tm_pool_close(tm_pool *pool);

/* Closes, then waits for the threads' end. TM_DEADLOCK from one of the pool's own workers. */
tm_status tm_pool_shutdown(tm_pool *pool);

/* Shuts down if that has not happened, then frees. Nobody may use the pool any more. NULL: does nothing. */
void tm_pool_destroy(tm_pool *pool);

/* Closes and lets go: the last of its threads to end frees the rest. Never waits, so any thread may call
 * it, one of its own workers too. Nobody may use the pool any more. NULL: does nothing. */
void tm_pool_release(tm_pool *pool);

size_t tm_pool_threads(const tm_pool *pool);
int tm_pool_is_closed(const tm_pool *pool);

/* The index of the calling thread in this pool, or -1 where it is none of its workers. */
int tm_pool_worker(const tm_pool *pool);

/* What one worker has done since the pool started. */
typedef struct tm_worker_stats {
    uint64_t jobs;    /* parallel loops taken part in */
    uint64_t chunks;  /* chunks run */
    uint64_t steals;  /* of these, from another's slice */
    uint64_t tasks;   /* tasks run */
    uint64_t parks;   /* times parked */
    uint64_t wakeups; /* sleepers this thread has woken */
    /* Of loops, where another process displaces workers: those begun without helpers, as they had cost more
     * than they saved, and those for which helpers did so. */
    uint64_t alone, regretted;
    uint64_t busy_ns; /* time in chunks and tasks */
} tm_worker_stats;

/* Fills stats[0 .. threads - 1] for the workers and stats[threads] for all callers together. The first look at
 * a team less than a millisecond old waits until it is, spinning. */
void tm_pool_stats(tm_pool *pool, tm_worker_stats *stats);

/* ---- parallel loops ----------------------------------------------------------------------- */

typedef void (*tm_kernel)(void *ctx, size_t begin, size_t end);
typedef tm_status (*tm_body)(void *ctx, size_t begin, size_t end);

/* for (size_t i = 0; i < n; i += grain) kernel(ctx, i, min(i + grain, n));
 *
 * in any order, on at most `threads` threads of which the caller is one. Returns when every chunk is done;
 * `ctx` is not kept any longer. The caller's floating-point control state holds in every chunk, and flags
 * raised in a chunk (divide by zero, overflow, underflow, invalid) are raised in the caller. */
tm_status tm_parallel_for(tm_pool *pool, size_t n, size_t grain, tm_kernel kernel, void *ctx);

/* The same with chunks that can fail: the failure of the lowest failing chunk is returned. Chunks
 * above a failed one may or may not have run. */
tm_status tm_parallel_try(tm_pool *pool, size_t n, size_t grain, tm_body body, void *ctx);

/* Bounds the threads of every loop that the calling thread starts; 0: no bound. Returns the old one. */
size_t tm_set_thread_limit(size_t limit);
size_t tm_get_thread_limit(void);

/* ---- tasks -------------------------------------------------------------------------------- */

typedef void (*tm_task_fn)(void *arg);

/* Queues task(arg). When the queue is full the caller waits for room, and a worker of the pool runs the
 * task itself. `arg` is handed on as it is: what it points to must live until the task has run, which it
 * may do before this call returns. A task that was queued runs, also after tm_pool_close. */
tm_status tm_spawn(tm_pool *pool, tm_task_fn task, void *arg);

/* Queues task(args[0]) .. task(args[count - 1]). *done, if not NULL, tells how many were taken. The list
 * `args` is not kept; what it points to is, as tm_spawn's. */
tm_status tm_spawn_many(tm_pool *pool, tm_task_fn task, void *const *args, size_t count, size_t *done);

/* Waits until every task spawned before has ended. TM_DEADLOCK from inside a task of the pool. */
tm_status tm_join(tm_pool *pool, int64_t timeout_ns);

/* ---- queue -------------------------------------------------------------------------------- */

typedef struct tm_queue tm_queue;
typedef enum tm_order { TM_FIFO = 0, TM_LIFO = 1 } tm_order;

/* A ring of at most `capacity` items of `item_size` bytes each; 0: of any number, it grows. */
tm_status tm_queue_create(size_t capacity, size_t item_size, tm_order order, tm_queue **queue);

/* Frees the queue and the items in it. Nobody may use it any more. NULL: does nothing. */
void tm_queue_destroy(tm_queue *queue);

/* Moves `count` items in, in order, as room comes; they are copied, and what they point to is the business
 * of who takes them out; *done tells how many went. timeout_ns 0: takes what fits at once. TM_FULL /
 * TM_TIMEOUT: not all; TM_CLOSED: shut down before all were in. */
tm_status tm_queue_push(tm_queue *queue, const void *items, size_t count, int64_t timeout_ns, size_t *done);

/* Moves 1 to `count` items out as soon as there is one. TM_EMPTY / TM_TIMEOUT: none came;
 * TM_CLOSED: none is left and none can come. */
tm_status tm_queue_pop(tm_queue *queue, void *items, size_t count, int64_t timeout_ns, size_t *done);

/* No item goes in any more; those inside can still be taken, unless `discard`. Wakes all waiters. Returns
 * how many items were discarded. */
size_t tm_queue_close(tm_queue *queue, int discard);
int tm_queue_is_closed(tm_queue *queue);
size_t tm_queue_length(tm_queue *queue);
size_t tm_queue_capacity(const tm_queue *queue); /* 0: any number */
size_t tm_queue_item_size(const tm_queue *queue);

typedef void (*tm_block_kernel)(void *ctx, const void *items, size_t n);

/* while (1 to `block` items come out of the queue) kernel(ctx, items, n);
 *
 * on the threads of a parallel loop at once, until the queue is shut down and empty. Each thread has a
 * block of its own, aligned to a cache line; `items` and `ctx` are not kept after the call. *done, if not
 * NULL, tells how many items the kernel has had, also where the loop ended early (TM_INTERRUPTED).
 * TM_INVALID: `block` is 0 or too large. */
tm_status tm_drain(tm_pool *pool, tm_queue *queue, size_t block, tm_block_kernel kernel, void *ctx,
                   size_t *done);

/* ---- kernels ------------------------------------------------------------------------------ */

typedef enum tm_dtype {
    TM_BOOL,
    TM_INT8,
    TM_UINT8,
    TM_INT16,
    TM_UINT16,
    TM_INT32,
    TM_UINT32,
    TM_INT64,
    TM_UINT64,
    TM_FLOAT32,
    TM_FLOAT64,
    TM_COMPLEX64,
    TM_COMPLEX128,
    TM_DTYPES, /* those before it have kernels, all but this one casts */
    TM_LONGDOUBLE,
    TM_CLONGDOUBLE,
    TM_CAST_DTYPES,
    TM_FLOAT16 = TM_CAST_DTYPES, /* an order alone */
    TM_ORDERED_DTYPES
} tm_dtype;

/* Floating-point flags, with NumPy's values. */
enum { TM_FP_DIVIDE = 1, TM_FP_OVERFLOW = 2, TM_FP_UNDERFLOW = 4, TM_FP_INVALID = 8 };

/* Options of a kernel. TM_CHECKED: integers only; a result that wraps is TM_OVERFLOW. TM_FRESH_OUT, for
 * tm_square and tm_scale: nothing has been written to `out` yet. The system clears such memory page by
 * page on its way into the caches, so that to store past them would cost more (a fifth to a third of the
 * time). */
enum { TM_CHECKED = 1, TM_FRESH_OUT = 2 };

/* out[i] = x[i] * x[i]. `x` and `out` hold n contiguous aligned elements; `out` is `x` itself or shares no
 * byte with it (else TM_OVERLAP, and nothing is written). TM_INVALID: no such kernel; there is none for
 * bool, nor for complex numbers, which NumPy multiplies in its own ways. Returns the floating-point flags
 * raised, or a negative tm_status. */
int tm_square(tm_pool *pool, tm_dtype dtype, size_t n, const void *x, void *out, int options);

/* out[i] = x[i] * *k, as tm_square. Where x[i] and *k are different NaNs, it may be either. */
int tm_scale(tm_pool *pool, tm_dtype dtype, size_t n, const void *x, const void *k, void *out, int options);

/* *total = the sum of x. int64 for bool and signed, uint64 for unsigned integers, else x's type; float and
 * complex sums follow NumPy's pairwise tree, but that of several different NaNs any may come out.
 * TM_CHECKED: the exact total, or TM_OVERFLOW if it does not fit. Returns as tm_square. */
int tm_sum(tm_pool *pool, tm_dtype dtype, size_t n, const void *x, void *total, int options);

/* ---- random numbers ------------------------------------------------------------------------ */

/* NumPy's bit generators whose streams are known here, and the kinds of numbers that are made of them, as
 * numpy.random.Generator makes them: floats from 0 to 1, and integers from `lowest` to `lowest + most` of as many
 * bits, wrapping. A float64 takes a draw of 64 bits. A float32 takes half a draw, the lower one first, and so
 * do integers with `most` < 2^32; other integers take a draw. */
typedef enum tm_generator { TM_PCG64, TM_PCG64DXSM, TM_GENERATORS } tm_generator;
typedef enum tm_numbers {
    TM_RANDOM_FLOAT64,
    TM_RANDOM_FLOAT32,
    TM_RANDOM_INTEGER32,
    TM_RANDOM_INTEGER64,
    TM_RANDOM_WIDE64, /* 64 bits, `most` >= 2^32 */
    TM_NUMBERS
} tm_numbers;

/* A place in a stream: state and increment, the higher word first; `half` is the upper half of the draw that
 * was halved last, which is still to be used where has_half is 1. */
typedef struct tm_place {
    uint64_t state[2], increment[2];
    uint32_t has_half, half;
} tm_place;

/* out[0 .. n - 1] = the numbers from *place on, which is left after the last of them. Where it fails *place is
 * as it was. */
tm_status tm_random(tm_pool *pool, tm_generator generator, tm_numbers numbers, size_t n, uint64_t lowest,
                    uint64_t most, tm_place *place, void *out);
