/* cpu.c: cores that this process may use, the last-level cache, instruction sets.
 *
 * A container's CPU limit is a cgroup quota: the cores are all visible, but the process is stopped for the
 * rest of each period once it has used its share. A limit holds for everything below it, so the tightest of
 * the process's own cgroup and all above counts, as far up as the container lets us see. */
#include "cpu.h"

#include <limits.h>
#include <stdatomic.h>
#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#endif
#ifdef __APPLE__
#include <sys/sysctl.h>
#endif

/* ---- cgroup quota ------------------------------------------------------------------------------ */

/* The first line of root/directory/name in `line`; false where there is none. */
static bool read_line(const char *directory, const char *name, char *line, int size)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path) return false;
    FILE *file = fopen(path, "re");
    if (file == NULL) return false;
    bool found = fgets(line, size, file) != NULL;
    fclose(file);
    return found;
}

/* The quota of one cgroup, 0 for none: v2 has "QUOTA PERIOD" or "max PERIOD" in one file, v1 has two. */
static double quota_of(const char *directory)
{
    char line[128];
    double quota = -1, period = 0;
    if (read_line(directory, "cpu.max", line, sizeof line)) {
        if (sscanf(line, "%lf %lf", &quota, &period) != 2) return 0;
    } else if (read_line(directory, "cpu.cfs_quota_us", line, sizeof line)) {
        quota = strtod(line, NULL);
        if (!read_line(directory, "cpu.cfs_period_us", line, sizeof line)) return 0;
        period = strtod(line, NULL);
    }
    return quota > 0 && period > 0 ? quota / period : 0;
}

static double tighter(double a, double b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The tightest quota from `directory` up to its ancestor whose path is `top` bytes long. Spoils it. */
static double quota_up_to(char *directory, size_t top)
{
    double quota = quota_of(directory);
    while (strlen(directory) > top) {
        char *slash = strrchr(directory, '/');
        if (slash == NULL || slash < directory + top) slash = directory + top;
        *slash = '\0';
        quota = tighter(quota, quota_of(directory));
    }
    return quota;
}

/* Whether the comma-separated `list` has `word`. */
static bool lists(const char *list, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0')) return true;
    }
    return false;
}

/* A mounted hierarchy: the cgroup `top` and what is below it appear at `point`. */
typedef struct mount {
    char *top;
    char *point;
} mount;

/* Reads a line of mountinfo: "id parent device top point options ... - type source options". True for
 * the hierarchy that rules CPU time, cgroup v2 or the v1 controller. Cuts the line up. */
static bool read_mount(char *line, bool v2, mount *found)
{
    char *rest = strstr(line, " - ");
    char type[16], source[256], options[256];
    if (rest == NULL || sscanf(rest, " - %15s %255s %255s", type, source, options) != 3) return false;
    if (strcmp(type, v2 ? "cgroup2" : "cgroup") != 0 || (!v2 && !lists(options, "cpu"))) return false;

    char *field = NULL, *save = NULL;
    for (int i = 0; i < 5; i++) {
        field = strtok_r(i == 0 ? line : NULL, " ", &save);
        if (field == NULL) return false;
        if (i == 3) found->top = field;
    }
    found->point = field;
    return true;
}

/* The quota on the cgroup `path` and above, below one mount. A container may see its cgroup's path from
 * outside while the mount shows the inside; then the mount is all that there is to see. */
static double quota_in(const char *root, const mount *mounted, const char *path)
{
    char directory[PATH_MAX];
    size_t covered = strcmp(mounted->top, "/") == 0 ? 0 : strlen(mounted->top);
    bool inside = strncmp(path, mounted->top, covered) == 0 && strncmp(path, "/..", 3) != 0;
    const char *below = inside && path[covered] == '/' && path[covered + 1] != '\0' ? path + covered : "";
    int top = snprintf(directory, sizeof directory, "%s%s", root, mounted->point);
    if (top < 0 || top >= (int)sizeof directory) return 0;
    if (snprintf(directory + top, sizeof directory - (size_t)top, "%s", below) >= (int)sizeof directory - top)
        return 0;
    if (access(directory, F_OK) != 0) directory[top] = '\0';
    return quota_up_to(directory, (size_t)top);
}

