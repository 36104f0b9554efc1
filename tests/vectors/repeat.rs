//! Repeatable creations: a retry of the same request gets the same tokens, and any other request gets
//! nothing.

use std::collections::HashSet;
use std::time::Duration;

use viewonce::crypto::Seal;
use viewonce::crypto::format::{Issued, Retry, Roots};
use viewonce::domain::clock::Timestamp;
use viewonce::domain::id::{CreationId, ID_BYTES, LookupId, NONCE_BYTES, Nonce};
use viewonce::domain::idempotency_key::{Creation, NewCreation};
use viewonce::domain::time_to_live::TimeToLive;
use viewonce::domain::token::{RANDOM_BYTES, TOKEN_BYTES};

use crate::{Content, Hex, OTHER_KEY, idempotency_key, passphrase, roots, rotated, vectors};

const CREATIONS: &str = include_str!("repeat-2.json");

/// A creation, the id that it is remembered by, and the tokens that its sender got.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    secret_key: String,
    idempotency_key: String,
    nonce: Hex<[u8; NONCE_BYTES]>,
    request: Request,
    creation_id: Hex<[u8; ID_BYTES]>,
    expires_at_ms: i64,
    token: Hex<[u8; TOKEN_BYTES]>,
    lookup_id: Hex<[u8; ID_BYTES]>,
    receipt: Option<Hex<[u8; TOKEN_BYTES]>>,
}

#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    content: Content,
    ttl_hours: Option<f64>,
    passphrase: Option<String>,
    receipt: bool,
    encrypted: bool,
}

/// The bytes of a token and a receipt.
type Tokens = ([u8; TOKEN_BYTES], Option<[u8; TOKEN_BYTES]>);

impl Vector {
    fn retry(&self) -> Retry {
        self.request.under(&self.idempotency_key)
    }

    fn id(&self) -> CreationId {
        CreationId::from_bytes(self.creation_id.0)
    }

    fn creation(&self) -> Creation {
        Creation {
            id: self.id(),
            nonce: Nonce::from_bytes(self.nonce.0),
            lookup_id: LookupId::from_bytes(self.lookup_id.0),
            expires_at: self.expires_at(),
        }
    }

    fn expires_at(&self) -> Timestamp {
        Timestamp::from_millis(self.expires_at_ms)
    }

    fn issued(&self) -> Tokens {
        (self.token.0, self.receipt.as_ref().map(|receipt| receipt.0))
    }
}

impl Request {
    fn under(&self, key: &str) -> Retry {
        let seal = Seal {
            content: self.content.plaintext(self.encrypted),
            time_to_live: TimeToLive { hours: self.ttl_hours, duration: Duration::ZERO },
            passphrase: self.passphrase.as_deref().map(passphrase),
            wants_receipt: self.receipt,
            key: Some(idempotency_key(key)),
        };
        Retry::of(&seal).unwrap()
    }

    /// Requests that differ from this one in one field each.
    fn others(&self) -> Vec<(&'static str, Self)> {
        let other = |difference, change: fn(&mut Self)| {
            let mut other = self.clone();
            change(&mut other);
            (difference, other)
        };
        vec![
            other("content", |request| {
                let mut content = request.content.bytes();
                *content.last_mut().unwrap() ^= 1;
                request.content = Content::Bytes { hex: Hex(content) };
            }),
            other("receipt", |request| request.receipt ^= true),
            other("encryption", |request| request.encrypted ^= true),
            other("lifetime", |request| {
                request.ttl_hours =
                    request.ttl_hours.map_or(Some(0.0), |hours| Some(hours.next_up()));
            }),
            other("no lifetime, or one", |request| {
                request.ttl_hours = if request.ttl_hours.is_some() { None } else { Some(1.0) };
            }),
            other("passphrase", |request| {
                replace_last(request.passphrase.get_or_insert_default());
            }),
            other("no passphrase, or one", |request| {
                request.passphrase =
                    if request.passphrase.is_some() { None } else { Some("x".into()) };
            }),
        ]
    }
}

/// Replaces the last character by another one of the same length.
fn replace_last(text: &mut String) {
    text.pop();
    text.push('y');
}

fn creations() -> Vec<Vector> {
    vectors(CREATIONS)
}

