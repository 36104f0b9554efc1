//! chromedriver: each test starts one, which ends with the test.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::skip::skip;

/// How long the browser may take to close.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running chromedriver. Dropping it closes its browsers and ends it.
pub(crate) struct Driver {
    process: Child,
    port: u16,
    /// Its stdout. Not read any more but kept open: writing to a closed pipe would end chromedriver.
    _output: BufReader<ChildStdout>,
    /// The folder for temporary files of chromedriver and its browsers.
    _folder: TempDir,
}

impl Driver {
    /// Starts a chromedriver on a free port; `None` if the test must be skipped.
    pub(crate) fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let spawned = Command::new("chromedriver")
            .arg("--port=0")
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .spawn();
        match spawned {
            Ok(process) => Some(Self::wait_until_ready(process, folder)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => skip("chromedriver"),
            Err(error) => panic!("chromedriver does not start: {error}"),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Reads the output until it names the port.
    fn wait_until_ready(mut process: Child, folder: TempDir) -> Self {
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut said = output.by_ref().lines().map(Result::unwrap);
        let port = said.find_map(|line| port(&line));
        let port = port.unwrap_or_else(|| panic!("chromedriver named no port"));
        Self { process, port, _output: output, _folder: folder }
    }

    /// Asks chromedriver to close its browsers and exit. A kill would leave them running.
    fn shut_down(&self) -> io::Result<()> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port))?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")?;
        connection.read(&mut [0]).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if self.shut_down().is_err() {
            self.process.kill().ok();
        }
        self.process.wait().ok();
    }
}

/// The port in `ChromeDriver was started successfully on port 34567.`
fn port(line: &str) -> Option<u16> {
    let (_rest, port) = line.split_once("successfully on port ")?;
    port.trim_end().trim_end_matches('.').parse().ok()
}
