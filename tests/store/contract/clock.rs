//! Wall clock jumps: a secret that has expired by either clock is unavailable, but a jump deletes none
//! until the janitor has accepted it.

use chrono::TimeDelta;
use viewonce::store::{Purge, State, Taken};

use crate::backend::{Backend, RULES, Subject};
use crate::samples::{HOUR, KEY, Terms, repeatable_take, unlock};

const FORWARD: TimeDelta = TimeDelta::hours(24);
const BACK: TimeDelta = TimeDelta::hours(-24);
/// Shorter than a secret's lifetime, longer than the repeat window.
const HALF_AN_HOUR: TimeDelta = TimeDelta::minutes(30);

pub(super) async fn a_jump_forward_hides_expired_secrets_but_deletes_none<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let secret = subject.create_with(1, Terms::PASSPHRASE_AND_RECEIPT).await;
    subject.clock.set_wall(FORWARD);
    assert_eq!(subject.ask(unlock(1)).await, Taken::Nothing);
    assert!(!subject.has(1).await);
    assert_eq!(subject.state(1).await, State::Expired);
    assert_eq!(subject.store.insist(Purge).await.unwrap().secrets, 0);
    subject.clock.set_wall(BACK);
    assert_eq!(subject.state(1).await, State::Pending);
    assert_eq!(subject.ask(unlock(1)).await, Taken::Secret(secret));
}

pub(super) async fn a_secret_created_after_a_jump_forward_keeps_its_lifetime<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.clock.set_wall(FORWARD);
    subject.create(1).await;
    subject.clock.follow(subject.clock.jump().unwrap());
    subject.store.insist(Purge).await.unwrap();
    assert!(subject.take(1).await.is_some());
}

pub(super) async fn secrets_expired_by_a_jump_are_deleted_once_it_is_followed<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create(1).await;
    subject.clock.set_wall(FORWARD);
    subject.clock.follow(subject.clock.jump().unwrap());
    assert_eq!(subject.store.insist(Purge).await.unwrap().secrets, 1);
}

pub(super) async fn a_jump_back_revives_no_expired_secret<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_with(1, Terms::RECEIPT).await;
    // The steady clock may lag by milliseconds.
    subject.clock.advance(2 * HOUR);
    subject.clock.set_wall(BACK);
    assert!(subject.take(1).await.is_none());
    assert_eq!(subject.state(1).await, State::Expired);
    assert_eq!(subject.store.insist(Purge).await.unwrap().secrets, 1);
    subject.clock.follow(subject.clock.jump().unwrap());
    assert!(subject.take(1).await.is_none());
}

/// The repeat window is a duration, not an instant of the wall clock.
pub(super) async fn clock_jumps_do_not_change_the_repeat_window<B: Backend>() {
    let subject = Subject::<B>::start().await;
    for n in [1, 2] {
        subject.create(n).await;
    }
    let is_again = |taken| matches!(taken, Taken::Again { .. });
    subject.ask(repeatable_take(1, KEY)).await;
    subject.clock.set_wall(HALF_AN_HOUR);
    assert!(is_again(subject.ask(repeatable_take(1, KEY)).await));
    subject.ask(repeatable_take(2, KEY)).await;
    subject.clock.set_wall(-HALF_AN_HOUR);
    assert!(is_again(subject.ask(repeatable_take(2, KEY)).await));
    subject.clock.advance(RULES.redelivery);
    for n in [1, 2] {
        assert_eq!(subject.ask(repeatable_take(n, KEY)).await, Taken::Nothing, "{n}");
    }
}

pub(super) async fn a_repeat_ends_when_the_wall_clock_passes_the_expiry<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create(1).await;
    subject.ask(repeatable_take(1, KEY)).await;
    subject.clock.set_wall(FORWARD);
    assert_eq!(subject.ask(repeatable_take(1, KEY)).await, Taken::Nothing);
    assert!(!subject.acknowledge(1, KEY).await);
}
