/* gate.pml: the gate of a job slot (csrc/gate.h, gate.c) with two owners after one another and workers that come
 * early, in time and late.
 *
 * Holds: nobody is inside a closed job, nor more than its limit; who is inside reads that job's fields and no
 * other's; the owner's wait ends, and shows it everything that was done inside.
 *
 * Mutations:
 *   OPEN_RELAXED     open publishes nothing
 *   ENTER_RELAXED    try_enter learns nothing
 *   NO_SECOND_LOOK   try_enter trusts its first look
 *   ANY_NUMBER       the second look forgets the limit
 *   LEAVE_RELAXED    leave hands nothing on
 *   WAIT_RELAXED     wait learns nothing
 *   NOBODY_WAKES     the last to leave does not wake the owner
 *   WAKE_THEN_CLEAR  the last to leave wakes before it clears WAITED
 *   GIVE_RELAXED     the slot is given back without a release
 *   NO_WAIT          the owner closes and does not wait */

#define LOCATIONS 5
#define WORD 0   /* the gate */
#define LIMIT 1
#define FIELDS 2 /* the job's plain fields: its number */
#define FLAGS 3  /* what is done inside: fp_flags, here a count */
#define TAKEN 4
#define DEPTH 24
#define THREADS 3
#define OWNER 0
#define loads(thread, location) \
    ((thread) == OWNER ? (location) != LIMIT : (location) == LIMIT || (location) == FIELDS)

#define OPEN_RELAXED 11
#define ENTER_RELAXED 12
#define NO_SECOND_LOOK 13
#define ANY_NUMBER 14
#define GIVE_RELAXED 15
#define NO_WAIT 16

#include "memory.h"
#include "gate_steps.h"

#ifndef TRIES
#define TRIES 2 /* of each worker */
#endif

#ifndef JOBS
#define JOBS 2
#endif

byte job;
byte admitted; /* workers inside that were let in */
byte helped;   /* workers that were let in to this job, in all */

/* The peek may be of any age and learns nothing, so it may say anything. */
inline try_enter()
{
    done = false;
    if
    :: true -> /* tm_gate_has_room: load relaxed */
        atomic {
            /* tm_gate_try_enter: fetch_add seq_cst */
            rmw(WORD, unless(ENTER_RELAXED, ACQUIRE, RELAXED), word, word + ONE);
            done = (word & OPEN) || MUTATION == NO_SECOND_LOOK
        }
        if
        :: done ->
            atomic {
                load(LIMIT, RELAXED, limit); /* tm_gate_admits: load relaxed */
                done = inside(word) < limit || MUTATION == NO_SECOND_LOOK || MUTATION == ANY_NUMBER;
                limit = 0
            }
        :: else
        fi;
        if
        :: !done -> leave(WORD)
        :: else
        fi
    :: true
    fi
}

/* Another thread than the owner before: it knows nothing but what it learns with the slot. */
inline take_slot()
{
    d_step {
        me = _pid;
        c_code { memset(&now.knows[me], 0, sizeof now.knows[me]); }
    }
    rmw(TAKEN, ACQUIRE, word, 1) /* loop_take_slot: exchange acquire */
}

active proctype owner()
{
    byte word, expected, flags;
    bool done;
    for (job : 1 .. JOBS) {
        atomic {
            take_slot();
            helped = 0;
            plain_write(FIELDS, job);
            store(FLAGS, RELAXED, 0);
            store(LIMIT, RELAXED, job) /* tm_gate_open: store relaxed */
        }
        /* tm_gate_open: fetch_or release */
        rmw(WORD, unless(OPEN_RELAXED, RELEASE, RELAXED), word, word | OPEN);
        rmw(WORD, ACQ_REL, word, word & ~OPEN); /* tm_gate_close: fetch_and acq_rel */
#if MUTATION != NO_WAIT
        wait(WORD);
#endif
        atomic {
            assert(admitted == 0);
            load(FLAGS, RELAXED, flags);
            assert(flags == helped);
            flags = 0
        }
        store(TAKEN, unless(GIVE_RELAXED, RELEASE, RELAXED), 0) /* loop_run_shared: store release */
    }
    retire()
}

inline inside_the_job()
{
    plain_read(FIELDS, fields);
    assert(fields == job);
    fields = 0
}

active [2] proctype worker()
{
    byte word, limit, fields, tries;
    bool done;
    for (tries : _pid .. TRIES) {
        try_enter();
        if
        :: done ->
            atomic {
                admitted++;
                assert(admitted <= job);
                inside_the_job()
            }
            atomic {
                inside_the_job();
                rmw(FLAGS, RELAXED, word, word + 1);
                helped++;
                admitted--
            }
            leave(WORD)
        :: else
        fi
    }
    retire()
}
