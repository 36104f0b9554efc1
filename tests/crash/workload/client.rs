//! A client: it draws a request, sends it and records it, until the server is gone.

use std::cell::RefCell;
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::join_all;

use super::{Recorder, Wire, wire};
use crate::model::{Ask, DAY, Key, Passphrase, Terms};

/// Keys that compete for a secret.
const KEYS: u32 = 3;
/// The maximum lifetime of a secret: nothing expires during a trial.
const LIFETIME: Duration = DAY.saturating_mul(30);

/// Maximum number of concurrent requests for one secret.
const CROWD: usize = 6;

pub(crate) struct Client<'a> {
    pub(crate) rng: Rng,
    pub(crate) wire: &'a Wire,
    pub(crate) recorder: &'a RefCell<Recorder>,
}

impl Client<'_> {
    /// Sends requests until the server is gone.
    pub(crate) async fn run(mut self) {
        while self.send_next().await {}
    }

    async fn send_next(&mut self) -> bool {
        match self.rng.u8(..20) {
            0..9 => self.create().await,
            9..11 => self.retry_creation().await,
            11..13 => self.send_concurrently().await,
            13..15 => self.reveal_and_go_on().await,
            _ => self.send_one().await,
        }
    }

    /// Stores a secret with a passphrase, and sends a wrong one. Stretching takes long, so this runs
    /// before the load; under load, most passphrases are still being stretched when the server ends.
    pub(crate) async fn protect(&mut self) {
        let terms = self.draw_terms(true);
        let number = self.recorder.borrow_mut().add(terms);
        for ask in [Ask::Create(terms), take(None, Some(Passphrase::Wrong))] {
            self.ask(number, ask).await;
        }
    }

    async fn create(&mut self) -> bool {
        let terms = self.draw_terms(false);
        let number = self.recorder.borrow_mut().add(terms);
        self.ask(number, Ask::Create(terms)).await
    }

    fn draw_terms(&mut self, has_passphrase: bool) -> Terms {
        let (has_receipt, is_repeatable) = (self.rng.bool(), self.rng.u8(..4) == 0);
        let key = is_repeatable.then_some(Key(0));
        Terms { lifetime: LIFETIME, has_passphrase, has_receipt, key }
    }

    async fn retry_creation(&mut self) -> bool {
        let drawn = self.recorder.borrow().draw_creation(&mut self.rng);
        let Some(number) = drawn else { return self.create().await };
        let terms = self.recorder.borrow().secrets[number].terms;
        self.ask(number, Ask::Create(terms)).await
    }

    /// One request about a secret.
    async fn send_one(&mut self) -> bool {
        let Some(number) = self.draw(1) else { return self.create().await };
        let ask = self.draw_ask(number);
        self.ask(number, ask).await
    }

    /// Several requests about a secret at the same instant.
    async fn send_concurrently(&mut self) -> bool {
        let size = self.rng.usize(2..=CROWD);
        let Some(number) = self.draw(size) else { return self.create().await };
        let asks: Vec<Ask> = (0..size).map(|_| self.draw_ask(number)).collect();
        let answered = join_all(asks.into_iter().map(|ask| self.ask(number, ask))).await;
        answered.into_iter().all(|is_answered| is_answered)
    }

    /// Reveals a secret with a key, and then usually repeats or acknowledges with the same key.
    async fn reveal_and_go_on(&mut self) -> bool {
        let Some(number) = self.draw(3) else { return self.create().await };
        let key = self.draw_key(number);
        let passphrase = self.recorder.borrow().secrets[number].right_passphrase();
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

    /// Reads the state of a secret, and perhaps retries its creation if that is repeatable. Changes
    /// nothing, except that the retry may create the secret.
    pub(crate) async fn read_state(&self, number: usize, may_create: bool) {
        let terms = self.recorder.borrow().secrets[number].terms;
        if may_create && terms.key.is_some() {
            self.ask(number, Ask::Create(terms)).await;
        }
        if self.recorder.borrow().secrets[number].token.is_none() {
            return;
        }
        self.ask(number, Ask::Peek).await;
        if terms.has_receipt {
            self.ask(number, Ask::Inspect).await;
        }
    }

    /// Reads a secret for the last time: its state, and whether it can still be revealed or repeated.
    pub(crate) async fn read_finally(&self, number: usize) {
        self.read_state(number, true).await;
        let (terms, key, passphrase, is_known) = {
            let secret = &self.recorder.borrow().secrets[number];
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
        self.recorder.borrow().draw(&mut self.rng, requests)
    }

    fn draw_key(&mut self, number: usize) -> Key {
        if self.rng.bool() {
            self.recorder.borrow().secrets[number].usual_key()
        } else {
            Key(self.rng.u32(..KEYS))
        }
    }

    fn draw_ask(&mut self, number: usize) -> Ask {
        let terms = self.recorder.borrow().secrets[number].terms;
        let key = self.draw_key(number);
        // Passphrases are rare, so a client that meets one tries it.
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
            let mut recorder = self.recorder.borrow_mut();
            (recorder.begin(number, ask), self.wire.request(&recorder.secrets[number], ask))
        };
        let received = wire::send(request).await;
        self.recorder.borrow_mut().end(entry, received)
    }
}

const fn take(key: Option<Key>, passphrase: Option<Passphrase>) -> Ask {
    Ask::Take { key, passphrase }
}
