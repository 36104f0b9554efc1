//! Servers that are measured: processes of their own, of which the system tells what they took.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::Outcome;

/// Ticks a second in which Linux tells processor time (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// A process that serves. Dropping it kills it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    process: Child,
    /// Of the service's store; the ceiling has none.
    _folder: Option<TempDir>,
}

impl Server {
    /// Starts the service with an empty store, on the disk that it was built on, and its defaults but
    /// for the largest content.
    pub(crate) fn viewonce() -> Outcome<Self> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_viewonce"));
        command
            .current_dir(folder.path())
            .env("VIEWONCE_SERVER__BIND", "127.0.0.1:0")
            .env("VIEWONCE_SECRETS__MAX_CONTENT_BYTES", "1048576")
            .stderr(Stdio::piped());
        let mut process = command.spawn()?;
        let log = process.stderr.take().ok_or("no log")?;
        let address = announced(log)?;
        Ok(Self { address, process, _folder: Some(folder) })
    }

    /// Starts the bare handler.
    pub(crate) fn ceiling(bytes: u64) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--ceiling", &bytes.to_string()]).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let output = process.stdout.take().ok_or("no output")?;
        let address = announced(output)?;
        Ok(Self { address, process, _folder: None })
    }

    /// The processor time it has taken so far.
    pub(crate) fn processor_time(&self) -> Outcome<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let (_name, fields) = stat.rsplit_once(") ").ok_or("no name")?;
        let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<f64>);
        Ok(Duration::from_secs_f64(ticks.sum::<Result<f64, _>>()? / TICKS_PER_SECOND))
    }

    /// The anonymous memory it has now, in bytes.
    pub(crate) fn memory(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()).ok_or("no RssAnon")?;
        Ok(kibibytes.parse::<u64>()? * 1_024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The address that a server says it listens on. What it says later is read and left: a pipe that
/// is full would stop it.
fn announced(output: impl Read + Send + 'static) -> Outcome<SocketAddr> {
    let mut lines = BufReader::new(output).lines();
    let address = loop {
        let line = lines.next().ok_or("it ended before it listened")??;
        if let Some((_, rest)) = line.split_once("listening on http://") {
            break rest.split(',').next().unwrap_or(rest).parse()?;
        }
    };
    thread::spawn(move || lines.for_each(drop));
    Ok(address)
}
