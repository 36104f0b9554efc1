//! What one secret goes through, one request after the other: the table of states and transitions in
//! `src/store.rs`, but for the time, which never runs out here. It is pure, and the whole of what the
//! recorded answers are compared with.

use std::fmt;

/// Wrong passphrases after which a secret is destroyed; the servers are set to it.
pub(crate) const ATTEMPTS: u8 = 2;

/// What a secret's sender asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) has_receipt: bool,
    pub(crate) has_passphrase: bool,
    /// Whether its creation has an `Idempotency-Key` and may be retried.
    pub(crate) is_repeatable: bool,
}

/// One of the keys that compete for a secret, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(pub(crate) usize);

/// What is said of a passphrase by who reveals a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passphrase {
    Unsaid,
    Right,
    Wrong,
}

/// What a server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Create(Terms),
    /// A view by GET.
    View,
    Reveal {
        key: Option<Key>,
        passphrase: Passphrase,
    },
    Acknowledge(Key),
    /// By the token.
    Burn,
    /// By the receipt.
    Revoke,
    /// Of the token: is it still there?
    Status,
    /// Of the receipt: what became of it?
    Inspect,
}

/// What a server may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is stored, and this is its token.
    Created,
    /// It is stored, and this is its token, which is another than the one told before. Never true.
    CreatedAnother,
    Content,
    /// It is burned, or acknowledged.
    Done,
    NotFound,
    PassphraseRequired,
    WrongPassphrase {
        attempts_left: u8,
    },
    /// It is still there.
    Available {
        needs_passphrase: bool,
    },
    /// What became of it.
    Fate(Fate),
    /// It cannot be burned, because this became of it.
    Ended(Fate),
}

/// What a receipt tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Pending,
    Viewed,
    Burned,
    Locked,
}

/// The state of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum State {
    NotThere,
    Living {
        /// Where there is a passphrase: how many wrong ones it takes to destroy it.
        attempts_left: Option<u8>,
    },
    Viewed {
        /// The key that it is kept for a repeat under.
        kept_for: Option<Key>,
    },
    Burned,
    Locked,
}

impl State {
    /// What follows on a request, and what the answer to it is.
    pub(crate) fn step(self, ask: Ask) -> (Self, Answer) {
        match ask {
            Ask::Create(terms) => (self.created(terms), Answer::Created),
            Ask::View => self.revealed(None, Passphrase::Unsaid),
            Ask::Reveal { key, passphrase } => self.revealed(key, passphrase),
            Ask::Acknowledge(key) if self.is_kept_for(key) => (self.destroyed(), Answer::Done),
            Ask::Acknowledge(_) => (self, Answer::NotFound),
            Ask::Burn => match self {
                Self::Living { .. } => (self.destroyed(), Answer::Done),
                _ => (self.destroyed(), Answer::NotFound),
            },
            Ask::Revoke => (self.destroyed(), self.destroyed().revoked()),
            Ask::Status => (self, self.status()),
            Ask::Inspect => (self, self.fate().map_or(Answer::NotFound, Answer::Fate)),
        }
    }

    /// A secret comes into being once: what has been there stays as it is.
    fn created(self, terms: Terms) -> Self {
        match self {
            Self::NotThere => {
                Self::Living { attempts_left: terms.has_passphrase.then_some(ATTEMPTS) }
            }
            _ => self,
        }
    }

    fn revealed(self, key: Option<Key>, passphrase: Passphrase) -> (Self, Answer) {
        match (self, passphrase) {
            (Self::Living { attempts_left: Some(_) }, Passphrase::Unsaid) => {
                (self, Answer::PassphraseRequired)
            }
            (Self::Living { attempts_left: Some(attempts) }, Passphrase::Wrong) => {
                let attempts_left = attempts - 1;
                let locked = attempts_left == 0;
                let left = Self::Living { attempts_left: Some(attempts_left) };
                let wrong = Answer::WrongPassphrase { attempts_left };
                (if locked { Self::Locked } else { left }, wrong)
            }
            (Self::Living { .. }, _) => (Self::Viewed { kept_for: key }, Answer::Content),
            _ if key.is_some_and(|key| self.is_kept_for(key)) => (self, Answer::Content),
            _ => (self, Answer::NotFound),
        }
    }

    /// Nothing is left of it, whether or not it was seen.
    fn destroyed(self) -> Self {
        match self {
            Self::Living { .. } => Self::Burned,
            Self::Viewed { .. } => Self::Viewed { kept_for: None },
            _ => self,
        }
    }

    /// What is said to who burned it by its receipt, now or before.
    fn revoked(self) -> Answer {
        match self.fate() {
            None => Answer::NotFound,
            Some(Fate::Burned) => Answer::Done,
            Some(fate) => Answer::Ended(fate),
        }
    }

    fn status(self) -> Answer {
        match self {
            Self::Living { attempts_left } => {
                Answer::Available { needs_passphrase: attempts_left.is_some() }
            }
            _ => Answer::NotFound,
        }
    }

    fn fate(self) -> Option<Fate> {
        match self {
            Self::NotThere => None,
            Self::Living { .. } => Some(Fate::Pending),
            Self::Viewed { .. } => Some(Fate::Viewed),
            Self::Burned => Some(Fate::Burned),
            Self::Locked => Some(Fate::Locked),
        }
    }

    fn is_kept_for(self, key: Key) -> bool {
        self == Self::Viewed { kept_for: Some(key) }
    }
}

impl Fate {
    /// The fate of this name. That a secret has expired is none that there may be here.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "pending" => Some(Self::Pending),
            "viewed" => Some(Self::Viewed),
            "burned" => Some(Self::Burned),
            "locked" => Some(Self::Locked),
            _ => None,
        }
    }
}

impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has = |flag| if flag { "with" } else { "without" };
        write!(f, "{} a receipt, ", has(self.has_receipt))?;
        write!(f, "{} a passphrase, ", has(self.has_passphrase))?;
        write!(f, "created {} a key", has(self.is_repeatable))
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(_) => f.write_str("create"),
            Self::View => f.write_str("view by GET"),
            Self::Reveal { key, passphrase } => {
                f.write_str("reveal")?;
                if let Some(Key(number)) = key {
                    write!(f, " with key {number}")?;
                }
                match passphrase {
                    Passphrase::Unsaid => Ok(()),
                    Passphrase::Right => f.write_str(" with the passphrase"),
                    Passphrase::Wrong => f.write_str(" with a wrong passphrase"),
                }
            }
            Self::Acknowledge(Key(number)) => write!(f, "acknowledge with key {number}"),
            Self::Burn => f.write_str("burn by the token"),
            Self::Revoke => f.write_str("burn by the receipt"),
            Self::Status => f.write_str("status"),
            Self::Inspect => f.write_str("inspect the receipt"),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created => f.write_str("created"),
            Self::CreatedAnother => f.write_str("created, with another token than before"),
            Self::Content => f.write_str("the content"),
            Self::Done => f.write_str("done"),
            Self::NotFound => f.write_str("not found"),
            Self::PassphraseRequired => f.write_str("a passphrase is required"),
            Self::WrongPassphrase { attempts_left } => {
                write!(f, "the passphrase is wrong, {attempts_left} attempts left")
            }
            Self::Available { needs_passphrase: false } => f.write_str("available"),
            Self::Available { needs_passphrase: true } => f.write_str("available, by a passphrase"),
            Self::Fate(fate) => write!(f, "{fate:?}"),
            Self::Ended(fate) => write!(f, "not done, because it was {fate:?}"),
        }
    }
}
