//! `viewonce check`: reads settings, keys and certificates, and prints the settings in effect.

use super::{Outcome, print};
use crate::config::{Env, LoadedKeys, Settings, secret_keys};
use crate::server::tls::Certificates;

pub(super) fn check(settings: &Settings, env: &Env) -> Outcome {
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
