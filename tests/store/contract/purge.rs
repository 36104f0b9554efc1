//! A purge deletes what has expired, and nothing else.

use viewonce::secret::{Ciphertext, SealedSecret};
use viewonce::store::Purged;

use crate::backend::{Backend, Subject};
use crate::samples::HOUR;

/// Secrets that one purge deletes at the most.
const PORTION: usize = 1_000;

pub(super) async fn purge_deletes_the_expired_and_leaves_the_living<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all(0..5).await;
    subject.clock.advance(HOUR);
    subject.create_all(5..10).await;
    let purged = subject.store.purge().await.unwrap();
    assert_eq!(purged, Purged { secrets: 5, is_complete: true });
    let purged = subject.store.purge().await.unwrap();
    assert_eq!(purged, Purged { secrets: 0, is_complete: true });
    for n in 5..10 {
        assert!(subject.take(n).await.is_some(), "{n}");
    }
}

pub(super) async fn purge_deletes_in_portions_and_says_when_it_is_complete<B: Backend>() {
    let subject = Subject::<B>::start().await;
    subject.create_all(0..2_500).await;
    subject.clock.advance(HOUR);
    subject.create_all(2_500..2_600).await;
    let mut secrets = 0;
    loop {
        let purged = subject.store.purge().await.unwrap();
        assert!(purged.secrets <= PORTION, "{purged:?}");
        secrets += purged.secrets;
        if purged.is_complete {
            break;
        }
    }
    assert_eq!(secrets, 2_500);
    for n in 2_500..2_600 {
        assert!(subject.has(n).await, "{n}");
    }
}

/// What is deleted is overwritten, so that large secrets take their time.
pub(super) async fn purge_deletes_large_secrets_a_few_at_a_time<B: Backend>() {
    let subject = Subject::<B>::start().await;
    for n in 0..8 {
        let ciphertext = Ciphertext::from_bytes(vec![0xa5; 400_000]);
        let sealed = SealedSecret { ciphertext, ..subject.secret(n) };
        subject.store.create(sealed).await.unwrap();
    }
    subject.clock.advance(HOUR);
    for (secrets, is_complete) in [(3, false), (3, false), (2, true)] {
        assert_eq!(subject.store.purge().await.unwrap(), Purged { secrets, is_complete });
    }
}
