/* lend.pml: a caller that waits lends its core to a displaced worker (csrc/core.h, core.c, lend.c): two callers that
 * each wait for those inside a loop of theirs, workers that help the one or the other time and again, and a program
 * that changes a worker's affinity. The gates are in short, as in loop.pml, and their memory orders are not counted
 * on. What one thread asks of the system between two atomic operations is one step: only the program can come in
 * between, and what it does is undone there. The system may refuse a lender once.
 *
 * Holds: a lender comes only to a worker inside its loop, and is done with it before the worker does anything else,
 * such as to end; a worker is lent a core once at a time, and goes home once, by the one or the other; a loan has
 * ended when its lender goes on; outside loops, and where it starts threads, a worker has the affinity that it had,
 * or that the program has given it since; all waits end.
 *
 * Mutations:
 *   ACCEPT_RELAXED      a worker that takes part does not tell which thread it is
 *   LOOK_RELAXED        nor does a lender learn it
 *   LEND_RELAXED        who begins a loan learns nothing of those before
 *   END_RELAXED         who has moved a worker hands nothing on
 *   GO_HOME_RELAXED     a worker that goes home learns nothing of loans, the one that there is and others
 *   TORN_LEND           a loan begins by a load and a store
 *   TORN_TAKE_BACK      it is taken back by a load and a store
 *   TORN_GO_HOME        a worker goes home by a load and a store
 *   ANY_JOB             a lender does not ask whose loop the worker is in
 *   ANY_LOAN            a lender takes back what another has lent
 *   LEAVE_THEN_DECLINE  a worker declines once it is outside
 *   END_FORGETS         who has moved a worker forgets that it has declined
 *   GO_HOME_HURRIES     a worker goes on while a lender is moving it
 *   NO_GO_HOME          a worker counts on its lender
 *   NO_TAKE_BACK        a lender counts on its worker
 *   LENT_THEN_MOVED     a loan is told before the worker is moved
 *   BACK_THEN_MOVED     its end is told before the worker is moved
 *   CONFINED_THEN_READ  the affinity to give back is read when it is narrowed
 *   REFUSED_IS_DONE     a lender that is refused has given back */

#define CALLERS 2
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef STAYS
#define STAYS 2 /* of the first worker, in any loop; the others' are fewer, in the first loop */
#endif
#define STAYS_OF(worker) (STAYS - (worker))
#ifndef LOANS
#define LOANS 2 /* in all */
#endif
#define THREADS (CALLERS + WORKERS)
#define LOCATIONS (2 * WORKERS)
#define WORD(worker) (worker)             /* of its tm_lodger */
#define HOME(worker) (WORKERS + (worker)) /* the affinity to give back; with it, which thread the worker is */
#define of_one(location, other) ((location) % WORKERS == (other) % WORKERS)
#ifndef DEPTH
#define DEPTH 12
#endif
/* A lender never loads a word, but for what is said at look() and take_back(). */
#define loads(thread, location) \
    ((thread) < CALLERS ? (location) >= WORKERS : of_one(location, (thread) - CALLERS))
#define tells(location, other) of_one(location, other)
#define keeps(thread, location) 0

#define ACCEPT_RELAXED 1
#define LOOK_RELAXED 2
#define LEND_RELAXED 3
#define END_RELAXED 4
#define GO_HOME_RELAXED 5
#define TORN_LEND 6
#define TORN_TAKE_BACK 7
#define TORN_GO_HOME 8
#define ANY_JOB 9
#define ANY_LOAN 10
#define LEAVE_THEN_DECLINE 11
#define END_FORGETS 12
#define GO_HOME_HURRIES 13
#define NO_GO_HOME 14
#define NO_TAKE_BACK 15
#define LENT_THEN_MOVED 16
#define BACK_THEN_MOVED 17
#define CONFINED_THEN_READ 18
#define REFUSED_IS_DONE 19

#include "memory.h"

/* The word: the loop, and one or none of MOVING and LENT, and AWAY. */
#define MOVING 1
#define LENT 2
#define AWAY 4
#define JOB(caller) (8 + 8 * (caller))
#define NOBODY CALLERS

/* Affinities: all cores, those that the program chooses, one, all but one. */
#define ALL 0
#define CHOSEN 1
#define ONE 2
#define OTHERS 3

#define ME (_pid - CALLERS) /* as a worker */

bool open[CALLERS] = true; /* loop_open_job: tm_gate_open */
byte within[CALLERS]; /* workers inside the loop */

