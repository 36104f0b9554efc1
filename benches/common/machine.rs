//! The version that is measured and the machine that it runs on.

use std::fs;
use std::process::Command;
use std::thread;

/// Prints the version, the commit, the processor and the kernel. Omits those that are unknown.
pub(crate) fn print() {
    let commit = output("git", &["describe", "--always", "--dirty", "--exclude=*"]);
    let processor = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| model(&text));
    let cores = thread::available_parallelism().ok().map(|cores| format!("{cores} cores"));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").ok();
    let kernel = kernel.map(|release| format!("Linux {}", release.trim()));
    let version = Some(concat!("viewonce ", env!("CARGO_PKG_VERSION")).to_owned());
    let parts = [version, commit, processor, cores, kernel];
    println!("{}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "));
}

fn model(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(": ").map(|(_, model)| model.to_owned())
}

/// The output of a program; `None` if it is missing or fails.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let folder = env!("CARGO_MANIFEST_DIR");
    let output = Command::new(program).args(arguments).current_dir(folder).output().ok()?;
    let text = output.status.success().then_some(output.stdout)?;
    Some(String::from_utf8(text).ok()?.trim().to_owned())
}
