//! The request counts of clients, in a table of bounded size.
//!
//! A client has recovered when its whole burst is available again. A full table drops recovered
//! clients, which loses nothing. While there is none, all new clients share one account. So every client
//! is counted, and a client in the table keeps its own account.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;

use super::gcra::{Due, Rate};

/// The maximum number of clients with their own account, which take about 3 MiB.
const CLIENTS: usize = 50_000;
/// The minimum time between two searches for recovered clients. With tens of thousands of clients a
/// search takes about a millisecond, and a flood of new clients must not cause one for each request.
const INTERVAL: Duration = Duration::from_secs(1);
/// The prefix length of an IPv6 network that counts as one client. One household gets a /56 (RFC 6177),
/// so with a longer prefix one sender could be many clients.
const NETWORK_BITS: u8 = 56;

/// A client: an IPv4 address, also in its IPv6-mapped form, or an IPv6 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Client(IpNet);

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        let bits = if address.is_ipv6() { NETWORK_BITS } else { 32 };
        Self(IpNet::new_assert(address, bits).trunc())
    }
}

/// The requests and failures counted for a client.
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

/// Limits the requests and the failed lookups of each client.
///
/// A failed lookup is counted when it ends, because its outcome is not known before. So concurrent
/// lookups can exceed the limit for failures, up to the limit for requests. All of them are counted, so
/// the wait grows with each.
#[derive(Debug)]
pub(crate) struct Limiter {
    requests: Rate,
    failures: Rate,
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    bound: usize,
    accounts: HashMap<Client, Account>,
    /// The account of new clients while the table is full.
    shared: Account,
    /// The earliest time of the next search for recovered clients.
    search: Duration,
}

impl Limiter {
    /// A limiter without any counts.
    pub(crate) fn new(requests: Rate, failures: Rate) -> Self {
        Self::with_bound(requests, failures, CLIENTS)
    }

    fn with_bound(requests: Rate, failures: Rate, bound: usize) -> Self {
        let (accounts, shared) = (HashMap::new(), Account::default());
        let table = Table { bound, accounts, shared, search: Duration::ZERO };
        Self { requests, failures, table: Mutex::new(table) }
    }

    /// Admits and counts a request.
    ///
    /// # Errors
    ///
    /// The time until one is admitted. A refused request is not counted.
    pub(crate) fn admit(
        &self,
        client: Client,
        is_lookup: bool,
        now: Duration,
    ) -> Result<(), Duration> {
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

    /// Counts a failed lookup.
    pub(crate) fn count_failure(&self, client: Client, now: Duration) {
        self.table().account(client, now).failures.count(self.failures, now);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // A panic cannot leave an account half updated, so the poison can be ignored.
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
            self.search = now.saturating_add(INTERVAL);
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_hours(1);

    /// Five requests a second with a burst of two, and a failure every two seconds.
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
        // Client 1 has recovered; 2 and 3 have not.
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
        assert_eq!(newcomers, 2, "they share one account");
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
        // Client 1 recovers after a fifth of a second.
        for (now, has_own_account) in [(NOW + INTERVAL / 2, false), (NOW + INTERVAL, true)] {
            limiter.admit(client(2), false, now).unwrap();
            assert_eq!(limiter.table().accounts.contains_key(&client(2)), has_own_account);
        }
    }
}
