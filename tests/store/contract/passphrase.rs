//! A passphrase: without it nothing is handed out, a wrong one uses up an attempt, and the last
//! attempt destroys the secret.

use futures_util::future;
use viewonce::store::{Peeked, Rules, State, Store, Take, Taken};

use crate::backend::{Backend, RULES, Subject};
use crate::batch::as_one_batch;
use crate::samples::{KEY, Terms, claiming, guessing, knowing, lookup_id, only, taking};

/// More callers than there are attempts.
const RACERS: u32 = 32;
const SECRETS: u32 = 100;

pub(super) async fn the_right_passphrase_takes_a_secret_exactly_as_it_was_created<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let secret = subject.confide(1, Terms::PASSPHRASE).await;
    assert_eq!(subject.ask(knowing(1)).await, Taken::Secret(secret));
    assert_eq!(subject.ask(knowing(1)).await, Taken::Nothing);
}

pub(super) async fn without_a_passphrase_a_secret_stays_however_often_it_is_asked_for<
    B: Backend,
>() {
    let subject = Subject::<B>::start().await;
    let secret = subject.confide(1, Terms::PASSPHRASE_AND_RECEIPT).await;
    let required = Taken::PassphraseRequired { key_id: secret.key_id };
    for _time in 0..2 * RULES.attempts {
        assert_eq!(subject.ask(taking(1)).await, required);
        assert_eq!(subject.ask(claiming(1, KEY)).await, required);
    }
    assert_eq!(subject.state(1).await, State::Pending);
    assert_eq!(subject.ask(guessing(1)).await, wrong(2));
    assert_eq!(subject.ask(knowing(1)).await, Taken::Secret(secret));
}

pub(super) async fn a_wrong_passphrase_burns_nothing_while_attempts_are_left<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let secret = subject.confide(1, Terms::PASSPHRASE_AND_RECEIPT).await;
    let peeked = Some(Peeked { expires_at: secret.expires_at, passphrase_required: true });
    for left in [2, 1] {
        assert_eq!(subject.ask(guessing(1)).await, wrong(left));
        assert_eq!(subject.store.peek(only(1)).await.unwrap(), peeked);
        assert_eq!(subject.state(1).await, State::Pending);
    }
    assert_eq!(subject.ask(knowing(1)).await, Taken::Secret(secret));
}

pub(super) async fn the_last_wrong_passphrase_destroys_the_secret<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.confide(1, Terms::PASSPHRASE_AND_RECEIPT).await;
    for left in [2, 1, 0] {
        assert_eq!(subject.ask(guessing(1)).await, wrong(left));
    }
    for take in [guessing(1), knowing(1), taking(1), claiming(1, KEY)] {
        assert_eq!(subject.ask(take).await, Taken::Nothing);
    }
    assert!(!subject.has(1).await);
    assert!(!subject.burn(1).await);
    assert_eq!(subject.state(1).await, State::Locked);
}

pub(super) async fn attempts_are_counted_on_after_a_restart<B: Backend>() {
    let mut subject = Subject::<B>::start().await;
    subject.confide(1, Terms::PASSPHRASE).await;
    for left in [2, 1, 0] {
        assert_eq!(subject.ask(guessing(1)).await, wrong(left));
        subject = subject.restart().await;
    }
    assert_eq!(subject.ask(knowing(1)).await, Taken::Nothing);
}

pub(super) async fn a_secret_has_as_many_attempts_as_when_it_was_created<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.confide(1, Terms::PASSPHRASE).await;
    let subject = subject.restart_with(Rules { attempts: 1, ..RULES }).await;
    subject.confide(2, Terms::PASSPHRASE).await;
    assert_eq!(subject.ask(guessing(1)).await, wrong(2));
    assert_eq!(subject.ask(guessing(2)).await, wrong(0));
}

pub(super) async fn attempts_at_one_secret_are_none_at_another<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.confide_all([1, 2, 3], Terms::PASSPHRASE).await;
    subject.ask(guessing(1)).await;
    subject.ask(guessing(1)).await;
    // Of several candidates, the first that is there is the one that is meant.
    let candidates = [4, 2, 3].map(lookup_id).to_vec();
    let guess = Take { candidates, ..guessing(4) };
    assert_eq!(subject.ask(guess).await, wrong(2));
    assert_eq!(subject.ask(guessing(2)).await, wrong(1));
    assert_eq!(subject.ask(guessing(3)).await, wrong(2));
    assert_eq!(subject.ask(guessing(1)).await, wrong(0));
}

