//! Erasure after a crash: ended secrets are erased after the next start.

use std::time::Duration;

use actix_web::rt::time::{sleep, timeout};

use super::service::{ENDS, End, TestService, now};
use super::traces::{Trace, found};

/// Secrets for each kind of end.
const SECRETS: usize = 4;
const PATIENCE: Duration = Duration::from_mins(1);

#[actix_web::test]
async fn secrets_that_ended_before_a_kill_are_erased_after_the_next_start() {
    let service = TestService::start(tempfile::tempdir().unwrap(), |command| {
        let intervals = ["VIEWONCE_STORE__ERASE_SECONDS", "VIEWONCE_JANITOR__INTERVAL_SECONDS"];
        command.envs(intervals.map(|name| (name, "3600")))
    });
    let mut traces = Vec::new();
    for number in 0..SECRETS * ENDS.len() {
        let end = ENDS[number % ENDS.len()];
        if end != End::Lock || number < ENDS.len() {
            traces.push(service.store_and_end(&"x".repeat(1 + number * 100), end).await);
        }
    }
    for at in traces.iter().filter_map(|trace| trace.ended_at) {
        while now() < at {
            sleep(Duration::from_millis(10)).await;
        }
    }
    service.service.signal("KILL");
    let (_status, _log, root) = service.service.wait();
    let folder = root.path().join("storage/db");
    assert!(found(&traces, &folder).into_iter().eq(0..traces.len()), "nothing is erased yet");

    let service = TestService::start(root, |command| command);
    let is_living = |(number, trace): (usize, &Trace)| trace.ended_at.is_none().then_some(number);
    let living: Vec<usize> = traces.iter().enumerate().filter_map(is_living).collect();
    let erased = async {
        while !found(&traces, &folder).into_iter().eq(living.iter().copied()) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, erased).await.expect("what had ended is erased, and nothing else");
    for number in living {
        let Trace { token, content, .. } = &traces[number];
        assert_eq!(service.service.view(token).await.as_ref(), Some(content));
    }
}
