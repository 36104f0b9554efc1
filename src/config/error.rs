//! What is said of settings that cannot be used: always where it stands.

use std::io;

/// Settings that cannot be used. Its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is not there or may not be read.
    #[error("{path}: cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{path}: line {line}: {complaint}; expected TOML")]
    Syntax {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What the parser said.
        complaint: String,
    },
    /// There is no such key.
    #[error("{origin}: there is no setting {key}; expected one of {expected}")]
    UnknownKey {
        /// The file or the variable.
        origin: String,
        /// The key.
        key: String,
        /// The keys there are.
        expected: String,
    },
    /// A value is of the wrong kind or out of its range.
    #[error("{origin}: {key}: expected {expected}")]
    Value {
        /// The file or the variable.
        origin: String,
        /// The key.
        key: String,
        /// What would have been right.
        expected: String,
    },
    /// A variable's value is not text.
    #[error("{0}: expected UTF-8")]
    NotUtf8(String),
    /// `VIEWONCE_ENVIRONMENT` names none.
    #[error("VIEWONCE_ENVIRONMENT: expected development or production")]
    Environment,
}
