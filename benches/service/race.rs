//! The race: many ask for one secret at the same instant, and one gets it.

use std::net::SocketAddr;

use futures_util::future;
use hyper::StatusCode;

use crate::Outcome;
use crate::client::{self, ask, connect, expect, view};
use crate::common::progress::bar;
use crate::server::Server;

const SECRETS: u64 = 1_000;
/// Who asks for each where nobody says.
pub(crate) const READERS: u64 = 32;

/// Lets `readers` request each of [`SECRETS`] at once, from the service at an address or from a new one.
pub(crate) async fn run(address: Option<SocketAddr>, readers: u64) -> Outcome<()> {
    let own = if address.is_none() { Some(Server::fresh()?) } else { None };
    let address = address.or(own.as_ref().map(|server| server.address)).ok_or("no server")?;
    let mut creator = connect(address).await?;
    let mut clients = future::try_join_all((0..readers).map(|_reader| connect(address))).await?;
    let body = client::body(1);
    let progress = bar("race", SECRETS);
    for _secret in 0..SECRETS {
        let created = expect(&mut creator, client::creation(&body)).await?;
        let token = client::token(&created).ok_or("an answer without a token")?;
        let answers = clients.iter_mut().map(|client| ask(client, view(&token)));
        let answers = future::try_join_all(answers).await?;
        let views = answers.iter().filter(|(status, _)| *status == StatusCode::OK).count();
        if views != 1 {
            return Err(format!("a secret was viewed {views} times").into());
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    println!("\n{SECRETS} secrets, {readers} readers each: every one was viewed once.");
    Ok(())
}
