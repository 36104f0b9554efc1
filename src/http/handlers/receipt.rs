//! `GET` and `DELETE /api/v1/receipts/{receipt}`: lets the sender see what became of a secret, and burn
//! it.

use std::time::Duration;

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, sleep_until};
use utoipa::{IntoParams, ToSchema};

use crate::domain::clock::Timestamp;
use crate::domain::id::ReceiptId;
use crate::domain::token::Receipt;
use crate::http::AppState;
use crate::http::error::ApiError;
use crate::http::extract::token;
use crate::http::middleware::intent;
use crate::http::problem::{self, Problem};
use crate::http::responses::{IntentProblems, ReceiptProblems, StoreProblems};
use crate::http::routes::RECEIPT;
use crate::store::{self, Inspect, ReceiptStatus, Revoke, Watch};

/// The longest time that a request may wait for the end of a secret.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How long to wait for the end of a secret.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReceiptQuery {
    /// How many seconds, up to 30, to wait while the state is `pending`.
    #[serde(default)]
    #[param(minimum = 0, maximum = 30, example = 30)]
    wait: f64,
}

/// The status of a secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReceiptResponse {
    /// `pending`, `viewed`, `burned`, `locked` (after too many wrong passphrases) or `expired`.
    #[schema(example = "viewed")]
    state: &'static str,
    /// When the secret was stored: RFC 3339 in UTC, with milliseconds.
    #[schema(example = "2026-01-30T12:00:00.000Z", format = DateTime)]
    created_at: String,
    /// When the secret expires, or would have expired.
    #[schema(example = "2026-01-31T12:00:00.000Z", format = DateTime)]
    expires_at: String,
    /// When the secret was viewed, burned or locked, or expired. Null while it is pending.
    #[schema(example = "2026-01-30T12:34:56.789Z", format = DateTime, required = true)]
    ended_at: Option<String>,
}

/// See what became of a secret
///
/// With `wait`, the response comes when the state is no longer `pending`, when the time is up, or when
/// the service stops.
#[utoipa::path(
    get,
    path = RECEIPT,
    tag = "receipts",
    params(("receipt" = String, Path, description = "The receipt."), ReceiptQuery),
    responses(
        (status = 200, description = "The state of the secret.", body = ReceiptResponse),
        ReceiptProblems<'_>,
        (status = 422, description = "`wait` or another parameter is invalid.", body = Problem),
        StoreProblems<'_>,
    )
)]
pub(crate) async fn inspect(
    request: HttpRequest,
    state: Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let wait = wait(&request)?;
    let candidates = locate(&request, &state)?;
    let mut status = find(&state, &candidates).await?;
    if status.state == store::State::Pending && !wait.is_zero() {
        let _permit = state.seats.try_acquire().map_err(|_full| problem::BUSY)?;
        status = wait_for_end(&state, &candidates, status, Instant::now() + wait).await?;
    }
    Ok(HttpResponse::Ok().json(ReceiptResponse {
        state: status.state.as_str(),
        created_at: status.created_at.to_rfc3339(),
        expires_at: status.expires_at.to_rfc3339(),
        ended_at: status.ended_at.map(Timestamp::to_rfc3339),
    }))
}

/// Burn a secret by its receipt
///
/// If the secret was already viewed and is kept for a repeat, deletes it. The state stays `viewed`.
#[utoipa::path(
    delete,
    path = RECEIPT,
    tag = "receipts",
    params(("receipt" = String, Path, description = "The receipt.")),
    responses(
        (status = 204, description = "The secret is burned durably, now or before."),
        IntentProblems<'_>,
        ReceiptProblems<'_>,
        (status = 409, description = "The secret has already ended; `state` says how.", body = Problem),
        StoreProblems<'_>,
    )
)]
pub(crate) async fn revoke(
    request: HttpRequest,
    state: Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    intent::require(&request, &state)?;
    let candidates = locate(&request, &state)?;
    let status = state.store.ask(Revoke(candidates)).await?.ok_or(problem::RECEIPT_NOT_FOUND)?;
    match status.state {
        store::State::Burned => Ok(HttpResponse::NoContent().finish()),
        ended => Err(ApiError::SecretEnded(ended)),
    }
}

fn locate(request: &HttpRequest, state: &AppState) -> Result<Vec<ReceiptId>, ApiError> {
    let receipt = Receipt::parse(token::text_of_path(request));
    let receipt = receipt.map_err(|_malformed| problem::RECEIPT_NOT_FOUND)?;
    Ok(state.crypto.locate_receipt(&receipt))
}

async fn find(state: &AppState, candidates: &[ReceiptId]) -> Result<ReceiptStatus, ApiError> {
    let candidates = candidates.to_vec();
    state.store.ask(Inspect(candidates)).await?.ok_or(ApiError::Problem(problem::RECEIPT_NOT_FOUND))
}

/// Waits until the secret ends, the `deadline` passes or the service stops. Returns the status then.
async fn wait_for_end(
    state: &AppState,
    candidates: &[ReceiptId],
    mut status: ReceiptStatus,
    deadline: Instant,
) -> Result<ReceiptStatus, ApiError> {
    let mut stopping = state.stopping.clone();
    while status.state == store::State::Pending && Instant::now() < deadline && !*stopping.borrow()
    {
        tokio::select! {
            ended = state.store.ask(Watch(candidates.to_vec())) => ended?,
            () = sleep(state.clock.until(status.expires_at)) => {}
            () = sleep_until(deadline) => {}
            Ok(()) = stopping.changed() => {}
        }
        status = find(state, candidates).await?;
    }
    Ok(status)
}

fn wait(request: &HttpRequest) -> Result<Duration, ApiError> {
    let most = LONGEST_WAIT.as_secs_f64();
    Query::<ReceiptQuery>::from_query(request.query_string())
        .ok()
        .filter(|query| (0.0..=most).contains(&query.wait))
        .map(|query| Duration::from_secs_f64(query.wait))
        .ok_or_else(|| {
            let expected = format!("expected from 0 to {most} seconds, and no other parameter");
            ApiError::field("wait", expected)
        })
}
