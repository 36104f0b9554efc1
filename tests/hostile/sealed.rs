//! Sealed secrets that were altered in the store: none of them opens.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use viewonce::crypto::format::{FormatError, Issued, Roots};
use viewonce::domain::clock::Timestamp;
use viewonce::domain::secret::{Flags, Plaintext, SealedSecret, ShredKey};

use crate::proptest_config::config;
use crate::support::keys;

static ROOTS: LazyLock<Roots> = LazyLock::new(|| Roots::derive(&keys()));

/// How a sealed secret is altered.
#[derive(Clone, Debug)]
enum Alteration {
    Bit(Index, u8),
    Cut(Index),
    Append(Vec<u8>),
    Replace(Vec<u8>),
    Expiry(i64),
    Flags(u8),
    Version(u8),
    ShredKey(Index, u8),
}

fn alteration() -> impl Strategy<Value = Alteration> {
    prop_oneof![
        (any::<Index>(), 0..8_u8).prop_map(|(place, bit)| Alteration::Bit(place, bit)),
        any::<Index>().prop_map(Alteration::Cut),
        vec(any::<u8>(), 1..100).prop_map(Alteration::Append),
        vec(any::<u8>(), 0..200).prop_map(Alteration::Replace),
        any::<i64>().prop_map(Alteration::Expiry),
        any::<u8>().prop_map(Alteration::Flags),
        any::<u8>().prop_map(Alteration::Version),
        (any::<Index>(), 0..8_u8).prop_map(|(place, bit)| Alteration::ShredKey(place, bit)),
    ]
}

fn alter(sealed: &mut SealedSecret, alteration: Alteration) {
    let bytes = &mut sealed.ciphertext;
    match alteration {
        Alteration::Bit(place, bit) => *place.get_mut(bytes) ^= 1 << bit,
        Alteration::Cut(place) => bytes.truncate(place.index(bytes.len())),
        Alteration::Append(more) => bytes.extend(more),
        Alteration::Replace(others) => *bytes = others,
        Alteration::Expiry(milliseconds) => {
            sealed.expires_at = Timestamp::from_millis(milliseconds);
        }
        Alteration::Flags(byte) => sealed.flags = Flags::from_byte(byte),
        Alteration::Version(version) => sealed.version = version,
        Alteration::ShredKey(place, bit) => {
            let mut bytes = *sealed.shred_key.expose_bytes();
            *place.get_mut(&mut bytes) ^= 1 << bit;
            sealed.shred_key = ShredKey::from_bytes(bytes);
        }
    }
}

fn open(issued: &Issued, sealed: SealedSecret) -> Result<Vec<u8>, FormatError> {
    let content = ROOTS.open(&issued.token, sealed, None)?;
    Ok(content.expose_bytes().to_vec())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_altered_sealed_secret_does_not_open(
        content in prop_oneof![".{1,200}".prop_map(String::into_bytes), vec(any::<u8>(), 1..200)],
        is_encrypted in any::<bool>(),
        alteration in alteration(),
    ) {
        let expires_at = Timestamp::from_millis(1_800_000_000_000);
        let (issued, shred_key) = Issued::generate(expires_at, false).unwrap();
        let plaintext = Plaintext::parse_bytes(content.clone()).unwrap().encrypted(is_encrypted);
        let sealed = ROOTS.seal(&issued, shred_key, &plaintext, None).unwrap().secret;
        let mut altered = sealed.clone();
        alter(&mut altered, alteration);
        if altered == sealed {
            prop_assert_eq!(open(&issued, altered), Ok(content));
        } else {
            prop_assert!(open(&issued, altered).is_err());
        }
    }
}
