//! A receipt reports how and when its secret ended, and lets its owner burn it.

use std::time::Duration;

use viewonce::domain::secret::SealedSecret;
use viewonce::store::{Inspect, Purge, ReceiptStatus, Revoke, Rules, State, Taken};

use crate::backend::{Backend, RULES, Subject};
use crate::deadline::until_its_instant;
use crate::samples::{HOUR, Terms, receipt_id, unlock, wrong_guess};

/// All ends of a secret but expiry, and the state that its receipt reports then.
const ENDS: [(End, State); 4] = [
    (End::Take, State::Viewed),
    (End::Burn, State::Burned),
    (End::Revoke, State::Burned),
    (End::Lock, State::Locked),
];

#[derive(Clone, Copy, Debug)]
enum End {
    Take,
    Burn,
    Revoke,
    Lock,
}

impl End {
    /// Ends secret number `n`, which has a passphrase and a receipt.
    async fn of<B: Backend>(self, n: u32, subject: &Subject<B>) {
        match self {
            Self::Take => assert!(matches!(subject.ask(unlock(n)).await, Taken::Secret(_))),
            Self::Burn => assert!(subject.burn(n).await),
            Self::Revoke => assert!(subject.revoke(n).await.is_some()),
            Self::Lock => {
                for _attempt in 0..RULES.attempts {
                    subject.ask(wrong_guess(n)).await;
                }
            }
        }
    }
}

pub(super) async fn a_receipt_reports_how_and_when_its_secret_ended<B: Backend>() {
    let subject = Subject::<B>::start().await;
    for (n, (end, state)) in (0..).zip(ENDS) {
        let before = subject.clock.now();
        let SealedSecret { expires_at, .. } = create_with(&subject, n).await;
        let pending = subject.receipt_status(n).await.unwrap();
        assert!((before..=subject.clock.now()).contains(&pending.created_at), "{end:?}");
        let ReceiptStatus { created_at, .. } = pending;
        let expected =
            ReceiptStatus { state: State::Pending, created_at, expires_at, ended_at: None };
        assert_eq!(pending, expected, "{end:?}");

        subject.clock.advance(HOUR / 4);
        let before = subject.clock.now();
        end.of(n, &subject).await;
        let after = subject.clock.now();
        subject.clock.advance(HOUR / 4);
        let ReceiptStatus { ended_at, .. } = subject.receipt_status(n).await.unwrap();
        assert!((before..=after).contains(&ended_at.unwrap()), "{end:?}");
        let expected = Some(ReceiptStatus { state, created_at, expires_at, ended_at });
        assert_eq!(subject.receipt_status(n).await, expected, "{end:?}");
    }
}

pub(super) async fn a_receipt_is_pending_until_the_instant_of_expiry<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let prepare = async |subject: &Subject<B>, n| create_with(subject, n).await.expires_at;
    until_its_instant(&subject, prepare, async |subject, n| is_pending(subject, n).await).await;
}

/// Whether a secret that nobody ends is pending. Otherwise it must have expired.
async fn is_pending<B: Backend>(subject: &Subject<B>, n: u32) -> bool {
    let ReceiptStatus { state, expires_at, ended_at, .. } =
        subject.receipt_status(n).await.unwrap();
    match ended_at {
        None => assert_eq!(state, State::Pending),
        Some(ended_at) => assert_eq!((state, ended_at), (State::Expired, expires_at)),
    }
    ended_at.is_none()
}

pub(super) async fn revoke_burns_until_the_instant_of_expiry<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let prepare = async |subject: &Subject<B>, n| create_with(subject, n).await.expires_at;
    until_its_instant(&subject, prepare, async |subject, n| {
        let ReceiptStatus { state, .. } = subject.revoke(n).await.unwrap();
        assert!([State::Burned, State::Expired].contains(&state), "{state:?}");
        state == State::Burned
    })
    .await;
}

