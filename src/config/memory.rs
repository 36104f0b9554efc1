//! The memory that this process may use: the machine's, or less if a control group limits it.

use std::fs;
use std::path::Path;

use rustix::system::sysinfo;

/// Bytes of memory that this process may use.
pub(super) fn available_bytes() -> u64 {
    let machine = sysinfo();
    let machine_bytes = machine.totalram.saturating_mul(machine.mem_unit.into());
    limit(Path::new("/")).map_or(machine_bytes, |limit| limit.min(machine_bytes))
}

/// The lowest `memory.max` of the process's control group and its ancestors (cgroups(7), version 2).
/// `root` is the file system's root, or a test's copy.
fn limit(root: &Path) -> Option<u64> {
    let read = |file: &Path| fs::read_to_string(root.join(file)).unwrap_or_default();
    let [groups, mounts] =
        ["proc/self/cgroup", "proc/self/mountinfo"].map(|file| read(file.as_ref()));
    let group = Path::new(groups.lines().find_map(|line| line.strip_prefix("0::"))?);
    let mount = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
    // The topmost group in the mount, and the mount point (proc_pid_mountinfo(5)).
    let mut fields = mount.split(' ').skip(3);
    let (topmost, mount) = (fields.next()?, fields.next()?);
    let group = group.strip_prefix(topmost).unwrap_or(Path::new(""));
    let mount = root.join(mount.trim_start_matches('/'));
    let limits = group.ancestors().map(|group| read(&mount.join(group).join("memory.max")));
    // A limit that does not parse is `max` or a missing file.
    limits.filter_map(|limit| limit.trim_end().parse().ok()).min()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const UNIFIED: &str = "25 20 0:22 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate";
    const OTHER: &str = "31 25 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
                         32 25 0:28 / /sys/fs/cgroup/none rw - tmpfs memory rw,memory";

    /// The limit of a process in `group`, with these mounts and these groups' limits.
    fn limit_of(group: &str, mounts: &[&str], limits: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("proc/self/cgroup", group);
        write("proc/self/mountinfo", &mounts.join("\n"));
        for (group, limit) in limits {
            write(&format!("sys/fs/cgroup{group}/memory.max"), limit);
        }
        limit(root.path())
    }

    #[test]
    fn the_lowest_limit_of_a_group_and_its_ancestors_counts() {
        for (limits, expected) in [
            (["max\n", "max\n", "max\n"], None),
            (["max\n", "max\n", "3000\n"], Some(3000)),
            (["max\n", "2000\n", "3000\n"], Some(2000)),
            (["1000\n", "max\n", "3000\n"], Some(1000)),
        ] {
            let [a, b, c] = limits;
            let limits = [("/a", a), ("/a/b", b), ("/a/b/c", c), ("/d", "1\n")];
            assert_eq!(limit_of("0::/a/b/c\n", &[OTHER, UNIFIED], &limits), expected);
        }
    }

    #[test]
    fn a_container_is_the_topmost_group_that_it_sees() {
        for group in ["0::/\n", "0::/../elsewhere\n"] {
            assert_eq!(limit_of(group, &[UNIFIED], &[("", "1000\n")]), Some(1000), "{group}");
        }
    }

    #[test]
    fn where_nothing_is_found_there_is_no_limit() {
        assert_eq!(limit_of("", &[], &[]), None);
        assert_eq!(limit_of("0::/a\n", &[OTHER], &[("/a", "1000\n")]), None);
        assert_eq!(limit(Path::new("/nowhere")), None);
    }
}
