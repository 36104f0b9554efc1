//! The problems that several operations share, for the specification.
#![expect(dead_code, reason = "only the specification is generated from these")]

use utoipa::IntoResponses;

use crate::http::problem::Problem;

/// Problems with a request's body.
#[derive(IntoResponses)]
pub(crate) enum BodyProblems<'a> {
    /// The body is not JSON in UTF-8.
    #[response(status = 400)]
    Malformed(Problem<'a>),
    /// The body did not arrive in time.
    #[response(status = 408)]
    Timeout(Problem<'a>),
    /// The body is too large.
    #[response(status = 413)]
    TooLarge(Problem<'a>),
    /// The body is not `application/json`.
    #[response(status = 415)]
    MediaType(Problem<'a>),
    /// A field is missing, unknown, repeated, of the wrong type or out of range, or a header is invalid.
    #[response(status = 422)]
    Fields(Problem<'a>),
}

/// Problems with the intent of a request that would consume a secret.
#[derive(IntoResponses)]
pub(crate) enum IntentProblems<'a> {
    /// A Range or conditional request. Nothing is consumed.
    #[response(status = 400)]
    Conditional(Problem<'a>),
    /// A prefetch, an embedded request, or a page of another origin. Nothing is consumed.
    #[response(status = 403)]
    Unintended(Problem<'a>),
}

/// Problems with a secret.
#[derive(IntoResponses)]
pub(crate) enum SecretProblems<'a> {
    /// Not found, already viewed, or expired.
    #[response(status = 404)]
    NotFound(Problem<'a>),
}

/// Problems with a receipt.
#[derive(IntoResponses)]
pub(crate) enum ReceiptProblems<'a> {
    /// No such receipt, or it is no longer kept.
    #[response(status = 404)]
    NotFound(Problem<'a>),
}

/// Problems with the store and with rate limits.
#[derive(IntoResponses)]
pub(crate) enum StoreProblems<'a> {
    /// This address sent more requests or failed lookups than the server allows. Nothing was done.
    #[response(status = 429, headers(
        ("Retry-After" = u64, description = "Seconds until the next request is admitted.")
    ))]
    TooMany(Problem<'a>),
    /// The service is busy or stopping, or the store failed.
    #[response(status = 503, headers(
        ("Retry-After" = u64, description = "Seconds to wait before a retry. Absent if the outcome is unknown.")
    ))]
    Unavailable(Problem<'a>),
    /// The server has not enough storage space. Nothing was done.
    #[response(status = 507)]
    NoRoom(Problem<'a>),
}
