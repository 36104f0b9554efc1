//! Gone means gone: the sealed bytes of a secret that was taken, burned or has expired are in no
//! file any more.

use std::collections::BTreeSet;
use std::process::Command;

use super::Sqlite;
use crate::backend::Subject;
use crate::samples::{HOUR, MARK_BYTES, marked, only};

const SECRETS: u32 = 200;
/// Rounds in which secrets come and go, and how many come in each.
const ROUNDS: u32 = 60;
const NEW: u32 = 100;

#[actix_web::test]
async fn purge_erases_what_was_taken_burned_or_has_expired() {
    let subject = filled().await;
    delete_most(&subject).await;
    subject.store.purge().await.unwrap();
    assert!(found(&subject.backend).into_iter().eq(living()));
}

#[actix_web::test]
async fn close_erases_what_was_taken_or_burned() {
    let subject = filled().await;
    delete_most(&subject).await;
    subject.store.purge().await.unwrap();
    subject.take(3).await.unwrap();
    let backend = subject.close().await;
    assert!(found(&backend).into_iter().eq(living().filter(|&n| n != 3)));
}

/// A row that goes has its neighbours move within and between pages, which must not leave copies
/// of them behind.
#[actix_web::test]
async fn purge_erases_what_is_gone_while_its_neighbours_come_and_go() {
    let subject = Subject::<Sqlite>::start().await;
    let mut living = BTreeSet::new();
    for round in 0..ROUNDS {
        let new = round * NEW..(round + 1) * NEW;
        subject.create_all(new.clone()).await;
        living.extend(new);
        for n in living.extract_if(.., |&n| has_its_turn(n, round)) {
            assert!(subject.take(n).await.is_some(), "{n}");
        }
        subject.store.purge().await.unwrap();
        let found = found(&subject.backend);
        let wrong: Vec<_> = found.symmetric_difference(&living).collect();
        assert!(wrong.is_empty(), "left or lost in round {round}: {wrong:?}");
    }
}

/// Whether secret number `n` is taken in this round: in some rounds few are, in others most, and
/// never in any order.
fn has_its_turn(n: u32, round: u32) -> bool {
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
        assert!(subject.store.burn(only(n)).await.unwrap(), "{n}");
    }
}

fn living() -> impl Iterator<Item = u32> {
    (0..SECRETS).filter(|n| n % 4 == 3)
}

/// The secrets of which a piece is in any of the files.
///
/// Another process reads them: if this one opened the database, then with closing it again it
/// would lose the POSIX locks that SQLite holds on it.
fn found(backend: &Sqlite) -> BTreeSet<u32> {
    let output = Command::new("cat").args(backend.files()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout.windows(MARK_BYTES).filter_map(marked).collect()
}