fn bytes(issued: &Issued) -> Tokens {
    let receipt = issued.receipt.as_ref().map(|receipt| *receipt.expose_bytes());
    (*issued.token.expose_bytes(), receipt)
}

/// A new creation with the same request.
fn issue(roots: &Roots, vector: &Vector) -> (Issued, Creation) {
    let expires_at = vector.expires_at();
    let (issued, _shred_key, NewCreation { id, nonce, .. }) =
        roots.issue(&vector.retry(), expires_at).unwrap();
    let lookup_id = roots.locate(&issued.token)[0];
    (issued, Creation { id, nonce, lookup_id, expires_at })
}

#[test]
fn every_creation_is_remembered_by_its_id() {
    for vector in creations() {
        for (roots, place) in rotated(&vector.secret_key) {
            let (_issued, _shred_key, new) =
                roots.issue(&vector.retry(), vector.expires_at()).unwrap();
            assert_eq!(new.candidates.len(), 2, "{}", vector.name);
            assert_eq!(new.candidates[place], vector.id(), "{}", vector.name);
            assert_eq!(new.id, new.candidates[0], "{}", vector.name);
        }
    }
}

#[test]
fn every_retry_gets_the_tokens_of_the_creation() {
    for vector in creations() {
        for (roots, _place) in rotated(&vector.secret_key) {
            let issued = roots.reissue(&vector.retry(), &vector.creation());
            assert_eq!(issued.as_ref().map(bytes), Some(vector.issued()), "{}", vector.name);
        }
    }
}

#[test]
fn a_retry_of_a_new_creation_gets_its_tokens() {
    for vector in creations() {
        let roots = roots(&vector.secret_key, &[OTHER_KEY]);
        let (issued, creation) = issue(&roots, &vector);
        let again = roots.reissue(&vector.retry(), &creation);
        assert_eq!(again.as_ref().map(bytes), Some(bytes(&issued)), "{}", vector.name);
    }
}

#[test]
fn another_request_under_the_same_key_gets_nothing() {
    for vector in creations() {
        let roots = roots(&vector.secret_key, &[OTHER_KEY]);
        let (_issued, creation) = issue(&roots, &vector);
        for (difference, request) in vector.request.others() {
            let retry = request.under(&vector.idempotency_key);
            let issued = roots.reissue(&retry, &creation);
            assert!(issued.is_none(), "{}: another {difference}", vector.name);
        }
    }
}

#[test]
fn the_same_request_gets_nothing_of_another_creation() {
    for vector in creations() {
        let current = roots(&vector.secret_key, &[OTHER_KEY]);
        let (_issued, creation) = issue(&current, &vector);
        let others = [
            Creation { id: CreationId::from_bytes([7; ID_BYTES]), ..creation },
            Creation { nonce: Nonce::from_bytes([7; NONCE_BYTES]), ..creation },
            Creation { lookup_id: LookupId::from_bytes([7; ID_BYTES]), ..creation },
            Creation { expires_at: Timestamp::from_millis(7), ..creation },
        ];
        for other in others {
            assert!(current.reissue(&vector.retry(), &other).is_none(), "{}", vector.name);
        }
        let retry = vector.request.under("an-example-key-of-another");
        assert!(current.reissue(&retry, &creation).is_none(), "{}", vector.name);
        let other_key = roots(OTHER_KEY, &[]);
        assert!(other_key.reissue(&vector.retry(), &creation).is_none(), "{}", vector.name);
    }
}

#[test]
fn every_creation_has_a_random_shred_key() {
    let (roots, expires_at) = (roots(OTHER_KEY, &[]), Timestamp::from_millis(0));
    let retry = creations()[0].retry();
    let mut random = HashSet::new();
    for _ in 0..2 {
        let (issued, shred_key) = Issued::generate(expires_at, true).unwrap();
        let (token, receipt) = bytes(&issued);
        let shred_key = *shred_key.expose_bytes();
        assert!(shred_key.windows(RANDOM_BYTES).all(|part| !token.ends_with(part)));
        random.extend([receipt.unwrap(), shred_key]);
        let (_issued, shred_key, new) = roots.issue(&retry, expires_at).unwrap();
        random.extend([*new.nonce.as_bytes(), *shred_key.expose_bytes()]);
    }
    assert_eq!(random.len(), 8);
}
