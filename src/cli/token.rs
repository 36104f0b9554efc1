//! `viewonce token`: generates an access token for creating secrets.

use super::{Outcome, print};
use crate::crypto::format::FormatError;
use crate::domain::access_token::{AccessToken, TokenHash};

pub(super) fn token() -> Outcome {
    let token = AccessToken::generate().map_err(FormatError::NoRandomness)?.expose_text();
    let hash = TokenHash::of(&token);
    print(&token)?;
    print(&format!("\ncreate_tokens = [\"{hash}\"] # in [access]\n"))
}
