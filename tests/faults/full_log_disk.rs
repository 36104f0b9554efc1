//! A full disk under the log: no request fails, no line is torn, and the lines that do not fit are counted.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use serde_json::Value;

use crate::client::PATIENCE;
use crate::process::{Service, free_address};
use crate::subprocess::{self, ON_A_SMALL_FILE_SYSTEM};
use crate::unread::{client, dropped, overflow_log, told_dropped};

/// Bytes that are left for the log: it is cut inside a line.
const LITTLE: u64 = 4_096;
/// How long the server is watched, and the time on the processor that it may take meanwhile, in hundredths
/// of a second.
const WATCHED: Duration = Duration::from_secs(1);
const MAX_TICKS: u64 = 20;

/// The processor time of a process, in hundredths of a second.
fn ticks(service: &Service) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", service.id())).unwrap();
    let fields: Vec<_> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    [11, 12].map(|index: usize| fields[index].parse::<u64>().unwrap()).iter().sum()
}

fn fill(filler: &Path) {
    let mut file = OpenOptions::new().append(true).create(true).open(filler).unwrap();
    while file.write_all(&[0; 4_096]).is_ok() {}
    let size = file.metadata().unwrap().len();
    file.set_len(size - LITTLE).unwrap();
}

/// A server whose log is this file, and the URL of its metrics.
fn start(log: &Path) -> (Service, String) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = OpenOptions::new().append(true).create(true).open(log).unwrap();
    // No other test uses these addresses.
    let [address, metrics] = [80, 81].map(|last| free_address(Ipv4Addr::new(127, 0, 0, last)));
    let mut service = Service::start_unheard(folder, address, |command| {
        command.env("VIEWONCE_METRICS__BIND", metrics.to_string());
        command.env("VIEWONCE_LOG__FORMAT", "json").stderr(file)
    });
    service.client = client();
    (service, format!("http://{metrics}/metrics"))
}

#[actix_web::test]
async fn a_full_disk_under_the_log_stops_nothing_and_tears_no_line() {
    let test = "full_log_disk::a_full_disk_under_the_log_stops_nothing_and_tears_no_line";
    if !subprocess::is_alone(test, ON_A_SMALL_FILE_SYSTEM) {
        return;
    }
    let [log, filler] = ["log", "filler"].map(|name| env::temp_dir().join(name));
    let (mut service, metrics) = start(&log);
    fill(&filler);
    let mut requests = overflow_log(&service, &metrics).await;
    let before = ticks(&service);
    sleep(WATCHED).await;
    assert!(ticks(&service) - before < MAX_TICKS, "it does not try all the time");
    fs::remove_file(filler).unwrap();
    let begun = Instant::now();
    while told_dropped(&fs::read_to_string(&log).unwrap()) < dropped(&service, &metrics).await {
        requests += 1;
        assert!(begun.elapsed() < PATIENCE, "the log tells what was dropped");
        sleep(Duration::from_millis(50)).await;
    }
    requests += 1;
    service.signal("TERM");
    assert!(service.exit_within(PATIENCE).success());
    let log = fs::read_to_string(log).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let access = lines.iter().filter(|line| line["target"] == "viewonce::access").count() as u64;
    assert_eq!(access + told_dropped(&log), requests);
    assert_eq!(lines.last().unwrap()["message"], "stopped");
}
