//! A client: it draws what to do next, does it, and enters it in the book, until the server is gone.

use std::cell::RefCell;
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::join_all;

use super::{Book, Wire, wire};
use crate::model::{Ask, DAY, Key, Passphrase, Terms};

/// Keys that compete for a secret.
const KEYS: u32 = 3;
/// The longest that a secret may live: nothing expires while a trial runs.
const LIFETIME: Duration = DAY.saturating_mul(30);

/// The most that ask for the same secret at the same instant.
const CROWD: usize = 6;

pub(crate) struct Client<'a> {
    pub(crate) rng: Rng,
    pub(crate) wire: &'a Wire,
    pub(crate) book: &'a RefCell<Book>,
}

impl Client<'_> {
    /// Goes on until the server is gone.
    pub(crate) async fn run(mut self) {
        while self.turn().await {}
    }

    async fn turn(&mut self) -> bool {
        match self.rng.u8(..20) {
            0..9 => self.create().await,
            9..11 => self.retry_creation().await,
            11..13 => self.crowd().await,
            13..15 => self.reveal_and_go_on().await,
            _ => self.one().await,
        }
    }

    /// Stores a secret that has a passphrase, and says a wrong one. That takes long, so it is done
    /// before the load begins; what is said under load is mostly on its way when the server ends.
    pub(crate) async fn protect(&mut self) {
        let terms = self.draw_terms(true);
        let number = self.book.borrow_mut().add(terms);
        for ask in [Ask::Create(terms), take(None, Some(Passphrase::Wrong))] {
            self.ask(number, ask).await;
        }
    }

    async fn create(&mut self) -> bool {
        let terms = self.draw_terms(false);
        let number = self.book.borrow_mut().add(terms);
        self.ask(number, Ask::Create(terms)).await
    }

    fn draw_terms(&mut self, has_passphrase: bool) -> Terms {
        let (has_receipt, is_repeatable) = (self.rng.bool(), self.rng.u8(..4) == 0);
        let key = is_repeatable.then_some(Key(0));
        Terms { lifetime: LIFETIME, has_passphrase, has_receipt, key }
    }

    async fn retry_creation(&mut self) -> bool {
        let drawn = self.book.borrow().draw_creation(&mut self.rng);
        let Some(number) = drawn else { return self.create().await };
        let terms = self.book.borrow().secrets[number].terms;
        self.ask(number, Ask::Create(terms)).await
    }

    /// One request about a secret.
    async fn one(&mut self) -> bool {
        let Some(number) = self.draw(1) else { return self.create().await };
        let ask = self.draw_ask(number);
        self.ask(number, ask).await
    }

    /// Several requests about a secret at the same instant.
    async fn crowd(&mut self) -> bool {
        let size = self.rng.usize(2..=CROWD);
        let Some(number) = self.draw(size) else { return self.create().await };
        let asks: Vec<Ask> = (0..size).map(|_| self.draw_ask(number)).collect();
        let answered = join_all(asks.into_iter().map(|ask| self.ask(number, ask))).await;
        answered.into_iter().all(|is_answered| is_answered)
    }

    /// Reveals a secret with a key, and then mostly asks again or acknowledges with the same one.
    async fn reveal_and_go_on(&mut self) -> bool {
        let Some(number) = self.draw(3) else { return self.create().await };
        let key = self.draw_key(number);
        let passphrase = self.book.borrow().secrets[number].right_passphrase();
        let (reveal, repeat) = (take(Some(key), passphrase), take(Some(key), None));
        let rest: &[Ask] = match self.rng.u8(..4) {
            0 => &[],
            1 => &[repeat],
            2 => &[Ask::Acknowledge(key)],
            _ => &[Ask::Acknowledge(key), repeat],
        };
        for ask in [reveal].iter().chain(rest) {
            if !self.ask(number, *ask).await {
                return false;
            }
        }
        true
    }

    /// Asks what is known of a secret; perhaps also for its creation once more, if that can be repeated.
    /// Nothing of it changes, but that it may come into being.
    pub(crate) async fn glance(&self, number: usize, may_create: bool) {
        let terms = self.book.borrow().secrets[number].terms;
        if may_create && terms.key.is_some() {
            self.ask(number, Ask::Create(terms)).await;
        }
        if self.book.borrow().secrets[number].token.is_none() {
            return;
        }
        self.ask(number, Ask::Peek).await;
        if terms.has_receipt {
            self.ask(number, Ask::Inspect).await;
        }
    }

    /// Looks at a secret for the last time: at what is known of it, and whether it can still be seen,
    /// perhaps again.
    pub(crate) async fn look(&self, number: usize) {
        self.glance(number, true).await;
        let (terms, key, passphrase, is_known) = {
            let secret = &self.book.borrow().secrets[number];
            (secret.terms, secret.usual_key(), secret.right_passphrase(), secret.token.is_some())
        };
        if !is_known {
            return;
        }
        if terms.has_passphrase {
            self.ask(number, take(None, Some(Passphrase::Wrong))).await;
        }
        self.ask(number, take(Some(key), passphrase)).await;
        if terms.has_receipt {
            self.ask(number, Ask::Inspect).await;
        }
    }

    fn draw(&mut self, requests: usize) -> Option<usize> {
        self.book.borrow().draw(&mut self.rng, requests)
    }

    fn draw_key(&mut self, number: usize) -> Key {
        if self.rng.bool() {
            self.book.borrow().secrets[number].usual_key()
        } else {
            Key(self.rng.u32(..KEYS))
        }
    }

    fn draw_ask(&mut self, number: usize) -> Ask {
        let terms = self.book.borrow().secrets[number].terms;
        let key = self.draw_key(number);
        // Passphrases are rare, so who meets one tries it.
        let way = if terms.has_passphrase { self.rng.u8(10..60) } else { self.rng.u8(..100) };
        match way {
            0..20 => take(None, None),
            20..54 => {
                let key = (self.rng.u8(..4) > 0).then_some(key);
                take(key, self.draw_passphrase(terms))
            }
            54..66 => Ask::Acknowledge(key),
            66..72 => Ask::Burn,
            72..79 if terms.has_receipt => Ask::Revoke,
            79..90 if terms.has_receipt => Ask::Inspect,
            _ => Ask::Peek,
        }
    }

    fn draw_passphrase(&mut self, terms: Terms) -> Option<Passphrase> {
        match self.rng.u8(..4) {
            _ if !terms.has_passphrase => None,
            0 => None,
            1 => Some(Passphrase::Right),
            _ => Some(Passphrase::Wrong),
        }
    }

    /// Asks about a secret. Returns whether the server is still there.
    async fn ask(&self, number: usize, ask: Ask) -> bool {
        let (entry, request) = {
            let mut book = self.book.borrow_mut();
            (book.begin(number, ask), self.wire.request(&book.secrets[number], ask))
        };
        let heard = wire::send(request).await;
        self.book.borrow_mut().end(entry, heard)
    }
}

const fn take(key: Option<Key>, passphrase: Option<Passphrase>) -> Ask {
    Ask::Take { key, passphrase }
}
