//! The layers of the settings (defaults, file, variables), and how one setting is read from them.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;

use toml::{Table, Value};

use super::{DEFAULT_TOML, Env, Environment, SettingsError};

const DEFAULT_ORIGIN: &str = "config/default.toml";
const PREFIX: &str = "VIEWONCE_";
const SEPARATOR: &str = "__";

/// The merged values of all layers, and what the defaults of some settings depend on.
pub(super) struct Layers {
    values: BTreeMap<String, Sourced>,
    pub(super) environment: Environment,
    /// Bytes of memory that the process may use.
    pub(super) memory_bytes: u64,
}

/// A value, and the file or the variable that set it.
struct Sourced {
    origin: String,
    value: Value,
}

/// One setting: its key, and the layers that hold its value.
pub(super) struct Setting<'a> {
    pub(super) layers: &'a Layers,
    key: String,
}

impl Layers {
    pub(super) fn read(file: Option<&Path>, env: &Env) -> Result<Self, SettingsError> {
        let mut layers = Self {
            values: parse(DEFAULT_ORIGIN, DEFAULT_TOML)?,
            environment: env.environment()?,
            memory_bytes: env.memory_bytes,
        };
        if let Some(path) = file {
            layers.overlay(read_file(path)?)?;
        }
        layers.overlay(read_variables(env))?;
        Ok(layers)
    }

    /// The setting `name` of a section.
    pub(super) fn setting(&self, section: &str, name: &str) -> Setting<'_> {
        Setting { layers: self, key: format!("{section}.{name}") }
    }

    /// Overrides values by those in `upper`. A key without a default is an error.
    fn overlay(&mut self, upper: BTreeMap<String, Sourced>) -> Result<(), SettingsError> {
        for (key, setting) in upper {
            let Some(overridden) = self.values.get_mut(&key) else {
                let expected = self.values.keys().cloned().collect::<Vec<_>>().join(", ");
                return Err(SettingsError::UnknownKey(setting.origin, key, expected));
            };
            *overridden = setting;
        }
        Ok(())
    }
}

impl Setting<'_> {
    fn value(&self) -> Option<&Value> {
        self.layers.values.get(&self.key).map(|sourced| &sourced.value)
    }

    /// A string.
    pub(super) fn text(&self) -> Result<&str, SettingsError> {
        self.value().and_then(Value::as_str).ok_or_else(|| self.refuse("a string"))
    }

    /// A value that parses as `T`.
    pub(super) fn parsed<T: FromStr>(&self, expected: &str) -> Result<T, SettingsError> {
        let written = match self.value() {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        written.parse().map_err(|_wrong| self.refuse(expected))
    }

    /// A value that parses as `T`; `None` for an empty string.
    pub(super) fn optional<T: FromStr>(&self, expected: &str) -> Result<Option<T>, SettingsError> {
        if self.text()?.is_empty() { Ok(None) } else { self.parsed(expected).map(Some) }
    }

    /// One of these words.
    pub(super) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, SettingsError> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let (last, others) = words.split_last().unwrap_or((&"", &[]));
            self.refuse(&format!("{} or {last}", others.join(", ")))
        })
    }

    /// A list of items that `parse` accepts: an array of strings, or a string with commas between them.
    pub(super) fn list<T>(
        &self,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, SettingsError> {
        let items: Option<Vec<&str>> = match self.value() {
            Some(Value::Array(items)) => items.iter().map(Value::as_str).collect(),
            Some(Value::String(text)) if text.is_empty() => Some(Vec::new()),
            Some(Value::String(text)) => Some(text.split(',').map(str::trim).collect()),
            _ => None,
        };
        let parsed = items.and_then(|items| items.into_iter().map(parse).collect());
        parsed.ok_or_else(|| self.refuse(expected))
    }

    /// A number in `range`.
    pub(super) fn within<T: FromStr + PartialOrd + Display>(
        &self,
        range: RangeInclusive<T>,
    ) -> Result<T, SettingsError> {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        let number = self.parsed(&expected)?;
        if range.contains(&number) { Ok(number) } else { Err(self.refuse(&expected)) }
    }

    /// 0, or a number in `range`.
    pub(super) fn zero_or_within<T: FromStr + PartialOrd + Display + Default>(
        &self,
        range: RangeInclusive<T>,
    ) -> Result<T, SettingsError> {
        let expected = format!("0, or a number from {} to {}", range.start(), range.end());
        let number = self.parsed(&expected)?;
        let is_good = number == T::default() || range.contains(&number);
        if is_good { Ok(number) } else { Err(self.refuse(&expected)) }
    }

    /// The error for a wrong value.
    pub(super) fn refuse(&self, expected: &str) -> SettingsError {
        let sourced = self.layers.values.get(&self.key);
        let origin = sourced.map_or(DEFAULT_ORIGIN, |sourced| &sourced.origin);
        SettingsError::Value(origin.to_owned(), self.key.clone(), expected.to_owned())
    }
}

fn read_file(path: &Path) -> Result<BTreeMap<String, Sourced>, SettingsError> {
    let origin = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => parse(&origin, &text),
        Err(source) => Err(SettingsError::Unreadable(origin, source)),
    }
}

fn parse(origin: &str, text: &str) -> Result<BTreeMap<String, Sourced>, SettingsError> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let complaint = error.message().lines().collect::<Vec<_>>().join("; ");
        SettingsError::Syntax(origin.to_owned(), line, complaint)
    })?;
    let mut settings = BTreeMap::new();
    flatten(origin, "", table, &mut settings);
    Ok(settings)
}

fn flatten(origin: &str, prefix: &str, table: Table, settings: &mut BTreeMap<String, Sourced>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match value {
            Value::Table(section) if !section.is_empty() => {
                flatten(origin, &format!("{key}."), section, settings);
            }
            value => {
                settings.insert(key, Sourced { origin: origin.to_owned(), value });
            }
        }
    }
}

/// `VIEWONCE_STORE__PATH` sets `store.path`. A name without two underscores is not a setting.
fn read_variables(env: &Env) -> BTreeMap<String, Sourced> {
    env.variables()
        .filter_map(|(name, value)| {
            let (section, key) = name.strip_prefix(PREFIX)?.split_once(SEPARATOR)?;
            let key = format!("{}.{}", section.to_lowercase(), key.to_lowercase());
            Some((key, Sourced { origin: name.to_owned(), value: Value::String(value.to_owned()) }))
        })
        .collect()
}
