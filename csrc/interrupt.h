/* interrupt.h: how a signal handler of the host language gets a word in while this library waits. */
#ifndef TM_INTERRUPT_H
#define TM_INTERRUPT_H

#include "common.h"

/* How long the main thread may go without asking: Ctrl-C then ends a wait in well under 100 ms. */
#define TM_INTERRUPT_PERIOD_NS 20000000

/* The moment to end a wait slice that wants to end at `deadline`. */
int64_t tm_interrupt_slice(int64_t deadline);

/* Asks the check, if this is the main thread. Call it with no lock held. */
bool tm_interrupted(void);

#endif
