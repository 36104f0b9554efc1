//! How much memory this process may have: the machine's, or less where a control group limits it.

use std::fs;
use std::path::Path;

use rustix::system::sysinfo;

/// Bytes of memory that this process may have.
pub(super) fn available_bytes() -> u64 {
    let machine = sysinfo();
    let machine_bytes = machine.totalram.saturating_mul(machine.mem_unit.into());
    limit(Path::new("/")).map_or(machine_bytes, |limit| limit.min(machine_bytes))
}

/// The lowest limit of the process's control groups and of their ancestors (cgroups(7)), by the files of
/// the system in `root`.
fn limit(root: &Path) -> Option<u64> {
    let read = |file| fs::read_to_string(root.join(file)).unwrap_or_default();
    let (groups, mounts) = (read("proc/self/cgroup"), read("proc/self/mountinfo"));
    let limits = groups.lines().filter_map(|line| {
        let (_id, group) = line.split_once(':')?;
        let (controllers, group) = group.split_once(':')?;
        let file = match controllers {
            "" => "memory.max",
            _ if is_memory(controllers) => "memory.limit_in_bytes",
            _ => return None,
        };
        let (above, mount) = mounts.lines().find_map(|line| mount(line, controllers.is_empty()))?;
        let group = Path::new(group).strip_prefix(above).unwrap_or(Path::new(""));
        let mount = root.join(mount.trim_start_matches('/'));
        group.ancestors().filter_map(|group| limit_in(&mount.join(group).join(file))).min()
    });
    limits.min()
}

fn is_memory(controllers: &str) -> bool {
    controllers.split(',').any(|controller| controller == "memory")
}

/// The topmost group that `line` of the mounts shows, and where, if this is the hierarchy of version 2, or
/// that of version 1 which limits memory.
fn mount(line: &str, is_version_2: bool) -> Option<(&str, &str)> {
    let (mount, kind) = line.split_once(" - ")?;
    let mut kind = kind.split(' ');
    let is_it = match kind.next()? {
        "cgroup2" => is_version_2,
        "cgroup" => !is_version_2 && kind.next_back().is_some_and(is_memory),
        _ => false,
    };
    let mut mount = mount.split(' ').skip(3);
    is_it.then_some((mount.next()?, mount.next()?))
}

/// The limit that a file holds: nothing if it says `max`, or if there is none.
fn limit_in(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim_end().parse().ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const UNIFIED: &str = "25 20 0:22 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate";
    const V1: &str =
        "30 25 0:26 /docker/x /sys/fs/cgroup/memory ro shared:9 - cgroup cgroup rw,memory";
    const OTHER: &str = "31 25 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
                         32 25 0:28 / /sys/fs/cgroup/none rw - tmpfs memory rw,memory";

    /// The limit where the process is in `group`, these are its mounts, and these files are there.
    fn limit_of(group: &str, mounts: &[&str], files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        let mounts = mounts.join("\n");
        let own = [("proc/self/cgroup", group), ("proc/self/mountinfo", &mounts)];
        for (file, text) in own.iter().chain(files) {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        limit(root.path())
    }

    #[test]
    fn the_lowest_limit_of_a_group_and_its_ancestors_counts() {
        let files = |limits: [&'static str; 3]| {
            [
                ("sys/fs/cgroup/a/memory.max", limits[0]),
                ("sys/fs/cgroup/a/b/memory.max", limits[1]),
                ("sys/fs/cgroup/a/b/c/memory.max", limits[2]),
            ]
        };
        let cases = [
            (["max\n", "max\n", "max\n"], None),
            (["max\n", "max\n", "3000\n"], Some(3000)),
            (["max\n", "2000\n", "3000\n"], Some(2000)),
            (["1000\n", "max\n", "3000\n"], Some(1000)),
        ];
        for (limits, expected) in cases {
            assert_eq!(limit_of("0::/a/b/c\n", &[OTHER, UNIFIED], &files(limits)), expected);
        }
        let others = [("sys/fs/cgroup/d/memory.max", "1000\n")];
        assert_eq!(limit_of("0::/a\n", &[UNIFIED], &others), None);
    }

    #[test]
    fn a_container_is_the_topmost_group_that_it_sees() {
        let files = [("sys/fs/cgroup/memory.max", "1000\n")];
        for group in ["0::/\n", "0::/../elsewhere\n"] {
            assert_eq!(limit_of(group, &[UNIFIED], &files), Some(1000), "{group}");
        }
    }

    #[test]
    fn version_1_limits_memory_as_well() {
        let files = [
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000\n"),
            ("sys/fs/cgroup/memory/y/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/cpu/memory.limit_in_bytes", "1000\n"),
            ("sys/fs/cgroup/memory.max", "1000\n"),
        ];
        let groups = "5:cpu:/\n4:memory:/docker/x/y\n0::/\n";
        assert_eq!(limit_of(groups, &[OTHER, V1], &files), Some(2000));
    }

    #[test]
    fn where_nothing_is_found_there_is_no_limit() {
        assert_eq!(limit_of("", &[], &[]), None);
        assert_eq!(limit_of("0::/a\n", &[OTHER], &[]), None);
        assert_eq!(limit(Path::new("/nowhere")), None);
    }
}
