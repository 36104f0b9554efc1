//! What is said of settings that cannot be used: always where it stands.

use std::io;

/// Settings that cannot be used. Its text is one line, which begins with the file or the variable.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is not there or may not be read.
    #[error("{0}: cannot be read")]
    Unreadable(String, #[source] io::Error),
    /// The file is not TOML from this line on, for what the parser said.
    #[error("{0}: line {1}: {2}; expected TOML")]
    Syntax(String, usize, String),
    /// There is no such key; the last is the list of the keys there are.
    #[error("{0}: there is no setting {1}; expected one of {2}")]
    UnknownKey(String, String, String),
    /// The value of a key is of the wrong kind or out of its range; the last is what is right.
    #[error("{0}: {1}: expected {2}")]
    Value(String, String, String),
    /// A variable's value is not text.
    #[error("{0}: expected UTF-8")]
    NotUtf8(String),
    /// `VIEWONCE_ENVIRONMENT` names none.
    #[error("VIEWONCE_ENVIRONMENT: expected development or production")]
    Environment,
}