byte affinity[WORKERS] = ALL;
byte wanted[WORKERS] = ALL; /* by the program */
byte lender[WORKERS] = NOBODY;
bool moved[WORKERS];  /* a change by the program is undone now */
byte inside[WORKERS]; /* JOB, from the gate in to the gate out */
byte busy[WORKERS];   /* JOB, until it has also gone home */
bool event;           /* the one of a run has happened */
bool refused;
byte loans; /* that have begun */

inline set_affinity(worker, cores)
{
    affinity[worker] = cores
}

/* All cores first, and what was there before where that is something else. */
inline restore(worker)
{
    set_affinity(worker, ALL); /* core_restore: sched_setaffinity */
    if
    :: affinity[worker] == home /* core_restore: sched_getaffinity */
    :: else -> set_affinity(worker, home) /* core_restore: sched_setaffinity */
    fi;
    moved[worker] = false;
    home = 0
}

/* ---- the lender, of the loop JOB(_pid), and the worker `w` ------------------------------------------------ */

#define may_move() assert(busy[w] == JOB(_pid))

/* A move that the system refuses clears `done`. */
inline ask()
{
    if
    :: true
    :: !event && w == 0 -> event = true; refused = true; done = false
    fi
}

inline end_move(phase)
{
#if MUTATION == END_FORGETS
    store(WORD(w), RELEASE, JOB(_pid) + phase)
#else
    /* core_end: fetch_add release */
    rmw(WORD(w), unless(END_RELAXED, RELEASE, RELAXED), was, was - MOVING + phase)
#endif
}

inline move()
{
    atomic {
        may_move();
        ask();
        if
        :: done ->
#if MUTATION == CONFINED_THEN_READ
            affinity[w] = ONE;
#endif
            plain_write(HOME(w), affinity[w]); /* tm_core_lend: sched_getaffinity */
            set_affinity(w, ONE); /* core_confine: sched_setaffinity */
            moved[w] = true;
            lender[w] = _pid
        :: else
        fi
    }
}

#if MUTATION == ANY_JOB
#define accepts(worker) (latest(WORD(worker)) >= JOB(0) && latest(WORD(worker)) % JOB(0) == 0)
#else
#define accepts(worker) (latest(WORD(worker)) == JOB(_pid))
#endif

/* With the beginning, where that succeeds, the look is one step: one from earlier, of any age, says and teaches no
 * more, and one that fails leaves nothing behind. */
inline look()
{
    if
    :: true ->
        /* tm_core_is_displaced: load acquire */
        load_newest(WORD(w), unless(LOOK_RELAXED, ACQUIRE, RELAXED), was);
        plain_read(HOME(w), was) /* tm_core_is_displaced: core_wants_to_run */
    :: true
    fi
}

inline begin_loan()
{
#if MUTATION == TORN_LEND
    done = true;
    store(WORD(w), RELAXED, JOB(_pid) + MOVING);
#else
    seen = latest(WORD(w));
    /* tm_core_lend: compare_exchange_strong acquire */
    compare_exchange(WORD(w), unless(LEND_RELAXED, ACQUIRE, RELAXED), seen, seen + MOVING, done);
#endif
    seen = 0;
    assert(inside[w] == JOB(_pid) && lender[w] == NOBODY && !moved[w])
}

inline lend()
{
#if MUTATION == LENT_THEN_MOVED
    end_move(LENT);
    move()
#else
    move();
    if
    :: done -> end_move(LENT)
    :: else -> end_move(0)
    fi
#endif
}

#define is_mine(word) \
    (((word) & ~AWAY) == JOB(_pid) + LENT || (MUTATION == ANY_LOAN && ((word) & LENT)))

/* The load shows the lender's own store, or one that is newer. */
inline take_back()
{
    atomic {
        seen = latest(WORD(w)); /* tm_core_take_back: load relaxed */
        done = is_mine(seen);
#if MUTATION == TORN_TAKE_BACK
    };
    atomic {
#endif
        if
        :: done ->
#if MUTATION == TORN_TAKE_BACK
            store(WORD(w), RELAXED, seen - LENT + MOVING)
#else
            /* tm_core_take_back: compare_exchange_weak relaxed */
            compare_exchange(WORD(w), RELAXED, seen, seen - LENT + MOVING, done)
#endif
        :: else
        fi;
        seen = 0
    }
    if
    :: done ->
#if MUTATION == BACK_THEN_MOVED
        end_move(0);
#endif
        atomic {
            may_move();
            assert(lender[w] == _pid);
            plain_read(HOME(w), home);
            ask();
            if
            :: done -> lender[w] = NOBODY; restore(w)
            :: else -> home = 0
            fi
        }
#if MUTATION != BACK_THEN_MOVED
        if
        :: done || MUTATION == REFUSED_IS_DONE -> end_move(0)
        :: else -> end_move(LENT)
        fi
#endif
    :: else
    fi
}

