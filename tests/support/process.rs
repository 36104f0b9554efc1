//! Runs the binary in a separate folder and environment.
#![allow(dead_code, reason = "no test binary uses all of it")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const KEY: &str = "an example key that is long enough for production";
const LISTENING: &str = "listening on ";
/// Only a server that hangs exceeds it.
const LONG: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(5);

/// The binary in `folder`, with an empty environment but for a free port to listen on.
pub(crate) fn viewonce(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_viewonce"));
    command.current_dir(folder).env_clear().env("VIEWONCE_SERVER__BIND", "127.0.0.1:0");
    command
}

/// Runs a command to its end.
pub(crate) fn output(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// Runs a command that must fail before a server starts; returns its single error line.
pub(crate) fn complaint(command: &mut Command) -> String {
    let mut child = Guarded(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut text = String::new();
    for line in BufReader::new(child.0.stderr.take().unwrap()).lines().map(Result::unwrap) {
        assert!(!line.contains(LISTENING), "{line}");
        text += &(line + "\n");
    }
    assert_eq!(text.lines().count(), 1, "{text}");
    let mut stdout = child.0.stdout.take().unwrap();
    assert_eq!(stdout.read_to_end(&mut Vec::new()).unwrap(), 0);
    assert_eq!(child.0.wait().unwrap().code(), Some(1));
    text
}

/// A child process that does not outlive its test.
pub(crate) struct Guarded(pub(crate) Child);

impl Guarded {
    /// Waits for its exit, which must come within this time.
    pub(crate) fn exit_within(&mut self, time: Duration) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < time, "it still runs after {time:?}");
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A running server and its log.
pub(crate) struct Service {
    child: Guarded,
    pub(crate) address: String,
    pub(crate) folder: TempDir,
    pub(crate) client: Client,
    log: Arc<Mutex<String>>,
    is_unread: Arc<AtomicBool>,
    reader: JoinHandle<()>,
}

/// An address that is free as long as no other test uses this IP address.
pub(crate) fn free_address(ip: Ipv4Addr) -> SocketAddr {
    TcpListener::bind((ip, 0)).unwrap().local_addr().unwrap()
}

impl Service {
    /// Starts a server in `folder`, changed by `change`, and waits until it listens.
    pub(crate) fn start(
        folder: TempDir,
        change: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        let mut command = viewonce(folder.path());
        let mut child = Guarded(change(&mut command).stderr(Stdio::piped()).spawn().unwrap());
        let mut lines = BufReader::new(child.0.stderr.take().unwrap()).lines().map(Result::unwrap);
        let mut log = String::new();
        let address = loop {
            let line = lines.next().unwrap_or_else(|| unreachable!("it ended at once: {log}"));
            log += &(line.clone() + "\n");
            if let Some((_, rest)) = line.split_once(LISTENING) {
                break rest.split(',').next().unwrap().to_owned();
            }
        };
        let log = Arc::new(Mutex::new(log));
        let is_unread = Arc::new(AtomicBool::new(false));
        let (written, waits) = (Arc::clone(&log), Arc::clone(&is_unread));
        let reader = thread::spawn(move || {
            lines.for_each(|line| {
                while waits.load(SeqCst) {
                    thread::sleep(PAUSE);
                }
                *written.lock().unwrap() += &(line + "\n");
            });
        });
        Self { child, address, folder, client: Client::new(), log, is_unread, reader }
    }

    /// A server at this address whose standard error goes elsewhere. Waits until it listens.
    pub(crate) fn start_unheard(
        folder: TempDir,
        address: SocketAddr,
        change: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        let mut command = viewonce(folder.path());
        command.env("VIEWONCE_SERVER__BIND", address.to_string());
        let child = Guarded(change(&mut command).spawn().unwrap());
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(begun.elapsed() < LONG, "it does not listen");
            thread::sleep(PAUSE);
        }
        Self {
            child,
            address: format!("http://{address}"),
            folder,
            client: Client::new(),
            log: Arc::default(),
            is_unread: Arc::default(),
            reader: thread::spawn(|| ()),
        }
    }

    /// Stops reading its log, or goes on with it.
    pub(crate) fn leave_unread(&self, is_unread: bool) {
        self.is_unread.store(is_unread, SeqCst);
    }

    /// A server in a new folder.
    pub(crate) fn fresh() -> Self {
        Self::start(tempfile::tempdir().unwrap(), |command| command)
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// Waits for its exit, which must come within this time.
    pub(crate) fn exit_within(&mut self, time: Duration) -> ExitStatus {
        self.child.exit_within(time)
    }

    /// Its log until now.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Whether its log contains these words so far.
    pub(crate) fn has_said(&self, words: &str) -> bool {
        self.log.lock().unwrap().contains(words)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// Stores `content`; returns the token, or nothing if it was not acknowledged.
    pub(crate) async fn store(&self, content: &str) -> Option<String> {
        let request = self.client.post(self.url("/api/v1/secrets"));
        let answer = request.json(&json!({ "content": content })).send().await.ok()?;
        let answer: Value = answer.error_for_status().ok()?.json().await.ok()?;
        Some(answer["token"].as_str().unwrap().to_owned())
    }

    /// Views a secret; returns its content, or nothing if there is none.
    pub(crate) async fn view(&self, token: &str) -> Option<String> {
        let request = self.client.get(self.url("/api/v1/secrets/") + token);
        let answer: Value = request.send().await.ok()?.json().await.ok()?;
        answer["content"].as_str().map(str::to_owned)
    }

    /// Sends a signal, as in `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.0.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Kills it immediately, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.0.kill().unwrap();
    }

    /// Waits for its exit; returns its status, its whole log, and its folder.
    pub(crate) fn wait(mut self) -> (ExitStatus, String, TempDir) {
        let status = self.child.0.wait().unwrap();
        self.reader.join().unwrap();
        let log = self.log.lock().unwrap().clone();
        (status, log, self.folder)
    }

    /// Stops it cleanly; returns its whole log and its folder.
    pub(crate) fn stop(self) -> (String, TempDir) {
        self.signal("TERM");
        self.wait_well()
    }

    /// Waits for the clean exit of a server that was asked to stop.
    pub(crate) fn wait_well(self) -> (String, TempDir) {
        let (status, log, folder) = self.wait();
        assert!(status.success(), "{log}");
        (log, folder)
    }
}
