//! `viewonce serve`: runs the service until SIGTERM or SIGINT.

use std::io;

use actix::System;
use tokio::signal::unix::{SignalKind, signal};

use super::{Outcome, scheme};
use crate::config::{Env, LoadedKeys, Settings, secret_keys};
use crate::domain::clock::Clock;
use crate::server::{Application, hardening, logging};

/// Open files that the service needs besides its connections.
const OWN_FILES: usize = 64;
/// Open files that each HTTP worker needs besides its connections.
const FILES_PER_WORKER: usize = 8;

pub(super) fn serve(mut settings: Settings, env: Env) -> Outcome {
    if settings.server.lock_memory {
        hardening::lock_memory()?;
    }
    let LoadedKeys { keys, is_development_key } = secret_keys(&settings, &env)?;
    // Its copies of the keys are wiped now.
    drop(env);
    logging::init(settings.log.format)?;
    fit_connections(&mut settings, hardening::raise_open_files());
    if is_development_key {
        log::warn!(
            "using the development key, which is public: set SECRET_KEY before you store real secrets"
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

/// Lowers the limit of connections to what `open_files` allow, with a warning.
fn fit_connections(settings: &mut Settings, open_files: Option<u64>) {
    let Some(open_files) = open_files else { return };
    let (set, workers) = (settings.limits.connections, settings.workers());
    let others = OWN_FILES + FILES_PER_WORKER * workers;
    let room = usize::try_from(open_files).unwrap_or(usize::MAX).saturating_sub(others).max(1);
    if set > room {
        log::warn!(
            "limits.connections: accepting {room} connections instead of {set}, because this process \
             may open only {open_files} files (RLIMIT_NOFILE)"
        );
        settings.limits.connections = room;
    }
}

/// Registers for SIGTERM and SIGINT; the future resolves at the first of them.
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
