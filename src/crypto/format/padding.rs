//! The padding of contents, which hides the exact length of a password in the store.

use super::{FormatError, TAG_BYTES};

/// The length of a padded content is a multiple of this.
const PADDING_BLOCK: usize = 64;
const PADDING_MARK: u8 = 0x80;

/// Copies `content` into a buffer and pads it. The buffer has spare capacity for the SIV tag:
/// reallocating it would leave a copy of the content in freed memory.
pub(super) fn pad(content: &[u8]) -> Vec<u8> {
    let padded = (content.len() / PADDING_BLOCK + 1) * PADDING_BLOCK;
    let mut buffer = Vec::with_capacity(padded + TAG_BYTES);
    buffer.extend_from_slice(content);
    buffer.push(PADDING_MARK);
    buffer.resize(padded, 0);
    buffer
}

/// Removes the padding. Rejects every form that [`pad`] does not produce.
pub(super) fn unpad(buffer: &mut Vec<u8>) -> Result<(), FormatError> {
    let mark = buffer.iter().rposition(|&byte| byte != 0).ok_or(FormatError::Malformed)?;
    let is_canonical = (mark / PADDING_BLOCK + 1) * PADDING_BLOCK == buffer.len();
    if buffer.get(mark) != Some(&PADDING_MARK) || !is_canonical {
        return Err(FormatError::Malformed);
    }
    buffer.truncate(mark);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpadded(bytes: &[u8]) -> Result<Vec<u8>, FormatError> {
        let mut buffer = bytes.to_vec();
        unpad(&mut buffer).map(|()| buffer)
    }

    #[test]
    fn padding_fills_blocks_and_comes_off_again() {
        for (length, padded) in [(0, 64), (1, 64), (63, 64), (64, 128), (127, 128), (128, 192)] {
            let content = vec![PADDING_MARK; length];
            let buffer = pad(&content);
            assert_eq!(buffer.len(), padded, "{length}");
            assert!(buffer.capacity() >= padded + TAG_BYTES, "sealing would move it");
            assert_eq!(unpadded(&buffer), Ok(content), "{length}");
        }
    }

    #[test]
    fn padding_without_its_mark_or_with_too_many_zeros_is_malformed() {
        let mut too_long = pad(b"content");
        too_long.resize(128, 0);
        for bytes in [&[][..], &[0; 64], &[1; 64], &[1, PADDING_MARK], &too_long] {
            assert_eq!(unpadded(bytes), Err(FormatError::Malformed), "{bytes:?}");
        }
    }
}
