/* threadmill_api.h: threadmill's pool for other extensions, in C, C++ or Cython.
 *
 * An extension that runs its loops here needs no threads of its own: all loops of a process share one pool. It
 * is built with the folder that threadmill.get_include() names, and links with nothing: the functions come in a
 * table, by the capsule threadmill._C_API, at run time. Each C file that uses them calls threadmill_import()
 * first, in its module's initialisation as a rule.
 *
 * Threads. A loop runs on at most as many threads as its pool has, the caller being one of them, and on no more
 * than threadpoolctl's limit for the calling thread says. Any thread may call, inside a loop or a task as well.
 * Release the GIL first: the loop does not, and a kernel that takes it would wait for the caller for ever.
 *
 * Lifetime. A threadmill_pool is valid until the process ends, also where its Pool has been shut down: calls
 * then return THREADMILL_CLOSED, and threadmill_default_pool() gives the next one. No call may begin once
 * the interpreter is finalised.
 *
 * Fork. A child may use table and pools as they are; the pools' threads start anew at first need. What the
 * parent had spawned and had not begun is the parent's alone.
 *
 * Versions. THREADMILL_ABI_VERSION is raised where a function changes or goes; an extension then has to be
 * built again. Functions that are added go to the table's end, and `bytes` grows. */
#ifndef THREADMILL_API_H
#define THREADMILL_API_H

#include <stddef.h>
#include <stdint.h>

#define THREADMILL_ABI_VERSION 1u
#define THREADMILL_CAPSULE "threadmill._C_API"

/* What a call came to: 0, or a negative number, of which threadmill_check makes an exception. */
enum { THREADMILL_OK = 0, THREADMILL_CLOSED = -3, THREADMILL_INTERRUPTED = -11 };

/* A wait without a deadline. */
#define THREADMILL_FOREVER ((int64_t)-1)

typedef struct tm_pool threadmill_pool;
typedef void (*threadmill_kernel)(void *ctx, size_t begin, size_t end);
typedef void (*threadmill_task)(void *arg);

/* The table. Use the functions below. */
typedef struct threadmill_api {
    uint32_t abi_version; /* first in every version */
    uint32_t bytes;       /* of the table */
    threadmill_pool *(*pool)(void);
    int (*parallel_for)(threadmill_pool *pool, size_t n, size_t grain, threadmill_kernel kernel, void *ctx);
    int (*spawn)(threadmill_pool *pool, threadmill_task task, void *arg);
    int (*join)(threadmill_pool *pool, int64_t timeout_ns);
    int (*check)(int status);
} threadmill_api;

#ifndef THREADMILL_TABLE_ONLY /* what follows needs Python.h before it */

static const threadmill_api *threadmill_table;

/* Imports threadmill and finds its table. With the GIL. -1, with an exception set: it is not there, or is of
 * another version (ImportError). */
static inline int threadmill_import(void)
{
    const threadmill_api *table = (const threadmill_api *)PyCapsule_Import(THREADMILL_CAPSULE, 0);
    if (table == NULL) return -1;
    if (table->abi_version != THREADMILL_ABI_VERSION || table->bytes < sizeof(threadmill_api)) {
        PyErr_Format(
            PyExc_ImportError,
            "this extension was built for version %u (%u bytes) of threadmill's C interface, and the "
            "threadmill that is installed has version %u (%u bytes): build the extension with it",
            (unsigned)THREADMILL_ABI_VERSION, (unsigned)sizeof(threadmill_api), (unsigned)table->abi_version,
            (unsigned)table->bytes);
        return -1;
    }
    threadmill_table = table;
    return 0;
}

/* The default pool of the process, as threadmill.default_pool() makes it. With or without the GIL, which it
 * takes. NULL, with an exception set: it can't be made (a bad THREADMILL_NUM_THREADS). */
static inline threadmill_pool *threadmill_default_pool(void)
{
    return threadmill_table->pool();
}

/* for (size_t i = 0; i < n; i += grain) kernel(ctx, i, min(i + grain, n));
 *
 * in any order, on the pool's threads and the caller's; with NULL for the pool on the caller's alone. Returns
 * when every chunk is done; `ctx` is not kept. Chunks never depend on the number of threads. The caller's
 * floating-point control state holds in every chunk; flags raised in a chunk are raised in the caller. In the
 * main thread Ctrl-C ends the loop between two chunks: THREADMILL_INTERRUPTED. */
static inline int threadmill_parallel_for(threadmill_pool *pool, size_t n, size_t grain,
                                          threadmill_kernel kernel, void *ctx)
{
    return threadmill_table->parallel_for(pool, n, grain, kernel, ctx);
}

/* Has a worker of the pool call task(arg), which must live until then. When the pool's queue is full the caller
 * waits for room. A task that was taken runs, also where the pool is shut down meanwhile. */
static inline int threadmill_spawn(threadmill_pool *pool, threadmill_task task, void *arg)
{
    return threadmill_table->spawn(pool, task, arg);
}

/* Waits until every task that anybody has spawned on the pool has ended. Not from inside a task of the pool. */
static inline int threadmill_join(threadmill_pool *pool, int64_t timeout_ns)
{
    return threadmill_table->join(pool, timeout_ns);
}

/* 0 for a status that is no failure; otherwise -1, with the exception set that threadmill raises in Python: of
 * an interrupted call what the signal handler has raised. With the GIL. */
static inline int threadmill_check(int status)
{
    return threadmill_table->check(status);
}

#endif
#endif
