//! Passphrases: without the passphrase a secret is not returned, a wrong one uses up an attempt, and the
//! last attempt destroys the secret.

use futures_util::future;
use viewonce::store::{Rules, Store, Take, Taken};

use crate::backend::{Backend, RULES, Subject};
use crate::batch::as_one_batch;
use crate::samples::{Terms, lookup_id, plain_take, unlock, wrong_guess};

/// More callers than there are attempts.
const RACERS: u32 = 32;
const SECRETS: u32 = 100;

pub(super) async fn a_secret_has_as_many_attempts_as_when_it_was_created<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_with(1, Terms::PASSPHRASE).await;
    let subject = subject.restart_with(Rules { attempts: 1, ..RULES }).await;
    subject.create_with(2, Terms::PASSPHRASE).await;
    assert_eq!(subject.ask(wrong_guess(1)).await, wrong(2));
    assert_eq!(subject.ask(wrong_guess(2)).await, wrong(0));
}

pub(super) async fn attempts_at_one_secret_do_not_count_against_another<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all_with([1, 2, 3], Terms::PASSPHRASE).await;
    subject.ask(wrong_guess(1)).await;
    subject.ask(wrong_guess(1)).await;
    // The first existing candidate is the secret that a take addresses.
    let candidates = [4, 2, 3].map(lookup_id).to_vec();
    let guess = Take { candidates, ..wrong_guess(4) };
    assert_eq!(subject.ask(guess).await, wrong(2));
    assert_eq!(subject.ask(wrong_guess(2)).await, wrong(1));
    assert_eq!(subject.ask(wrong_guess(3)).await, wrong(2));
    assert_eq!(subject.ask(wrong_guess(1)).await, wrong(0));
}

pub(super) async fn the_passphrase_of_another_secret_is_wrong<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all_with([1, 2], Terms::PASSPHRASE).await;
    let of_another = Take { proof: unlock(2).proof, ..plain_take(1) };
    assert_eq!(subject.ask(of_another).await, wrong(2));
    assert!(matches!(subject.ask(unlock(2)).await, Taken::Secret(_)));
    assert!(subject.has(1).await);
}

pub(super) async fn a_batch_checks_passphrases_in_order<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let secret = subject.create_with(1, Terms::PASSPHRASE).await;
    let required = Taken::PassphraseRequired { key_id: secret.key_id };
    let calls =
        [wrong_guess(1), plain_take(1), wrong_guess(1), unlock(1), wrong_guess(1), unlock(1)];
    let taken = as_one_batch(&subject.store, ask_all(&subject.store, calls)).await;
    let nothing = Taken::Nothing;
    let secret = Taken::Secret(secret);
    assert_eq!(taken, [wrong(2), required, wrong(1), secret, nothing.clone(), nothing]);
}

pub(super) async fn the_last_attempt_counts_within_a_batch<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_with(1, Terms::PASSPHRASE).await;
    let calls = [wrong_guess(1), wrong_guess(1), wrong_guess(1), wrong_guess(1), unlock(1)];
    let taken = as_one_batch(&subject.store, ask_all(&subject.store, calls)).await;
    assert_eq!(taken, [wrong(2), wrong(1), wrong(0), Taken::Nothing, Taken::Nothing]);
}

pub(super) async fn the_right_passphrase_has_one_winner_among_many_callers<B: Backend>() {
    let subject = Subject::<B>::start().await;
    for n in 0..SECRETS {
        let secret = Taken::Secret(subject.create_with(n, Terms::PASSPHRASE).await);
        // Wrong passphrases, too few to lock, before, among and after the right ones.
        let calls = (0..RACERS).map(|racer| match (racer + n) % (RACERS / 2) {
            0 => wrong_guess(n),
            1..4 => plain_take(n),
            _ => unlock(n),
        });
        let taken = ask_all(&subject.store, calls).await;
        let winners = taken.iter().filter(|taken| **taken == secret).count();
        assert_eq!(winners, 1, "{n}: {taken:?}");
        let handed_out = taken.iter().filter(|taken| matches!(taken, Taken::Secret(_))).count();
        assert_eq!(handed_out, 1, "{n}: {taken:?}");
        assert!(!taken.contains(&wrong(0)), "{n}: {taken:?}");
    }
}

pub(super) async fn each_attempt_is_counted_once_among_many_wrong_passphrases<B: Backend>() {
    let subject = Subject::<B>::start().await;
    for n in 0..SECRETS {
        subject.create_with(n, Terms::PASSPHRASE).await;
        let mut taken = ask_all(&subject.store, (0..RACERS).map(|_racer| wrong_guess(n))).await;
        taken.retain(|taken| *taken != Taken::Nothing);
        assert_eq!(taken, [wrong(2), wrong(1), wrong(0)], "{n}");
        assert_eq!(subject.ask(unlock(n)).await, Taken::Nothing, "{n}");
    }
}

/// The answers to these takes, sent concurrently.
async fn ask_all(store: &Store, takes: impl IntoIterator<Item = Take>) -> Vec<Taken> {
    future::try_join_all(takes.into_iter().map(|take| store.ask(take))).await.unwrap()
}

fn wrong(attempts_left: u32) -> Taken {
    Taken::WrongPassphrase { attempts_left }
}