active [CALLERS] proctype caller()
{
    byte w, seen, home;
    bool done;
    open[_pid] = false; /* loop_join: tm_gate_close */
    do
    :: atomic {
            loans < LOANS && (accepts(0) || accepts(WORKERS - 1)) -> /* tm_wait_lending: lend_to_displaced */
            if
            :: accepts(0) -> w = 0
            :: accepts(WORKERS - 1) -> w = WORKERS - 1
            fi;
            loans++;
            look();
#if MUTATION == TORN_LEND
        };
        atomic {
#endif
            begin_loan()
        }
        lend();
        if
        :: done -> /* at any time the deadline may be over */
#if MUTATION != NO_TAKE_BACK
            take_back();
#endif
            assert(lender[w] != _pid || refused)
        :: else
        fi;
        true; /* a jump must not lead into a d_step */
        d_step { w = 0; done = false }
    :: atomic { within[_pid] == 0 -> break } /* tm_wait_lending: tm_gate_wait */
    od;
    retire()
}

/* ---- the worker -------------------------------------------------------------------------------------------- */

inline decline()
{
    rmw(WORD(ME), RELAXED, was, was | AWAY) /* tm_core_decline: fetch_or relaxed */
}

inline go_home()
{
    load(WORD(ME), unless(GO_HOME_RELAXED, ACQUIRE, RELAXED), seen); /* tm_core_go_home: load acquire */
    do
    :: seen & MOVING && MUTATION != GO_HOME_HURRIES ->
        !(latest(WORD(ME)) & MOVING); /* tm_core_go_home: core_pause */
        load_newest(WORD(ME), unless(GO_HOME_RELAXED, ACQUIRE, RELAXED), seen) /* tm_core_go_home: load acquire */
    :: !done && (seen & LENT) ->
        atomic {
#if MUTATION == TORN_GO_HOME
            done = true;
            store(WORD(ME), RELAXED, seen - LENT);
#else
            /* tm_core_go_home: compare_exchange_weak acquire */
            compare_exchange(WORD(ME), unless(GO_HOME_RELAXED, ACQUIRE, RELAXED), seen, seen - LENT, done);
#endif
            if
            :: done -> assert(lender[ME] != NOBODY && moved[ME]); lender[ME] = NOBODY
            :: else
            fi
        }
    :: else -> seen = 0; break
    od;
    if
    :: done ->
        atomic {
            plain_read(HOME(ME), home);
            set_affinity(ME, OTHERS); /* core_leave: sched_setaffinity */
            restore(ME);
            done = false
        }
    :: else
    fi
}

inline is_home()
{
    atomic {
        assert(lender[ME] == NOBODY && !moved[ME] && affinity[ME] == wanted[ME]);
        busy[ME] = 0
    }
}

/* By the gate, and lets the loop's owner lend. */
inline enter()
{
    within[job]++;
    inside[ME] = JOB(job);
    busy[ME] = JOB(job);
    /* tm_core_accept: store release */
    store(WORD(ME), unless(ACCEPT_RELAXED, RELEASE, RELAXED), JOB(job))
}

active [WORKERS] proctype worker()
{
    byte stays, job, seen, home;
    bool done;
    plain_write(HOME(ME), ALL); /* tm_team_begin: tm_core_enroll */
    do
    :: atomic { stays < STAYS_OF(ME) && (open[0] || open[1] && ME == 0) ->
            if
            :: open[0] -> job = 0
            :: open[1] && ME == 0 -> job = 1
            fi;
            stays++;
            enter()
        }
        if
        :: true
        :: atomic { !event && ME == 0 -> event = true }
            decline(); /* tm_team_before_start: tm_core_decline */
            go_home(); /* tm_team_before_start: tm_core_go_home */
            is_home()
        fi;
#if MUTATION != LEAVE_THEN_DECLINE
        decline(); /* loop_help: tm_core_decline */
#endif
        atomic { inside[ME] = 0; within[job]-- } /* loop_help: tm_gate_leave */
#if MUTATION == LEAVE_THEN_DECLINE
        decline();
#endif
#if MUTATION != NO_GO_HOME
        go_home(); /* worker_help_loops: tm_core_go_home */
#endif
        is_home()
    :: atomic { true -> stays = 0; job = 0; break }
    od;
    retire()
}

/* ---- the program ------------------------------------------------------------------------------------------- */

active proctype program()
{
    if
    :: atomic {
            !event -> event = true;
            affinity[0] = CHOSEN;
            if
            :: !moved[0] -> wanted[0] = CHOSEN
            :: else
            fi
        }
    :: true
    fi
}
