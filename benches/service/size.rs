//! The size of the store's files for each secret, before any secret is viewed or expires.

use std::fs;
use std::io;

use crate::Outcome;
use crate::arguments::Plan;
use crate::common::table::{Table, grouped};
use crate::load;
use crate::round::Target;
use crate::server::Server;

const SECRETS: u64 = 100_000;
const BYTES: usize = 100;
const CONNECTIONS: u64 = 64;

/// Creates at least [`SECRETS`] secrets in a new store, stops the service, which empties the log, and
/// adds up the sizes of all files.
pub(crate) async fn run(plan: &Plan) -> Outcome<()> {
    let server = Server::fresh()?;
    let connections = Target::Own(&server).connections(CONNECTIONS);
    let mut secrets = 0;
    while secrets < SECRETS {
        let (creations, _tokens) = load::create(connections, BYTES, plan.time).await?;
        secrets += creations.requests();
    }
    let folder = server.stop()?.ok_or("the store is not in a temporary folder")?;
    let lengths = fs::read_dir(folder.path())?.map(|file| Ok(file?.metadata()?.len()));
    let bytes = lengths.sum::<io::Result<u64>>()?;
    let mut table = Table::new(&["secrets", "bytes of all files", "bytes per secret"]);
    let per_secret = format!("{:.0}", bytes as f64 / secrets as f64);
    table.push([grouped(secrets), grouped(bytes), per_secret]);
    table.print(&format!("Size of the store ({BYTES} bytes)"));
    Ok(())
}
