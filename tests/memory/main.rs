//! The memory of a process in which keys, contents and passphrases were used: once they are dropped,
//! no copy is left. Each test looks through its own process, where nobody else holds them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::iter::zip;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use viewonce::clock::Timestamp;
use viewonce::config::{Settings, Surroundings, secret_keys};
use viewonce::key::{SecretKey, SecretKeys};
use viewonce::passphrase::Passphrase;
use viewonce::seal::{Issued, Roots};
use viewonce::secret::{Deposit, Plaintext};
use zeroize::Zeroizing;

/// Bytes that are looked for: enough that they stand nowhere by chance.
const BYTES: usize = 32;
/// What stands before and after them: whoever frees memory writes over its start.
const AROUND: &str = "an example: sixty-four bytes around the ones that are looked for";
const PAGE: usize = 4_096;

/// A text with something of chance in it, which is kept such that it is not found where it is kept.
struct Needle {
    inverted: [u8; BYTES],
    /// Whoever looks through the memory copies what others hold: there is one at a time.
    _alone: MutexGuard<'static, ()>,
}

impl Needle {
    fn generate() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).unwrap();
        Self { inverted: bytes.map(|byte| !(b'a' + byte % 26)), _alone: alone }
    }

    /// The text. It is never moved, and wiped on drop.
    fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(BYTES + 2 * AROUND.len()));
        text.push_str(AROUND);
        text.extend(self.inverted.iter().map(|&byte| char::from(!byte)));
        text.push_str(AROUND);
        text
    }

    /// Whether it stands anywhere that this process can write to.
    fn is_in_memory(&self) -> bool {
        let memory = File::open("/proc/self/mem").unwrap();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().filter_map(writable).flat_map(|region| region.step_by(PAGE)).any(|page| {
            // What began on this page may end on the next.
            let mut bytes = Zeroizing::new([0; PAGE + BYTES - 1]);
            // A page that is gone meanwhile, such as another thread's, holds nothing.
            let length = memory.read_at(&mut *bytes, page).unwrap_or_default();
            bytes[..length].windows(BYTES).any(|window| self.is(window))
        })
    }

    fn is(&self, bytes: &[u8]) -> bool {
        zip(bytes, self.inverted).all(|(&byte, inverted)| byte == !inverted)
    }
}

/// The memory that a line of `/proc/self/maps` is about, if this process can write to it.
fn writable(line: &str) -> Option<Range<u64>> {
    let (addresses, rest) = line.split_once(' ').unwrap();
    let (start, end) = addresses.split_once('-').unwrap();
    let [start, end] = [start, end].map(|digits| u64::from_str_radix(digits, 16).unwrap());
    rest.starts_with("rw").then_some(start..end)
}

fn roots() -> Roots {
    let current = SecretKey::from_bytes(b"an example key, for tests alone".to_vec());
    Roots::derive(&SecretKeys { current, previous: Vec::new() })
}

#[test]
fn no_key_stays_in_memory_once_roots_are_derived_from_it() {
    let needle = Needle::generate();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    fs::write(&file, needle.text().as_bytes()).unwrap();
    let file = file.to_str().unwrap();
    let surroundings = Surroundings::with_variables([("SECRET_KEY_FILE", file)]);
    let settings = Settings::load(None, &surroundings).unwrap();
    let keys = secret_keys(&settings, &surroundings).unwrap().keys;
    assert!(needle.is_in_memory());
    let roots = Roots::derive(&keys);
    drop(keys);
    assert!(!needle.is_in_memory());
    assert_eq!(roots.key_ids().len(), 1);
}

#[test]
fn no_content_stays_in_memory_once_it_is_sealed_or_handed_out() {
    let (needle, roots) = (Needle::generate(), roots());
    let issued = Issued::generate(Timestamp::from_millis(0), false).unwrap();
    let deposit = Deposit::from(Plaintext::parse(needle.text().to_string()).unwrap());
    assert!(needle.is_in_memory());
    let sealed = roots.seal(&issued, &deposit).unwrap().sealed;
    drop(deposit);
    assert!(!needle.is_in_memory());
    let content = roots.open(&issued.token, sealed, None).unwrap();
    assert!(needle.is_in_memory());
    drop(content);
    assert!(!needle.is_in_memory());
}

#[test]
fn no_passphrase_stays_in_memory_once_it_is_stretched() {
    let (needle, roots) = (Needle::generate(), roots());
    let issued = Issued::generate(Timestamp::from_millis(0), false).unwrap();
    let passphrase = Passphrase::parse(&needle.text()).unwrap();
    assert!(needle.is_in_memory());
    roots.prove(&issued.token, roots.key_ids()[0], &passphrase).unwrap();
    drop(passphrase);
    assert!(!needle.is_in_memory());
}
