/* test_machine.c: quotas in trees that look like the system's, affinity, caches, instruction sets, huge pages. */
#include "check.h"
#include "arrays/fresh.h"
#include "cgroup.h"
#include "machine.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#endif

/* ---- a tree of files ---- */

static char tree[64];

static void new_tree(void)
{
    strcpy(tree, "/tmp/threadmill-cpu-XXXXXX");
    CHECK(mkdtemp(tree) != NULL);
}

static void remove_tree(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", tree);
    CHECK(system(command) == 0);
}

/* Writes tree/name, and the directories above it. */
static void put(const char *name, const char *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", tree, name);
    for (char *at = path + strlen(tree) + 1; (at = strchr(at, '/')) != NULL; *at++ = '/') {
        *at = '\0';
        CHECK(mkdir(path, 0700) == 0 || errno == EEXIST);
    }
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    if (file == NULL) return;
    fputs(text, file);
    fclose(file);
}

#define V2_MOUNT "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1_MOUNT "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
#define OTHERS                                                                                               \
    "22 1 8:1 / / rw - ext4 /dev/root rw\n"                                                                  \
    "33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"

/* ---- quota ---- */

TEST(v2_the_tightest_up_to_the_root_counts)
{
    new_tree();
    put("proc/self/cgroup", "0::/user/session/app\n");
    put("proc/self/mountinfo", OTHERS V2_MOUNT);
    put("sys/fs/cgroup/user/session/app/cpu.max", "max 100000\n");
    CHECK(tm_cgroup_quota(tree) == 0);
    put("sys/fs/cgroup/user/session/app/cpu.max", "350000 100000\n");
    CHECK(tm_cgroup_quota(tree) == 3.5);
    put("sys/fs/cgroup/user/cpu.max", "100000 50000\n");
    CHECK(tm_cgroup_quota(tree) == 2);
    put("sys/fs/cgroup/cpu.max", "50000 100000\n");
    CHECK(tm_cgroup_quota(tree) == 0.5);
    put("sys/fs/cgroup/cpu.max", "800000 100000\n");
    CHECK(tm_cgroup_quota(tree) == 2);
    remove_tree();
}

