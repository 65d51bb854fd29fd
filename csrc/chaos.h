/* chaos.h: trouble at the protocols' edges: yields, short sleeps, waits that end for no reason. Only in
 * builds with TM_CHAOS_BUILD, for tests/native/soak.c; in all others it is nothing.
 *
 * A site is a name for "another thread may come in here". What happens there follows from a seed and from
 * how often this thread has come to any site. */
#ifndef TM_CHAOS_H
#define TM_CHAOS_H

#include "common.h"

#ifdef TM_CHAOS_BUILD

#define TM_CHAOS(site) tm_chaos(#site)
#define TM_CHAOS_WAKES(site) tm_chaos_wakes(#site)

/* Before any other thread runs; 0: no trouble. */
void tm_chaos_seed(uint64_t seed);

void tm_chaos(const char *site);
bool tm_chaos_wakes(const char *site); /* whether a wait is to end at once, a worker to seem displaced */

/* How often any thread came to a site, and where each thread was last: one line each on stderr. */
uint64_t tm_chaos_count(void);
void tm_chaos_report(void);

#else

#define TM_CHAOS(site) ((void)0)
#define TM_CHAOS_WAKES(site) false

#endif

#endif
