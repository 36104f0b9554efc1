//! Secrets: sealing, opening and locating them, and the values stored beside them.

use viewonce::crypto::format::{FormatError, Issued, Roots};
use viewonce::domain::clock::Timestamp;
use viewonce::domain::id::{
    ID_BYTES, KEY_ID_BYTES, KeyId, LookupId, ReceiptId, RedeliveryId, Verifier,
};
use viewonce::domain::idempotency_key::IdempotencyKey;
use viewonce::domain::passphrase::{PASSPHRASE_KEY_BYTES, PassphraseKey, WrappedKey};
use viewonce::domain::secret::{Flags, Plaintext, SHRED_KEY_BYTES, SealedSecret, ShredKey};
use viewonce::domain::token::{Receipt, TOKEN_BYTES, Token};
use viewonce::store::Create;

use crate::{Content, Hex, OTHER_KEY, idempotency_key, passphrase, roots, rotated, vectors};

const VALID: &str = include_str!("format-2.json");
const MALFORMED: &str = include_str!("malformed-2.json");

/// A sealed secret, the inputs that open it, and the outcome: its content, or the name of an error.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector<Outcome> {
    name: String,
    secret_key: String,
    token: Hex<[u8; TOKEN_BYTES]>,
    shred_key: Hex<[u8; SHRED_KEY_BYTES]>,
    expires_at_ms: i64,
    version: u8,
    flags: u8,
    key_id: Hex<[u8; KEY_ID_BYTES]>,
    lookup_id: Hex<[u8; ID_BYTES]>,
    #[serde(alias = "content", alias = "error")]
    outcome: Outcome,
    /// The passphrase that opens it together with the token.
    passphrase: Option<String>,
    verifier: Option<Hex<[u8; ID_BYTES]>>,
    receipt: Option<Hex<[u8; TOKEN_BYTES]>>,
    receipt_id: Option<Hex<[u8; ID_BYTES]>>,
    claim: Option<Redelivery>,
    sealed: Hex<Vec<u8>>,
}

/// The id of a repeat with this idempotency key, and the wrapped passphrase key in it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Redelivery {
    idempotency_key: String,
    id: Hex<[u8; ID_BYTES]>,
    wrapped: Option<Hex<Vec<u8>>>,
}

impl<Outcome> Vector<Outcome> {
    fn roots(&self) -> Roots {
        roots(&self.secret_key, &[])
    }

    fn token(&self) -> Token {
        Token::from_bytes(self.token.0)
    }

    fn shred_key(&self) -> ShredKey {
        ShredKey::from_bytes(self.shred_key.0)
    }

    fn flags(&self) -> Flags {
        Flags::from_byte(self.flags)
    }

    fn receipt(&self) -> Option<Receipt> {
        self.receipt.as_ref().map(|receipt| Receipt::from_bytes(receipt.0))
    }

    fn key_id(&self) -> KeyId {
        KeyId::from_bytes(self.key_id.0)
    }

    fn lookup_id(&self) -> LookupId {
        LookupId::from_bytes(self.lookup_id.0)
    }

    fn verifier(&self) -> Option<Verifier> {
        self.verifier.as_ref().map(|verifier| Verifier::from_bytes(verifier.0))
    }

    fn receipt_id(&self) -> Option<ReceiptId> {
        self.receipt_id.as_ref().map(|id| ReceiptId::from_bytes(id.0))
    }

    fn expires_at(&self) -> Timestamp {
        Timestamp::from_millis(self.expires_at_ms)
    }

    fn sealed(&self) -> SealedSecret {
        SealedSecret {
            lookup_id: self.lookup_id(),
            key_id: self.key_id(),
            version: self.version,
            flags: self.flags(),
            expires_at: self.expires_at(),
            shred_key: self.shred_key(),
            ciphertext: self.sealed.0.clone(),
        }
    }

    /// The verifier and the key of its passphrase, if it has one.
    fn prove(&self, roots: &Roots) -> Result<Option<(Verifier, PassphraseKey)>, FormatError> {
        let Some(text) = &self.passphrase else { return Ok(None) };
        roots.prove(&self.token(), self.key_id(), &passphrase(text)).map(Some)
    }

    fn open(&self, roots: &Roots) -> Result<Plaintext, FormatError> {
        let key = self.prove(roots)?.map(|(_verifier, key)| key);
        roots.open(&self.token(), self.sealed(), key.as_ref())
    }
}

impl Vector<Content> {
    /// The sender's input.
    fn content(&self) -> Plaintext {
        self.outcome.plaintext(self.flags().has(Flags::ENCRYPTED))
    }

    fn assert_opened(&self, opened: Result<Plaintext, FormatError>) {
        let [is_bytes, is_encrypted] =
            [Flags::NOT_UTF8, Flags::ENCRYPTED].map(|flag| self.flags().has(flag));
        let opened =
            opened.map(|it| (it.expose_bytes().to_vec(), !it.is_text(), it.is_encrypted()));
        assert_eq!(opened, Ok((self.outcome.bytes(), is_bytes, is_encrypted)), "{}", self.name);
    }

    /// The tokens that the sender got.
    fn issued(&self) -> Issued {
        Issued { token: self.token(), receipt: self.receipt() }
    }

