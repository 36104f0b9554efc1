//! The memory limit of a control group, which bounds the memory for passphrases.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process::complaint;
use crate::skip::skip;

/// Replaces the files that describe a process's control group.
const WITH_A_CONTROL_GROUP: &str = r#"
    mount --bind cgroup "/proc/$$/cgroup" || exit 77
    mount --bind mountinfo "/proc/$$/mountinfo" || exit 77
    exec "$0" "$@""#;

/// The binary in `folder`, in a control group with this memory limit.
fn limited(folder: &Path, limit: &str, command: &str) -> Command {
    let group = folder.join("group/service");
    fs::create_dir_all(&group).unwrap();
    fs::write(group.join("memory.max"), format!("{limit}\n")).unwrap();
    fs::write(folder.join("cgroup"), "0::/service\n").unwrap();
    let mount = format!("1 0 0:1 / {}/group rw - cgroup2 none rw\n", folder.display());
    fs::write(folder.join("mountinfo"), mount).unwrap();
    let mut limited = Command::new("unshare");
    limited
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", WITH_A_CONTROL_GROUP])
        .args([env!("CARGO_BIN_EXE_viewonce"), command])
        .current_dir(folder)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap())
        .env("VIEWONCE_SERVER__BIND", "127.0.0.1:0");
    limited
}

#[test]
fn the_limit_of_a_control_group_bounds_the_memory_for_passphrases() {
    const VARIABLE: &str = "VIEWONCE_PASSPHRASES__MEMORY_BYTES";
    let folder = tempfile::tempdir().unwrap();
    let printed = |mut command: Command| {
        let output = command.output().unwrap();
        let settings: toml::Table = String::from_utf8(output.stdout).unwrap().parse().unwrap();
        Some(settings.get("passphrases")?["memory_bytes"].as_integer().unwrap())
    };
    let check = |limit| limited(folder.path(), limit, "check");
    let Some(unlimited) = printed(check("max")) else {
        return skip("a mount namespace").unwrap_or_default();
    };
    assert!(unlimited >= 64 << 20);
    assert_eq!(printed(check("671088640")), Some(80 << 20), "an eighth of the limit");
    assert_eq!(
        printed(check("100000000")),
        Some(64 << 20),
        "at least the memory of one passphrase"
    );
    let mut whole = check("100000000");
    whole.env(VARIABLE, "100000000");
    assert_eq!(printed(whole), Some(100_000_000));
    for command in ["check", "serve"] {
        let mut command = limited(folder.path(), "100000000", command);
        assert_eq!(
            complaint(command.env(VARIABLE, "100000001")),
            format!(
                "viewonce: {VARIABLE}: passphrases.memory_bytes: expected at most 100000000, the \
                 bytes of memory that this process may use\n"
            )
        );
    }
}
