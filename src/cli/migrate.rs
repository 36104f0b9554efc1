//! `viewonce migrate`: brings the database to the schema of this version.

use super::{Outcome, print, with_store};
use crate::config::Settings;
use crate::server::logging;

pub(super) fn migrate(settings: &Settings) -> Outcome {
    logging::init(settings.log.format)?;
    with_store(settings, async |_store| Ok(()))?;
    print(&format!("{}: up to date\n", settings.store.path.display()))
}
