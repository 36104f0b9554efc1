//! Where the sealed bytes of a secret lie: on overflow pages alone, which SQLite never moves and
//! zeroes when it frees them.

use std::fs;

use viewonce::clock::Timestamp;
use viewonce::secret::{Ciphertext, Flags, SealedSecret};

use super::Sqlite;
use crate::backend::Subject;
use crate::samples::secret;

const PAGE: usize = 1_024;
/// Bytes before the first page's own header.
const FILE_HEADER: usize = 100;
/// How the page of a tree begins: as an inner or an outer one of an index or a table.
const TREE: [u8; 4] = [2, 5, 10, 13];
/// What the sealed bytes are.
const SEALED: [u8; 4] = [0xa5; 4];

#[actix_web::test]
async fn sealed_bytes_of_any_length_lie_outside_the_trees() {
    let subject = Subject::<Sqlite>::start().await;
    let lengths = (1..=2 * PAGE).chain([8_185, 8_186, 8_187, 65_552, 1_048_569, 1_048_570]);
    for (n, length) in (0..).zip(lengths) {
        subject.store.create(sealed(n, length)).await.unwrap();
    }
    let backend = subject.close().await;
    let file = fs::read(backend.database()).unwrap();
    assert!(holds_sealed_bytes(&file));
    let trees = file
        .chunks(PAGE)
        .enumerate()
        .filter(|(number, page)| TREE.contains(&page[if *number == 0 { FILE_HEADER } else { 0 }]));
    for (number, page) in trees {
        assert!(!holds_sealed_bytes(page), "sealed bytes on page {} of a tree", number + 1);
    }
}

/// Secret number `n`, with numbers of every size beside `length` sealed bytes.
fn sealed(n: u32, length: usize) -> SealedSecret {
    let expires_at = [1_900_000_000_000, i64::MAX, 1 << 40][n as usize % 3];
    SealedSecret {
        version: [0, 1, u8::MAX][n as usize % 3],
        flags: Flags::from_byte([0, 1, u8::MAX][n as usize / 3 % 3]),
        ciphertext: Ciphertext::from_bytes(vec![SEALED[0]; length]),
        ..secret(n, Timestamp::from_millis(expires_at))
    }
}

fn holds_sealed_bytes(bytes: &[u8]) -> bool {
    bytes.windows(SEALED.len()).any(|window| window == SEALED)
}
