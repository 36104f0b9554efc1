//! The command line: its arguments, and one file for each command.

mod check;
mod health;
mod keygen;
mod migrate;
mod purge;
mod serve;
mod token;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;

use actix::System;
use clap::{Parser, Subcommand};

use crate::config::{Env, Settings};
use crate::domain::clock::Clock;
use crate::runtime::lifeline::Lifelines;
use crate::server::hardening;
use crate::store::sqlite::StoreActor;
use crate::store::{Close, Store};

/// A one-time secret service. The first caller who presents the token gets the secret, and from that
/// moment it is deleted for good.
#[derive(Parser)]
#[command(version, about, after_help = AFTER_HELP)]
pub struct Arguments {
    /// A TOML file with settings that override the defaults
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Commands>,
}

const AFTER_HELP: &str = "\
Settings: FILE overrides the defaults, and environment variables override FILE, for example
VIEWONCE_SERVER__BIND=[::1]:80.
Secret key: SECRET_KEY or SECRET_KEY_FILE. Previous keys: SECRET_KEY_PREVIOUS (comma-separated) or
SECRET_KEY_PREVIOUS_FILE (one per line). Without a key, a development key is used, on loopback
addresses only.

  viewonce                                  try it on this machine
  (umask 077; viewonce keygen > key)        generate a key
  SECRET_KEY_FILE=key VIEWONCE_ENVIRONMENT=production VIEWONCE_STORE__PATH=viewonce.sqlite3 \\
    viewonce --config production.toml       serve with that key";

#[derive(Clone, Copy, Subcommand)]
enum Commands {
    /// Serve until SIGTERM or SIGINT (the default)
    Serve,
    /// Check settings and keys, and print the settings in effect
    Check,
    /// Migrate the database to the schema of this version, without serving
    Migrate,
    /// Delete expired secrets and erase them from the files, without serving
    Purge,
    /// Generate a secret key
    Keygen,
    /// Generate an access token for creating secrets, and its hash for the settings
    Token,
    /// Ask a running server for its health; exit with 0 if it is healthy
    Health,
}

/// The outcome of a command. `main` prints an error and its causes on one line.
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Runs the command that `arguments` name.
///
/// # Errors
///
/// The command's error. With its causes it is one line.
pub fn run(arguments: &Arguments) -> Outcome {
    hardening::harden()?;
    let env = Env::of_process()?;
    let settings = || Settings::load(arguments.config.as_deref(), &env);
    match arguments.command.unwrap_or(Commands::Serve) {
        Commands::Serve => serve::serve(settings()?, env),
        Commands::Check => check::check(&settings()?, &env),
        Commands::Migrate => migrate::migrate(&settings()?),
        Commands::Purge => purge::purge(&settings()?),
        Commands::Keygen => keygen::keygen(),
        Commands::Token => token::token(),
        Commands::Health => health::health(&settings()?),
    }
}

/// The scheme of the URLs of the service.
fn scheme(settings: &Settings) -> &'static str {
    if settings.server.has_tls() { "https" } else { "http" }
}

fn print(text: &str) -> Outcome {
    Ok(io::stdout().write_all(text.as_bytes())?)
}

/// Opens the store, runs `work` on it, and closes it.
fn with_store<T>(settings: &Settings, work: impl AsyncFnOnce(Store) -> Outcome<T>) -> Outcome<T> {
    System::new().block_on(async {
        let mailbox = settings.server.mailbox;
        let (path, rules) = (&settings.store.path, settings.into());
        let (lifelines, _ended) = Lifelines::new();
        let store =
            StoreActor::start(path, rules, Clock::default(), mailbox, lifelines.of("store"))?;
        let outcome = work(store.clone()).await;
        let closed = store.insist(Close).await;
        outcome.and_then(|outcome| Ok(closed.map(|()| outcome)?))
    })
}
