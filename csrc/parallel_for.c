/* parallel_for.c: the parallel loop: cut, loop_claim, steal, join.
 *
 * The chunks are dealt in order into one slice for each seat. The caller sits on seat 0 and starts at
 * once; workers that arrive in time take the other seats. Each runs its own slice from the front, then
 * everyone else's: whoever finds all slices dry knows that each chunk has been claimed by someone inside,
 * or comes after a failed one. */
#include "parallel_for.h"

#include "lend.h"
#include "pool.h"

/* Sleepers are woken for no less than this: they take 50 to 120 us to come, and waking one costs the caller
 * 3 to 9 (two virtual cores). */
#define WORTH_A_WAKE_NS 40000

/* In a burst of loops a sleeper comes for those that follow: after one that ended alone so shortly ago, a
 * wake-up is worth it for less (docs/performance.md: loops of 9 to 18 us). */
#define BURST_GAP_NS 100000
#define WORTH_A_WAKE_IN_BURST_NS 3000

/* How long a caller that waits for the last chunks looks before it sleeps: about what waking it would cost
 * (50 to 120 us measured on two virtual cores), so that spinning never costs more than twice the best
 * choice. */
#define JOIN_SPIN_NS 50000

/* How often a caller that sleeps looks whether a worker is displaced: soon at first, as it may be when it comes,
 * then seldom, as it may have a long chunk. */
#define FIRST_LOOK_NS 200000
#define LAST_LOOK_NS 10000000

/* With so many chunks for each seat, nothing much is lost if one runs before sleepers are woken. */
#define MANY_CHUNKS 8

/* ---- inside a job ------------------------------------------------------------------------- */

/* Runs a chunk; false if one before it has failed, and so before all that follow in its slice. */
static bool loop_run_chunk(tm_job *job, size_t chunk, tm_lane *lane)
{
    if (tm_failure_precedes(&job->failure, chunk)) return false;
    size_t begin = chunk * job->grain;
    size_t end = TM_MIN(job->n - begin, job->grain) + begin;
    tm_event event = {.kind = TM_CHUNK_EVENT, .begin = lane == NULL ? 0 : tm_ticks()};
    tm_status status = job->body(job->ctx, begin, end);
    if (lane != NULL) {
        event.label = job->label, event.call = job->call;
        event.at = begin, event.count = end - begin;
        tm_lane_add(lane, event);
    }
    if (status != TM_OK) tm_failure_note(&job->failure, chunk, status);
    return true;
}

static bool loop_claim(tm_slice *slice, size_t *chunk)
{
    /* A look first: a dry slice stays dry, and its line stays shared. */
    if (atomic_load_explicit(&slice->next, memory_order_relaxed) >= slice->end) return false;
    TM_CHAOS(loop_claim);
    *chunk = atomic_fetch_add_explicit(&slice->next, 1, memory_order_relaxed);
    return *chunk < slice->end;
}

/* What only the caller does between chunks. */
typedef struct caller {
    tm_team *team;       /* NULL: alone */
    int64_t asked_ns;    /* when it last asked for interrupts */
    int64_t begun_ns;    /* when the loop began; 0: sleepers are woken already, or not needed */
    int64_t alone_until; /* when the loop is opened to helpers; 0: it is */
    double worth_ns;     /* sleepers are woken for no less */
    uint32_t woken;      /* sleepers */
    uint64_t before;     /* chunks run before the loop was opened to helpers */
} caller;

/* Wakes sleepers once what is left seems worth it. */
static void loop_wake_when_worth(const tm_job *job, caller *me, uint64_t done)
{
    double each = (double)(tm_now_ns() - me->begun_ns) / (double)(done - me->before);
    if (each * (double)(job->chunks - done) < me->worth_ns) return;
    me->woken = tm_team_wake(me->team, job, job->seats - 1);
    me->begun_ns = 0;
}

static void loop_check_interrupt(tm_job *job, caller *me)
{
    int64_t now = tm_coarse_now_ns();
    if (now - me->asked_ns < TM_INTERRUPT_PERIOD_NS) return;
    if (me->asked_ns != 0 && tm_interrupted()) tm_failure_note_interrupt(&job->failure);
    me->asked_ns = tm_coarse_now_ns();
}

