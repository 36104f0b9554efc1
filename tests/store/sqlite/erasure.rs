//! Erasure: no file contains the shred key of a secret that was taken, burned, locked or has expired, nor
//! that of a repeat that has ended.

mod backlog;
mod crash;
mod load;
mod service;
mod traces;

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::process::Command;
use std::time::Duration;

use futures_util::future;
use viewonce::domain::id::ID_BYTES;
use viewonce::domain::secret::SealedSecret;
use viewonce::store::{Burn, Purge, Rules, Taken};

use super::Sqlite;
use crate::backend::{RULES, Subject};
use crate::samples::{
    HOUR, KEY, MARK_BYTES, Terms, create_of, marked, only, pseudorandom, repeatable_take,
    repeatable_unlock, secret_of_size, unlock, verifier, wrong_guess,
};

const SECRETS: u32 = 200;
/// Rounds of creating and ending secrets, and how many secrets each round creates.
const ROUNDS: u32 = 60;
const NEW: u32 = 100;
/// More than one purge deletes.
const RECEIPTS: u32 = 1_500;
/// How long after its end the tests search for a secret that must be erased within a second. The
/// difference allows for a slow machine.
const LATE: Duration = Duration::from_secs(3);
/// Rules whose repeat window outlasts a test.
const PATIENT: Rules = Rules { redelivery: Duration::from_mins(30), ..RULES };

#[actix_web::test]
async fn purge_erases_taken_burned_and_expired_secrets() {
    let subject = filled().await;
    delete_most(&subject).await;
    subject.store.insist(Purge).await.unwrap();
    assert!(found(&subject.backend).into_iter().eq(living()));
}

#[actix_web::test]
async fn close_erases_taken_and_burned_secrets() {
    let subject = filled().await;
    delete_most(&subject).await;
    subject.store.insist(Purge).await.unwrap();
    subject.take(3).await.unwrap();
    let backend = subject.close().await;
    assert!(found(&backend).into_iter().eq(living().filter(|&n| n != 3)));
}

#[actix_web::test]
async fn purge_erases_ended_repeats_and_locked_secrets() {
    let subject = kept().await;
    end_most(&subject).await;
    subject.store.insist(Purge).await.unwrap();
    assert!(found(&subject.backend).into_iter().eq(still_kept()));
}

#[actix_web::test]
async fn close_erases_ended_repeats_and_locked_secrets() {
    let subject = kept().await;
    subject.store.insist(Purge).await.unwrap();
    end_most(&subject).await;
    let backend = subject.close().await;
    // The first purge has ended the expired repeats.
    assert!(found(&backend).into_iter().eq(still_kept()));
}

#[actix_web::test]
async fn purge_erases_before_it_has_deleted_all_expired_receipts() {
    let subject = Subject::<Sqlite>::start().await;
    subject.create_all_with(0..RECEIPTS, Terms::RECEIPT).await;
    subject.store.insist(Purge).await.unwrap();
    for n in 0..RECEIPTS {
        assert!(subject.take(n).await.is_some(), "{n}");
    }
    assert!(!found(&subject.backend).is_empty());
    subject.clock.advance(RULES.receipts_kept);
    let purged = subject.store.insist(Purge).await.unwrap();
    assert!(!purged.is_complete, "there are more receipts than one purge deletes");
    assert!(found(&subject.backend).is_empty());
}

/// Deleting a row moves its neighbours within and between pages; the move must not leave copies
/// behind.
#[actix_web::test]
async fn purge_erases_ended_secrets_while_their_neighbours_change() {
    let subject = Subject::<Sqlite>::start().await;
    let leave = async |numbers| {
        for n in numbers {
            assert!(subject.take(n).await.is_some(), "{n}");
        }
    };
    churn(&subject, async |_new| (), leave).await;
}

#[actix_web::test]
async fn purge_erases_ended_repeats_while_their_neighbours_change() {
    let subject = Subject::<Sqlite>::start_with(PATIENT);
    let keep = async |new: Range<u32>| {
        let takes = new.map(|n| subject.store.ask(repeatable_take(n, KEY)));
        let kept = future::try_join_all(takes).await.unwrap();
        assert!(kept.iter().all(|kept| matches!(kept, Taken::Secret(_))));
    };
    let leave = async |numbers: Vec<u32>| {
        let ends = numbers.iter().map(|n| subject.acknowledge(*n, KEY));
        assert!(future::join_all(ends).await.iter().all(|has_ended| *has_ended));
    };
    churn(&subject, keep, leave).await;
}

/// Creates secrets, prepares them with `settle`, ends some with `leave`, and asserts after each
/// round's purge that exactly the remaining ones are found.
async fn churn(
    subject: &Subject<Sqlite>,
    settle: impl AsyncFn(Range<u32>),
    leave: impl AsyncFn(Vec<u32>),
) {
    let mut living = BTreeSet::new();
    for round in 0..ROUNDS {
        let new = round * NEW..(round + 1) * NEW;
        let creates =
            new.clone().map(|n| subject.store.ask(create_of(several_in_a_page(subject, n))));
        future::try_join_all(creates).await.unwrap();
        settle(new.clone()).await;
        living.extend(new);
        let mut leavers: Vec<_> = living.extract_if(.., |&n| ends_in(n, round)).collect();
        leavers.sort_by_key(|n| pseudorandom(*n));
        leave(leavers).await;
        subject.store.insist(Purge).await.unwrap();
        let found = found(&subject.backend);
        let wrong: Vec<_> = found.symmetric_difference(&living).collect();
        assert!(wrong.is_empty(), "left or lost in round {round}: {wrong:?}");
    }
}

