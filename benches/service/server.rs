//! The measured servers: separate processes, whose processor time and memory `/proc` reports.

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

/// The unit of processor time in `/proc` (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;
const SECONDS_PER_HOUR: u64 = 3_600;
/// The time between two samples of a server's memory.
const MEMORY_INTERVAL: Duration = Duration::from_millis(20);
/// A server that takes no processor time for this long is idle.
const IDLE_TIME: Duration = Duration::from_millis(500);
/// The pause after the buffered log is read: waking for every line would take processor time from the
/// server.
const LOG_INTERVAL: Duration = Duration::from_millis(2);
/// The service's log line at the end of a purge, up to the number.
const PURGED: &str = "expired secrets purged: ";

/// A server process. Dropping it kills the process.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Where it serves its metrics, if it does.
    pub(crate) metrics: Option<SocketAddr>,
    process: Child,
    purged: Arc<AtomicU64>,
    /// The folder of a temporary store.
    folder: Option<TempDir>,
}

impl Server {
    /// Starts the service with an empty store in Cargo's target folder, and with the default settings
    /// except for the limit of the content.
    pub(crate) fn fresh() -> Outcome<Self> {
        Self::fresh_with(&[])
    }

    /// Like [`Self::fresh`], with other settings in these environment variables.
    pub(crate) fn fresh_with(settings: &[(&str, &str)]) -> Outcome<Self> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let mut command = viewonce(&folder.path().join("viewonce.sqlite3"));
        command.envs(settings.iter().copied());
        Self::start(command, Some(folder))
    }

    /// Starts the service on a store. New secrets get the same lifetime as the stored ones.
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
        let log = process.stderr.take().ok_or("the service has no stderr")?;
        let purged = Arc::default();
        let (address, metrics) = addresses(log, Arc::clone(&purged))?;
        Ok(Self { address, metrics, process, purged, folder })
    }

    /// Starts the bare handler.
    pub(crate) fn ceiling(bytes: u64) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--ceiling", &bytes.to_string()]).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let output = process.stdout.take().ok_or("the bare handler has no stdout")?;
        let purged = Arc::default();
        let (address, metrics) = addresses(output, Arc::clone(&purged))?;
        Ok(Self { address, metrics, process, purged, folder: None })
    }

    /// Stops the process with SIGTERM and waits for its end. Returns the folder of a temporary store.
    pub(crate) fn stop(mut self) -> Outcome<Option<TempDir>> {
        Command::new("kill").arg(self.process.id().to_string()).status()?;
        self.process.wait()?;
        Ok(self.folder.take())
    }

    /// Expired secrets that finished purges have deleted.
    pub(crate) fn purged(&self) -> u64 {
        self.purged.load(Ordering::Relaxed)
    }

    /// The processor time of the process so far, user and system.
    pub(crate) fn processor_time(&self) -> Outcome<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let (_name, fields) = stat.rsplit_once(") ").ok_or("/proc: stat has no process name")?;
        let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<f64>);
        Ok(Duration::from_secs_f64(ticks.sum::<Result<f64, _>>()? / TICKS_PER_SECOND))
    }

    /// Waits until the server is idle, so that its startup work does not disturb a measurement.
    pub(crate) async fn wait_until_idle(&self) -> Outcome<()> {
        loop {
            let before = self.processor_time()?;
            sleep(IDLE_TIME).await;
            if self.processor_time()? == before {
                return Ok(());
            }
        }
    }

    /// The current anonymous memory of the process, in bytes.
    pub(crate) fn memory(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kibibytes = line
            .and_then(|line| line.split_whitespace().next())
            .ok_or("/proc: status has no RssAnon")?;
        Ok(kibibytes.parse::<u64>()? * 1_024)
    }

    /// Runs a load. Also returns the peak of memory meanwhile.
    pub(crate) async fn peak_memory<T>(
        &self,
        load: impl Future<Output = Outcome<T>>,
    ) -> Outcome<(T, u64)> {
        let mut peak = self.memory()?;
        let mut load = std::pin::pin!(load);
        loop {
            tokio::select! {
                outcome = &mut load => return Ok((outcome?, peak.max(self.memory()?))),
                () = sleep(MEMORY_INTERVAL) => peak = peak.max(self.memory()?),
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

/// The command that serves a store, without this program's environment variables.
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

/// Reads the server's address from its log, and that of its metrics if it serves them. A thread reads the rest of the log, adds the numbers of
/// purged secrets to `purged`, and keeps the pipe from filling up, which would block the server.
fn addresses(
    output: impl Read + Send + 'static,
    purged: Arc<AtomicU64>,
) -> Outcome<(SocketAddr, Option<SocketAddr>)> {
    let mut log = BufReader::with_capacity(1 << 16, output);
    let mut line = String::new();
    let mut metrics = None;
    let address = loop {
        line.clear();
        if log.read_line(&mut line)? == 0 {
            return Err("the server ended before it listened".into());
        }
        metrics = metrics.or(address_after("metrics at http://", &line)?);
        if let Some(address) = address_after("listening on http://", &line)? {
            break address;
        }
    };
    thread::spawn(move || follow(log, &purged));
    Ok((address, metrics))
}

/// The address that follows these words in a line.
fn address_after(words: &str, line: &str) -> Outcome<Option<SocketAddr>> {
    let Some((_, rest)) = line.split_once(words) else { return Ok(None) };
    Ok(Some(rest.split([',', '/', '\n']).next().unwrap_or(rest).parse()?))
}

/// Reads a log to its end, with a pause after each buffer.
fn follow(mut log: BufReader<impl Read>, purged: &AtomicU64) {
    let mut line = String::new();
    while log.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
        if let Some((_, number)) = line.split_once(PURGED) {
            purged.fetch_add(number.trim().parse().unwrap_or(0), Ordering::Relaxed);
        }
        line.clear();
        if log.buffer().is_empty() {
            thread::sleep(LOG_INTERVAL);
        }
    }
}
