//! Logging: lines on stderr, as text or as JSON. A thread of its own writes them, so logging never blocks.
//!
//! Libraries' messages below level warn are dropped, whatever `RUST_LOG` says: some quote parts of
//! requests.

mod lines;

use std::cell::Cell;
use std::io::{self, Write as _};
use std::ops::Range;
use std::panic::{self, PanicHookInfo};

use chrono::{SecondsFormat, Utc};
use env_logger::fmt::{Formatter, Target};
use env_logger::{Builder, Logger};
use log::kv::{self, Key, Value, VisitSource};
use log::{Level, LevelFilter, Log, Metadata, Record, SetLoggerError};
use serde_json::Map;

use crate::config::LogFormat;
use lines::Lines;

const OURS: &str = env!("CARGO_PKG_NAME");
/// It logs an error for each malformed request: clients could flood the log. So all of it is dropped.
const PARSER: &str = "actix_http::h1";

/// Why nothing can be logged. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The system refuses the thread that writes, or its duplicate of standard error.
    #[error("cannot start the thread that writes the log")]
    Writer(#[source] io::Error),
    /// A logger is already installed.
    #[error(transparent)]
    Installed(#[from] SetLoggerError),
}

/// Installs the logger, at level info unless `RUST_LOG` says otherwise, and a hook that logs panics.
///
/// # Errors
///
/// [`LoggingError`].
pub fn init(format: LogFormat) -> Result<(), LoggingError> {
    let mut builder = Builder::new();
    builder.filter_level(LevelFilter::Info).parse_default_env();
    match format {
        LogFormat::Text => builder.format(write_text),
        LogFormat::Json => builder.format(write_json),
    };
    let logger = builder.target(Target::Pipe(Box::new(Lines))).build();
    log::set_max_level(logger.filter());
    log::set_boxed_logger(Box::new(Filtered(logger)))?;
    panic::set_hook(Box::new(log_panic));
    lines::start_writer().map_err(LoggingError::Writer)
}

/// Prints a line, which ends with a newline, to standard error, behind the log. It waits a second at most.
pub fn print(line: &str) {
    lines::print(line.as_bytes());
}

/// When dropped, waits until the log is written, a second at most. `main` holds it, so that the log is
/// written however the process ends.
pub struct FlushOnDrop;

impl Drop for FlushOnDrop {
    fn drop(&mut self) {
        lines::flush();
    }
}

/// Logs the place of a panic without its message, which may quote a secret, such as a string that was
/// sliced inside a character.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    log::error!(place = place.as_str(); "internal error (panic); please report it");
}

/// Passes on our own records, and of the libraries' only warnings and errors that concern an operator.
struct Filtered(Logger);

impl Log for Filtered {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        let is_ours = target == OURS || target.starts_with("viewonce::");
        let is_for_operators = metadata.level() <= Level::Warn && !target.starts_with(PARSER);
        (is_ours || is_for_operators) && self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.log(record);
        }
    }

    fn flush(&self) {
        lines::flush();
    }
}

/// A time as text, as in `2027-01-31T23:59:59.999Z`.
type Time = [u8; 24];

/// Where its milliseconds are.
const MILLISECONDS: Range<usize> = 20..23;

thread_local! {
    /// The last second in which this thread logged, and its text: lines of one second share it.
    static LAST: Cell<(i64, Time)> = const { Cell::new((i64::MIN, [b'?'; _])) };
}

fn now() -> io::Result<Time> {
    let now = Utc::now();
    let (mut second, mut text) = LAST.get();
    if second != now.timestamp() {
        second = now.timestamp();
        let formatted = now.to_rfc3339_opts(SecondsFormat::Millis, true);
        text = *formatted.as_bytes().first_chunk().unwrap_or(&text);
        LAST.set((second, text));
    }
    write!(&mut text[MILLISECONDS], "{:03}", now.timestamp_subsec_millis())?;
    Ok(text)
}

fn write_text(line: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    line.write_all(&now()?)?;
    write!(line, " {:<5} {}: {}", record.level(), record.target(), record.args())?;
    record.key_values().visit(&mut TextFields(line)).map_err(io::Error::other)?;
    writeln!(line)
}

struct TextFields<'a>(&'a mut Formatter);

impl<'kvs> VisitSource<'kvs> for TextFields<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        Ok(write!(self.0, " {key}={value}")?)
    }
}

fn write_json(line: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let mut members = JsonFields(Map::new());
    members.0.insert("time".to_owned(), String::from_utf8_lossy(&now()?).into());
    members.0.insert("level".to_owned(), record.level().as_str().into());
    members.0.insert("target".to_owned(), record.target().into());
    members.0.insert("message".to_owned(), record.args().to_string().into());
    record.key_values().visit(&mut members).map_err(io::Error::other)?;
    writeln!(line, "{}", serde_json::Value::Object(members.0))
}

struct JsonFields(Map<String, serde_json::Value>);

impl<'kvs> VisitSource<'kvs> for JsonFields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        let number = value.to_u64().map(serde_json::Value::from);
        let number = number.or_else(|| value.to_f64().map(serde_json::Value::from));
        self.0.insert(key.to_string(), number.unwrap_or_else(|| value.to_string().into()));
        Ok(())
    }
}
