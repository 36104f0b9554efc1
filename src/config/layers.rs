//! The layers that settings come in, and reading one setting out of them.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;

use toml::{Table, Value};

use super::{DEFAULT_TOML, SettingsError, Surroundings};

const DEFAULT_ORIGIN: &str = "config/default.toml";
const PREFIX: &str = "VIEWONCE_";
const SEPARATOR: &str = "__";

/// Default, file and environment, one over the other: each setting by its dotted key.
pub(super) struct Layers(BTreeMap<String, Setting>);

/// A value, and the file or the variable that it came from.
struct Setting {
    origin: String,
    value: Value,
}

impl Layers {
    pub(super) fn read(
        file: Option<&Path>,
        surroundings: &Surroundings,
    ) -> Result<Self, SettingsError> {
        let mut layers = Self(parse(DEFAULT_ORIGIN, DEFAULT_TOML)?);
        if let Some(path) = file {
            layers.cover(read_file(path)?)?;
        }
        layers.cover(read_variables(surroundings))?;
        Ok(layers)
    }

    /// Lays `upper` over what is here. It may only name keys that are.
    fn cover(&mut self, upper: BTreeMap<String, Setting>) -> Result<(), SettingsError> {
        for (key, setting) in upper {
            let Some(covered) = self.0.get_mut(&key) else {
                let expected = self.0.keys().cloned().collect::<Vec<_>>().join(", ");
                return Err(SettingsError::UnknownKey { origin: setting.origin, key, expected });
            };
            *covered = setting;
        }
        Ok(())
    }

    /// A setting that is text.
    pub(super) fn text(&self, key: &str) -> Result<&str, SettingsError> {
        let text = self.0.get(key).and_then(|setting| setting.value.as_str());
        text.ok_or_else(|| self.refuse(key, "a text"))
    }

    /// A setting that is written as `T` is.
    pub(super) fn parsed<T: FromStr>(&self, key: &str, expected: &str) -> Result<T, SettingsError> {
        let written = match self.0.get(key).map(|setting| &setting.value) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        written.parse().map_err(|_wrong| self.refuse(key, expected))
    }

    /// A setting that is a list of what `parse` reads: one of texts, or a text with commas between.
    pub(super) fn list<T>(
        &self,
        key: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, SettingsError> {
        let items: Option<Vec<&str>> = match self.0.get(key).map(|setting| &setting.value) {
            Some(Value::Array(items)) => items.iter().map(Value::as_str).collect(),
            Some(Value::String(text)) if text.is_empty() => Some(Vec::new()),
            Some(Value::String(text)) => Some(text.split(',').map(str::trim).collect()),
            _ => None,
        };
        let parsed = items.and_then(|items| items.into_iter().map(parse).collect());
        parsed.ok_or_else(|| self.refuse(key, expected))
    }

    /// A setting that is a number in `range`.
    pub(super) fn within<T: FromStr + PartialOrd + Display>(
        &self,
        key: &str,
        range: RangeInclusive<T>,
    ) -> Result<T, SettingsError> {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        let number = self.parsed(key, &expected)?;
        if range.contains(&number) { Ok(number) } else { Err(self.refuse(key, &expected)) }
    }

    /// A setting that is 0 or a number in `range`.
    pub(super) fn zero_or_within<T: FromStr + PartialOrd + Display + Default>(
        &self,
        key: &str,
        range: RangeInclusive<T>,
    ) -> Result<T, SettingsError> {
        let expected = format!("0, or a number from {} to {}", range.start(), range.end());
        let number = self.parsed(key, &expected)?;
        let is_good = number == T::default() || range.contains(&number);
        if is_good { Ok(number) } else { Err(self.refuse(key, &expected)) }
    }

    /// The error for a setting whose value will not do.
    pub(super) fn refuse(&self, key: &str, expected: &str) -> SettingsError {
        let origin = self.0.get(key).map_or(DEFAULT_ORIGIN, |setting| &setting.origin);
        SettingsError::Value {
            origin: origin.to_owned(),
            key: key.to_owned(),
            expected: expected.to_owned(),
        }
    }
}

fn read_file(path: &Path) -> Result<BTreeMap<String, Setting>, SettingsError> {
    let origin = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => parse(&origin, &text),
        Err(source) => Err(SettingsError::Unreadable { path: origin, source }),
    }
}

fn parse(origin: &str, text: &str) -> Result<BTreeMap<String, Setting>, SettingsError> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let complaint = error.message().lines().collect::<Vec<_>>().join("; ");
        SettingsError::Syntax { path: origin.to_owned(), line, complaint }
    })?;
    let mut settings = BTreeMap::new();
    flatten(origin, "", table, &mut settings);
    Ok(settings)
}

fn flatten(origin: &str, prefix: &str, table: Table, settings: &mut BTreeMap<String, Setting>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match value {
            Value::Table(section) if !section.is_empty() => {
                flatten(origin, &format!("{key}."), section, settings);
            }
            value => {
                settings.insert(key, Setting { origin: origin.to_owned(), value });
            }
        }
    }
}

/// `VIEWONCE_STORE__PATH` is `store.path`; a name without two underscores is none of ours.
fn read_variables(surroundings: &Surroundings) -> BTreeMap<String, Setting> {
    surroundings
        .variables()
        .filter_map(|(name, value)| {
            let (section, key) = name.strip_prefix(PREFIX)?.split_once(SEPARATOR)?;
            let key = format!("{}.{}", section.to_lowercase(), key.to_lowercase());
            Some((key, Setting { origin: name.to_owned(), value: Value::String(value.to_owned()) }))
        })
        .collect()
}
