/* cpu.h: what the machine offers, inside the library (the public faces are in threadmill.h). */
#ifndef TM_CPU_H
#define TM_CPU_H

#include "common.h"

/* Cores' worth of CPU time by the tightest quota on this process's cgroups, its own and every one above;
 * 0: no limit. Reads below `root`, which is "" but in tests. */
double tm_cgroup_quota(const char *root);

/* Bytes of the largest data cache of the first core; 0 where the system does not tell. */
size_t tm_read_cache_size(const char *root);

/* The last_level_cache of tm_read_machine, read once. */
size_t tm_last_level_cache(void);

#endif
