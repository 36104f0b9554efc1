//! The sealed bytes of secrets and repeats lie only on overflow pages, which SQLite never moves, and
//! zeroes when it frees them.

use std::fs;
use std::time::Duration;

use futures_util::future;
use viewonce::domain::clock::Timestamp;
use viewonce::domain::secret::{Flags, SealedSecret};
use viewonce::store::{Create, Rules, Taken};

use super::Sqlite;
use crate::backend::{RULES, Subject};
use crate::samples::{HOUR, KEY, create_of, receipt_id, repeatable_unlock, secret, verifier};

const PAGE: usize = 1_024;
/// Bytes before the header of the first page.
const FILE_HEADER: usize = 100;
/// The first byte of a tree's page: an interior or a leaf page of an index or a table.
const TREE: [u8; 4] = [2, 5, 10, 13];
/// The number of combinations of a repeat's numeric columns, and of its keys.
const COMBINATIONS: usize = 3 * 4 * 3 * 2;
/// Lengths around those that fill overflow pages.
const AROUND_A_PAGE: [usize; 8] = [16, 1_018, 1_019, 1_020, 1_021, 2_039, 2_040, 2_041];
const FOR_EVER: Timestamp = Timestamp::from_millis(i64::MAX);
/// The pattern that the sealed bytes repeat.
const SEALED: [u8; 4] = [0xa5; 4];

#[actix_web::test]
async fn sealed_bytes_of_any_length_lie_outside_the_trees() {
    let subject = Subject::<Sqlite>::start().await;
    for (n, length) in (0..).zip(lengths()) {
        subject.store.ask(create_of(sealed(n, length))).await.unwrap();
    }
    assert_outside_the_trees(&subject.close().await);
}

#[actix_web::test]
async fn sealed_bytes_of_repeats_lie_outside_the_trees() {
    let rules = Rules { redelivery: Duration::MAX, ..RULES };
    let subject = Subject::<Sqlite>::start_with(rules);
    // Each length with some combinations; some lengths with all of them.
    let some = lengths().chain(AROUND_A_PAGE.into_iter().flat_map(|length| [length; COMBINATIONS]));
    let keeps = (0..).zip(some).map(|(n, length)| keep(&subject, n, length));
    future::join_all(keeps).await;
    assert_outside_the_trees(&subject.close().await);
}

/// All lengths of sealed bytes below three pages, and some greater ones.
fn lengths() -> impl Iterator<Item = usize> {
    (1..=2 * PAGE).chain([8_185, 8_186, 8_187, 65_552, 1_048_569, 1_048_570])
}

fn assert_outside_the_trees(backend: &Sqlite) {
    let file = fs::read(backend.database()).unwrap();
    assert!(holds_sealed_bytes(&file));
    let trees = file
        .chunks(PAGE)
        .enumerate()
        .filter(|(number, page)| TREE.contains(&page[if *number == 0 { FILE_HEADER } else { 0 }]));
    for (number, page) in trees {
        assert!(!holds_sealed_bytes(page), "sealed bytes on page {} of a tree", number + 1);
    }
}

/// Secret number `n` with `length` sealed bytes and numeric columns of every size.
fn sealed(n: u32, length: usize) -> SealedSecret {
    let expires_at = [1_900_000_000_000, i64::MAX, 1 << 40][n as usize % 3];
    SealedSecret {
        version: [0, 1, u8::MAX][n as usize % 3],
        flags: Flags::from_byte([0, 1, u8::MAX][n as usize / 3 % 3]),
        ciphertext: vec![SEALED[0]; length],
        ..secret(n, Timestamp::from_millis(expires_at))
    }
}

/// Stores secret number `n` and takes it repeatably, with `length` sealed bytes and numeric columns of
/// every size, with and without a wrapped key.
async fn keep(subject: &Subject<Sqlite>, n: u32, length: usize) {
    let [version, flags, expiry, wrapped] = digits(n, [3, 4, 3, 2]);
    let flags = Flags::new(flags % 2 == 1, flags >= 2);
    let in_an_hour = subject.clock.now().plus(HOUR);
    let sealed = SealedSecret {
        version: [0, 1, u8::MAX][version],
        flags,
        expires_at: [in_an_hour, Timestamp::from_millis(1 << 50), FOR_EVER][expiry],
        ciphertext: vec![SEALED[0]; length],
        ..secret(n, in_an_hour)
    };
    let new = Create {
        secret: sealed.clone(),
        verifier: flags.has_passphrase().then(|| verifier(n)),
        receipt_id: flags.has_receipt().then(|| receipt_id(n)),
        creation: None,
    };
    subject.store.ask(new).await.unwrap();
    let mut take = repeatable_unlock(n, KEY);
    if wrapped == 0
        && let Some(proof) = &mut take.proof
    {
        proof.wrapped_key = None;
    }
    assert_eq!(subject.ask(take).await, Taken::Secret(sealed));
}

/// The digits of `n` in a system of these bases, the least significant first.
fn digits<const N: usize>(n: u32, bases: [u32; N]) -> [usize; N] {
    let mut rest = n;
    bases.map(|base| {
        let digit = rest % base;
        rest /= base;
        digit as usize
    })
}

fn holds_sealed_bytes(bytes: &[u8]) -> bool {
    bytes.windows(SEALED.len()).any(|window| window == SEALED)
}
