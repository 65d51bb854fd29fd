/* lend.h: a caller that waits for the workers in its loop has no use for its core; a displaced one has. */
#ifndef TM_LEND_H
#define TM_LEND_H

#include "team.h"

/* Lends the caller's core to a displaced worker inside the job, whose gate is closed, and sleeps until nobody is
 * inside: TM_OK, TM_TIMEOUT or TM_INTERRUPTED. The loan ends with the call; it sets *lent. */
tm_status tm_wait_lending(tm_team *team, tm_job *job, int64_t deadline, bool *lent);

#endif
