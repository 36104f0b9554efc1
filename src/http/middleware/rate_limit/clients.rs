//! The clients whose requests are counted, in a table that never outgrows its bound.
//!
//! When it is full, those that have recovered are dropped: as nothing is held against them, nothing
//! is forgotten. If there are none, newcomers share one account until there are. So nobody gets by
//! uncounted, and whoever is in the table keeps an account of their own.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;

use super::gcra::{Due, Rate};

/// The most clients that have an account of their own: some 3 MiB of them.
const CLIENTS: usize = 50_000;
/// How long after a search for those that have recovered there is no other: with tens of thousands
/// of clients one takes about a millisecond, and a flood of newcomers must not make each of them.
const REST: Duration = Duration::from_secs(1);
/// Bits of the network that counts as one client in IPv6: a /56 is what one household is given
/// (RFC 6177), so a smaller one would be many clients for one sender.
const NETWORK_BITS: u8 = 56;

/// Whose requests count together: an address of IPv4, also one that is written as IPv6, or a network
/// of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Client(IpNet);

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        let bits = if address.is_ipv6() { NETWORK_BITS } else { 32 };
        Self(IpNet::new_assert(address, bits).trunc())
    }
}

/// What is held against a client.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    requests: Due,
    failures: Due,
}

impl Account {
    fn has_recovered(&self, now: Duration) -> bool {
        self.requests.has_recovered(now) && self.failures.has_recovered(now)
    }
}

/// Admits so many requests of each client, and so many failed lookups.
///
/// A lookup counts as failed when it has: those that succeed are requests like others, and how one
/// ends is not known before. Lookups that are under way at the same time may thus fail all of them,
/// which are as many as its requests allow; but all are counted, and have to be waited for.
#[derive(Debug)]
pub struct Limiter {
    requests: Rate,
    failures: Rate,
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    bound: usize,
    accounts: HashMap<Client, Account>,
    /// The account of newcomers that have no room.
    shared: Account,
    /// When a search for those that have recovered may be worth it again.
    search: Duration,
}

impl Limiter {
    /// A limiter that has seen nobody yet.
    pub fn new(requests: Rate, failures: Rate) -> Self {
        Self::with_bound(requests, failures, CLIENTS)
    }

    fn with_bound(requests: Rate, failures: Rate, bound: usize) -> Self {
        let (accounts, shared) = (HashMap::new(), Account::default());
        let table = Table { bound, accounts, shared, search: Duration::ZERO };
        Self { requests, failures, table: Mutex::new(table) }
    }

    /// Counts a request, if it is admitted.
    ///
    /// # Errors
    ///
    /// How long none is. Nothing is counted then.
    pub fn admit(&self, client: Client, is_lookup: bool, now: Duration) -> Result<(), Duration> {
        let mut table = self.table();
        let account = table.account(client, now);
        let mut wait = account.requests.wait(self.requests, now);
        if is_lookup {
            wait = wait.max(account.failures.wait(self.failures, now));
        }
        if wait.is_zero() {
            account.requests.count(self.requests, now);
            Ok(())
        } else {
            Err(wait)
        }
    }

    /// Counts a lookup that was admitted and has failed.
    pub fn count_failure(&self, client: Client, now: Duration) {
        self.table().account(client, now).failures.count(self.failures, now);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Whatever panicked, every account is whole: there is no instant at which one is not.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn account(&mut self, client: Client, now: Duration) -> &mut Account {
        if self.accounts.len() >= self.bound && !self.accounts.contains_key(&client) {
            self.drop_recovered(now);
            if self.accounts.len() >= self.bound {
                return &mut self.shared;
            }
        }
        self.accounts.entry(client).or_default()
    }

    fn drop_recovered(&mut self, now: Duration) {
        if now >= self.search {
            self.accounts.retain(|_client, account| !account.has_recovered(now));
            self.search = now.saturating_add(REST);
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_hours(1);

    /// Five a second, two at once; a failure every two seconds.
    fn limiter(bound: usize) -> Limiter {
        Limiter::with_bound(Rate::new(5.0, 2), Rate::new(0.5, 1), bound)
    }

    fn client(number: u8) -> Client {
        IpAddr::from([192, 0, 2, number]).into()
    }

    /// How many of ten requests are admitted.
    fn admitted(limiter: &Limiter, client: Client, now: Duration) -> usize {
        (0..10).filter(|_| limiter.admit(client, false, now).is_ok()).count()
    }

    #[test]
    fn the_longer_of_two_waits_counts() {
        let limiter = limiter(10);
        assert_eq!(admitted(&limiter, client(1), NOW), 2);
        let wait = limiter.admit(client(1), true, NOW).unwrap_err();
        assert_eq!(wait, Duration::from_millis(200));
        limiter.count_failure(client(1), NOW);
        let wait = limiter.admit(client(1), true, NOW).unwrap_err();
        assert_eq!(wait, Duration::from_secs(2));
    }

    #[test]
    fn a_full_table_drops_who_has_recovered_and_nobody_else() {
        let limiter = limiter(3);
        for number in 1..=2 {
            limiter.admit(client(number), false, NOW).unwrap();
        }
        let later = NOW + Duration::from_secs(1);
        limiter.count_failure(client(3), NOW);
        assert_eq!(admitted(&limiter, client(2), later), 2);
        // Client 1 has recovered; of 2 and 3 there is something to be remembered.
        assert_eq!(admitted(&limiter, client(4), later), 2);
        let table = limiter.table();
        assert!(!table.accounts.contains_key(&client(1)));
        assert!([2, 3, 4].iter().all(|number| table.accounts.contains_key(&client(*number))));
    }

    #[test]
    fn in_a_full_table_newcomers_share_an_account_and_who_is_known_keeps_theirs() {
        let limiter = limiter(3);
        for number in 1..=3 {
            limiter.admit(client(number), false, NOW).unwrap();
        }
        let newcomers: usize = (4..=200).map(|it| admitted(&limiter, client(it), NOW)).sum();
        assert_eq!(newcomers, 2, "together they are one");
        for number in 1..=3 {
            assert_eq!(admitted(&limiter, client(number), NOW), 1);
        }
        assert_eq!(limiter.table().accounts.len(), 3);
    }

    #[test]
    fn a_flood_of_newcomers_searches_once_a_second() {
        let limiter = limiter(1);
        limiter.admit(client(1), false, NOW).unwrap();
        limiter.admit(client(2), false, NOW).unwrap();
        // Client 1 has recovered in a fifth of a second.
        for (now, has_own_account) in [(NOW + REST / 2, false), (NOW + REST, true)] {
            limiter.admit(client(2), false, now).unwrap();
            assert_eq!(limiter.table().accounts.contains_key(&client(2)), has_own_account);
        }
    }
}
