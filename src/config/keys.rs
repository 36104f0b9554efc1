//! The secret keys, which come from the environment alone and are no settings.

use std::net::IpAddr;
use std::path::PathBuf;
use std::{fs, mem};

use zeroize::Zeroizing;

use super::{Environment, Settings, SettingsError, Surroundings};
use crate::key::{SecretKey, SecretKeys};

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
    /// The file is not there or may not be read.
    #[error("{name}: {path}: cannot be read: {source}", path = path.display())]
    Unreadable {
        /// The variable that names the file.
        name: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
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
pub fn secret_keys(
    settings: &Settings,
    surroundings: &Surroundings,
) -> Result<LoadedKeys, KeyError> {
    let found = current(surroundings)?;
    let is_development_key = found.as_ref().is_none_or(|key| key.as_slice() == DEVELOPMENT_KEY);
    match surroundings.environment()? {
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
    let keys = SecretKeys { current: secret(current), previous: previous(surroundings)? };
    Ok(LoadedKeys { keys, is_development_key })
}

fn secret(mut bytes: Zeroizing<Vec<u8>>) -> SecretKey {
    SecretKey::from_bytes(mem::take(&mut *bytes))
}

fn current(surroundings: &Surroundings) -> Result<Option<Zeroizing<Vec<u8>>>, KeyError> {
    match one_of(surroundings, CURRENT, CURRENT_FILE)? {
        None => Ok(None),
        Some(Found::Variable(text)) => validated(CURRENT, text.as_bytes()).map(Some),
        Some(Found::File(bytes)) => {
            let key = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
            validated(CURRENT_FILE, key).map(Some)
        }
    }
}

fn previous(surroundings: &Surroundings) -> Result<Vec<SecretKey>, KeyError> {
    let keys: Result<Vec<_>, _> = match one_of(surroundings, PREVIOUS, PREVIOUS_FILE)? {
        None | Some(Found::Variable("")) => return Ok(Vec::new()),
        Some(Found::Variable(list)) => {
            list.split(',').map(|key| validated(PREVIOUS, key.as_bytes())).collect()
        }
        Some(Found::File(bytes)) => {
            let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
            lines.map(|key| validated(PREVIOUS_FILE, key)).collect()
        }
    };
    Ok(keys?.into_iter().map(secret).collect())
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

enum Found<'a> {
    Variable(&'a str),
    File(Zeroizing<Vec<u8>>),
}

fn one_of<'a>(
    surroundings: &'a Surroundings,
    name: &'static str,
    file_name: &'static str,
) -> Result<Option<Found<'a>>, KeyError> {
    match (surroundings.variable(name), surroundings.variable(file_name)) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(KeyError::Both(name, file_name)),
        (Some(text), None) => Ok(Some(Found::Variable(text))),
        (None, Some(path)) => fs::read(path)
            .map(|bytes| Some(Found::File(bytes.into())))
            .map_err(|source| KeyError::Unreadable { name: file_name, path: path.into(), source }),
    }
}