/* Makes the job visible; wakes sleepers now, or has the caller do so when it knows more. */
static void loop_open_job(tm_job *job, caller *me, bool short_chunks)
{
    const int core = tm_core();
    atomic_store_explicit(&job->core, core, memory_order_relaxed);
    if (core != atomic_load_explicit(&me->team->caller_core, memory_order_relaxed))
        atomic_store_explicit(&me->team->caller_core, core, memory_order_relaxed);
    tm_gate_open(&job->gate, (uint32_t)job->seats - 1);
    tm_bell_ring(&me->team->bell);
    if (tm_bell_asleep(atomic_load(&me->team->bell.idle)) == 0) return; /* B in bell.h */
    if (!short_chunks && job->chunks / MANY_CHUNKS < job->seats) {
        me->woken = tm_team_wake(me->team, job, job->seats - 1);
        return;
    }
    me->begun_ns = tm_now_ns();
    int64_t gap = me->begun_ns - atomic_load_explicit(&me->team->alone_ns, memory_order_relaxed);
    me->worth_ns = gap < BURST_GAP_NS ? WORTH_A_WAKE_IN_BURST_NS : WORTH_A_WAKE_NS;
}

/* A loop that has begun alone goes on with helpers when its time alone is over. */
static void loop_open_when_due(tm_job *job, caller *me, uint64_t done)
{
    if (tm_now_ns() < me->alone_until) return;
    me->alone_until = tm_worth_alone_until(&me->team->worth);
    if (me->alone_until != 0) return;
    me->before = done;
    loop_open_job(job, me, false);
}

/* Runs chunks from seat's own slice on, around the table; `me` is NULL for workers. Returns how many. */
static uint64_t loop_run_chunks(tm_job *job, size_t seat, caller *me, tm_counters *counters, tm_lane *lane)
{
    uint64_t chunks = 0, steals = 0;
    for (size_t i = 0; i < job->seats; i++) {
        size_t at = seat + i < job->seats ? seat + i : seat + i - job->seats;
        size_t chunk;
        while (loop_claim(&job->slices[at], &chunk) && loop_run_chunk(job, chunk, lane)) {
            chunks += 1;
            steals += i > 0;
            if (me == NULL) continue;
            if (me->alone_until != 0) loop_open_when_due(job, me, chunks);
            if (me->begun_ns != 0 && chunks > me->before) loop_wake_when_worth(job, me, chunks);
            if (chunks > 1) loop_check_interrupt(job, me); /* the first says only that the loop has begun */
        }
    }
    tm_count(&counters->chunks, chunks);
    tm_count(&counters->steals, steals);
    tm_count(&counters->jobs, 1);
    return chunks;
}

/* A worker's usual seat, so that it meets the same part of an array in call after call. */
static size_t loop_seat_of(const tm_job *job, int worker)
{
    size_t others = job->seats - 1;
    size_t rank = (size_t)worker - (job->owner >= 0 && worker > job->owner);
    return 1 + rank % others;
}

/* What a worker does inside a job whose gate let it in. */
static void loop_help(tm_job *job, tm_worker *me)
{
    uint64_t begin = tm_ticks();
    tm_core_accept(&me->lodger, job);
    TM_CHAOS(loop_help);
    tm_fp_state mine = tm_fp_save();
    tm_fp_enter(job->fp_state);
    loop_run_chunks(job, loop_seat_of(job, me->index), NULL, &me->counters, tm_team_lane(me->team));
    unsigned flags = tm_fp_leave(mine);
    if (flags) atomic_fetch_or_explicit(&job->fp_flags, flags, memory_order_relaxed);
    tm_core_decline(&me->lodger);
    TM_CHAOS(loop_leaves);
    tm_gate_leave(&job->gate); /* the job is the owner's again: nothing of it is read below */
    tm_count(&me->counters.busy_ticks, tm_ticks() - begin);
}

/* ---- the caller --------------------------------------------------------------------------- */

static tm_job *loop_take_slot(tm_team *team)
{
    for (size_t i = 0; i < TM_JOB_SLOTS; i++) {
        tm_job *job = &team->jobs[i];
        /* acquire: pairs with the release when the last owner gave the slot back */
        if (!atomic_load_explicit(&job->taken, memory_order_relaxed) &&
            !atomic_exchange_explicit(&job->taken, true, memory_order_acquire))
            return job;
    }
    return NULL;
}

