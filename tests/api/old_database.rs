//! Databases of earlier versions: their secrets stay available, with unchanged content and expiry.
//!
//! `old_database/v1.sqlite3` was written by the last version before passphrases and receipts (schema 1),
//! with the secret key of these tests, and closed cleanly. It holds the secrets in [`LIVING`], which
//! expire at the end of the year 9999, and an expired one. That version's own format and store wrote
//! them, with fixed tokens and instants.

use std::fs;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;
use viewonce::crypto::format::{Issued, Roots};
use viewonce::domain::clock::Timestamp;
use viewonce::domain::secret::Plaintext;
use viewonce::domain::token::{RANDOM_BYTES, Token};

use crate::expect_problem;
use crate::support::{
    PASSPHRASE, REPEAT_KEYS, TestApp, database, document, keys, spawn_app_in, text,
};

const DATABASE: &[u8] = include_bytes!("old_database/v1.sqlite3");
/// The living secrets: the byte that fills the token after its expiry, a text, and how often the content
/// repeats it.
const LIVING: [Earlier; 3] = [Earlier(1, "first", 1), Earlier(2, "second", 1_000), FOURTH];
const FOURTH: Earlier = Earlier(4, "fourth", 1);
/// A secret that expired in the year 2023.
const EXPIRED: Earlier = Earlier(3, "expired", 1);
const END_OF_9999: Timestamp = Timestamp::from_millis(253_402_300_799_999);
const EXPIRY_IN_2023: Timestamp = Timestamp::from_millis(1_700_000_000_000);
/// Bytes of a sealed content that are searched at a time: SQLite splits long contents across pages.
const PIECE_BYTES: usize = 16;

#[derive(Clone, Copy)]
struct Earlier(u8, &'static str, usize);

impl Earlier {
    fn expires_at(self) -> Timestamp {
        if self.0 == EXPIRED.0 { EXPIRY_IN_2023 } else { END_OF_9999 }
    }

    fn token(self) -> Token {
        Token::from_parts(self.expires_at(), &[self.0; RANDOM_BYTES])
    }

    fn token_text(self) -> String {
        self.token().expose_text().to_string()
    }

    fn content(self) -> String {
        self.1.repeat(self.2)
    }

    /// Whether these files contain its sealed bytes. Asserts that they contain all or none.
    fn is_in(self, files: &[u8]) -> bool {
        let content = Plaintext::parse(self.content()).unwrap();
        let issued = Issued { token: self.token(), receipt: None };
        let new = Roots::derive(&keys()).seal(&issued, &content, None).unwrap();
        let sealed = new.secret.ciphertext;
        let is_here = |piece: &[u8]| files.windows(PIECE_BYTES).any(|bytes| bytes == piece);
        let pieces = sealed.chunks_exact(PIECE_BYTES);
        let (count, found) = (pieces.len(), pieces.filter(|piece| is_here(piece)).count());
        // A piece may lie across the end of a page.
        assert!(found == 0 || found + count.div_ceil(32) >= count, "{found} of {count}");
        found > 0
    }
}

/// A copy of the database.
fn copy() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, DATABASE).unwrap();
    folder
}

fn start(folder: TempDir) -> TestApp {
    spawn_app_in(folder, |_default| {})
}

async fn assert_is_viewed_once(app: &TestApp, earlier: Earlier) {
    let token = earlier.token_text();
    assert_eq!(document(app.reveal(&token).await).await["content"], earlier.content());
    expect_problem(app.reveal(&token).await, 404, "secret-not-found").await;
}

/// The bytes of all files of a stopped service.
fn files(folder: &TempDir) -> Vec<u8> {
    let entries = fs::read_dir(database(folder).parent().unwrap()).unwrap();
    entries.flat_map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

#[actix_web::test]
async fn earlier_secrets_are_available_and_viewed_once_each() {
    let app = start(copy());
    for earlier in LIVING {
        let status = document(app.status(&earlier.token_text()).await).await;
        let expected = json!({
            "state": "available",
            "expires_at": "9999-12-31T23:59:59.999Z",
            "passphrase_required": false,
        });
        assert_eq!(status, expected);
        assert_is_viewed_once(&app, earlier).await;
    }
}

#[actix_web::test]
async fn an_earlier_secret_that_has_expired_is_gone() {
    let app = start(copy());
    let token = EXPIRED.token_text();
    for response in [app.status(&token).await, app.view(&token).await, app.reveal(&token).await] {
        expect_problem(response, 404, "secret-not-found").await;
    }
}

#[actix_web::test]
async fn earlier_secrets_live_on_beside_new_ones_and_after_a_restart() {
    let [first, second, fourth] = LIVING;
    let app = start(copy());
    let new = json!({ "content": "new", "passphrase": PASSPHRASE, "receipt": true });
    let new = app.create(&new).await;
    let (token, receipt) = (text(&new, "token"), text(&new, "receipt"));
    assert_is_viewed_once(&app, first).await;

    let app = start(app.stop().await);
    expect_problem(app.reveal(&first.token_text()).await, 404, "secret-not-found").await;
    assert_is_viewed_once(&app, second).await;
    expect_problem(app.reveal(&token).await, 403, "passphrase-required").await;
    assert_eq!(app.state(&receipt).await, "pending");
    assert_eq!(document(app.unlock(&token, PASSPHRASE).await).await["content"], "new");
    assert_eq!(app.state(&receipt).await, "viewed");
    assert_is_viewed_once(&app, fourth).await;
}

#[actix_web::test]
async fn an_earlier_secret_can_be_revealed_again_with_the_same_key() {
    let app = start(copy());
    let token = FOURTH.token_text();
    for _ in 0..2 {
        let response = app.reveal_with_key(&token, REPEAT_KEYS[0]).await;
        assert_eq!(document(response).await["content"], FOURTH.content());
    }
    let another = app.reveal_with_key(&token, REPEAT_KEYS[1]).await;
    expect_problem(another, 404, "secret-not-found").await;
}

#[actix_web::test]
async fn a_secret_of_an_earlier_version_is_erased_once_viewed() {
    let [first, second, fourth] = LIVING;
    let folder = copy();
    assert!(LIVING.iter().all(|earlier| earlier.is_in(&files(&folder))));
    let app = start(folder);
    assert_is_viewed_once(&app, first).await;
    assert_is_viewed_once(&app, second).await;
    let files = files(&app.stop().await);
    assert!(!first.is_in(&files) && !second.is_in(&files));
    assert!(fourth.is_in(&files));
}

#[actix_web::test]
async fn migrate_and_purge_work_on_an_earlier_database() {
    for (command, outcome) in [("migrate", "up to date\n"), ("purge", "secrets purged: 1\n")] {
        let folder = copy();
        let output = Command::new(env!("CARGO_BIN_EXE_viewonce"))
            .env_clear()
            .env("VIEWONCE_STORE__PATH", database(&folder))
            .arg(command)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && said.ends_with(outcome), "{command}: {said}");
        let app = start(folder);
        for earlier in LIVING {
            assert_is_viewed_once(&app, earlier).await;
        }
    }
}
