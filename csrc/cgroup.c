/* cgroup.c: the CPU quota of a container.
 *
 * A container's CPU limit is a cgroup quota: the cores are all visible, but the process is stopped for the
 * rest of each period once it has used its share. A limit holds for everything below it, so the tightest of
 * the process's own cgroup and all above counts, as far up as the container lets us see. */
#include "cgroup.h"

#include <limits.h>
#include <unistd.h>

bool tm_read_line(const char *directory, const char *name, char *line, int size)
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
static double cgroup_quota_of(const char *directory)
{
    char line[128];
    double quota = -1, period = 0;
    if (tm_read_line(directory, "cpu.max", line, sizeof line)) {
        if (sscanf(line, "%lf %lf", &quota, &period) != 2) return 0;
    } else if (tm_read_line(directory, "cpu.cfs_quota_us", line, sizeof line)) {
        quota = strtod(line, NULL);
        if (!tm_read_line(directory, "cpu.cfs_period_us", line, sizeof line)) return 0;
        period = strtod(line, NULL);
    }
    return quota > 0 && period > 0 ? quota / period : 0;
}

static double cgroup_tighter(double a, double b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The tightest quota from `directory` up to its ancestor whose path is `top` bytes long. Spoils it. */
static double cgroup_quota_up_to(char *directory, size_t top)
{
    double quota = cgroup_quota_of(directory);
    while (strlen(directory) > top) {
        char *slash = strrchr(directory, '/');
        if (slash == NULL || slash < directory + top) slash = directory + top;
        *slash = '\0';
        quota = cgroup_tighter(quota, cgroup_quota_of(directory));
    }
    return quota;
}

/* Whether the comma-separated `list` has `word`. */
static bool cgroup_lists(const char *list, const char *word)
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
static bool cgroup_read_mount(char *line, bool v2, mount *found)
{
    char *rest = strstr(line, " - ");
    char type[16], source[256], options[256];
    if (rest == NULL || sscanf(rest, " - %15s %255s %255s", type, source, options) != 3) return false;
    if (strcmp(type, v2 ? "cgroup2" : "cgroup") != 0 || (!v2 && !cgroup_lists(options, "cpu"))) return false;

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
static double cgroup_quota_in(const char *root, const mount *mounted, const char *path)
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
    return cgroup_quota_up_to(directory, (size_t)top);
}

/* The tightest quota on the cgroup `path` in any mount of its hierarchy. */
static double cgroup_quota_in_mounts(const char *root, bool v2, const char *path)
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
        if (cgroup_read_mount(line, v2, &mounted))
            quota = cgroup_tighter(quota, cgroup_quota_in(root, &mounted, path));
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
        if (*controllers == '\0' || cgroup_lists(controllers, "cpu"))
            quota = cgroup_tighter(quota, cgroup_quota_in_mounts(root, *controllers == '\0', path));
    }
    free(line);
    fclose(file);
    return quota;
}