static void loop_deal_chunks(tm_job *job)
{
    size_t share = job->chunks / job->seats, rest = job->chunks % job->seats, next = 0;
    for (size_t i = 0; i < job->seats; i++) {
        atomic_store_explicit(&job->slices[i].next, next, memory_order_relaxed);
        next += share + (i < rest);
        job->slices[i].end = next;
    }
}

/* Waits for the workers inside; an interrupt cancels what is not claimed, and the wait goes on. Returns how
 * long the caller waited, in ns, if it was for a displaced worker. */
static int64_t loop_join(tm_team *team, tm_job *job, caller *me)
{
    const int64_t spin_ns = team->spinners > 0 ? JOIN_SPIN_NS : 0;
    TM_CHAOS(loop_join);
    tm_gate_close(&job->gate);
    if (tm_gate_spin(&job->gate, spin_ns)) return 0;
    const int64_t begin_ns = tm_now_ns() - spin_ns;
    bool lent = false;
    tm_status status = TM_TIMEOUT;
    for (int64_t look_ns = FIRST_LOOK_NS; status != TM_OK; look_ns = TM_MIN(2 * look_ns, LAST_LOOK_NS)) {
        loop_check_interrupt(job, me);
        status = tm_wait_lending(team, job, tm_now_ns() + look_ns, &lent);
        if (status == TM_INTERRUPTED) tm_failure_note_interrupt(&job->failure);
    }
    return lent ? tm_now_ns() - begin_ns : 0;
}

/* What helpers have saved the caller, by what its own chunks took. */
static int64_t loop_saved_ns(uint64_t chunks, uint64_t own, int64_t own_ns)
{
    return (int64_t)((double)own_ns / (double)own * (double)(chunks - own));
}

/* The whole loop, as a timeline shows it. */
static tm_event loop_event(const tm_job *job, uint64_t begin)
{
    return (tm_event){.kind = TM_LOOP_EVENT,
                      .begin = begin,
                      .label = job->label,
                      .call = job->call,
                      .at = job->chunks,
                      .count = job->n};
}

static tm_status loop_run_shared(tm_team *team, tm_job *job, tm_loop *loop, size_t seats, size_t chunks)
{
    int worker = tm_team_worker(team);
    tm_lane *lane = tm_team_lane(team);
    uint64_t begin = tm_ticks();
    /* Few chunks may be long, and only between two can the caller open the loop. */
    const bool many = loop->short_chunks || chunks / MANY_CHUNKS >= seats;
    caller me = {.team = team, .alone_until = many ? tm_worth_alone_until(&team->worth) : 0};
    const bool watched = tm_worth_is_watched(&team->worth), alone = me.alone_until != 0;
    const int64_t begin_ns = watched ? tm_thread_ns() : 0;
    tm_fp_state mine = tm_fp_save();
    job->n = loop->n, job->grain = loop->grain, job->chunks = chunks, job->seats = seats;
    job->body = loop->body, job->ctx = loop->ctx;
    job->help = loop_help, job->owner = worker, job->fp_state = mine;
    job->label = loop->label, job->call = lane == NULL ? NULL : tm_call();
    tm_failure_clear(&job->failure);
    atomic_store_explicit(&job->fp_flags, 0, memory_order_relaxed);
    loop_deal_chunks(job);
    if (!alone) loop_open_job(job, &me, loop->short_chunks);

    tm_fp_enter(mine);
    const uint64_t own = loop_run_chunks(job, 0, &me, &job->counters, lane);
    unsigned flags = tm_fp_leave(mine);
    const int64_t own_ns = watched ? tm_thread_ns() - begin_ns : 0;
    tm_event join = {.kind = TM_JOIN_EVENT, .begin = lane == NULL ? 0 : tm_ticks()};
    /* In a child that a chunk has forked nobody helps, and nobody will leave. */
    const int64_t lost_ns = tm_process_generation() == team->generation ? loop_join(team, job, &me) : 0;
    if (lane != NULL) tm_lane_add(lane, join);
    if (me.begun_ns != 0) atomic_store_explicit(&team->alone_ns, tm_now_ns(), memory_order_relaxed);
    if (lost_ns > 0 || watched) {
        const bool all = tm_failure_status(&job->failure) == TM_OK;
        const int64_t saved_ns = watched && all && own > 0 ? loop_saved_ns(chunks, own, own_ns) : 0;
        const bool cost = tm_worth_settle(&team->worth, tm_now_ns(), saved_ns, lost_ns);
        tm_count(&job->counters.regretted, watched && cost); /* of others it is not known what was saved */
    }

    loop->fp_flags = flags | atomic_load_explicit(&job->fp_flags, memory_order_relaxed);
    tm_status status = tm_failure_status(&job->failure);
    tm_count(&job->counters.wakeups, me.woken);
    if (alone) tm_count(&job->counters.alone, 1);
    /* A worker's time is counted already. */
    if (worker < 0) tm_count(&job->counters.busy_ticks, tm_ticks() - begin);
    if (lane != NULL) tm_lane_add(lane, loop_event(job, begin));
    TM_CHAOS(loop_ends);
    atomic_store_explicit(&job->taken, false, memory_order_release);
    return status;
}

