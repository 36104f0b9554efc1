//! What the process finds around it, gathered once, so that a test can make its own.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;

use zeroize::Zeroizing;

use super::SettingsError;
use super::memory;

const CONTAINER_MARKS: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];
const KUBERNETES_MARK: &str = "KUBERNETES_SERVICE_HOST";
/// How the names of the variables begin that are read here.
const OURS: [&str; 2] = ["SECRET_KEY", "VIEWONCE_"];
const OVERRIDE: &str = "VIEWONCE_ENVIRONMENT";

/// What kind of place the service runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Someone's own machine: it runs with nothing configured.
    Development,
    /// The real thing: it runs only with a good secret key.
    Production,
}

/// The environment variables, whether this is a container's `/app`, and how much memory there is. Secret
/// keys are among the values: they are wiped on drop.
#[derive(Clone)]
pub struct Env {
    variables: BTreeMap<String, Zeroizing<String>>,
    is_app_container: bool,
    /// Bytes that the process may have: the machine's, or less by the limit of its control group.
    pub(super) memory_bytes: u64,
}

impl Env {
    /// Those of this process.
    ///
    /// # Errors
    ///
    /// [`SettingsError::NotUtf8`] for a variable of ours that is none; others are left out.
    pub fn of_process() -> Result<Self, SettingsError> {
        let mut variables = BTreeMap::new();
        for (name, value) in env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            if let Ok(value) = value.into_string() {
                variables.insert(name, Zeroizing::new(value));
            } else if OURS.iter().any(|prefix| name.starts_with(prefix)) {
                return Err(SettingsError::NotUtf8(name));
            }
        }
        let is_marked = CONTAINER_MARKS.iter().any(|mark| Path::new(mark).exists())
            || variables.contains_key(KUBERNETES_MARK);
        let is_app = env::current_dir().is_ok_and(|folder| folder == Path::new("/app"));
        let is_app_container = is_marked && is_app;
        Ok(Self { variables, is_app_container, memory_bytes: memory::available_bytes() })
    }

    /// Made-up ones: these variables, outside any container, with 4 GiB of memory.
    pub fn with_variables<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned().into()));
        Self { variables: variables.into(), is_app_container: false, memory_bytes: 4 << 30 }
    }

    /// The environment these are, or the one `VIEWONCE_ENVIRONMENT` says.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Environment`] if that names none.
    pub fn environment(&self) -> Result<Environment, SettingsError> {
        match self.variable(OVERRIDE) {
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
        let mut container = Env::with_variables([(OVERRIDE, "development")]);
        container.is_app_container = true;
        assert!(matches!(container.environment(), Ok(Environment::Development)));
        let misspelled = Env::with_variables([(OVERRIDE, "prod")]);
        assert!(matches!(misspelled.environment(), Err(SettingsError::Environment)));
    }
}