pub(super) async fn a_receipt_is_found_under_any_of_several_candidates<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let candidates = [1, 2, 3].map(receipt_id).to_vec();
    for n in [3, 2, 1] {
        // The search stops at the first existing receipt.
        let expected = create_with(&subject, n).await;
        let receipt_status = subject.store.ask(Inspect(candidates.clone())).await.unwrap().unwrap();
        assert_eq!(
            (receipt_status.state, receipt_status.expires_at),
            (State::Pending, expected.expires_at)
        );
        let receipt_status = subject.store.ask(Revoke(candidates.clone())).await.unwrap().unwrap();
        assert_eq!(
            (receipt_status.state, receipt_status.expires_at),
            (State::Burned, expected.expires_at)
        );
        assert!(!subject.has(n).await);
    }
}

pub(super) async fn a_receipt_is_kept_after_the_end_as_long_as_the_rules_say<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let prepare = async |subject: &Subject<B>, n| {
        create_with(subject, n).await;
        let (end, _state) = ENDS[n as usize % ENDS.len()];
        end.of(n, subject).await;
        subject.receipt_status(n).await.unwrap().ended_at.unwrap().plus(RULES.receipts_kept)
    };
    until_its_instant(&subject, prepare, async |subject, n| is_kept(subject, n).await).await;
}

pub(super) async fn a_receipt_is_kept_after_the_expiry_as_long_as_the_rules_say<B: Backend>() {
    let subject = Subject::<B>::start().await;
    let prepare = async |subject: &Subject<B>, n| {
        create_with(subject, n).await.expires_at.plus(RULES.receipts_kept)
    };
    until_its_instant(&subject, prepare, async |subject, n| is_kept(subject, n).await).await;
}

/// Whether every query finds the receipt of an ended secret.
async fn is_kept<B: Backend>(subject: &Subject<B>, n: u32) -> bool {
    let is_kept = subject.receipt_status(n).await.is_some();
    // Between the two queries the receipt may disappear, but not appear.
    assert!(is_kept || subject.revoke(n).await.is_none());
    is_kept
}

pub(super) async fn a_receipt_is_kept_as_long_as_its_secret_lives<B: Backend>() {
    let rules = Rules { receipts_kept: Duration::from_secs(1), ..RULES };
    let subject = Subject::<B>::start_with(rules);
    create_with(&subject, 1).await;
    subject.clock.advance(HOUR / 2);
    subject.store.insist(Purge).await.unwrap();
    assert_eq!(subject.state(1).await, State::Pending);
    assert_eq!(subject.revoke(1).await.unwrap().state, State::Burned);
}

/// Restarts with longer retention, to see that purged receipts are really deleted.
pub(super) async fn purge_deletes_receipts_that_were_kept_long_enough_and_no_others<B: Backend>() {
    let subject = Subject::<B>::start().await;
    for (n, (end, _state)) in (0..).zip(ENDS) {
        create_with(&subject, n).await;
        end.of(n, &subject).await;
    }
    create_with(&subject, 4).await;
    subject.clock.advance(RULES.receipts_kept / 2);
    create_with(&subject, 5).await;
    End::Burn.of(5, &subject).await;
    subject.clock.advance(RULES.receipts_kept / 2 + 2 * HOUR);
    create_with(&subject, 6).await;
    subject.store.insist(Purge).await.unwrap();
    let rules = Rules { receipts_kept: Duration::MAX, ..RULES };
    let subject = subject.restart_with(rules).await;
    for n in 0..7 {
        assert_eq!(subject.receipt_status(n).await.is_some(), n > 4, "{n}");
    }
}

/// Stores secret number `n`, with a passphrase and a receipt.
async fn create_with<B: Backend>(subject: &Subject<B>, n: u32) -> SealedSecret {
    subject.create_with(n, Terms::PASSPHRASE_AND_RECEIPT).await
}

pub(super) async fn a_revoke_reports_the_burn_even_if_no_receipt_is_kept<B: Backend>() {
    let subject = Subject::<B>::start_with(Rules { receipts_kept: Duration::ZERO, ..RULES });
    create_with(&subject, 1).await;
    let receipt_status = subject.revoke(1).await.unwrap();
    assert_eq!(receipt_status.state, State::Burned);
    assert!(receipt_status.ended_at.is_some_and(|ended_at| ended_at <= subject.clock.now()));
    assert_eq!(subject.revoke(1).await, None);
    assert!(!subject.has(1).await);
}