/* The whole loop on the calling thread, through the same chunks in order. */
static tm_status loop_run_alone(tm_loop *loop, size_t chunks, tm_lane *lane)
{
    tm_slice slice = {.end = chunks};
    tm_counters counters = {0};
    tm_job job = {.slices = &slice,
                  .n = loop->n,
                  .grain = loop->grain,
                  .chunks = chunks,
                  .seats = 1,
                  .body = loop->body,
                  .ctx = loop->ctx,
                  .label = loop->label,
                  .call = lane == NULL ? NULL : tm_call(),
                  .failure = {TM_NO_FAILURE}};
    caller me = {0};
    const uint64_t begin = lane == NULL ? 0 : tm_ticks();
    tm_fp_state mine = tm_fp_save();
    tm_fp_enter(mine);
    loop_run_chunks(&job, 0, &me, &counters, lane);
    loop->fp_flags = tm_fp_leave(mine);
    if (lane != NULL) tm_lane_add(lane, loop_event(&job, begin));
    return tm_failure_status(&job.failure);
}

tm_status tm_run_loop(tm_pool *pool, tm_loop *loop)
{
    loop->fp_flags = 0;
    if (loop->grain == 0 || loop->n > PTRDIFF_MAX) return TM_INVALID;
    size_t chunks = loop->n / loop->grain + (loop->n % loop->grain != 0);
    if (chunks > TM_MOST_CHUNKS) return TM_INVALID;
    if (pool != NULL && tm_pool_refuses_loops(pool)) return TM_CLOSED;
    size_t seats = pool == NULL ? 1 : TM_MIN(tm_pool_threads(pool), chunks);
    const size_t limit = tm_get_thread_limit();
    if (limit > 0) seats = TM_MIN(seats, limit);
    if (seats > 1) {
        tm_team *team;
        tm_status status = tm_pool_team(pool, &team);
        if (status == TM_CLOSED) return status;
        /* No threads or no slot: the loop runs, alone. */
        tm_job *job = status == TM_OK ? loop_take_slot(team) : NULL;
        if (job != NULL) return loop_run_shared(team, job, loop, seats, chunks);
    }
    return chunks == 0 ? TM_OK : loop_run_alone(loop, chunks, tm_pool_lane(pool));
}

/* ---- the public faces --------------------------------------------------------------------- */

tm_status tm_parallel_try(tm_pool *pool, size_t n, size_t grain, tm_body body, void *ctx)
{
    tm_loop loop = {.n = n, .grain = grain, .body = body, .ctx = ctx};
    tm_status status = tm_run_loop(pool, &loop);
    tm_fp_raise(loop.fp_flags);
    return status;
}

typedef struct call {
    tm_kernel kernel;
    void *ctx;
} call;

static tm_status loop_run_kernel(void *ctx, size_t begin, size_t end)
{
    const call *kernel = ctx;
    kernel->kernel(kernel->ctx, begin, end);
    return TM_OK;
}

tm_status tm_parallel_for(tm_pool *pool, size_t n, size_t grain, tm_kernel kernel, void *ctx)
{
    call adapter = {.kernel = kernel, .ctx = ctx};
    return tm_parallel_try(pool, n, grain, loop_run_kernel, &adapter);
}
