/* memory.h: C11's memory orders as steps that a checker can interleave.
 *
 * A location keeps the history of its values. A thread knows, of each location, the newest entry that it must
 * see, and a load may give that one or any later one: this is what a store buffer or a stale cache line
 * does. A release's entry carries what its writer knew; an acquire that reads the entry learns that. A
 * read-modify-write reads the newest entry and hands on what that one carried. A sequentially consistent load
 * sees at least the newest sequentially consistent write.
 *
 * Left out: load buffering (a load that reads a store from later in the program, as in RC11), and stores to
 * one location that race (no protocol here has them). A model defines LOCATIONS, DEPTH (of a history) and
 * THREADS before it includes this file; a thread's number is its _pid. */

#define RELAXED 0
#define ACQUIRE 1
#define RELEASE 2
#define ACQ_REL 3
#define SEQ_CST 7

/* spin -a -DMUTATION=NAME: an order that is weakened there. */
#ifndef MUTATION
#define MUTATION 0
#endif
#define unless(mutation, sound, broken) ((MUTATION != mutation) * sound + (MUTATION == mutation) * broken)

/* Whether a thread ever loads a location: for others, who at most hand on what they know of it, no history
 * is kept. */
#ifndef loads
#define loads(thread, location) true
#endif

/* Whether such others keep it, and whether a release of one location hands on what is known of another. */
#ifndef keeps
#define keeps(thread, location) 1
#endif
#ifndef tells
#define tells(location, other) 1
#endif

#define GONE 255 /* what an ended thread "knows": it holds no history back */

typedef View {
    byte at[LOCATIONS]
};
typedef Entry {
    byte value;
    View carries
};
Entry history[LOCATIONS * DEPTH];
byte newest[LOCATIONS]; /* index of the newest entry */
View knows[THREADS];
View agreed; /* newest sequentially consistent writes */
byte chosen; /* 0 between steps */

#define entry(location, index) history[(location) * DEPTH + (index)]
#define latest(location) entry(location, newest[location]).value

/* The arguments of the C functions, alive within one step. */
hidden byte me, at, with, value, extends;
hidden byte was; /* for an old value that is of no use after its step */

c_code {
static void keep_higher(uchar *mine, uchar theirs)
{
    if (*mine < theirs) *mine = theirs;
}

/* The thread learns what its entry at the location carries. */
static void learn(void)
{
    if (!(with & ACQUIRE)) return;
    for (int i = 0; i < LOCATIONS; i++)
        keep_higher(&now.knows[me].at[i], now.entry(at, now.knows[me].at[at]).carries.at[i]);
}

/* Adds an entry; `extends`: a read-modify-write. */
static void append(void)
{
    int last = now.newest[at]++;
    now.knows[me].at[at] = last + 1;
    if (with == SEQ_CST) now.agreed.at[at] = last + 1;
    now.entry(at, last + 1).value = value;
    for (int i = 0; i < LOCATIONS; i++) {
        uchar *carried = &now.entry(at, last + 1).carries.at[i];
        *carried = extends ? now.entry(at, last).carries.at[i] : 0;
        if (with & RELEASE && tells(at, i)) keep_higher(carried, now.knows[me].at[i]);
    }
}

static void lower(uchar *index, uchar count)
{
    if (*index != GONE) *index -= *index < count ? *index : count;
}

static void forget(int location, int count)
{
    static const struct Entry nothing;
    for (int i = 0; i < DEPTH; i++)
        now.entry(location, i) = i + count < DEPTH ? now.entry(location, i + count) : nothing;
    for (int i = 0; i < LOCATIONS * DEPTH; i++)
        lower(&now.history[i].carries.at[location], count);
    for (int i = 0; i < THREADS; i++)
        lower(&now.knows[i].at[location], count);
    lower(&now.agreed.at[location], count);
    lower(&now.newest[location], count);
}

/* Forgets what nobody can read any more, so that equal situations are equal states. */
static void settle(void)
{
    for (int location = 0; location < LOCATIONS; location++) {
        uchar low = now.newest[location];
        for (int i = 0; i < THREADS; i++)
            if (loads(i, location)) {
                if (now.knows[i].at[location] < low) low = now.knows[i].at[location];
            } else if (!keeps(i, location) && now.knows[i].at[location] != GONE) {
                now.knows[i].at[location] = 0;
            }
        if (low > 0) forget(location, low);
    }
}
}

#define step(location, order) me = _pid; at = location; with = order

inline load(location, order, result)
{
    atomic {
        chosen = knows[_pid].at[location];
        chosen = (order == SEQ_CST && chosen < agreed.at[location] -> agreed.at[location] : chosen);
        do
        :: chosen < newest[location] -> chosen++
        :: break
        od;
        true; /* a jump must not lead into a d_step */
        d_step {
            step(location, order);
            result = entry(location, chosen).value;
            knows[_pid].at[location] = chosen;
            chosen = 0;
            c_code { learn(); settle(); }
        }
    }
}

/* For a look after which there is no other, and where a model says by other means what an older entry would do. */
inline load_newest(location, order, result)
{
    d_step {
        step(location, order);
        result = latest(location);
        knows[_pid].at[location] = newest[location];
        c_code { learn(); settle(); }
    }
}

inline store(location, order, new_value)
{
    d_step {
        step(location, order);
        assert(newest[location] + 1 < DEPTH);
        value = new_value;
        extends = false;
        c_code { append(); settle(); }
    }
}

/* The new value may be written in terms of `old`. */
inline rmw(location, order, old, new_value)
{
    d_step {
        step(location, order);
        old = latest(location);
        assert(newest[location] + 1 < DEPTH);
        value = new_value;
        extends = true;
        knows[_pid].at[location] = newest[location];
        c_code { learn(); append(); settle(); }
    }
}

/* If the newest value is not `old`, it is read and nothing else is done. */
inline compare_exchange(location, order, old, new_value, success)
{
    d_step {
        step(location, order);
        success = latest(location) == old;
        old = latest(location);
        assert(newest[location] + 1 < DEPTH);
        value = new_value;
        extends = true;
        knows[_pid].at[location] = newest[location];
        c_code { learn(); };
        if
        :: success -> c_code { append(); }
        :: else
        fi;
        c_code { settle(); }
    }
}

/* Plain fields: whoever comes to them must know of the last write, or it is a race. */
inline plain_read(location, result)
{
    d_step {
        assert(knows[_pid].at[location] == newest[location]);
        result = latest(location)
    }
}

inline plain_write(location, new_value)
{
    assert(knows[_pid].at[location] == newest[location]);
    store(location, RELAXED, new_value)
}

/* The last step of a thread. */
inline retire()
{
    d_step {
        me = _pid;
        c_code { memset(&now.knows[me], GONE, sizeof now.knows[me]); settle(); }
    }
}

/* ---- futex: sleeps while the location has a value ------------------------------------------ */

byte sleeps_on[THREADS]; /* 1 + the location, 0 while awake */
bool early;              /* one return without a wake has happened */

/* The kernel compares and goes to sleep in one step, ordered with every wake. */
inline futex_wait(location, expected)
{
    if
    :: atomic { latest(location) == expected -> sleeps_on[_pid] = 1 + location }
    :: atomic { latest(location) != expected }
    :: atomic { !early -> early = true }
    fi;
    sleeps_on[_pid] == 0
}

inline futex_wake_all(location)
{
    d_step {
        at = location;
        c_code {
            for (int i = 0; i < THREADS; i++)
                if (now.sleeps_on[i] == 1 + at) now.sleeps_on[i] = 0;
        }
    }
}
