/* bindings.h: what exists for language bindings alone, and for tests; not exported.
 *
 * Declarations only and no preprocessor line, because this very text is also what cffi reads, after
 * threadmill.h; inner_loops.h goes on. C code includes "common.h". */

/* ---- a host language's signals and its interpreter's lock ---------------------------------- */

/* `check` is called about every 20 ms by a thread that waits or loops in this library, and only by
 * the process's main thread; a non-zero answer ends the call with TM_INTERRUPTED. NULL: none. */
void tm_set_interrupt_check(int (*check)(void));

/* Queues task(arg), as tm_spawn, in a queue of its own that has no bound, so that the caller never waits
 * for room; tm_join does not wait for the task. The task needs a lock that the caller holds (an
 * interpreter's) and gives up when it waits in tm_pool_watch. The worker spins for up to 20 us until the
 * caller has come there, as parking on the lock would cost more. `arg` must live until the task has run. */
tm_status tm_post(tm_pool *pool, tm_task_fn task, void *arg);

/* What makes a thread one of the host language's. A worker calls begin(arg) before its first posted task. Where
 * `keep_forks` is not 0 the process cannot fork meanwhile: begin may then wait for nothing that a thread holds
 * while it forks. It calls end() after its last task, if it has begun. Process-wide; set before pools are
 * made. */
void tm_set_host_thread(void (*begin)(void *arg), void *arg, void (*end)(void), int keep_forks);

/* Spins until some task has ended or `spin_ns` are over. */
void tm_pool_watch(const tm_pool *pool, int64_t spin_ns);

/* Whether a spawned task waits, or a loop has room for another thread: a task that would go on for long may
 * end for that. */
int tm_pool_needs_worker(const tm_pool *pool);

/* Has task(arg) called on the calling worker after its last task, before its pool counts it as ended; takes
 * the place of an earlier call's task. TM_INVALID for a thread that is no worker. */
tm_status tm_at_worker_end(tm_task_fn task, void *arg);

/* ---- the timeline of a pool ----------------------------------------------------------------- */

/* What a thread did. TM_LOOP_EVENT: a parallel loop as its caller sees it, its chunks and the wait for those of
 * others, TM_JOIN_EVENT, within; TM_CHUNK_EVENT: by any participant; TM_TASK_EVENT: a task, where a posted one is
 * a stay in the host language; TM_SPIN_EVENT, TM_PARK_EVENT: a worker looked for work, and then slept;
 * TM_WAKE_EVENT: a thread woke sleepers. */
typedef enum tm_event_kind {
    TM_NO_EVENT,
    TM_LOOP_EVENT,
    TM_CHUNK_EVENT,
    TM_JOIN_EVENT,
    TM_TASK_EVENT,
    TM_SPIN_EVENT,
    TM_PARK_EVENT,
    TM_WAKE_EVENT
} tm_event_kind;

typedef struct tm_event {
    uint64_t begin, end; /* in the unit of tm_read_clocks's ticks */
    const char *label;   /* what runs: a program's name; NULL: it has none */
    const char *call;    /* for whom: what the caller of the loop had told tm_set_call, or NULL */
    uint64_t thread;     /* pthread_self */
    uint64_t at, count;  /* chunk: first index, indices; loop: chunks, indices; wake: 0, sleepers */
    int32_t detail;      /* of a task: 1 where it is posted */
    int32_t kind;
} tm_event;

/* From now on what the pool's threads and callers do is recorded, up to `capacity` events for each worker and
 * for all callers together; what comes after them is counted. Starts the pool's threads if need be. TM_INVALID:
 * the pool is traced already, or the capacity is 0 or more than 2^31. TM_CLOSED, TM_NO_THREAD, TM_NO_MEMORY. */
tm_status tm_trace_start(tm_pool *pool, size_t capacity);

/* Ends that; TM_INVALID where nothing is recorded, as in a forked child. What threads are in the middle of is
 * not recorded. */
tm_status tm_trace_stop(tm_pool *pool);

/* The events of a worker, or of the callers (lane = the number of threads), in no order; and how many found no
 * room. For who has stopped the trace, until it is cleared or the next one starts. */
const tm_event *tm_trace_events(const tm_pool *pool, size_t lane, size_t *count, size_t *dropped);
void tm_trace_clear(tm_pool *pool);

/* Says for whom the calling thread makes loops from now on; NULL: for nobody. The text must outlive all traces.
 * Returns the one before. */
const char *tm_set_call(const char *name);

/* The moment in an event's unit, and on the monotonic clock. */
void tm_read_clocks(uint64_t *ticks, int64_t *ns);

/* ---- settings: process-wide ---------------------------------------------------------------- */

/* Forces an instruction set, for tests. TM_INVALID above the best. */
tm_status tm_set_simd_level(int level);

/* NumPy's float and complex sums take an array whole from 2.3 on, and before `elements` = np.getbufsize()
 * at a time, the blocks' sums added in order; 0: whole. Process-wide; set before sums run. */
void tm_set_sum_block(size_t elements);

/* Bytes that the last-level cache is taken to hold; 0: as the machine tells. For tests. */
void tm_set_last_level_cache(size_t bytes);

/* ---- memory that arrays share --------------------------------------------------------------- */

/* TM_SAME: the same elements of one dtype in the same places. TM_OVERLAPPING: between the first and the last
 * byte of one array lies a byte of the other's. */
typedef enum tm_relation { TM_APART, TM_SAME, TM_OVERLAPPING } tm_relation;

/* The relation of two arrays, each told as its address, a number for its dtype, the size of an element, the
 * shape and the strides in bytes: `numbers` in all. */
tm_relation tm_relate(const intptr_t *a, size_t a_numbers, const intptr_t *b, size_t b_numbers);

/* Whether two elements of an array may share memory, as in a broadcast or a sliding window: unless each axis
 * steps over all that the axes with smaller strides span. A few arrays whose elements lie between each other
 * are taken to overlap as well. */
int tm_overlaps_itself(const intptr_t *array, size_t numbers);

/* ---- sums under a mask ---------------------------------------------------------------------- */

/* *total += the sum of x, of float32 or float64, where the mask is true, as NumPy adds it up: each run of true elements
 * is summed in the pairwise tree, and the runs' sums are added in their order. Of different NaNs any may come out. x and
 * mask hold n contiguous elements; any byte of the mask but 0 is true. Returns as tm_sum. */
int tm_sum_where(tm_pool *pool, tm_dtype dtype, size_t n, const void *x, const void *mask, void *total);

/* ---- memory of results ---------------------------------------------------------------------- */

/* Bytes from which on malloc maps a block by itself, so that all its pages are new, unless so much is free in its
 * heap (glibc: 32 MiB). Smaller ones come from the heap once one has been freed. */
enum { TM_LARGE_RESULT = 1 << 25 };

/* A memory handler for NumPy (NEP 49: its PyDataMem_Handler), for ever; NULL where there is none to gain from.
 * It allocates blocks of TM_LARGE_RESULT and more so that they begin at a huge page; all blocks are malloc's. */
const void *tm_memory_handler(void);
