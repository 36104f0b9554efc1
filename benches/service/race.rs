//! The race: many readers request one secret at the same time, and exactly one must get it.

use std::net::SocketAddr;

use futures_util::future;
use hyper::StatusCode;

use crate::Outcome;
use crate::client::{self, connect, expect, send, view};
use crate::common::progress::bar;
use crate::server::Server;

const SECRETS: u64 = 1_000;
/// Readers of each secret without `--race`.
pub(crate) const READERS: u64 = 32;

/// Lets `readers` request each of [`SECRETS`] secrets at once, from the service at `address` or, without
/// one, from a new service.
pub(crate) async fn run(address: Option<SocketAddr>, readers: u64) -> Outcome<()> {
    let own = if address.is_none() { Some(Server::fresh()?) } else { None };
    let address = address.or(own.as_ref().map(|server| server.address)).ok_or("no server")?;
    let mut creator = connect(address).await?;
    let mut clients = future::try_join_all((0..readers).map(|_reader| connect(address))).await?;
    let body = client::body(1);
    let progress = bar("race", SECRETS);
    for _secret in 0..SECRETS {
        let created = expect(&mut creator, client::creation(&body)).await?;
        let token = client::token(&created).ok_or("the response has no token")?;
        let responses = clients.iter_mut().map(|client| send(client, view(&token)));
        let responses = future::try_join_all(responses).await?;
        let views = responses.iter().filter(|(status, _)| *status == StatusCode::OK).count();
        if views != 1 {
            return Err(format!("a secret was viewed {views} times").into());
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    println!("\n{SECRETS} secrets, {readers} readers each: every secret was viewed exactly once.");
    Ok(())
}