/// Secret number `n`, so small that a tree page could hold several: then SQLite would move it
/// often.
fn several_in_a_page(subject: &Subject<Sqlite>, n: u32) -> SealedSecret {
    secret_of_size(n, 1 + n as usize % 12, subject.clock.now().plus(HOUR))
}

/// Whether secret number `n` ends in this round: some rounds end few, others most.
fn ends_in(n: u32, round: u32) -> bool {
    let lot = (n ^ round << 20).wrapping_mul(2_654_435_761) >> 24;
    lot < [64, 128, 192, 240][round as usize % 4]
}

/// A store with all the secrets, which are found in its files. A quarter of them has expired.
async fn filled() -> Subject<Sqlite> {
    let subject = Subject::<Sqlite>::start().await;
    subject.create_all((0..SECRETS).filter(|n| n % 4 == 0)).await;
    subject.clock.advance(HOUR);
    subject.create_all((0..SECRETS).filter(|n| n % 4 != 0)).await;
    assert!(found(&subject.backend).into_iter().eq(0..SECRETS));
    subject
}

/// Takes and burns so that only the last of each four secrets lives.
async fn delete_most(subject: &Subject<Sqlite>) {
    for n in (0..SECRETS).filter(|n| n % 4 == 1) {
        assert!(subject.take(n).await.is_some(), "{n}");
    }
    for n in (0..SECRETS).filter(|n| n % 4 == 2) {
        assert!(subject.store.ask(Burn(only(n))).await.unwrap(), "{n}");
    }
}

fn living() -> impl Iterator<Item = u32> {
    (0..SECRETS).filter(|n| n % 4 == 3)
}

/// A store with all the secrets, which are found in its files. All but those to be locked have a
/// repeat; a sixth of the repeats has expired.
async fn kept() -> Subject<Sqlite> {
    let subject = Subject::<Sqlite>::start_with(PATIENT);
    for is_old in [true, false] {
        let numbers = (0..SECRETS).filter(|n| is_old == (n % 6 == 0));
        subject.create_all_with(numbers.clone(), Terms::PASSPHRASE_AND_RECEIPT).await;
        for n in numbers.filter(|n| n % 6 != 4) {
            let taken = subject.ask(repeatable_unlock(n, KEY)).await;
            assert!(matches!(taken, Taken::Secret(_)), "{n}");
        }
        if is_old {
            subject.clock.advance(PATIENT.redelivery);
        }
    }
    assert!(found(&subject.backend).into_iter().eq(0..SECRETS));
    subject
}

/// Ends all repeats that do not end by time, so that only the last of each six secrets is kept.
async fn end_most(subject: &Subject<Sqlite>) {
    for n in 0..SECRETS {
        match n % 6 {
            1 => assert!(subject.acknowledge(n, KEY).await, "{n}"),
            2 => assert!(!subject.burn(n).await, "{n}"),
            3 => assert!(subject.revoke(n).await.is_some(), "{n}"),
            4 => lock(subject, n).await,
            _ => {}
        }
    }
}

async fn lock(subject: &Subject<Sqlite>, n: u32) {
    for attempts_left in (0..RULES.attempts).rev() {
        let wrong = Taken::WrongPassphrase { attempts_left };
        assert_eq!(subject.ask(wrong_guess(n)).await, wrong, "{n}");
    }
}

fn still_kept() -> impl Iterator<Item = u32> {
    (0..SECRETS).filter(|n| n % 6 == 5)
}

/// A verifier allows guesses at a passphrase, even of a secret that has ended.
#[actix_web::test]
async fn purge_erases_the_verifiers_of_ended_passphrases() {
    let subject = Subject::<Sqlite>::start().await;
    let (count, living) = (6_000, 5_000..5_300);
    subject.create_all_with(0..count, Terms::PASSPHRASE).await;
    let mut order: Vec<u32> = (0..count).filter(|n| !living.contains(n)).collect();
    // Some of them in the order of creation, the others in no order.
    order[2_000..].sort_by_key(|n| pseudorandom(*n));
    for portion in order.chunks(100) {
        let takes = portion.iter().map(|n| subject.ask(unlock(*n)));
        assert!(future::join_all(takes).await.iter().all(|it| matches!(it, Taken::Secret(_))));
    }
    subject.store.insist(Purge).await.unwrap();
    let numbers: HashMap<_, _> = (0..count).map(|n| (*verifier(n).as_bytes(), n)).collect();
    let bytes = bytes(&subject.backend);
    let found = bytes.windows(ID_BYTES).filter_map(|window| numbers.get(window).copied());
    let found: BTreeSet<u32> = found.collect();
    assert!(found.into_iter().eq(living), "verifiers are left or lost");
}

/// The secrets of which any file contains half of the shred key.
pub(super) fn found(backend: &Sqlite) -> BTreeSet<u32> {
    bytes(backend).windows(MARK_BYTES).filter_map(marked).collect()
}

/// The bytes of all files. Another process reads them: if this one opened and closed the database, it would
/// drop the POSIX locks that SQLite holds on it.
fn bytes(backend: &Sqlite) -> Vec<u8> {
    let output = Command::new("cat").args(backend.files()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}
