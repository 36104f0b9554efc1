//! The problems that several operations have in common, as the specification tells them.
#![expect(dead_code, reason = "nothing but the specification is made of these")]

use utoipa::IntoResponses;

use crate::http::problem::Problem;

/// What may be wrong with a body.
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
    /// A field is missing, unknown, doubled, of the wrong type or out of range, or a header is wrong.
    #[response(status = 422)]
    Fields(Problem<'a>),
}

/// What may be wrong with a request that would use a secret up. Nothing is consumed then.
#[derive(IntoResponses)]
pub(crate) enum IntentProblems<'a> {
    /// A Range or conditional request. Nothing is consumed.
    #[response(status = 400)]
    Conditional(Problem<'a>),
    /// A prefetch, an embedded or a foreign request. Nothing is consumed.
    #[response(status = 403)]
    Unintended(Problem<'a>),
}

/// What may become of a request for a secret in the store.
#[derive(IntoResponses)]
pub(crate) enum SecretProblems<'a> {
    /// Not found, already viewed, or expired.
    #[response(status = 404)]
    NotFound(Problem<'a>),
}

/// What may become of a request for a receipt.
#[derive(IntoResponses)]
pub(crate) enum ReceiptProblems<'a> {
    /// No such receipt, or one that is kept no longer.
    #[response(status = 404)]
    NotFound(Problem<'a>),
}

/// What may be wrong with the store, or with how often it is asked.
#[derive(IntoResponses)]
pub(crate) enum StoreProblems<'a> {
    /// More requests or failed lookups came from this address than the server allows. Nothing was done.
    #[response(status = 429, headers(
        ("Retry-After" = u64, description = "Seconds after which the next one is admitted.")
    ))]
    TooMany(Problem<'a>),
    /// Busy, or the store failed.
    #[response(status = 503, headers(
        ("Retry-After" = u64, description = "Seconds, if nothing was done: it may be sent again.")
    ))]
    Unavailable(Problem<'a>),
    /// There is no room on the disk.
    #[response(status = 507)]
    NoRoom(Problem<'a>),
}