pub(super) async fn the_passphrase_of_another_secret_is_wrong<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.confide_all([1, 2], Terms::PASSPHRASE).await;
    let of_another = Take { proof: knowing(2).proof, ..taking(1) };
    assert_eq!(subject.ask(of_another).await, wrong(2));
    assert!(matches!(subject.ask(knowing(2)).await, Taken::Secret(_)));
    assert!(subject.has(1).await);
}

pub(super) async fn a_passphrase_does_not_matter_to_a_secret_that_has_none<B: Backend>() {
    let subject = Subject::<B>::start().await;
    for take in [knowing(1), guessing(1)] {
        let secret = subject.confide(1, Terms::PLAIN).await;
        assert_eq!(subject.ask(take.clone()).await, Taken::Secret(secret));
        assert_eq!(subject.ask(take).await, Taken::Nothing);
    }
}

pub(super) async fn peek_tells_whether_a_passphrase_is_required<B: Backend>() {
    let subject = Subject::<B>::start().await;
    for (n, terms, passphrase_required) in
        [(1, Terms::PASSPHRASE, true), (2, Terms::ALL, true), (3, Terms::RECEIPT, false)]
    {
        let expires_at = subject.confide(n, terms).await.expires_at;
        let peeked = subject.store.peek(only(n)).await.unwrap();
        assert_eq!(peeked, Some(Peeked { expires_at, passphrase_required }));
    }
}

pub(super) async fn burn_takes_no_passphrase<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.confide(1, Terms::PASSPHRASE_AND_RECEIPT).await;
    assert!(subject.burn(1).await);
    assert_eq!(subject.ask(knowing(1)).await, Taken::Nothing);
    assert_eq!(subject.state(1).await, State::Burned);
}

pub(super) async fn a_batch_checks_each_passphrase_in_its_turn<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let secret = subject.confide(1, Terms::PASSPHRASE).await;
    let required = Taken::PassphraseRequired { key_id: secret.key_id };
    let calls = [guessing(1), taking(1), guessing(1), knowing(1), guessing(1), knowing(1)];
    let taken = as_one_batch(&subject.store, ask_all(&subject.store, calls)).await;
    let nothing = Taken::Nothing;
    let secret = Taken::Secret(secret);
    assert_eq!(taken, [wrong(2), required, wrong(1), secret, nothing.clone(), nothing]);
}

pub(super) async fn the_last_attempt_counts_within_a_batch<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.confide(1, Terms::PASSPHRASE).await;
    let calls = [guessing(1), guessing(1), guessing(1), guessing(1), knowing(1)];
    let taken = as_one_batch(&subject.store, ask_all(&subject.store, calls)).await;
    assert_eq!(taken, [wrong(2), wrong(1), wrong(0), Taken::Nothing, Taken::Nothing]);
}

pub(super) async fn the_right_passphrase_has_one_winner_among_many_callers<B: Backend>() {
    let subject = Subject::<B>::start().await;
    for n in 0..SECRETS {
        let secret = Taken::Secret(subject.confide(n, Terms::PASSPHRASE).await);
        // Fewer wrong ones than there are attempts, before, among and behind the right ones.
        let calls = (0..RACERS).map(|racer| match (racer + n) % (RACERS / 2) {
            0 => guessing(n),
            1..4 => taking(n),
            _ => knowing(n),
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
        subject.confide(n, Terms::PASSPHRASE).await;
        let mut taken = ask_all(&subject.store, (0..RACERS).map(|_racer| guessing(n))).await;
        taken.retain(|taken| *taken != Taken::Nothing);
        assert_eq!(taken, [wrong(2), wrong(1), wrong(0)], "{n}");
        assert_eq!(subject.ask(knowing(n)).await, Taken::Nothing, "{n}");
    }
}

/// What comes of these takes, sent at once.
async fn ask_all(store: &Store, takes: impl IntoIterator<Item = Take>) -> Vec<Taken> {
    future::try_join_all(takes.into_iter().map(|take| store.take(take))).await.unwrap()
}

fn wrong(attempts_left: u32) -> Taken {
    Taken::WrongPassphrase { attempts_left }
}
