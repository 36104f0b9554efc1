//! The ceiling: handlers that read and return the same JSON as the service and store nothing. They
//! show how fast any service on this HTTP server could be on this machine.

use actix_web::web::{self, Data, Json};
use actix_web::{App, HttpResponse, HttpServer};
use serde::{Deserialize, Serialize};

use crate::Outcome;

const TOKEN: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

#[derive(Deserialize)]
struct CreateRequest {
    content: String,
}

#[derive(Serialize)]
struct CreateResponse {
    token: &'static str,
    expires_at: &'static str,
    message: &'static str,
    url: &'static str,
    passphrase_required: bool,
}

#[derive(Serialize)]
struct ViewResponse<'a> {
    content: &'a str,
    message: &'static str,
}

/// Serves on a free port until it is killed. Prints the address.
pub(crate) async fn serve(bytes: usize) -> Outcome<()> {
    let content = Data::new("x".repeat(bytes));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::clone(&content))
            .app_data(web::JsonConfig::default().limit(usize::MAX))
            .route("/api/v1/secrets", web::post().to(create))
            .route("/api/v1/secrets/{token}", web::get().to(view))
    });
    let server = server.bind("127.0.0.1:0")?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    server.run().await?;
    Ok(())
}

async fn create(Json(request): Json<CreateRequest>) -> HttpResponse {
    HttpResponse::Created().json(CreateResponse {
        token: TOKEN,
        expires_at: "2026-01-31T12:00:00.000Z",
        message: "Secret stored successfully",
        url: "/s#AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        passphrase_required: request.content.is_empty(),
    })
}

async fn view(content: Data<String>) -> HttpResponse {
    HttpResponse::Ok()
        .json(ViewResponse { content: &content, message: "Secret retrieved successfully" })
}