    /// The values that the store got.
    fn stored(&self) -> Create {
        let (verifier, receipt_id) = (self.verifier(), self.receipt_id());
        Create { secret: self.sealed(), verifier, receipt_id, creation: None }
    }
}

impl Redelivery {
    fn key(&self) -> IdempotencyKey {
        idempotency_key(&self.idempotency_key)
    }

    fn wrapped(&self) -> Option<WrappedKey> {
        let wrapped = self.wrapped.as_ref();
        wrapped.map(|wrapped| WrappedKey(wrapped.0.clone()))
    }
}

fn valid() -> Vec<Vector<Content>> {
    vectors(VALID)
}

fn malformed() -> Vec<Vector<String>> {
    vectors(MALFORMED)
}

#[test]
fn every_valid_vector_seals_to_its_bytes() {
    for vector in valid() {
        let roots = vector.roots();
        let passphrase = vector.passphrase.as_deref().map(passphrase);
        let (issued, content) = (vector.issued(), vector.content());
        let new = roots.seal(&issued, vector.shred_key(), &content, passphrase.as_ref()).unwrap();
        assert_eq!(new, vector.stored(), "{}", vector.name);
    }
}

#[test]
fn every_valid_vector_opens_under_the_current_key_and_under_a_previous_one() {
    for vector in valid() {
        for (roots, _place) in rotated(&vector.secret_key) {
            vector.assert_opened(vector.open(&roots));
        }
    }
}

#[test]
fn every_malformed_vector_is_refused_for_its_reason() {
    for vector in malformed() {
        let refused = vector.open(&vector.roots()).err().map(|error| format!("{error:?}"));
        assert_eq!(refused, Some(vector.outcome), "{}", vector.name);
    }
}

#[test]
fn ids_are_found_under_each_key_the_current_one_first() {
    for vector in valid() {
        let (token, name) = (vector.token(), &vector.name);
        for (roots, place) in rotated(&vector.secret_key) {
            let ids = roots.locate(&token);
            assert_eq!((ids.len(), ids[place]), (2, vector.lookup_id()), "{name}");
            let ids = vector.receipt().map(|receipt| roots.locate_receipt(&receipt));
            assert_eq!(ids.map(|ids| ids[place]), vector.receipt_id(), "{name}");
            let claim = vector.claim.as_ref();
            let ids = claim.map(|claim| roots.redelivery_ids(&token, &claim.key())[place]);
            let expected = claim.map(|claim| RedeliveryId::from_bytes(claim.id.0));
            assert_eq!(ids, expected, "{name}");
        }
    }
}

#[test]
fn every_passphrase_gives_its_verifier_and_its_wrapped_key() {
    for vector in valid() {
        for (roots, _place) in rotated(&vector.secret_key) {
            let proof = vector.prove(&roots).unwrap();
            let verifier = proof.as_ref().map(|(verifier, _key)| *verifier);
            assert_eq!(verifier, vector.verifier(), "{}", vector.name);
            let Some(claim) = &vector.claim else { continue };
            let wrap = |(_verifier, key)| {
                roots.wrap_key(&vector.token(), vector.key_id(), &claim.key(), &key).unwrap()
            };
            assert_eq!(proof.map(wrap), claim.wrapped(), "{}", vector.name);
        }
    }
}

#[test]
fn every_wrapped_key_opens_its_secret() {
    for vector in valid() {
        let Some(claim) = &vector.claim else { continue };
        let Some(wrapped) = claim.wrapped() else { continue };
        for (roots, _place) in rotated(&vector.secret_key) {
            let (token, key) = (vector.token(), claim.key());
            let key = roots.unwrap_key(&token, vector.key_id(), &key, wrapped.clone()).unwrap();
            vector.assert_opened(roots.open(&token, vector.sealed(), Some(&key)));
        }
    }
}

#[test]
fn a_wrapped_key_opens_for_its_token_and_its_idempotency_key_alone() {
    let roots = roots(OTHER_KEY, &[]);
    let key_id = roots.key_ids()[0];
    let [token, other_token] = [[1; TOKEN_BYTES], [2; TOKEN_BYTES]].map(Token::from_bytes);
    let [key, other_key] =
        ["an-example-key-of-a-viewer", "an-example-key-of-another"].map(idempotency_key);
    let passphrase_key = PassphraseKey::from_bytes([3; PASSPHRASE_KEY_BYTES]);
    let wrapped = roots.wrap_key(&token, key_id, &key, &passphrase_key).unwrap();
    let unwrap = |token, key, wrapped: &WrappedKey| {
        let unwrapped = roots.unwrap_key(token, key_id, key, wrapped.clone());
        unwrapped.map(|passphrase_key| *passphrase_key.expose_bytes())
    };
    let mut altered = wrapped.0.clone();
    *altered.last_mut().unwrap() ^= 1;
    let altered = WrappedKey(altered);
    assert_eq!(unwrap(&token, &key, &wrapped), Ok([3; PASSPHRASE_KEY_BYTES]));
    assert_eq!(unwrap(&token, &key, &altered), Err(FormatError::Forged));
    assert_eq!(unwrap(&other_token, &key, &wrapped), Err(FormatError::Forged));
    assert_eq!(unwrap(&token, &other_key, &wrapped), Err(FormatError::Forged));
}
