//! Servers that are measured: processes of their own, of which the system tells what they took.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use actix_web::rt::time::sleep;
use tempfile::TempDir;

use crate::Outcome;
use crate::common::numbered_secrets::SECRET_KEY;
use crate::common::prefilled::LIFETIME;
use crate::common::rows::Rows;

/// Ticks a second in which Linux tells processor time (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;
const SECONDS_PER_HOUR: u64 = 3_600;
/// How often a server's memory is looked at.
const MEMORY_EVERY: Duration = Duration::from_millis(20);
/// A server without processor time for this long is idle.
const REST: Duration = Duration::from_millis(500);
/// How long a log is left alone between two looks: reading it line by line would take more from
/// the server than it does.
const LOG_EVERY: Duration = Duration::from_millis(2);
/// What the service logs at the end of a purge, before the number.
const PURGED: &str = "expired secrets purged: ";

/// A process that serves. Dropping it kills it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    process: Child,
    purged: Arc<AtomicU64>,
    /// Of the service's store, where that is its own.
    _folder: Option<TempDir>,
}

impl Server {
    /// Starts the service with an empty store, on the disk that it was built on, and its defaults but
    /// for the largest content.
    pub(crate) fn fresh() -> Outcome<Self> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let command = viewonce(&folder.path().join("viewonce.sqlite3"));
        Self::start(command, Some(folder))
    }

    /// Starts the service on a store. Secrets that are created live as long as those that are there.
    pub(crate) fn on(rows: &Rows) -> Outcome<Self> {
        match rows {
            Rows::Empty => Self::fresh(),
            Rows::Living(prefilled) => {
                let hours = (LIFETIME.as_secs() / SECONDS_PER_HOUR).to_string();
                let mut command = viewonce(&prefilled.path());
                command
                    .env("VIEWONCE_SECRETS__MAX_TTL_HOURS", &hours)
                    .env("VIEWONCE_SECRETS__DEFAULT_TTL_HOURS", &hours);
                Self::start(command, None)
            }
        }
    }

    fn start(mut command: Command, folder: Option<TempDir>) -> Outcome<Self> {
        let mut process = command.stderr(Stdio::piped()).spawn()?;
        let log = process.stderr.take().ok_or("no log")?;
        let purged = Arc::default();
        let address = announced(log, Arc::clone(&purged))?;
        Ok(Self { address, process, purged, _folder: folder })
    }

    /// Starts the bare handler.
    pub(crate) fn ceiling(bytes: u64) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--ceiling", &bytes.to_string()]).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let output = process.stdout.take().ok_or("no output")?;
        let purged = Arc::default();
        let address = announced(output, Arc::clone(&purged))?;
        Ok(Self { address, process, purged, _folder: None })
    }

    /// Stops it in good order.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        Command::new("kill").arg(self.process.id().to_string()).status()?;
        self.process.wait()?;
        Ok(())
    }

    /// Expired secrets that it has purged in rounds that are over.
    pub(crate) fn purged(&self) -> u64 {
        self.purged.load(Ordering::Relaxed)
    }

    /// The processor time it has taken so far.
    pub(crate) fn processor_time(&self) -> Outcome<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let (_name, fields) = stat.rsplit_once(") ").ok_or("no name")?;
        let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<f64>);
        Ok(Duration::from_secs_f64(ticks.sum::<Result<f64, _>>()? / TICKS_PER_SECOND))
    }

    /// Waits until it has done what it does by itself at its start.
    pub(crate) async fn rest(&self) -> Outcome<()> {
        loop {
            let before = self.processor_time()?;
            sleep(REST).await;
            if self.processor_time()? == before {
                return Ok(());
            }
        }
    }

    /// The anonymous memory it has now, in bytes.
    pub(crate) fn memory(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()).ok_or("no RssAnon")?;
        Ok(kibibytes.parse::<u64>()? * 1_024)
    }

    /// Waits for a load; returns the most memory seen meanwhile, too.
    pub(crate) async fn peak_memory<T>(
        &self,
        load: impl Future<Output = Outcome<T>>,
    ) -> Outcome<(T, u64)> {
        let mut peak = self.memory()?;
        let mut load = std::pin::pin!(load);
        loop {
            tokio::select! {
                outcome = &mut load => return Ok((outcome?, peak.max(self.memory()?))),
                () = sleep(MEMORY_EVERY) => peak = peak.max(self.memory()?),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The service on a store, with nothing of this program's env.
fn viewonce(store: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_viewonce"));
    command
        .env_clear()
        .env("SECRET_KEY", SECRET_KEY)
        .env("VIEWONCE_ENVIRONMENT", "development")
        .env("VIEWONCE_SERVER__BIND", "127.0.0.1:0")
        .env("VIEWONCE_SECRETS__MAX_CONTENT_BYTES", "1048576")
        .env("VIEWONCE_STORE__PATH", store);
    command
}

/// The address that a server says it listens on. What it says later is read for what it has
/// `purged`, and left: a pipe that is full would stop it.
fn announced(output: impl Read + Send + 'static, purged: Arc<AtomicU64>) -> Outcome<SocketAddr> {
    let mut log = BufReader::with_capacity(1 << 16, output);
    let mut line = String::new();
    let address = loop {
        line.clear();
        if log.read_line(&mut line)? == 0 {
            return Err("it ended before it listened".into());
        }
        if let Some((_, rest)) = line.split_once("listening on http://") {
            break rest.split([',', '\n']).next().unwrap_or(rest).parse()?;
        }
    };
    thread::spawn(move || follow(log, &purged));
    Ok(address)
}

/// Reads a log to its end, in gulps.
fn follow(mut log: BufReader<impl Read>, purged: &AtomicU64) {
    let mut line = String::new();
    while log.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
        if let Some((_, number)) = line.split_once(PURGED) {
            purged.fetch_add(number.trim().parse().unwrap_or(0), Ordering::Relaxed);
        }
        line.clear();
        if log.buffer().is_empty() {
            thread::sleep(LOG_EVERY);
        }
    }
}
