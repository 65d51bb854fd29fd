/* machine.h: what the machine offers, inside the library (the public face is in threadmill.h). */
#ifndef TM_MACHINE_H
#define TM_MACHINE_H

#include "common.h"

/* Bytes of the largest data cache of the first core; 0 where the system does not tell. Reads below `root`. */
size_t tm_read_cache_size(const char *root);

/* Whether fewer threads want to run now, on the whole system, than there are cores; true where that is not
 * known. The calling thread counts. Reads a file, some 10 us. */
bool tm_has_free_core(void);

/* The last_level_cache of tm_read_machine, read once. */
size_t tm_last_level_cache(void);

#endif