TEST(v1_the_tightest_up_to_the_root_counts)
{
    new_tree();
    put("proc/self/cgroup", "9:cpuset:/\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n0::/\n");
    put("proc/self/mountinfo", OTHERS V1_MOUNT V2_MOUNT);
    put("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n");
    CHECK(tm_cgroup_quota(tree) == 0);
    put("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "400000\n");
    CHECK(tm_cgroup_quota(tree) == 4);
    put("sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us", "150000\n");
    put("sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us", "100000\n");
    CHECK(tm_cgroup_quota(tree) == 1.5);
    put("sys/fs/cgroup/cpu.max", "100000 100000\n"); /* both hierarchies at once */
    CHECK(tm_cgroup_quota(tree) == 1);
    remove_tree();
}

/* In a container /proc may show the path outside, while the mount's root is the container's own cgroup. */
TEST(a_path_from_outside_falls_back_to_the_mount)
{
    new_tree();
    put("proc/self/cgroup", "4:cpu,cpuacct:/docker/abc\n");
    put("proc/self/mountinfo", V1_MOUNT);
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n");
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    CHECK(tm_cgroup_quota(tree) == 2);
    put("proc/self/cgroup", "0::/../../elsewhere\n");
    put("proc/self/mountinfo", V2_MOUNT);
    put("sys/fs/cgroup/cpu.max", "300000 100000\n");
    CHECK(tm_cgroup_quota(tree) == 3);
    remove_tree();
}

TEST(a_mount_of_a_part_of_the_hierarchy_hides_its_prefix)
{
    new_tree();
    put("proc/self/cgroup", "0::/docker/abc/inner\n");
    put("proc/self/mountinfo", "30 23 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    put("sys/fs/cgroup/cpu.max", "500000 100000\n");
    put("sys/fs/cgroup/inner/cpu.max", "150000 100000\n");
    CHECK(tm_cgroup_quota(tree) == 1.5);
    put("proc/self/cgroup", "0::/docker/abcd/inner\n"); /* another's: only the mount is ours to see */
    CHECK(tm_cgroup_quota(tree) == 5);
    remove_tree();
}

TEST(what_can_not_be_read_is_no_limit)
{
    new_tree();
    CHECK(tm_cgroup_quota(tree) == 0);
    put("proc/self/cgroup", "nonsense\n0::/a\n");
    CHECK(tm_cgroup_quota(tree) == 0);
    put("proc/self/mountinfo", "nonsense\n - \n1 2 3 4 - cgroup2 x y\n" V2_MOUNT);
    CHECK(tm_cgroup_quota(tree) == 0);
    put("sys/fs/cgroup/a/cpu.max", "garbage\n");
    CHECK(tm_cgroup_quota(tree) == 0);
    put("sys/fs/cgroup/a/cpu.max", "100000 0\n");
    CHECK(tm_cgroup_quota(tree) == 0);
    remove_tree();
}

/* ---- cores, caches, instruction sets ---- */

TEST(usable_is_the_least_of_the_three)
{
    tm_machine machine;
    tm_read_machine(&machine);
    CHECK(machine.online >= 1 && machine.affinity >= 1 && machine.usable >= 1);
    CHECK(machine.usable <= machine.online && machine.usable <= machine.affinity);
    CHECK(machine.quota == 0 || machine.usable == 1 || (double)machine.usable <= machine.quota);
    CHECK(machine.last_level_cache >= 1 << 18);
    CHECK(tm_usable_cores() == machine.usable);
}

TEST(affinity_is_read_anew)
{
#ifdef __linux__
    cpu_set_t before, one;
    if (sched_getaffinity(0, sizeof before, &before) != 0) return; /* more than 1,024 cores */
    size_t core = 0;
    while (!CPU_ISSET(core, &before)) core++;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
    tm_machine machine;
    tm_read_machine(&machine);
    CHECK(machine.affinity == 1 && machine.usable == 1);
    CHECK(sched_setaffinity(0, sizeof before, &before) == 0);
    tm_read_machine(&machine);
    CHECK(machine.affinity == (size_t)CPU_COUNT(&before));
#endif
}

TEST(the_largest_cache_is_the_last)
{
#ifdef __linux__
    new_tree();
    CHECK(tm_read_cache_size(tree) == 0);
    put("sys/devices/system/cpu/cpu0/cache/index0/size", "32K\n");
    put("sys/devices/system/cpu/cpu0/cache/index1/size", "1M\n");
    CHECK(tm_read_cache_size(tree) == 1 << 20);
    put("sys/devices/system/cpu/cpu0/cache/index2/size", "32768K\n");
    CHECK(tm_read_cache_size(tree) == 32 << 20);
    remove_tree();
#endif
}

TEST(an_instruction_set_can_be_forced_up_to_the_best)
{
    CHECK(tm_simd_level() == tm_simd_best());
    for (int level = TM_SIMD_BASELINE; level <= TM_SIMD_AVX512; level++) {
        const bool runs = level <= (int)tm_simd_best();
        CHECK(tm_set_simd_level(level) == (runs ? TM_OK : TM_INVALID));
        CHECK(!runs || (int)tm_simd_level() == level);
        CHECK(strlen(tm_simd_name(level)) > 0);
    }
    CHECK(tm_set_simd_level(-1) == TM_INVALID);
    CHECK(strcmp(tm_simd_name(99), "unknown") == 0);
}

TEST(large_results_begin_at_a_huge_page)
{
    const tm_fresh_handler *memory = tm_memory_handler();
    if (memory == NULL) return;
    const size_t sizes[] = {0, 1, TM_LARGE_RESULT - 1, TM_LARGE_RESULT, TM_LARGE_RESULT + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t size = sizes[i];
        char *block = memory->allocate(memory->context, size);
        CHECK(block != NULL);
        CHECK(size < TM_LARGE_RESULT || (uintptr_t)block % (1 << 21) == 0);
        if (size > 0) block[0] = block[size - 1] = 7;
        block = memory->reallocate(memory->context, block, 2 * size + 1);
        CHECK(block != NULL);
        CHECK(size == 0 || (block[0] == 7 && block[size - 1] == 7));
        memory->release(memory->context, block, 2 * size + 1);

        block = memory->allocate_zeroed(memory->context, size + 1, 2);
        CHECK(block != NULL && block[0] == 0 && block[2 * size + 1] == 0);
        free(block); /* anybody's */
    }
}

int main(void)
{
    RUN(v2_the_tightest_up_to_the_root_counts);
    RUN(v1_the_tightest_up_to_the_root_counts);
    RUN(a_path_from_outside_falls_back_to_the_mount);
    RUN(a_mount_of_a_part_of_the_hierarchy_hides_its_prefix);
    RUN(what_can_not_be_read_is_no_limit);
    RUN(usable_is_the_least_of_the_three);
    RUN(affinity_is_read_anew);
    RUN(the_largest_cache_is_the_last);
    RUN(an_instruction_set_can_be_forced_up_to_the_best);
    RUN(large_results_begin_at_a_huge_page);
    return finish();
}
