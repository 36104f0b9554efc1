//! Fixed vectors for the sealed format: whatever changes in this program, what older releases
//! sealed must open, and what was never sealed must not.
//!
//! `format-1.json` holds secrets in both shapes, `malformed-1.json` what is to be refused, and why.
//! Both were made by an independent implementation of the specification in [`viewonce::seal`];
//! where the program departs from them, it is the program that is wrong. Bytes are written in
//! hexadecimal, secret keys as text.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use viewonce::clock::Timestamp;
use viewonce::id::{ID_BYTES, LookupId};
use viewonce::key::{KEY_ID_BYTES, KeyId, SecretKey, SecretKeys};
use viewonce::seal::{Issued, Roots};
use viewonce::secret::{Ciphertext, Flags, Plaintext, SealedSecret};
use viewonce::token::{TOKEN_BYTES, Token};

const VALID: &str = include_str!("format-1.json");
const MALFORMED: &str = include_str!("malformed-1.json");
/// A secret key that no vector uses.
const OTHER_KEY: &str = "an example key for rotation";

/// A sealed secret, what opens it, and what comes of that: its content or an error's name.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector<Outcome> {
    name: String,
    secret_key: String,
    #[serde(deserialize_with = "hex")]
    token: [u8; TOKEN_BYTES],
    expires_at_ms: i64,
    version: u8,
    flags: u8,
    #[serde(deserialize_with = "hex")]
    key_id: [u8; KEY_ID_BYTES],
    #[serde(deserialize_with = "hex")]
    lookup_id: [u8; ID_BYTES],
    #[serde(alias = "content", alias = "error")]
    outcome: Outcome,
    #[serde(deserialize_with = "hex")]
    sealed: Vec<u8>,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Repeated { repeat: String, times: usize },
}

impl<Outcome> Vector<Outcome> {
    fn roots(&self) -> Roots {
        roots(&self.secret_key, &[])
    }

    fn token(&self) -> Token {
        Token::from_bytes(self.token)
    }

    fn lookup_id(&self) -> LookupId {
        LookupId::from_bytes(self.lookup_id)
    }

    fn expires_at(&self) -> Timestamp {
        Timestamp::from_millis(self.expires_at_ms)
    }

    fn sealed(&self) -> SealedSecret {
        SealedSecret {
            lookup_id: self.lookup_id(),
            key_id: KeyId::from_bytes(self.key_id),
            version: self.version,
            flags: Flags::from_byte(self.flags),
            expires_at: self.expires_at(),
            ciphertext: Ciphertext::from_bytes(self.sealed.clone()),
        }
    }

    /// The content, or the name of the error.
    fn open(&self, roots: &Roots) -> Result<String, String> {
        roots
            .open(&self.token(), self.sealed(), None)
            .map(|content| content.expose_text().to_owned())
            .map_err(|error| format!("{error:?}"))
    }
}

impl Content {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Repeated { repeat, times } => repeat.repeat(*times),
        }
    }
}

fn valid() -> Vec<Vector<Content>> {
    vectors(VALID)
}

fn malformed() -> Vec<Vector<String>> {
    vectors(MALFORMED)
}

fn vectors<Outcome: DeserializeOwned>(json: &str) -> Vec<Vector<Outcome>> {
    serde_json::from_str(json).unwrap()
}

fn hex<'de, D: Deserializer<'de>, Bytes: TryFrom<Vec<u8>>>(text: D) -> Result<Bytes, D::Error> {
    let digits = String::deserialize(text)?;
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).map_err(D::Error::custom);
    let bytes = (0..digits.len()).step_by(2).map(byte).collect::<Result<Vec<_>, _>>()?;
    bytes.try_into().map_err(|_wrong_length| D::Error::custom("too many bytes, or too few"))
}

fn roots(current: &str, previous: &[&str]) -> Roots {
    let key = |text: &str| SecretKey::from_bytes(text.as_bytes().to_vec());
    let previous = previous.iter().map(|text| key(text)).collect();
    Roots::derive(&SecretKeys { current: key(current), previous })
}

#[test]
fn every_valid_vector_seals_to_its_bytes() {
    for vector in valid() {
        let content = Plaintext::parse(vector.outcome.text()).unwrap();
        let issued = Issued { token: vector.token(), receipt: None };
        let new = vector.roots().seal(&issued, &content.into(), vector.expires_at());
        assert_eq!(new, vector.sealed().into(), "{}", vector.name);
    }
}

#[test]
fn every_valid_vector_opens_again() {
    for vector in valid() {
        assert_eq!(vector.open(&vector.roots()), Ok(vector.outcome.text()), "{}", vector.name);
    }
}

#[test]
fn every_malformed_vector_is_refused_for_its_reason() {
    for vector in malformed() {
        let opened = vector.open(&vector.roots());
        assert_eq!(opened, Err(vector.outcome), "{}", vector.name);
    }
}

#[test]
fn a_secret_sealed_under_a_previous_key_opens_and_is_located() {
    for vector in valid() {
        let rotated = roots(OTHER_KEY, &[&vector.secret_key]);
        assert!(rotated.locate(&vector.token()).contains(&vector.lookup_id()), "{}", vector.name);
        assert_eq!(vector.open(&rotated), Ok(vector.outcome.text()), "{}", vector.name);
    }
}

#[test]
fn locate_gives_the_current_keys_id_first() {
    for vector in valid() {
        let ids = roots(&vector.secret_key, &[OTHER_KEY]).locate(&vector.token());
        assert_eq!(ids.len(), 2, "{}", vector.name);
        assert_eq!(ids.first(), Some(&vector.lookup_id()), "{}", vector.name);
    }
}
