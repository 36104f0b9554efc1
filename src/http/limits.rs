//! How much a client may ask for. It is looked at before anything is read of a body, and who is
//! refused has used nothing up.
//!
//! Lookups are the requests that present a token or a receipt. A tenth as many of them may fail as
//! may be sent: enough for a person who mistypes, too few to guess. They are counted when they fail;
//! whoever has failed too often is refused lookups alone, also of what there is.

use std::sync::Once;
use std::time::Duration;

use actix_web::http::header::X_FORWARDED_FOR;
use actix_web::{HttpRequest, HttpResponse};

use super::error::ApiError;
use super::{RECEIPTS, SECRETS, State, client};
use crate::rate::{Client, Limiter, Rate};

/// How many times fewer lookups may fail than requests may be sent.
const STRICTER: u32 = 10;
/// The lookups whose token is in their body.
const LOOKUPS: [&str; 3] = ["/api/v1/reveal", "/api/v1/acknowledge", "/api/v1/status"];
/// What whoever watches over the service asks, as often as they like.
const EXEMPT: &str = "/health";

/// What keeps to these limits; nothing if there are none.
#[must_use]
pub fn limiter(requests_per_second: f64, burst: u32) -> Option<Limiter> {
    (requests_per_second > 0.0).then(|| {
        let failures = Rate::new(requests_per_second / f64::from(STRICTER), burst / STRICTER);
        Limiter::new(Rate::new(requests_per_second, burst), failures)
    })
}

/// Counts a request, if its client may send one.
pub(super) fn admit(request: &HttpRequest) -> Result<(), ApiError> {
    let Some((state, limiter)) = limits(request) else { return Ok(()) };
    let client = client_of(request, state);
    let admitted = limiter.admit(client, is_lookup(request.uri().path()), state.clock.elapsed());
    admitted.map_err(|wait| ApiError::TooManyRequests { retry_after: whole_seconds(wait) })
}

/// Rounded up: at the end of the last second the wait is over.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// Counts a lookup that has failed.
pub(super) fn count_failure(request: &HttpRequest, response: &HttpResponse) {
    let error = response.error().and_then(|error| error.as_error::<ApiError>());
    if error.is_some_and(ApiError::is_failed_lookup)
        && let Some((state, limiter)) = limits(request)
    {
        limiter.count_failure(client_of(request, state), state.clock.elapsed());
    }
}

/// Whose request it is. Tells the log, once, where a proxy seems not to be named: all its clients would
/// be one.
fn client_of(request: &HttpRequest, state: &State) -> Client {
    static TOLD: Once = Once::new();
    let proxies = &state.settings.server.trusted_proxies;
    if proxies.is_empty() && request.headers().contains_key(X_FORWARDED_FOR) {
        TOLD.call_once(|| {
            log::warn!(
                "X-Forwarded-For is not believed, as server.trusted_proxies names nobody: behind a \
                 proxy, all its clients share one limit"
            );
        });
    }
    client::of(request, proxies)
}

/// The limits that a request is under.
fn limits(request: &HttpRequest) -> Option<(&State, &Limiter)> {
    let state = State::of(request)?;
    let limiter = state.limiter.as_deref()?;
    (request.uri().path() != EXEMPT).then_some((state, limiter))
}

fn is_lookup(path: &str) -> bool {
    path.starts_with(SECRETS) || path.starts_with(RECEIPTS) || LOOKUPS.contains(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_whole_seconds_after_which_it_is_over() {
        let second = Duration::from_secs(1);
        let nanosecond = Duration::from_nanos(1);
        let cases = [(nanosecond, 1), (second, 1), (second + nanosecond, 2), (second * 7, 7)];
        for (wait, seconds) in cases {
            assert_eq!(whole_seconds(wait), seconds, "{wait:?}");
        }
    }

    #[test]
    fn lookups_are_the_requests_that_present_a_token_or_a_receipt() {
        for path in [
            "/api/v1/secrets/x",
            "/api/v1/receipts/x",
            "/api/v1/reveal",
            "/api/v1/acknowledge",
            "/api/v1/status",
        ] {
            assert!(is_lookup(path), "{path}");
        }
        for path in ["/api/v1/secrets", "/", "/s", "/health", "/docs", "/api/v1/revealed"] {
            assert!(!is_lookup(path), "{path}");
        }
    }

    #[test]
    fn of_a_small_burst_one_lookup_may_fail_at_once() {
        let limiter = limiter(1.0, 9);
        let client = std::net::IpAddr::from([192, 0, 2, 1]).into();
        let Some(limiter) = limiter else { unreachable!("there is a limit") };
        assert!(limiter.admit(client, true, Duration::ZERO).is_ok());
        limiter.count_failure(client, Duration::ZERO);
        assert_eq!(limiter.admit(client, true, Duration::ZERO), Err(Duration::from_secs(10)));
    }
}
