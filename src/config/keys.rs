//! The secret keys, which come from the environment alone and are no settings.

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

/// The key of a server on someone's own machine. Everyone knows it.
const DEVELOPMENT_KEY: &[u8] = b"development_secret_key";
const SHORTEST_PRODUCTION_KEY: usize = 32;

/// Secret keys that cannot be used. Its text is one line and holds nothing of them.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A variable and the same with `_FILE` are both set.
    #[error("{0} and {1} are both set; expected one of them")]
    Both(&'static str, &'static str),
    /// The file that a variable names is not there or may not be read.
    #[error("{0}: {path}: cannot be read", path = .1.display())]
    Unreadable(&'static str, PathBuf, #[source] std::io::Error),
    /// A key of no bytes.
    #[error("{0}: there is an empty key; expected at least one byte, or no such variable")]
    Empty(&'static str),
    /// A key that a list of keys cannot hold once it is an older one.
    #[error(
        "{0}: expected a key on one line, without a carriage return, a newline or a zero byte in it"
    )]
    Unprintable(&'static str),
    /// Production, and no key.
    #[error(
        "SECRET_KEY or SECRET_KEY_FILE: expected one in production; `viewonce keygen` makes a key"
    )]
    Missing,
    /// Production, and the key is short or known to everyone.
    #[error(
        "the secret key: expected in production at least 32 bytes that nobody else knows; `viewonce keygen` makes a key"
    )]
    Weak,
    /// The key known to everyone, on an address that others reach.
    #[error(
        "server.bind: expected a loopback address with the development key; set SECRET_KEY to listen on {0}"
    )]
    Exposed(IpAddr),
    /// The environment itself is misnamed.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// The keys, and whether the current one is the development key, of which a log should warn.
#[derive(Debug)]
pub struct LoadedKeys {
    /// The keys.
    pub keys: SecretKeys,
    /// Whether everyone knows the current one.
    pub is_development_key: bool,
}

/// Reads the secret keys and checks that they will do where these settings serve.
///
/// # Errors
///
/// [`KeyError`] for the first thing that is wrong.
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

/// The name of the variable that gives a key, and the key.
type Given = (&'static str, Zeroizing<Vec<u8>>);

/// What is in a variable, or in the file that another one names, and which of the two that was.
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
