//! A secret is available until one millisecond before its expiry, and unavailable from that instant on.

use viewonce::store::{Purge, Taken};

use crate::backend::{Backend, Subject};
use crate::deadline::until_its_instant;
use crate::samples::{Terms, unlock, wrong_guess};

pub(super) async fn take_finds_a_secret_until_the_instant_it_expires<B: Backend>() {
    until_it_expires::<B>(Terms::PLAIN, async |subject, n| subject.take(n).await.is_some()).await;
}

pub(super) async fn the_right_passphrase_opens_until_the_instant_of_expiry<B: Backend>() {
    until_it_expires::<B>(Terms::PASSPHRASE, async |subject, n| {
        subject.ask(unlock(n)).await != Taken::Nothing
    })
    .await;
}

pub(super) async fn a_wrong_passphrase_counts_until_the_instant_of_expiry<B: Backend>() {
    until_it_expires::<B>(Terms::PASSPHRASE, async |subject, n| {
        subject.ask(wrong_guess(n)).await != Taken::Nothing
    })
    .await;
}

pub(super) async fn peek_finds_a_secret_until_the_instant_it_expires<B: Backend>() {
    until_it_expires::<B>(Terms::PLAIN, async |subject, n| subject.has(n).await).await;
}

pub(super) async fn burn_finds_a_secret_until_the_instant_it_expires<B: Backend>() {
    until_it_expires::<B>(Terms::PLAIN, async |subject, n| subject.burn(n).await).await;
}

pub(super) async fn purge_leaves_a_secret_until_the_instant_it_expires<B: Backend>() {
    until_it_expires::<B>(Terms::PLAIN, async |subject, _n| {
        subject.store.insist(Purge).await.unwrap().secrets == 0
    })
    .await;
}

async fn until_it_expires<B: Backend>(
    terms: Terms,
    is_there: impl AsyncFn(&Subject<B>, u32) -> bool,
) {
    let subject = Subject::<B>::start().await;
    let prepare = async |subject: &Subject<B>, n| subject.create_with(n, terms).await.expires_at;
    until_its_instant(&subject, prepare, is_there).await;
}
