/* cgroup.h: the CPU quota of a container. */
#ifndef TM_CGROUP_H
#define TM_CGROUP_H

#include "common.h"

/* Cores' worth of CPU time by the tightest quota on this process's cgroups, its own and every one above;
 * 0: no limit. Reads below `root`, which is "" but in tests. */
double tm_cgroup_quota(const char *root);

/* The first line of directory/name in `line`; false where there is none. */
bool tm_read_line(const char *directory, const char *name, char *line, int size);

#endif
