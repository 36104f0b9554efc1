//! Erasure after a crash: ended secrets are erased after the next start.

use std::time::Duration;

use actix_web::rt::time::{sleep, timeout};

use viewonce::crypto::format::Roots;
use viewonce::domain::secret_key::{SecretKey, SecretKeys};
use viewonce::store::Rules;

use super::super::Sqlite;
use super::service::{Api, ENDS, End, REDELIVERY, now, seal};
use super::traces::{Trace, found};
use crate::backend::{RULES, Subject};
use crate::process::{self, Service};

/// Secrets for each kind of end.
const SECRETS: usize = 4;
const PATIENCE: Duration = Duration::from_mins(1);

#[actix_web::test]
async fn secrets_that_ended_before_a_kill_are_erased_after_the_next_start() {
    let rules = Rules { attempts: 1, redelivery: REDELIVERY, ..RULES };
    let subject = Subject::<Sqlite>::start_with(rules);
    let current = SecretKey::from_bytes(process::KEY.as_bytes().to_vec());
    let roots = Roots::derive(&SecretKeys { current, previous: Vec::new() });
    let mut traces = Vec::new();
    for number in 0..SECRETS * ENDS.len() {
        let end = ENDS[number % ENDS.len()];
        if end != End::Lock || number < ENDS.len() {
            let (create, trace) = seal(&roots, &"x".repeat(1 + number * 100), end);
            subject.store.ask(create).await.unwrap();
            traces.push(trace);
        }
    }
    let service = Service::start(subject.close().await.root, |command| {
        let intervals = ["VIEWONCE_STORE__ERASE_SECONDS", "VIEWONCE_JANITOR__INTERVAL_SECONDS"];
        command
            .env("SECRET_KEY", process::KEY)
            .envs(intervals.map(|name| (name, "3600")))
            .env("VIEWONCE_SECRETS__REDELIVER_SECONDS", REDELIVERY.as_secs().to_string())
            .env("VIEWONCE_SECRETS__MAX_ATTEMPTS", "1")
    });
    let api = Api { client: service.client.clone(), address: service.url("") };
    for trace in &mut traces {
        trace.ended_at = api.end(&trace.token, trace.end).await;
    }
    for at in traces.iter().filter_map(|trace| trace.ended_at) {
        while now() < at {
            sleep(Duration::from_millis(10)).await;
        }
    }
    service.signal("KILL");
    let (_status, _log, root) = service.wait();
    let folder = root.path().join("storage/db");
    assert!(found(&traces, &folder).into_iter().eq(0..traces.len()), "nothing is erased yet");

    let service = Service::start(root, |command| command.env("SECRET_KEY", process::KEY));
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
        assert_eq!(service.view(token).await.as_ref(), Some(content));
    }
}
