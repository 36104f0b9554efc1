//! Wall clock jumps: a secret that has expired by either clock is not shown, but a jump deletes nothing
//! until the janitor follows it.

use chrono::TimeDelta;
use viewonce::store::{Purge, State, Taken};

use crate::backend::{Backend, RULES, Subject};
use crate::samples::{HOUR, KEY, Terms, claiming, knowing};

const FORWARD: TimeDelta = TimeDelta::hours(24);
const BACK: TimeDelta = TimeDelta::hours(-24);
/// Less than a secret lives, more than a repeat is possible.
const HALF_AN_HOUR: TimeDelta = TimeDelta::minutes(30);

pub(super) async fn a_jump_forward_hides_what_expires_by_it_and_has_nothing_deleted<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let secret = subject.create_with(1, Terms::PASSPHRASE_AND_RECEIPT).await;
    subject.clock.set_wall(FORWARD);
    assert_eq!(subject.ask(knowing(1)).await, Taken::Nothing);
    assert!(!subject.has(1).await);
    assert_eq!(subject.state(1).await, State::Expired);
    assert_eq!(subject.store.insist(Purge).await.unwrap().secrets, 0);
    subject.clock.set_wall(BACK);
    assert_eq!(subject.state(1).await, State::Pending);
    assert_eq!(subject.ask(knowing(1)).await, Taken::Secret(secret));
}

pub(super) async fn what_is_created_after_a_jump_forward_lives<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.clock.set_wall(FORWARD);
    subject.create(1).await;
    subject.clock.follow(subject.clock.jump().unwrap());
    subject.store.insist(Purge).await.unwrap();
    assert!(subject.take(1).await.is_some());
}

pub(super) async fn a_jump_that_is_followed_has_what_expires_by_it_deleted<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create(1).await;
    subject.clock.set_wall(FORWARD);
    subject.clock.follow(subject.clock.jump().unwrap());
    assert_eq!(subject.store.insist(Purge).await.unwrap().secrets, 1);
}

pub(super) async fn a_jump_back_brings_nothing_back<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_with(1, Terms::RECEIPT).await;
    // The steady clock may be milliseconds behind.
    subject.clock.advance(2 * HOUR);
    subject.clock.set_wall(BACK);
    assert!(subject.take(1).await.is_none());
    assert_eq!(subject.state(1).await, State::Expired);
    assert_eq!(subject.store.insist(Purge).await.unwrap().secrets, 1);
    subject.clock.follow(subject.clock.jump().unwrap());
    assert!(subject.take(1).await.is_none());
}

/// Its window is a time that passes, not an instant by the wall clock.
pub(super) async fn a_repeat_is_possible_for_as_long_whatever_the_clock_does<B: Backend>() {
    let subject = Subject::<B>::start().await;
    for n in [1, 2] {
        subject.create(n).await;
    }
    let is_again = |taken| matches!(taken, Taken::Again { .. });
    subject.ask(claiming(1, KEY)).await;
    subject.clock.set_wall(HALF_AN_HOUR);
    assert!(is_again(subject.ask(claiming(1, KEY)).await));
    subject.ask(claiming(2, KEY)).await;
    subject.clock.set_wall(-HALF_AN_HOUR);
    assert!(is_again(subject.ask(claiming(2, KEY)).await));
    subject.clock.advance(RULES.redelivery);
    for n in [1, 2] {
        assert_eq!(subject.ask(claiming(n, KEY)).await, Taken::Nothing, "{n}");
    }
}

pub(super) async fn a_repeat_does_not_outlive_the_expiry_by_either_clock<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create(1).await;
    subject.ask(claiming(1, KEY)).await;
    subject.clock.set_wall(FORWARD);
    assert_eq!(subject.ask(claiming(1, KEY)).await, Taken::Nothing);
    assert!(!subject.acknowledge(1, KEY).await);
}
