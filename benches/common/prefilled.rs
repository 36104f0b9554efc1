//! Stores full of living secrets, as the service itself would have left them. They are kept between
//! runs, since filling one takes minutes.
//!
//! A note beside each says how many of its secrets have been viewed. It is written before they are,
//! so that a run that is broken off leaves no secret that counts as living and is not.

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
use super::numbered_secrets::{Sealer, Series, scattered};
use super::progress::bar;

/// The lifetime of a secret in a prefilled store: long enough for every later run.
pub(crate) const LIFETIME: Duration = Duration::from_hours(300 * 24);
/// Messages that may wait for a store.
const MAILBOX: usize = 4_096;
/// Concurrent creations while a store is filled, so that hundreds are committed together.
const AT_ONCE: usize = 1_024;
/// A store is filled anew when more than one in so many secrets has been viewed.
const VIEWED_AT_MOST_ONE_IN: u64 = 3;
/// Secrets for which the note is written once, where it is not known how many are to be viewed.
const DRAWN_AT_ONCE: u64 = 4_096;
/// Where the tables come from.
const SQL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sql/sqlite");
/// The defaults, as far as a benchmark meets them.
const RULES: Rules = Rules {
    attempts: 10,
    redelivery: Duration::from_mins(1),
    receipts_kept: Duration::from_hours(168),
    bounds: Bounds::NONE,
};

/// A store that was full of living secrets, of which some have been viewed.
pub(crate) struct Prefilled {
    folder: PathBuf,
    note: Note,
}

#[derive(Serialize, Deserialize)]
struct Note {
    /// Of the format and the layout it was filled in.
    fingerprint: String,
    series: Series,
    viewed: u64,
}

impl Prefilled {
    /// The store of so many secrets: the one that is there, or else a new one. Nothing in it has
    /// expired.
    pub(crate) async fn open(count: u64) -> Outcome<Self> {
        let fingerprint = fingerprint().await?;
        let kept = Self::kept(count)?.filter(|kept| {
            let viewed_at_most = kept.note.series.count / VIEWED_AT_MOST_ONE_IN;
            kept.note.fingerprint == fingerprint && kept.note.viewed <= viewed_at_most
        });
        match kept {
            Some(kept) => {
                let store = start(&kept.path())?;
                purge_all(store.clone()).await?;
                store.insist(Close).await?;
                Ok(kept)
            }
            None => Self::fill(count, fingerprint).await,
        }
    }

    /// Whether a store of so many secrets exists, of any age.
    pub(crate) fn is_kept(count: u64) -> bool {
        matches!(Self::kept(count), Ok(Some(_)))
    }

    fn kept(count: u64) -> Outcome<Option<Self>> {
        let folder = folder(count);
        if !note_path(&folder).exists() {
            return Ok(None);
        }
        let note = serde_json::from_slice(&fs::read(note_path(&folder))?).ok();
        Ok(note.map(|note| Self { folder, note }))
    }

    async fn fill(count: u64, fingerprint: String) -> Outcome<Self> {
        let folder = folder(count);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let series = Series::new(count, Clock::default().now().plus(LIFETIME))?;
        let filled = Self { folder, note: Note { fingerprint, series, viewed: 0 } };
        filled.add(&filled.note.series, "filling a store").await?;
        filled.write_note()?;
        // Flushes all writes and removals, so that they do not disturb the measurement.
        Command::new("sync").status()?;
        Ok(filled)
    }

    /// The database file.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join("viewonce.sqlite3")
    }

    pub(crate) fn series(&self) -> &Series {
        &self.note.series
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
        creations.buffer_unordered(AT_ONCE).try_for_each(count).await?;
        store.insist(Close).await?;
        progress.finish_and_clear();
        Ok(())
    }

    /// The numbers of the next so many secrets that are living still, or of as many as there are, in
    /// an order far from that of their creation. From now on they count as viewed.
    pub(crate) fn draw(&mut self, count: u64) -> Outcome<impl Iterator<Item = u64> + use<>> {
        let (all, viewed) = (self.note.series.count, self.note.viewed);
        if viewed == all {
            return Err("all secrets of this store have been viewed; run for less time".into());
        }
        self.note.viewed = all.min(viewed + count);
        self.write_note()?;
        Ok((viewed..self.note.viewed).map(move |place| scattered(place, all)))
    }

    /// The tokens of those that are living still, in the order of [`Self::draw`], until all are drawn
    /// or the note cannot be written. Some more than are asked for count as viewed.
    pub(crate) fn tokens(&mut self) -> impl Iterator<Item = String> + use<'_> {
        let series = self.note.series.clone();
        let drawn = iter::from_fn(|| self.draw(DRAWN_AT_ONCE).ok()).flatten();
        drawn.map(move |number| String::clone(&series.token(number).expose_text()))
    }

    fn write_note(&self) -> Outcome<()> {
        Ok(fs::write(note_path(&self.folder), serde_json::to_vec_pretty(&self.note)?)?)
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

fn note_path(folder: &Path) -> PathBuf {
    folder.join("prefilled.json")
}

/// Changes with everything that a store is filled in: the version, the tables, the sealed format, and
/// the room that rows take.
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

/// The files that make a database, in their order.
fn tables() -> Outcome<Vec<PathBuf>> {
    let mut paths = vec![Path::new(SQL).join("open.sql")];
    for entry in fs::read_dir(Path::new(SQL).join("migrations"))? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}
