//! How much a client may ask for. It is looked at before anything is read of a body, and who is
//! refused has used nothing up.
//!
//! Lookups are the requests that present a token or a receipt, as the table of paths says. A tenth as many of them may fail as
//! may be sent: enough for a person who mistypes, too few to guess. They are counted when they fail;
//! whoever has failed too often is refused lookups alone, also of what there is.

pub(crate) mod clients;
mod gcra;

use std::sync::Once;

use actix_web::http::header::X_FORWARDED_FOR;
use actix_web::{HttpRequest, HttpResponse};

use super::client_address;
use crate::http::AppState;
use crate::http::error::ApiError;
use crate::http::routes::{Counts, Path};
use clients::{Client, Limiter};
use gcra::Rate;

/// How many times fewer lookups may fail than requests may be sent.
const STRICTER: u32 = 10;

/// What keeps to these limits; nothing if there are none.
pub fn limiter(requests_per_second: f64, burst: u32) -> Option<Limiter> {
    (requests_per_second > 0.0).then(|| {
        let failures = Rate::new(requests_per_second / f64::from(STRICTER), burst / STRICTER);
        Limiter::new(Rate::new(requests_per_second, burst), failures)
    })
}

/// Counts a request for a path, if its client may send one.
pub(crate) fn admit(request: &HttpRequest, path: Option<&Path>) -> Result<(), ApiError> {
    let counts = path.map_or(Counts::Request, |path| path.counts);
    let Some((state, limiter)) = limits(request).filter(|_| counts != Counts::Nothing) else {
        return Ok(());
    };
    let client = client_of(request, state);
    let admitted = limiter.admit(client, counts == Counts::Lookup, state.clock.elapsed());
    admitted.map_err(|wait| {
        // Rounded up: at the end of the last second the wait is over.
        let retry_after = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        ApiError::TooManyRequests { retry_after }
    })
}

/// Counts a lookup that has failed.
pub(crate) fn count_failure(request: &HttpRequest, response: &HttpResponse) {
    let error = response.error().and_then(|error| error.as_error::<ApiError>());
    if error.is_some_and(ApiError::is_failed_lookup)
        && let Some((state, limiter)) = limits(request)
    {
        limiter.count_failure(client_of(request, state), state.clock.elapsed());
    }
}

/// Whose request it is. Tells the log, once, where a proxy seems not to be named: all its clients would
/// be one.
fn client_of(request: &HttpRequest, state: &AppState) -> Client {
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
    client_address::of(request, proxies)
}

/// The limits that requests are under, if there are any.
fn limits(request: &HttpRequest) -> Option<(&AppState, &Limiter)> {
    let state = AppState::of(request)?;
    Some((state, state.limiter.as_ref()?))
}
