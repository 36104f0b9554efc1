//! Passphrases: stretching them to keys, and wrapping those keys for redelivery.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use super::retry::key_digest;
use super::siv::{decrypt, encrypt};
use super::{FormatError, Root, Roots, TAG_BYTES, expand, siv_of};
use crate::domain::id::{KeyId, Verifier};
use crate::domain::idempotency_key::IdempotencyKey;
use crate::domain::passphrase::{
    PASSPHRASE_KEY_BYTES, Passphrase, PassphraseKey, STRETCHING_KIBIBYTES, WrappedKey,
};
use crate::domain::token::Token;

const SALT_LABEL: &[u8] = b"passphrase-salt";
const VERIFIER_LABEL: &[u8] = b"verifier";
const WRAP_LABEL: &[u8] = b"wrap/1";
const SALT_BYTES: usize = 16;
const ARGON2_PASSES: u32 = 3;
const ARGON2_LANES: u32 = 4;

impl Roots {
    /// Stretches `passphrase` for `token` under the secret key `key_id`. Returns the verifier, which the
    /// store compares, and the key, which together with the token opens the content. This takes about
    /// 100 ms of one core, and 64 MiB of memory.
    ///
    /// # Errors
    ///
    /// [`FormatError::UnknownKey`] and [`FormatError::NoMemory`].
    pub fn prove(
        &self,
        token: &Token,
        key_id: KeyId,
        passphrase: &Passphrase,
    ) -> Result<(Verifier, PassphraseKey), FormatError> {
        self.root(key_id)?.prove(token, passphrase)
    }

    /// Seals a passphrase key under `token` and `key`, so that redelivery needs no passphrase.
    ///
    /// # Errors
    ///
    /// [`FormatError::UnknownKey`].
    pub fn wrap_key(
        &self,
        token: &Token,
        key_id: KeyId,
        key: &IdempotencyKey,
        passphrase_key: &PassphraseKey,
    ) -> Result<WrappedKey, FormatError> {
        let root = self.root(key_id)?;
        let mut buffer = Vec::with_capacity(PASSPHRASE_KEY_BYTES + TAG_BYTES);
        buffer.extend_from_slice(passphrase_key.expose_bytes());
        let lookup_id = root.lookup_id(token);
        Ok(WrappedKey(encrypt(root.wrapping(token, key), &[lookup_id.as_bytes()], buffer)))
    }

    /// Opens a passphrase key that was wrapped under `token` and `key`.
    ///
    /// # Errors
    ///
    /// [`FormatError`].
    pub fn unwrap_key(
        &self,
        token: &Token,
        key_id: KeyId,
        key: &IdempotencyKey,
        wrapped: WrappedKey,
    ) -> Result<PassphraseKey, FormatError> {
        let root = self.root(key_id)?;
        let lookup_id = root.lookup_id(token);
        let bytes = decrypt(root.wrapping(token, key), &[lookup_id.as_bytes()], wrapped.0)?;
        let bytes = bytes.as_slice().try_into().map_err(|_length| FormatError::Malformed)?;
        Ok(PassphraseKey::from_bytes(bytes))
    }
}

impl Root {
    pub(super) fn prove(
        &self,
        token: &Token,
        passphrase: &Passphrase,
    ) -> Result<(Verifier, PassphraseKey), FormatError> {
        let passphrase_key = self.stretch(token, passphrase)?;
        let info = [VERIFIER_LABEL, token.expose_bytes(), passphrase_key.expose_bytes()];
        Ok((Verifier::from_bytes(self.expand(&info)), passphrase_key))
    }

    fn stretch(
        &self,
        token: &Token,
        passphrase: &Passphrase,
    ) -> Result<PassphraseKey, FormatError> {
        let mut salt = [0; SALT_BYTES];
        expand(&self.hkdf, &[SALT_LABEL, token.expose_bytes()], &mut salt);
        let mut key = Zeroizing::new([0; PASSPHRASE_KEY_BYTES]);
        argon2id(passphrase.expose_text().as_bytes(), &salt, &mut *key)?;
        Ok(PassphraseKey::from_bytes(*key))
    }

    fn wrapping(&self, token: &Token, key: &IdempotencyKey) -> aes_siv::siv::Aes256Siv {
        siv_of(&self.hkdf, &[WRAP_LABEL, token.expose_bytes(), &*key_digest(key)])
    }
}

/// Argon2id. Its working memory, which the key can be computed from, is wiped.
#[expect(
    clippy::expect_used,
    reason = "Argon2 refuses only wrong parameters or lengths, and these are valid"
)]
fn argon2id(passphrase: &[u8], salt: &[u8], key: &mut [u8]) -> Result<(), FormatError> {
    let params = Params::new(STRETCHING_KIBIBYTES, ARGON2_PASSES, ARGON2_LANES, Some(key.len()))
        .expect("parameters of RFC 9106, section 4");
    let blocks = params.block_count();
    let mut memory = Zeroizing::new(Vec::new());
    memory.try_reserve_exact(blocks).map_err(|_no_memory| FormatError::NoMemory)?;
    memory.resize(blocks, Block::new());
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(passphrase, salt, key, memory.as_mut_slice())
        .expect("a short passphrase, a salt of 16 bytes, and enough memory");
    Ok(())
}
