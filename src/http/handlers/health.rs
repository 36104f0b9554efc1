//! `GET /health`: whether the service works.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::AppState;
use crate::http::routes::HEALTH;
use crate::runtime::chain::Chain;

/// The health of the service.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthResponse {
    /// `healthy` or `unhealthy`.
    #[schema(example = "healthy")]
    status: &'static str,
    /// `connected` or `disconnected`.
    #[schema(example = "connected")]
    database: &'static str,
    /// The service's version.
    version: &'static str,
}

/// Check the health of the service
///
/// The service is unhealthy from a failed commit to the next successful one, and while deleted data
/// cannot be erased. Being busy or out of storage space alone does not make it unhealthy.
#[utoipa::path(
    get,
    path = HEALTH,
    tag = "operations",
    responses(
        (status = 200, description = "The service is healthy.", body = HealthResponse),
        (status = 503, description = "The store does not work.", body = HealthResponse),
    )
)]
pub(crate) async fn health(state: Data<AppState>) -> HttpResponse {
    let version = env!("CARGO_PKG_VERSION");
    if let Err(error) = state.store.health().await {
        log::error!("unhealthy: {}", Chain(&error));
        let (status, database) = ("unhealthy", "disconnected");
        let unhealthy = HealthResponse { status, database, version };
        return HttpResponse::ServiceUnavailable().json(unhealthy);
    }
    HttpResponse::Ok().json(HealthResponse { status: "healthy", database: "connected", version })
}
