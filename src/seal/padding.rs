//! The padding of contents: the store does not tell a password's length.

use super::{OpenError, TAG_BYTES};

/// Padded contents are a multiple of this many bytes long.
pub const PADDING_BLOCK: usize = 64;
const PADDING_MARK: u8 = 0x80;

/// Copies `content` into a buffer with its padding, and with room for the tag, so that it is never
/// moved and leaves no copy behind.
pub(super) fn pad(content: &[u8]) -> Vec<u8> {
    let padded = (content.len() / PADDING_BLOCK + 1) * PADDING_BLOCK;
    let mut buffer = Vec::with_capacity(padded + TAG_BYTES);
    buffer.extend_from_slice(content);
    buffer.push(PADDING_MARK);
    buffer.resize(padded, 0);
    buffer
}

/// Cuts the padding off, of which there is only one right form.
pub(super) fn unpad(buffer: &mut Vec<u8>) -> Result<(), OpenError> {
    let mark = buffer.iter().rposition(|&byte| byte != 0).ok_or(OpenError::Malformed)?;
    let is_canonical = (mark / PADDING_BLOCK + 1) * PADDING_BLOCK == buffer.len();
    if buffer.get(mark) != Some(&PADDING_MARK) || !is_canonical {
        return Err(OpenError::Malformed);
    }
    buffer.truncate(mark);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpadded(bytes: &[u8]) -> Result<Vec<u8>, OpenError> {
        let mut buffer = bytes.to_vec();
        unpad(&mut buffer).map(|()| buffer)
    }

    #[test]
    fn padding_fills_blocks_and_comes_off_again() {
        for (length, padded) in [(0, 64), (1, 64), (63, 64), (64, 128), (127, 128), (128, 192)] {
            let content = vec![PADDING_MARK; length];
            assert_eq!(pad(&content).len(), padded, "{length}");
            assert_eq!(unpadded(&pad(&content)), Ok(content), "{length}");
        }
    }

    #[test]
    fn sealing_moves_no_buffer() {
        let buffer = pad(&[1; 100]);
        assert!(buffer.capacity() >= buffer.len() + TAG_BYTES);
    }

    #[test]
    fn padding_without_its_mark_or_with_too_many_zeros_is_malformed() {
        let mut too_long = pad(b"content");
        too_long.resize(128, 0);
        for bytes in [&[][..], &[0; 64], &[1; 64], &[1, PADDING_MARK], &too_long] {
            assert_eq!(unpadded(bytes), Err(OpenError::Malformed), "{bytes:?}");
        }
    }
}
