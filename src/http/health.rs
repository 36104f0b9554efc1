//! `GET /health`: whether the service can do its work.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use super::State;
use crate::chain::Chain;

/// How the service is.
#[derive(Serialize, ToSchema)]
pub(super) struct HealthResponse {
    /// `healthy` or `unhealthy`.
    #[schema(example = "healthy")]
    status: &'static str,
    /// `connected` or `disconnected`.
    #[schema(example = "connected")]
    database: &'static str,
    /// The service's version.
    version: &'static str,
}

const HEALTHY: HealthResponse =
    HealthResponse { status: "healthy", database: "connected", version: env!("CARGO_PKG_VERSION") };
const UNHEALTHY: HealthResponse =
    HealthResponse { status: "unhealthy", database: "disconnected", ..HEALTHY };

/// See how the service is
///
/// It is unhealthy from a commit that failed to the next that succeeds, and while what was deleted
/// cannot be erased. Being busy or full alone does not make it so.
#[utoipa::path(
    get,
    path = "/health",
    tag = "operations",
    responses(
        (status = 200, description = "It does its work.", body = HealthResponse),
        (status = 503, description = "Its store does not.", body = HealthResponse),
    )
)]
pub(super) async fn health(state: Data<State>) -> HttpResponse {
    match state.store.ping().await {
        Ok(()) => HttpResponse::Ok().json(HEALTHY),
        Err(error) => {
            log::error!("unhealthy: {}", Chain(&error));
            HttpResponse::ServiceUnavailable().json(UNHEALTHY)
        }
    }
}
