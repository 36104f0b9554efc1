//! `viewonce keygen`: generates a secret key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::{Outcome, print};
use crate::crypto::format::FormatError;

const KEY_BYTES: usize = 32;

pub(super) fn keygen() -> Outcome {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(&mut *key).map_err(FormatError::NoRandomness)?;
    print(&Zeroizing::new(URL_SAFE_NO_PAD.encode(*key) + "\n"))
}
