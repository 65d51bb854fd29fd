/* bell_steps.h: the steps of csrc/bell.h and bell.c. A ringer has `byte idle, wanted, busy, count`, a worker also
 * `byte old, seen` and `bool success`; idle is awake + 8 * asleep. */

#define AWAKE(idle) ((idle) & 7)
#define ASLEEP(idle) ((idle) / 8)
#define ONE_ASLEEP 8

/* ---- the ringer ---------------------------------------------------------------------------- */

inline ring()
{
    rmw(RINGS, unless(A_RELAXED, SEQ_CST, RELAXED), was, was + 1) /* tm_bell_ring: fetch_add seq_cst (A) */
}

/* Sets `count`: up to wanted - (awake - busy) sleepers. */
inline count_sleepers()
{
    count = (AWAKE(idle) > busy -> AWAKE(idle) - busy : 0);
    count = (wanted > count -> wanted - count : 0);
    count = (count < ASLEEP(idle) -> count : ASLEEP(idle))
}

inline call()
{
    atomic {
        load(IDLE, unless(B_RELAXED, SEQ_CST, RELAXED), idle); /* bell_claim_sleepers: load seq_cst (B) */
        count_sleepers();
        if
        :: count > 0 -> /* a look that was too old fails the exchange, and the next has the newest */
            idle = latest(IDLE);
            count_sleepers();
            /* bell_claim_sleepers: compare_exchange_weak seq_cst */
            rmw(IDLE, SEQ_CST, idle, idle - count * ONE_ASLEEP + count)
        :: else
        fi;
        idle = 0;
        busy = 0;
        wanted = 0
    }
    if
    :: count > 0 ->
        atomic {
            rmw(CALLS, SEQ_CST, was, was + count); /* tm_bell_wake: fetch_add seq_cst */
            do /* tm_bell_wake: tm_futex_wake */
            :: count > 0 && sleeps_on[CLIENTS] == 1 + CALLS -> sleeps_on[CLIENTS] = 0; count--
            :: count > 0 && sleeps_on[CLIENTS + 1] == 1 + CALLS -> sleeps_on[CLIENTS + 1] = 0; count--
            :: else -> count = 0; break
            od
        }
    :: else
    fi
}

/* ---- the worker ---------------------------------------------------------------------------- */

/* Sets `success` if the worker need not wait for a call. */
inline go_asleep()
{
    atomic {
        assert(AWAKE(latest(IDLE)) > 0);
        /* bell_leave_awake: load seq_cst, compare_exchange_weak seq_cst (C) */
        rmw(IDLE, unless(C_RELAXED, SEQ_CST, RELAXED), was, was - 1 + ONE_ASLEEP);
        old = seen
    }
#if MUTATION != D_MISSING
    load(RINGS, unless(D_RELAXED, SEQ_CST, RELAXED), old); /* tm_bell_wait: load seq_cst (D) */
#endif
    if
    :: old != seen ->
        atomic {
            success = ASLEEP(latest(IDLE)) > 0 || MUTATION == TOKEN_LEFT;
            if
            :: success ->
                /* bell_return_awake: load seq_cst, compare_exchange_weak seq_cst */
                rmw(IDLE, SEQ_CST, was, was + 1 - ONE_ASLEEP)
            :: else
            fi
        }
    :: else
    fi;
    old = 0
}

inline take_call()
{
    do
    :: atomic {
            latest(CALLS) > 0 ->
            rmw(CALLS, SEQ_CST, was, was - 1); /* bell_take_token: load seq_cst, compare_exchange_weak seq_cst */
            break
        }
    :: atomic { latest(CALLS) == 0 -> sleeps_on[_pid] = 1 + CALLS } /* tm_bell_wait: tm_futex_wait */
        sleeps_on[_pid] == 0
    od
}

inline wait()
{
    if
    :: atomic { latest(RINGS) != seen -> skip } /* bell_has_rung: load acquire */
    :: true ->
        go_asleep();
        if
        :: !success -> take_call()
        :: else
        fi;
        success = false
    fi
}
