//! Large secrets: one transaction contains only a few.

use futures_util::future;
use viewonce::domain::clock::Timestamp;
use viewonce::domain::secret::SealedSecret;
use viewonce::store::{Close, Created, Peek, Revoke, StoreError, Taken};

use super::Sqlite;
use super::failure::limit_files;
use crate::backend::Subject;
use crate::batch::as_one_batch;
use crate::paused_store::pause;
use crate::samples::{KEY, Terms, create_of, only, plain_take, receipt, repeatable_unlock};
use crate::subprocess;

/// Too many sealed bytes to commit two such secrets in one transaction.
const LARGE_BYTES: usize = 400_000;
/// More messages than one transaction accepts.
const MANY: u32 = 700;

/// Secret number `n`, a large one.
fn large(subject: &Subject<Sqlite>, n: u32) -> SealedSecret {
    let ciphertext = vec![7; LARGE_BYTES];
    let expires_at = Timestamp::from_millis(i64::MAX);
    SealedSecret { ciphertext, expires_at, ..subject.secret(n) }
}

#[actix_web::test]
async fn small_messages_do_not_wait_for_all_large_ones() {
    let subject = Subject::<Sqlite>::start().await;
    let store = &subject.store;
    let [first, second] = [1, 2].map(|n| large(&subject, n));
    // The take precedes the answer to the second create: only so can it run before that create.
    let creates = future::join3(
        store.ask(create_of(first)),
        store.ask(create_of(second)),
        store.ask(plain_take(2)),
    );
    let (first, second, hasty) = as_one_batch(store, creates).await;
    assert!(matches!((first, second), (Ok(Created::Stored), Ok(Created::Stored))));
    assert_eq!(hasty.unwrap(), Taken::Nothing);

    let takes = future::join4(subject.take(1), subject.take(2), subject.burn(2), subject.has(2));
    let (first, second, is_burned, was_there) = as_one_batch(store, takes).await;
    assert!(was_there);
    assert_eq!((first, second), (Some(large(&subject, 1)), Some(large(&subject, 2))));
    assert!(!is_burned);
}

#[actix_web::test]
async fn messages_that_write_or_erase_a_second_large_secret_are_deferred() {
    let subject = Subject::<Sqlite>::start().await;
    let store = &subject.store;
    for n in 0..8 {
        let secret = Terms::PASSPHRASE_AND_RECEIPT.of(n, large(&subject, n));
        store.ask(secret).await.unwrap();
    }
    let ways = [0, 2, 4].map(|n| {
        let (subject, first) = (&subject, n);
        async move {
            let ends = async {
                match first {
                    0 => drop(subject.ask(repeatable_unlock(1, KEY)).await),
                    2 => assert!(subject.burn(3).await),
                    _ => drop(store.ask(Revoke(receipt(5))).await.unwrap().unwrap()),
                }
            };
            let calls = future::join3(
                subject.ask(repeatable_unlock(first, KEY)),
                ends,
                subject.has(first + 1),
            );
            as_one_batch(store, calls).await.2
        }
    });
    for way in ways {
        assert!(way.await);
    }
    assert!(!subject.has(1).await && !subject.has(3).await && !subject.has(5).await);
}

#[actix_web::test]
async fn a_cancelled_call_with_a_large_secret_is_not_run() {
    let subject = Subject::<Sqlite>::start().await;
    let store = &subject.store;
    store.ask(create_of(large(&subject, 1))).await.unwrap();
    store.ask(create_of(large(&subject, 2))).await.unwrap();
    let paused = pause(store);
    let mut first = Box::pin(subject.take(1));
    let mut second = Box::pin(subject.take(2));
    assert!(future::poll_immediate(first.as_mut()).await.is_none());
    assert!(future::poll_immediate(second.as_mut()).await.is_none());
    drop(second);
    drop(paused);
    assert!(first.await.is_some());
    assert!(subject.has(2).await);
}

#[actix_web::test]
async fn many_large_secrets_are_stored_and_none_is_lost() {
    let subject = Subject::<Sqlite>::start().await;
    let some = |n| SealedSecret { ciphertext: vec![7; LARGE_BYTES / 50], ..subject.secret(n) };
    let creates = (0..MANY).map(|n| subject.store.ask(create_of(some(n))));
    let created = as_one_batch(&subject.store, future::join_all(creates)).await;
    assert!(created.iter().all(Result::is_ok));
    let present = future::join_all((0..MANY).map(|n| subject.store.ask(Peek(only(n))))).await;
    assert!(present.into_iter().all(|peeked| peeked.unwrap().is_some()));
}

#[actix_web::test]
async fn close_finishes_deferred_messages() {
    let subject = Subject::<Sqlite>::start().await;
    let calls = (1..=3).map(|n| subject.store.ask(create_of(large(&subject, n))));
    let calls = future::join(future::join_all(calls), subject.store.insist(Close));
    let (created, end) = as_one_batch(&subject.store, calls).await;
    assert!(created.iter().all(Result::is_ok), "{created:?}");
    end.unwrap();
    let subject = subject.reopen();
    for n in 1..=3 {
        assert!(subject.has(n).await, "{n}");
    }
}

#[actix_web::test]
async fn a_message_deferred_behind_a_failed_commit_has_no_effect() {
    let test = "sqlite::large::a_message_deferred_behind_a_failed_commit_has_no_effect";
    if subprocess::is_alone(test, subprocess::WITHOUT_SIGNALS_OF_LIMITS) {
        let subject = Subject::<Sqlite>::start().await;
        limit_files("300000");
        let store = &subject.store;
        let [first, second] = [1, 2].map(|n| store.ask(create_of(large(&subject, n))));
        let (first, second) = as_one_batch(store, future::join(first, second)).await;
        assert!(matches!(first, Err(StoreError::OutcomeUnknown(_))), "{first:?}");
        assert!(matches!(second, Err(StoreError::Failed(_))), "{second:?}");
        limit_files("unlimited");
        assert!(!subject.has(2).await);
    }
}
