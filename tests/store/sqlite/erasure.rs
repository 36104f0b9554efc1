//! Erasure: no file holds the sealed bytes of a secret that was taken, burned, locked or has expired,
//! nor those kept for a repeat that has ended.

mod backlog;
mod crash;
mod load;
mod service;
mod traces;

use std::collections::BTreeSet;
use std::ops::Range;
use std::process::Command;
use std::time::Duration;

use futures_util::future;
use viewonce::domain::secret::SealedSecret;
use viewonce::store::{Burn, Purge, Rules, Taken};

use super::Sqlite;
use crate::backend::{RULES, Subject};
use crate::samples::{
    HOUR, KEY, MARK_BYTES, Terms, claiming, create_of, drawn, guessing, knowing_and_claiming,
    marked, only, secret_of_size,
};

const SECRETS: u32 = 200;
/// Rounds in which secrets come and go, and how many come in each.
const ROUNDS: u32 = 60;
const NEW: u32 = 100;
/// More than one purge deletes.
const RECEIPTS: u32 = 1_500;
/// How long after its end a secret is looked for that has to be erased within a second. The rest is
/// for a machine that is slow.
const LATE: Duration = Duration::from_secs(3);
/// Under which a repeat is possible for as long as a test takes.
const PATIENT: Rules = Rules { redelivery: Duration::from_mins(30), ..RULES };

#[actix_web::test]
async fn purge_erases_what_was_taken_burned_or_has_expired() {
    let subject = filled().await;
    delete_most(&subject).await;
    subject.store.insist(Purge).await.unwrap();
    assert!(found(&subject.backend).into_iter().eq(living()));
}

#[actix_web::test]
async fn close_erases_what_was_taken_or_burned() {
    let subject = filled().await;
    delete_most(&subject).await;
    subject.store.insist(Purge).await.unwrap();
    subject.take(3).await.unwrap();
    let backend = subject.close().await;
    assert!(found(&backend).into_iter().eq(living().filter(|&n| n != 3)));
}

#[actix_web::test]
async fn purge_erases_what_was_kept_for_a_repeat_that_has_ended_and_what_was_locked() {
    let subject = kept().await;
    end_most(&subject).await;
    subject.store.insist(Purge).await.unwrap();
    assert!(found(&subject.backend).into_iter().eq(still_kept()));
}

#[actix_web::test]
async fn close_erases_what_was_kept_for_a_repeat_that_has_ended_and_what_was_locked() {
    let subject = kept().await;
    subject.store.insist(Purge).await.unwrap();
    end_most(&subject).await;
    let backend = subject.close().await;
    // Those whose time was up were ended by the first purge.
    assert!(found(&backend).into_iter().eq(still_kept()));
}

#[actix_web::test]
async fn purge_erases_before_it_has_deleted_all_receipts_whose_time_is_up() {
    let subject = Subject::<Sqlite>::start().await;
    subject.create_all_with(0..RECEIPTS, Terms::RECEIPT).await;
    for n in 0..RECEIPTS {
        assert!(subject.take(n).await.is_some(), "{n}");
    }
    assert!(!found(&subject.backend).is_empty());
    subject.clock.advance(RULES.receipts_kept);
    let purged = subject.store.insist(Purge).await.unwrap();
    assert!(!purged.is_complete, "there are more receipts than one purge deletes");
    assert!(found(&subject.backend).is_empty());
}

/// A row that goes has its neighbours move within and between pages, which must not leave copies
/// of them behind.
#[actix_web::test]
async fn purge_erases_what_is_gone_while_its_neighbours_come_and_go() {
    let subject = Subject::<Sqlite>::start().await;
    let leave = async |numbers| {
        for n in numbers {
            assert!(subject.take(n).await.is_some(), "{n}");
        }
    };
    come_and_go(&subject, async |_new| (), leave).await;
}

#[actix_web::test]
async fn purge_erases_what_was_kept_for_a_repeat_while_its_neighbours_come_and_go() {
    let subject = Subject::<Sqlite>::start_with(PATIENT);
    let keep = async |new: Range<u32>| {
        let takes = new.map(|n| subject.store.ask(claiming(n, KEY)));
        let kept = future::try_join_all(takes).await.unwrap();
        assert!(kept.iter().all(|kept| matches!(kept, Taken::Secret(_))));
    };
    let leave = async |numbers: Vec<u32>| {
        let ends = numbers.iter().map(|n| subject.acknowledge(*n, KEY));
        assert!(future::join_all(ends).await.iter().all(|has_ended| *has_ended));
    };
    come_and_go(&subject, keep, leave).await;
}

/// Has secrets come, which `settle` does something to, and `leave` again, and asserts round by
/// round that after a purge just those are found that have not left.
async fn come_and_go(
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
        let mut leavers: Vec<_> = living.extract_if(.., |&n| has_its_turn(n, round)).collect();
        leavers.sort_by_key(|n| drawn(*n));
        leave(leavers).await;
        subject.store.insist(Purge).await.unwrap();
        let found = found(&subject.backend);
        let wrong: Vec<_> = found.symmetric_difference(&living).collect();
        assert!(wrong.is_empty(), "left or lost in round {round}: {wrong:?}");
    }
}

/// Secret number `n`, so small that a page would have room for several if they lay in it: then they
/// would be moved often.
fn several_in_a_page(subject: &Subject<Sqlite>, n: u32) -> SealedSecret {
    secret_of_size(n, 1 + n as usize % 12, subject.clock.now().plus(HOUR))
}

/// Whether secret number `n` leaves in this round: in some rounds few do, in others most.
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
        assert!(subject.store.ask(Burn(only(n))).await.unwrap(), "{n}");
    }
}

fn living() -> impl Iterator<Item = u32> {
    (0..SECRETS).filter(|n| n % 4 == 3)
}

/// A store with all the secrets, which are found in its files. All but those that are to be locked
/// are kept for a repeat, and the time of a sixth of them is up.
async fn kept() -> Subject<Sqlite> {
    let subject = Subject::<Sqlite>::start_with(PATIENT);
    for is_old in [true, false] {
        let numbers = (0..SECRETS).filter(|n| is_old == (n % 6 == 0));
        subject.create_all_with(numbers.clone(), Terms::PASSPHRASE_AND_RECEIPT).await;
        for n in numbers.filter(|n| n % 6 != 4) {
            let taken = subject.ask(knowing_and_claiming(n, KEY)).await;
            assert!(matches!(taken, Taken::Secret(_)), "{n}");
        }
        if is_old {
            subject.clock.advance(PATIENT.redelivery);
        }
    }
    assert!(found(&subject.backend).into_iter().eq(0..SECRETS));
    subject
}

/// Ends what nothing but the time ends, so that only the last of each six secrets is kept.
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
        assert_eq!(subject.ask(guessing(n)).await, wrong, "{n}");
    }
}

fn still_kept() -> impl Iterator<Item = u32> {
    (0..SECRETS).filter(|n| n % 6 == 5)
}

/// The secrets of which a piece is in any of the files.
///
/// Another process reads them: if this one opened and closed the database, it would drop the POSIX locks
/// that SQLite holds on it.
pub(super) fn found(backend: &Sqlite) -> BTreeSet<u32> {
    let output = Command::new("cat").args(backend.files()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout.windows(MARK_BYTES).filter_map(marked).collect()
}
