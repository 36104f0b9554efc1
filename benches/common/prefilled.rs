//! Stores full of unexpired secrets, written by the service's own store. They are kept between runs
//! because filling one takes minutes.
//!
//! A manifest beside each store says how many of its secrets have been viewed. The number is raised
//! before the views, so that an interrupted run never leaves a viewed secret counted as unviewed.

use std::fs;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use viewonce::domain::clock::Clock;
use viewonce::janitor::purge_all;
use viewonce::runtime::lifeline::Lifelines;
use viewonce::store::sqlite::StoreActor;
use viewonce::store::{Bounds, Close, Rules, Store};

use super::Outcome;
use super::numbered_secrets::{Sealer, Series, permuted};
use super::progress::bar;

/// The lifetime of a secret in a prefilled store: long enough for every later run.
pub(crate) const LIFETIME: Duration = Duration::from_hours(300 * 24);
/// The capacity of the store's mailbox.
const MAILBOX: usize = 4_096;
/// Concurrent creations while a store is filled: enough to commit hundreds in a transaction.
const CONCURRENT_CREATIONS: usize = 1_024;
/// A store is refilled once more than one secret in this many has been viewed.
const VIEWED_AT_MOST_ONE_IN: u64 = 3;
/// Secrets that [`Prefilled::tokens`] reserves with each write of the manifest.
const RESERVED_AT_ONCE: u64 = 4_096;
/// The folder of the schema's SQL files.
const SQL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sql/sqlite");
/// The service's default settings, except that the disk's free space is not checked.
const RULES: Rules = Rules {
    attempts: 10,
    redelivery: Duration::from_mins(1),
    receipts_kept: Duration::from_hours(168),
    erase_within: Duration::MAX,
    bounds: Bounds::NONE,
};

/// A store that was filled with secrets, some of which may have been viewed since.
pub(crate) struct Prefilled {
    folder: PathBuf,
    manifest: Manifest,
}

#[derive(Serialize, Deserialize)]
struct Manifest {
    /// Identifies the sealed format and the database layout that the store was filled with.
    fingerprint: String,
    series: Series,
    viewed: u64,
}

impl Prefilled {
    /// Opens the existing store of `count` secrets, or fills a new one. Purges expired secrets.
    pub(crate) async fn open(count: u64) -> Outcome<Self> {
        let fingerprint = fingerprint().await?;
        let existing = Self::load(count)?.filter(|store| {
            let viewed_at_most = store.manifest.series.count / VIEWED_AT_MOST_ONE_IN;
            store.manifest.fingerprint == fingerprint && store.manifest.viewed <= viewed_at_most
        });
        match existing {
            Some(existing) => {
                let store = start(&existing.path())?;
                purge_all(store.clone()).await?;
                store.insist(Close).await?;
                Ok(existing)
            }
            None => Self::fill(count, fingerprint).await,
        }
    }

    /// Whether a store of `count` secrets exists, even if it must be refilled.
    pub(crate) fn exists(count: u64) -> bool {
        matches!(Self::load(count), Ok(Some(_)))
    }

    fn load(count: u64) -> Outcome<Option<Self>> {
        let folder = folder(count);
        if !manifest_path(&folder).exists() {
            return Ok(None);
        }
        let manifest = serde_json::from_slice(&fs::read(manifest_path(&folder))?).ok();
        Ok(manifest.map(|manifest| Self { folder, manifest }))
    }

    async fn fill(count: u64, fingerprint: String) -> Outcome<Self> {
        let folder = folder(count);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let series = Series::new(count, Clock::default().now().plus(LIFETIME))?;
        let filled = Self { folder, manifest: Manifest { fingerprint, series, viewed: 0 } };
        filled.add(&filled.manifest.series, "filling a store").await?;
        filled.write_manifest()?;
        // Flush all writes and removals now, so that they do not disturb the measurement.
        Command::new("sync").status()?;
        Ok(filled)
    }

