//! Rate limits for each client. They are checked before the body is read, and a refused request is not
//! counted.
//!
//! Lookups are the requests that present a token or a receipt, as the table of paths says. The limit for
//! failed lookups is a tenth of that for requests: enough for a person who mistypes, too few to guess. A
//! client with too many failures is refused lookups, even of secrets that exist; its other requests are
//! admitted.

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

/// The limit for requests divided by the limit for failed lookups.
const DIVISOR: u32 = 10;

/// A limiter with these limits. `None` if `requests_per_second` is 0.
pub(crate) fn limiter(requests_per_second: f64, burst: u32) -> Option<Limiter> {
    (requests_per_second > 0.0).then(|| {
        let failures = Rate::new(requests_per_second / f64::from(DIVISOR), burst / DIVISOR);
        Limiter::new(Rate::new(requests_per_second, burst), failures)
    })
}

/// Admits and counts a request, or refuses it if its client is over a limit.
pub(crate) fn admit(request: &HttpRequest, path: Option<&Path>) -> Result<(), ApiError> {
    let counts = path.map_or(Counts::Request, |path| path.counts);
    let Some((state, limiter)) = limits(request).filter(|_| counts != Counts::Nothing) else {
        return Ok(());
    };
    let client = client_of(request, state);
    let admitted = limiter.admit(client, counts == Counts::Lookup, state.clock.elapsed());
    admitted.map_err(|wait| {
        // Rounded up, so that a retry after that many seconds is not too early.
        let retry_after = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        ApiError::TooManyRequests { retry_after }
    })
}

/// Counts the request if it was a failed lookup.
pub(crate) fn count_failure(request: &HttpRequest, response: &HttpResponse) {
    let error = response.error().and_then(|error| error.as_error::<ApiError>());
    if error.is_some_and(ApiError::is_failed_lookup)
        && let Some((state, limiter)) = limits(request)
    {
        limiter.count_failure(client_of(request, state), state.clock.elapsed());
    }
}

/// The client of a request. Warns once if there seems to be a proxy that is not configured: all its
/// clients would share one limit.
fn client_of(request: &HttpRequest, state: &AppState) -> Client {
    static WARNED: Once = Once::new();
    let proxies = &state.settings.server.trusted_proxies;
    if proxies.is_empty() && request.headers().contains_key(X_FORWARDED_FOR) {
        WARNED.call_once(|| {
            log::warn!(
                "ignoring X-Forwarded-For because server.trusted_proxies is empty: all clients behind a \
                 proxy share one rate limit"
            );
        });
    }
    client_address::of(request, proxies)
}

/// The state and the limiter, unless rate limits are turned off.
fn limits(request: &HttpRequest) -> Option<(&AppState, &Limiter)> {
    let state = AppState::of(request)?;
    Some((state, state.limiter.as_ref()?))
}
