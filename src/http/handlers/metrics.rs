//! `GET /metrics`, on its own address: all metrics in Prometheus' text format. They are read from
//! atomics, without a message to the store.

use actix_web::HttpResponse;
use actix_web::error::ErrorInternalServerError;
use actix_web::web::{self, Data, ServiceConfig};
use prometheus::{Registry, TextEncoder};

use crate::http::routes::{READ, no_such_path, only, read};

const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All routes on the address of the metrics.
pub fn metrics_routes(registry: Registry, config: &mut ServiceConfig) {
    config
        .app_data(Data::new(registry))
        .service(only(READ, "/metrics").route(read().to(show)))
        .default_service(web::to(no_such_path));
}

async fn show(registry: Data<Registry>) -> actix_web::Result<HttpResponse> {
    let text =
        TextEncoder.encode_to_string(&registry.gather()).map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().content_type(TEXT_FORMAT).body(text))
}