    /// The database file.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join("viewonce.sqlite3")
    }

    pub(crate) fn series(&self) -> &Series {
        &self.manifest.series
    }

    /// Adds expired secrets. No server may use the store meanwhile.
    pub(crate) async fn add_expired(&self, count: u64) -> Outcome<()> {
        let a_moment_ago = Clock::default().now().minus(Duration::from_secs(1));
        self.add(&Series::new(count, a_moment_ago)?, "adding expired secrets").await
    }

    async fn add(&self, series: &Series, name: &'static str) -> Outcome<()> {
        let sealer = Sealer::new()?;
        let store = start(&self.path())?;
        let progress = bar(name, series.count);
        let creations = stream::iter(0..series.count).map(|number| {
            let secret = sealer.seal(series, number);
            let store = &store;
            async move { Ok(store.ask(secret?).await.map(drop)?) }
        });
        let count = |()| {
            progress.inc(1);
            async { Outcome::Ok(()) }
        };
        creations.buffer_unordered(CONCURRENT_CREATIONS).try_for_each(count).await?;
        store.insist(Close).await?;
        progress.finish_and_clear();
        Ok(())
    }

    /// The numbers of the next `count` unviewed secrets, or of those that remain, in an order far from
    /// that of their creation. They count as viewed from now on.
    pub(crate) fn reserve(&mut self, count: u64) -> Outcome<impl Iterator<Item = u64> + use<>> {
        let (all, viewed) = (self.manifest.series.count, self.manifest.viewed);
        if viewed == all {
            return Err(
                "all secrets of this store have been viewed; use fewer or shorter rounds".into()
            );
        }
        self.manifest.viewed = all.min(viewed + count);
        self.write_manifest()?;
        Ok((viewed..self.manifest.viewed).map(move |place| permuted(place, all)))
    }

    /// The tokens of the unviewed secrets, in the order of [`Self::reserve`]. Ends when all are reserved
    /// or the manifest cannot be written. More secrets than are consumed count as viewed.
    pub(crate) fn tokens(&mut self) -> impl Iterator<Item = String> + use<'_> {
        let series = self.manifest.series.clone();
        let reserved = iter::from_fn(|| self.reserve(RESERVED_AT_ONCE).ok()).flatten();
        reserved.map(move |number| String::clone(&series.token(number).expose_text()))
    }

    fn write_manifest(&self) -> Outcome<()> {
        Ok(fs::write(manifest_path(&self.folder), serde_json::to_vec_pretty(&self.manifest)?)?)
    }
}

/// Starts the store at `path` in this process, and creates it if it is missing.
pub(crate) fn start(path: &Path) -> Outcome<Store> {
    let lifeline = Lifelines::new().0.of("store");
    Ok(StoreActor::start(path, RULES, Clock::default(), MAILBOX, lifeline)?)
}

fn folder(count: u64) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("prefilled").join(count.to_string())
}

fn manifest_path(folder: &Path) -> PathBuf {
    folder.join("prefilled.json")
}

/// Identifies the format of a store. It changes with the version, the schema, the sealed format and
/// the size of a row.
async fn fingerprint() -> Outcome<String> {
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    for path in tables()? {
        hash.update(fs::read(path)?);
    }
    let (series, sealer) = (Series::example(), Sealer::new()?);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let path = folder.path().join("viewonce.sqlite3");
    let store = start(&path)?;
    for number in 0..series.count {
        let create = sealer.seal(&series, number)?;
        hash.update(create.secret.lookup_id.as_bytes());
        hash.update(&create.secret.ciphertext);
        store.ask(create).await?;
    }
    store.insist(Close).await?;
    hash.update(fs::metadata(path)?.len().to_be_bytes());
    Ok(URL_SAFE_NO_PAD.encode(hash.finalize()))
}

/// The SQL files that create the schema, sorted.
fn tables() -> Outcome<Vec<PathBuf>> {
    let mut paths = vec![Path::new(SQL).join("open.sql")];
    for entry in fs::read_dir(Path::new(SQL).join("migrations"))? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}
