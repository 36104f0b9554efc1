//! Tests of the checker on hand-written histories: it accepts possible ones, and refuses each kind of
//! violation.

mod concurrent;
mod sequential;

use libtest_mimic::{Failed, Trial};
use viewonce::store::State;

use crate::checker::is_explained;
use crate::history::{History, Request};
use crate::model::{A, Answer, Ask, B, DAY, Key, Passphrase, Terms};

const TERMS: Terms =
    Terms { lifetime: DAY, has_passphrase: false, has_receipt: true, key: Some(A) };
const CREATE: Ask = Ask::Create(TERMS);
const CREATE_PROTECTED: Ask = Ask::Create(Terms { has_passphrase: true, ..TERMS });
const VIEW: Ask = Ask::Take { key: None, passphrase: None };

const DONE: Answer = Answer::Ended(true);
const NOT_DONE: Answer = Answer::Ended(false);
const GONE: Answer = Answer::Peeked(None);
const AVAILABLE: Answer = Answer::Peeked(Some(false));
const PENDING: Answer = Answer::ReceiptStatus(Some(State::Pending));
const VIEWED: Answer = Answer::ReceiptStatus(Some(State::Viewed));
const BURNED: Answer = Answer::ReceiptStatus(Some(State::Burned));
const LOCKED: Answer = Answer::ReceiptStatus(Some(State::Locked));

const fn reveal(key: Key) -> Ask {
    Ask::Take { key: Some(key), passphrase: None }
}

const fn unlock(passphrase: Passphrase) -> Ask {
    Ask::Take { key: None, passphrase: Some(passphrase) }
}

const fn wrong(attempts_left: u32) -> Answer {
    Answer::WrongPassphrase { attempts_left }
}

/// The trials of the checker.
pub(crate) fn trials() -> impl Iterator<Item = Trial> {
    [
        (true, sequential::POSSIBLE, concurrent::POSSIBLE),
        (false, sequential::REFUSED, concurrent::REFUSED),
    ]
    .into_iter()
    .flat_map(|(is_possible, one_by_one, at_once)| {
        let one_by_one = one_by_one.iter().map(|(name, asks)| (*name, in_sequence(asks)));
        let at_once = at_once.iter().map(|(name, requests)| (*name, requests.to_vec()));
        one_by_one
            .chain(at_once)
            .map(move |(name, requests)| trial(name, is_possible, History(requests)))
    })
}

fn trial(name: &str, is_possible: bool, history: History) -> Trial {
    Trial::test(name, move || {
        let said = if is_possible { "refused" } else { "accepted" };
        if is_explained(&history) == is_possible {
            Ok(())
        } else {
            Err(Failed::from(format!("this was {said}:\n{history}")))
        }
    })
}

/// Requests that each end before the next is invoked.
fn in_sequence(asks: &[(Ask, Answer)]) -> Vec<Request> {
    let instants = (0..).step_by(2);
    let asks = asks.iter().zip(instants);
    asks.map(|(&(ask, answer), at)| concurrent::during(at, at + 1, ask, answer)).collect()
}
