//! Random texts for each parser: tokens, receipts, keys, passphrases, settings.

use std::fs;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample;
use viewonce::config::{DEFAULT_TOML, Env, Settings};
use viewonce::domain::idempotency_key::IdempotencyKey;
use viewonce::domain::passphrase::Passphrase;
use viewonce::domain::token::{Receipt, Token};

use crate::proptest_config::config;

/// A nearly valid token.
fn near_token() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z0-9_-]{43}", "[A-Za-z0-9_+/=-]{40,46}", any::<String>()]
}

/// The keys of all settings.
fn keys() -> Vec<String> {
    let defaults: toml::Table = DEFAULT_TOML.parse().unwrap();
    let keys = defaults.iter().flat_map(|(section, settings)| {
        settings.as_table().unwrap().keys().map(move |key| format!("{section}.{key}"))
    });
    keys.collect()
}

/// A nearly valid document of settings.
fn near_settings() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        "-?[0-9]{1,20}",
        "[0-9]e[0-9]{1,3}",
        "(true|false)",
        "\"[^\"\\\\]{0,20}\"",
        "\\[\"[^\"\\\\]{0,20}\"\\]",
        any::<String>(),
    ];
    let line =
        (sample::select(keys()), value).prop_map(|(key, value)| format!("{key} = {value}\n"));
    prop_oneof![vec(line, 0..6).prop_map(|lines| lines.concat()), any::<String>()]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn only_its_canonical_text_is_a_token(text in near_token()) {
        if let Ok(token) = Token::parse(&text) {
            prop_assert!(token.expose_text().as_str() == text);
        }
        if let Ok(receipt) = Receipt::parse(&text) {
            prop_assert!(receipt.expose_text().as_str() == text);
        }
    }

    #[test]
    fn no_text_makes_a_parser_of_keys_or_passphrases_panic(text in any::<String>()) {
        if let Ok(key) = IdempotencyKey::parse(&text) {
            prop_assert_eq!(key.expose_text(), text.as_str());
        }
        drop(Passphrase::parse(&text));
    }

    #[test]
    fn settings_are_read_or_refused_with_one_line(text in near_settings()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("viewonce.toml");
        fs::write(&path, text).unwrap();
        if let Err(error) = Settings::load(Some(&path), &Env::with_variables([])) {
            prop_assert_eq!(error.to_string().lines().count(), 1, "{}", error);
        }
    }
}
