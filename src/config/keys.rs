//! The secret keys. They are no settings: they come from the environment alone, or from files it names.

use std::net::IpAddr;
use std::path::PathBuf;
use std::{fs, mem};

use zeroize::Zeroizing;

use super::{Env, Environment, Settings, SettingsError};
use crate::domain::secret_key::{SecretKey, SecretKeys};

const CURRENT: &str = "SECRET_KEY";
const CURRENT_FILE: &str = "SECRET_KEY_FILE";
const PREVIOUS: &str = "SECRET_KEY_PREVIOUS";
const PREVIOUS_FILE: &str = "SECRET_KEY_PREVIOUS_FILE";

/// The default key in development. It is public.
const DEVELOPMENT_KEY: &[u8] = b"development_secret_key";
const SHORTEST_PRODUCTION_KEY: usize = 32;

/// A missing or wrong secret key. The text is one line and shows nothing of a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A variable and its `_FILE` counterpart are both set.
    #[error("{0} and {1} are both set; expected one of them")]
    Both(&'static str, &'static str),
    /// The file that a variable names does not exist or cannot be read.
    #[error("{0}: {path}: cannot be read", path = .1.display())]
    Unreadable(&'static str, PathBuf, #[source] std::io::Error),
    /// A key is empty.
    #[error("{0}: a key is empty; expected at least one byte, or unset the variable")]
    Empty(&'static str),
    /// A key that could not stand in the list of previous keys later.
    #[error("{0}: expected a key on one line, without a carriage return, a newline or a zero byte")]
    Unprintable(&'static str),
    /// Production without a key.
    #[error(
        "SECRET_KEY or SECRET_KEY_FILE: expected one in production; `viewonce keygen` generates a key"
    )]
    Missing,
    /// Production with a short key or the public development key.
    #[error(
        "the secret key: production requires at least 32 bytes that nobody else knows; `viewonce keygen` generates a key"
    )]
    Weak,
    /// The public development key on an address that other machines can reach.
    #[error(
        "server.bind: expected a loopback address with the development key; set SECRET_KEY to listen on {0}"
    )]
    Exposed(IpAddr),
    /// `VIEWONCE_ENVIRONMENT` names no known environment.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// The secret keys. The caller logs a warning if the current one is the development key.
#[derive(Debug)]
pub struct LoadedKeys {
    /// The keys.
    pub keys: SecretKeys,
    /// Whether the current key is the public development key.
    pub is_development_key: bool,
}

/// Reads the secret keys and checks that they are strong enough for the environment and `server.bind`.
///
/// # Errors
///
/// [`KeyError`] for the first wrong key.
pub fn secret_keys(settings: &Settings, env: &Env) -> Result<LoadedKeys, KeyError> {
    let found = current(env)?;
    let is_development_key = found.as_ref().is_none_or(|key| key.as_slice() == DEVELOPMENT_KEY);
    match env.environment()? {
        Environment::Production => match &found {
            None => return Err(KeyError::Missing),
            Some(key) if is_development_key || key.len() < SHORTEST_PRODUCTION_KEY => {
                return Err(KeyError::Weak);
            }
            Some(_) => {}
        },
        Environment::Development => {
            let address = settings.server.bind.ip();
            if is_development_key && !address.is_loopback() {
                return Err(KeyError::Exposed(address));
            }
        }
    }
    let current = found.unwrap_or_else(|| DEVELOPMENT_KEY.to_vec().into());
    let keys = SecretKeys { current: secret(current), previous: previous(env)? };
    Ok(LoadedKeys { keys, is_development_key })
}

fn current(env: &Env) -> Result<Option<Zeroizing<Vec<u8>>>, KeyError> {
    let Some((name, bytes)) = one_of(env, CURRENT, CURRENT_FILE)? else {
        return Ok(None);
    };
    let is_line = name == CURRENT_FILE && bytes.ends_with(b"\n");
    validated(name, &bytes[..bytes.len() - usize::from(is_line)]).map(Some)
}

fn previous(env: &Env) -> Result<Vec<SecretKey>, KeyError> {
    let Some((name, bytes)) = one_of(env, PREVIOUS, PREVIOUS_FILE)? else {
        return Ok(Vec::new());
    };
    let is_file = name == PREVIOUS_FILE;
    let separator = if is_file { b'\n' } else { b',' };
    bytes
        .split(|byte| *byte == separator)
        .filter(|key| !key.is_empty() || !(is_file || bytes.is_empty()))
        .map(|key| validated(name, key).map(secret))
        .collect()
}

fn secret(mut bytes: Zeroizing<Vec<u8>>) -> SecretKey {
    SecretKey::from_bytes(mem::take(&mut *bytes))
}

fn validated(name: &'static str, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    if key.is_empty() {
        return Err(KeyError::Empty(name));
    }
    if key.iter().any(|byte| matches!(byte, b'\r' | b'\n' | b'\0')) {
        return Err(KeyError::Unprintable(name));
    }
    Ok(key.to_vec().into())
}

/// The name of the variable that was set, and the bytes of its value or its file.
type Given = (&'static str, Zeroizing<Vec<u8>>);

/// Reads the variable `name`, or the file that the variable `file_name` names.
fn one_of(
    env: &Env,
    name: &'static str,
    file_name: &'static str,
) -> Result<Option<Given>, KeyError> {
    match (env.variable(name), env.variable(file_name)) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(KeyError::Both(name, file_name)),
        (Some(text), None) => Ok(Some((name, text.as_bytes().to_vec().into()))),
        (None, Some(path)) => fs::read(path)
            .map(|bytes| Some((file_name, bytes.into())))
            .map_err(|source| KeyError::Unreadable(file_name, path.into(), source)),
    }
}
