//! The command line: what each command does, and how it ends.

use std::error::Error;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use actix::System;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use ureq::tls::TlsConfig;
use zeroize::Zeroizing;

use crate::config::{Env, LoadedKeys, Settings, secret_keys};
use crate::crypto::format::FormatError;
use crate::domain::access_token::{AccessToken, TokenHash};
use crate::domain::clock::Clock;
use crate::janitor::purge_all;
use crate::runtime::lifeline::Lifelines;
use crate::server::Application;
use crate::server::hardening;
use crate::server::logging;
use crate::server::tls::{self, Certificates};
use crate::store::sqlite::StoreActor;
use crate::store::{Close, Store};

const KEY_BYTES: usize = 32;
/// Files that the service has open besides its connections, and more for each HTTP worker: generously.
const FILES_OF_THE_SERVICE: usize = 64;
const FILES_OF_A_WORKER: usize = 8;
const HEALTH_TIMEOUT: Duration = Duration::from_secs(6);

/// A one-time secret service: whoever first presents the token gets the secret, and from that
/// instant it exists nowhere.
#[derive(Parser)]
#[command(version, about, after_help = AFTER_HELP)]
pub struct Arguments {
    /// A TOML file whose settings come over the defaults
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Commands>,
}

const AFTER_HELP: &str = "\
Settings: the defaults, then FILE, then environment variables, as in VIEWONCE_SERVER__BIND=[::1]:80.
The secret key: SECRET_KEY or SECRET_KEY_FILE; older ones: SECRET_KEY_PREVIOUS (comma-separated) or
SECRET_KEY_PREVIOUS_FILE (one a line). Without any, a development key serves on loopback addresses.

  viewonce                                  try it on this machine
  (umask 077; viewonce keygen > key)        make a key
  SECRET_KEY_FILE=key VIEWONCE_ENVIRONMENT=production VIEWONCE_STORE__PATH=viewonce.sqlite3 \\
    viewonce --config production.toml       and serve with it";

#[derive(Clone, Copy, Subcommand)]
enum Commands {
    /// Serve until SIGTERM or SIGINT (the default)
    Serve,
    /// Check settings and keys, and print the settings in effect
    Check,
    /// Bring the database to this version's schema, without serving
    Migrate,
    /// Delete what has expired and erase it from the files, without serving
    Purge,
    /// Print a new secret key
    Keygen,
    /// Print a new token that lets create, and its hash for the configuration
    Token,
    /// Ask the running server for its health; the exit code tells
    Health,
}

/// What came of a command. Its errors are told with their causes, in one line.
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Does what `arguments` say.
///
/// # Errors
///
/// An error that is one line with its causes.
pub fn run(arguments: &Arguments) -> Outcome {
    hardening::harden()?;
    let env = Env::of_process()?;
    let settings = || Settings::load(arguments.config.as_deref(), &env);
    match arguments.command.unwrap_or(Commands::Serve) {
        Commands::Serve => serve(settings()?, env),
        Commands::Check => check(&settings()?, &env),
        Commands::Migrate => migrate(&settings()?),
        Commands::Purge => purge(&settings()?),
        Commands::Keygen => keygen(),
        Commands::Token => token(),
        Commands::Health => health(&settings()?),
    }
}

fn serve(mut settings: Settings, env: Env) -> Outcome {
    if settings.server.lock_memory {
        hardening::lock_memory()?;
    }
    let LoadedKeys { keys, is_development_key } = secret_keys(&settings, &env)?;
    // The keys among them are not needed any more.
    drop(env);
    logging::init(settings.log.format)?;
    fit_connections(&mut settings, hardening::raise_open_files());
    if is_development_key {
        log::warn!(
            "the secret key is the development key, which everyone knows: set SECRET_KEY to keep \
             real secrets"
        );
    }
    System::new().block_on(async move {
        let stop = stop_signal()?;
        let path = settings.store.path.display().to_string();
        let scheme = scheme(&settings);
        let application = Application::build(settings, &keys, Clock::default())?;
        drop(keys);
        if let Some(address) = application.metrics_address() {
            log::info!("metrics at http://{address}/metrics");
        }
        log::info!("listening on {scheme}://{}, storing in {path}", application.address());
        application.run_until_stopped(stop).await?;
        log::info!("stopped");
        Ok(())
    })
}

/// Accepts no more connections than this process may have `open_files` for, and warns if that is fewer
/// than are set.
fn fit_connections(settings: &mut Settings, open_files: Option<u64>) {
    let Some(open_files) = open_files else { return };
    let (set, workers) = (settings.limits.connections, settings.workers());
    let others = FILES_OF_THE_SERVICE + FILES_OF_A_WORKER * workers;
    let room = usize::try_from(open_files).unwrap_or(usize::MAX).saturating_sub(others).max(1);
    if set > room {
        log::warn!(
            "limits.connections: {set} connections cannot be had, as this process may open \
             {open_files} files only (RLIMIT_NOFILE); it accepts {room}"
        );
        settings.limits.connections = room;
    }
}

fn check(settings: &Settings, env: &Env) -> Outcome {
    let LoadedKeys { keys, is_development_key } = secret_keys(settings, env)?;
    Certificates::read(&settings.server)?;
    let environment = format!("{:?}", env.environment()?).to_lowercase();
    let key = if is_development_key { "the development key" } else { "set" };
    let previous = keys.previous.len();
    let settings = toml::to_string(settings)?;
    print(&format!(
        "# environment: {environment}\n# secret key: {key}, {previous} previous\n\n{settings}"
    ))
}

fn migrate(settings: &Settings) -> Outcome {
    logging::init(settings.log.format)?;
    with_store(settings, async |_store| Ok(()))?;
    print(&format!("{}: up to date\n", settings.store.path.display()))
}

fn purge(settings: &Settings) -> Outcome {
    logging::init(settings.log.format)?;
    let secrets = with_store(settings, async |store| Ok(purge_all(store).await?))?;
    print(&format!("{}: expired secrets purged: {secrets}\n", settings.store.path.display()))
}

fn keygen() -> Outcome {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(&mut *key).map_err(FormatError::NoRandomness)?;
    print(&Zeroizing::new(URL_SAFE_NO_PAD.encode(*key) + "\n"))
}

fn token() -> Outcome {
    let token = AccessToken::generate().map_err(FormatError::NoRandomness)?.expose_text();
    let hash = TokenHash::of(&token);
    print(&token)?;
    print(&format!("\ncreate_tokens = [\"{hash}\"] # in [access]\n"))
}

fn health(settings: &Settings) -> Outcome {
    let mut address = settings.server.bind;
    address.set_ip(match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    });
    // Any certificate will do: it names the service as users reach it, which is not this address, and
    // is another one for a moment after its file has changed. Nothing secret is sent or received.
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(tls::provider())
        .disable_verification(true);
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(HEALTH_TIMEOUT))
        .proxy(None)
        .tls_config(tls.build());
    ureq::Agent::new_with_config(config.build())
        .get(format!("{}://{address}/health", scheme(settings)))
        .call()
        .map_err(|error| format!("no healthy server at {address}: {error}"))?;
    print("healthy\n")
}

/// How the service is spoken to.
fn scheme(settings: &Settings) -> &'static str {
    if settings.server.has_tls() { "https" } else { "http" }
}

/// Opens the store for `work` alone, and closes it again.
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

/// Resolves at the first SIGTERM or SIGINT from now on.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn print(text: &str) -> Outcome {
    Ok(io::stdout().write_all(text.as_bytes())?)
}
