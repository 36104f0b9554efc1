//! `GET /health`: whether the service can do its work.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::AppState;
use crate::http::routes::HEALTH;
use crate::runtime::chain::Chain;

/// How the service is.
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

/// See how the service is
///
/// It is unhealthy from a commit that failed to the next that succeeds, and while what was deleted
/// cannot be erased. Being busy or full alone does not make it so.
#[utoipa::path(
    get,
    path = HEALTH,
    tag = "operations",
    responses(
        (status = 200, description = "It does its work.", body = HealthResponse),
        (status = 503, description = "Its store does not.", body = HealthResponse),
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