/* The tightest quota on the cgroup `path` in any mount of its hierarchy. */
static double quota_in_mounts(const char *root, bool v2, const char *path)
{
    char name[PATH_MAX];
    snprintf(name, sizeof name, "%s/proc/self/mountinfo", root);
    FILE *file = fopen(name, "re");
    if (file == NULL) return 0;

    double quota = 0;
    char *line = NULL;
    size_t size = 0;
    mount mounted = {NULL, NULL};
    while (getline(&line, &size, file) > 0)
        if (read_mount(line, v2, &mounted)) quota = tighter(quota, quota_in(root, &mounted, path));
    free(line);
    fclose(file);
    return quota;
}

double tm_cgroup_quota(const char *root)
{
    char name[PATH_MAX];
    snprintf(name, sizeof name, "%s/proc/self/cgroup", root);
    FILE *file = fopen(name, "re");
    if (file == NULL) return 0;

    double quota = 0;
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, file) > 0) { /* "number:controllers:path"; v2 has no controllers */
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
        if (path == NULL) continue;
        *path++ = '\0';
        controllers++;
        if (*controllers == '\0' || lists(controllers, "cpu"))
            quota = tighter(quota, quota_in_mounts(root, *controllers == '\0', path));
    }
    free(line);
    fclose(file);
    return quota;
}

/* ---- cores and caches -------------------------------------------------------------------------- */

/* Cores in the calling thread's mask, which the threads that it starts inherit. */
static size_t affinity_or(size_t online)
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
        if (!read_line(directory, "size", line, sizeof line)) break;
        if (sscanf(line, "%lu%c", &size, &unit) < 1) continue;
        largest = TM_MAX(largest, (size_t)size << (unit == 'M' ? 20 : unit == 'K' ? 10 : 0));
    }
#endif
    return largest;
}

static size_t online_cores(void)
{
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
}

size_t tm_last_level_cache(void)
{
    /* 8 MiB are common on small machines; being wrong costs some speed. A virtual machine tells of its host's whole
     * cache, shared with others: few processors have more than 32 MiB for a core. */
    enum { DEFAULT = 8 << 20, MOST_FOR_A_CORE = 32 << 20 };
    static _Atomic size_t known;
    size_t size = atomic_load_explicit(&known, memory_order_relaxed);
    if (size == 0) {
        size = tm_read_cache_size("");
        size = size == 0 ? DEFAULT : TM_MIN(size, MOST_FOR_A_CORE * online_cores());
        atomic_store_explicit(&known, size, memory_order_relaxed);
    }
    return size;
}

void tm_read_machine(tm_machine *machine)
{
    machine->online = online_cores();
    machine->affinity = affinity_or(machine->online);
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

/* ---- instruction sets -------------------------------------------------------------------------- */

static atomic_int level_in_force = -1; /* -1: not chosen yet */

tm_simd tm_simd_best(void)
{
#if TM_X86
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return TM_SIMD_BASELINE;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return TM_SIMD_AVX512;
    return TM_SIMD_AVX2;
#else
    return TM_SIMD_BASELINE;
#endif
}

tm_simd tm_simd_level(void)
{
    int level = atomic_load_explicit(&level_in_force, memory_order_relaxed);
    return level >= 0 ? (tm_simd)level : tm_simd_best();
}

tm_status tm_set_simd_level(int level)
{
    if (level < TM_SIMD_BASELINE || level > (int)tm_simd_best()) return TM_INVALID;
    atomic_store_explicit(&level_in_force, level, memory_order_relaxed);
    return TM_OK;
}

const char *tm_simd_name(int level)
{
    static const char *const names[] = {"baseline", "avx2", "avx512"};
    return level >= 0 && level <= TM_SIMD_AVX512 ? names[level] : "unknown";
}
