//! `viewonce purge`: deletes expired secrets and erases them from the files.

use super::{Outcome, print, with_store};
use crate::config::Settings;
use crate::janitor::purge_all;
use crate::server::logging;

pub(super) fn purge(settings: &Settings) -> Outcome {
    logging::init(settings.log.format)?;
    let secrets = with_store(settings, async |store| Ok(purge_all(store).await?))?;
    print(&format!("{}: expired secrets purged: {secrets}\n", settings.store.path.display()))
}
