//! The checker on histories that are made up: it accepts what can be, and refuses each kind of what
//! must not be.

mod at_once;
mod one_by_one;

use libtest_mimic::{Failed, Trial};

use crate::checker::is_explained;
use crate::history::{History, Request};
use crate::model::{Answer, Ask, Key, Passphrase, Terms};

const CREATE: Ask =
    Ask::Create(Terms { has_receipt: true, has_passphrase: false, is_repeatable: true });
const CREATE_PROTECTED: Ask =
    Ask::Create(Terms { has_receipt: true, has_passphrase: true, is_repeatable: true });
const A: Key = Key(0);
const B: Key = Key(1);

const fn reveal(key: Key) -> Ask {
    Ask::Reveal { key: Some(key), passphrase: Passphrase::Unsaid }
}

const fn unlock(passphrase: Passphrase) -> Ask {
    Ask::Reveal { key: None, passphrase }
}

const fn wrong(attempts_left: u8) -> Answer {
    Answer::WrongPassphrase { attempts_left }
}

/// The trials of the checker.
pub(crate) fn trials() -> impl Iterator<Item = Trial> {
    [
        (true, one_by_one::POSSIBLE, at_once::POSSIBLE),
        (false, one_by_one::REFUSED, at_once::REFUSED),
    ]
    .into_iter()
    .flat_map(|(is_possible, one_by_one, at_once)| {
        let one_by_one = one_by_one.iter().map(|(name, asks)| (*name, in_turn(asks)));
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

/// Requests of which each ends before the next is invoked.
fn in_turn(asks: &[(Ask, Answer)]) -> Vec<Request> {
    let instants = (0..).step_by(2);
    let asks = asks.iter().zip(instants);
    asks.map(|(&(ask, answer), at)| at_once::during(at, at + 1, ask, answer)).collect()
}
