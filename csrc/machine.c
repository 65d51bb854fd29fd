/* machine.c: cores that this process may use, and the last-level cache. */
#include "machine.h"

#include "cgroup.h"

#include <limits.h>
#include <stdatomic.h>
#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#endif
#ifdef __APPLE__
#include <sys/sysctl.h>
#endif

/* Cores in the calling thread's mask, which the threads that it starts inherit. */
static size_t machine_affinity_or(size_t online)
{
#ifdef __linux__
    for (size_t cores = 1024; cores <= 1 << 20; cores *= 2) { /* too small a mask is refused */
        cpu_set_t *mask = CPU_ALLOC(cores);
        const size_t size = CPU_ALLOC_SIZE(cores);
        if (mask == NULL) break;
        int count = sched_getaffinity(0, size, mask) == 0 ? CPU_COUNT_S(size, mask) : 0;
        CPU_FREE(mask);
        if (count > 0) return (size_t)count;
    }
#endif
    return online;
}

size_t tm_read_cache_size(const char *root)
{
    size_t largest = 0;
#ifdef __APPLE__
    static const char *const names[] = {"hw.l3cachesize", "hw.perflevel0.l2cachesize", "hw.l2cachesize"};
    for (size_t i = 0; i < sizeof names / sizeof *names && largest == 0; i++) {
        uint64_t bytes = 0;
        size_t size = sizeof bytes;
        if (sysctlbyname(names[i], &bytes, &size, NULL, 0) == 0) largest = (size_t)bytes;
    }
    (void)root;
#else
    /* sysconf tells the whole machine's sum, where a core sees one cache of several. */
    for (int i = 0;; i++) {
        char directory[PATH_MAX], line[64], unit = 'K';
        unsigned long size = 0;
        snprintf(directory, sizeof directory, "%s/sys/devices/system/cpu/cpu0/cache/index%d", root, i);
        if (!tm_read_line(directory, "size", line, sizeof line)) break;
        if (sscanf(line, "%lu%c", &size, &unit) < 1) continue;
        largest = TM_MAX(largest, (size_t)size << (unit == 'M' ? 20 : unit == 'K' ? 10 : 0));
    }
#endif
    return largest;
}

static size_t machine_online_cores(void)
{
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
}

bool tm_has_free_core(void)
{
    unsigned long running = 0;
#ifdef __linux__
    char line[128];
    if (!tm_read_line("/proc", "loadavg", line, sizeof line)) return true;
    if (sscanf(line, "%*s %*s %*s %lu/", &running) != 1) return true;
#endif
    return running < machine_online_cores();
}

static _Atomic size_t machine_cache; /* 0: not read yet */

void tm_set_last_level_cache(size_t bytes)
{
    atomic_store_explicit(&machine_cache, bytes, memory_order_relaxed);
}

size_t tm_last_level_cache(void)
{
    /* 8 MiB are common on small machines; being wrong costs some speed. A virtual machine tells of its
     * host's whole cache, shared with others: few processors have more than 32 MiB for a core. */
    enum { DEFAULT = 8 << 20, MOST_FOR_A_CORE = 32 << 20 };
    size_t size = atomic_load_explicit(&machine_cache, memory_order_relaxed);
    if (size == 0) {
        size = tm_read_cache_size("");
        size = size == 0 ? DEFAULT : TM_MIN(size, MOST_FOR_A_CORE * machine_online_cores());
        atomic_store_explicit(&machine_cache, size, memory_order_relaxed);
    }
    return size;
}

void tm_read_machine(tm_machine *machine)
{
    machine->online = machine_online_cores();
    machine->affinity = machine_affinity_or(machine->online);
    machine->quota = tm_cgroup_quota("");
    machine->last_level_cache = tm_last_level_cache();
    machine->usable = TM_MIN(machine->online, machine->affinity);
    if (machine->quota != 0 && machine->quota < (double)machine->usable)
        machine->usable = TM_MAX((size_t)1, (size_t)machine->quota);
}

size_t tm_usable_cores(void)
{
    tm_machine machine;
    tm_read_machine(&machine);
    return machine.usable;
}
