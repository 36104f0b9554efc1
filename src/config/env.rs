//! The environment of the process, gathered once, so that a test can make up another one.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;

use zeroize::Zeroizing;

use super::SettingsError;
use super::memory;

const CONTAINER_MARKS: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];
const KUBERNETES_MARK: &str = "KUBERNETES_SERVICE_HOST";
/// Prefixes of the variables that viewonce reads.
const OUR_PREFIXES: [&str; 2] = ["SECRET_KEY", "VIEWONCE_"];
const ENVIRONMENT_VARIABLE: &str = "VIEWONCE_ENVIRONMENT";

/// The kind of environment in which the service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// A developer's machine: the service starts without any configuration.
    Development,
    /// Production: the service starts only with a strong secret key.
    Production,
}

/// The environment variables, whether the process runs in a container's `/app`, and its memory. Values
/// are wiped on drop, because secret keys are among them.
#[derive(Clone)]
pub struct Env {
    variables: BTreeMap<String, Zeroizing<String>>,
    is_app_container: bool,
    /// Bytes of memory that the process may use: the machine's, or the limit of its control group.
    pub(super) memory_bytes: u64,
}

impl Env {
    /// Reads the environment of this process.
    ///
    /// # Errors
    ///
    /// [`SettingsError::NotUtf8`] for a variable of viewonce that is not UTF-8. Others are skipped.
    pub fn of_process() -> Result<Self, SettingsError> {
        let mut variables = BTreeMap::new();
        for (name, value) in env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            if let Ok(value) = value.into_string() {
                variables.insert(name, Zeroizing::new(value));
            } else if OUR_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
                return Err(SettingsError::NotUtf8(name));
            }
        }
        let is_marked = CONTAINER_MARKS.iter().any(|mark| Path::new(mark).exists())
            || variables.contains_key(KUBERNETES_MARK);
        let is_app = env::current_dir().is_ok_and(|folder| folder == Path::new("/app"));
        let is_app_container = is_marked && is_app;
        Ok(Self { variables, is_app_container, memory_bytes: memory::available_bytes() })
    }

    /// A made-up environment: these variables, outside any container, with 4 GiB of memory.
    pub fn with_variables<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned().into()));
        Self { variables: variables.into(), is_app_container: false, memory_bytes: 4 << 30 }
    }

    /// The environment that `VIEWONCE_ENVIRONMENT` names; by default production in a container's `/app`.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Environment`] if the variable has another value.
    pub fn environment(&self) -> Result<Environment, SettingsError> {
        match self.variable(ENVIRONMENT_VARIABLE) {
            Some("development") => Ok(Environment::Development),
            Some("production") => Ok(Environment::Production),
            Some(_) => Err(SettingsError::Environment),
            None if self.is_app_container => Ok(Environment::Production),
            None => Ok(Environment::Development),
        }
    }

    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.as_str())
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_whose_folder_is_app_is_production() {
        let elsewhere = Env::with_variables([]);
        let container = Env { is_app_container: true, ..elsewhere.clone() };
        assert!(matches!(container.environment(), Ok(Environment::Production)));
        assert!(matches!(elsewhere.environment(), Ok(Environment::Development)));
    }

    #[test]
    fn the_variable_overrides_what_is_found() {
        let mut container = Env::with_variables([(ENVIRONMENT_VARIABLE, "development")]);
        container.is_app_container = true;
        assert!(matches!(container.environment(), Ok(Environment::Development)));
        let misspelled = Env::with_variables([(ENVIRONMENT_VARIABLE, "prod")]);
        assert!(matches!(misspelled.environment(), Err(SettingsError::Environment)));
    }
}
