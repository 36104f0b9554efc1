//! The error for a wrong setting. It always names the file or the variable.

use std::io;

/// A wrong setting. The text is one line that begins with the file or the variable.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file does not exist or cannot be read.
    #[error("{0}: cannot be read")]
    Unreadable(String, #[source] io::Error),
    /// The file is not TOML: the line of the mistake, and the parser's message.
    #[error("{0}: line {1}: {2}; expected TOML")]
    Syntax(String, usize, String),
    /// An unknown key; the last field lists the known ones.
    #[error("{0}: unknown setting {1}; expected one of {2}")]
    UnknownKey(String, String, String),
    /// The value of a key has the wrong type or is out of range; the last field is the expected value.
    #[error("{0}: {1}: expected {2}")]
    Value(String, String, String),
    /// The value of a variable is not UTF-8.
    #[error("{0}: expected UTF-8")]
    NotUtf8(String),
    /// `VIEWONCE_ENVIRONMENT` names no known environment.
    #[error("VIEWONCE_ENVIRONMENT: expected development or production")]
    Environment,
}
