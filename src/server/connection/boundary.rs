//! Where a request may end, in bytes that come in parts: behind an empty line. In a head, that is the first
//! one that follows another line (RFC 9112, section 2.1). A body in chunks ends with an empty line, too
//! (section 7.1); others in it end nothing, but to stop there as well does no harm.

/// What was seen of the bytes so far.
#[derive(Debug)]
pub(super) struct Boundary {
    /// Whether there was a line that is not empty.
    is_begun: bool,
    is_line_empty: bool,
}

impl Default for Boundary {
    fn default() -> Self {
        Self { is_begun: false, is_line_empty: true }
    }
}

impl Boundary {
    /// How many of `bytes`, which follow those seen before, come up to such an end; nothing if there is none.
    /// In chunks any empty line is one.
    pub(super) fn find(&mut self, bytes: &[u8], in_chunks: bool) -> Option<usize> {
        for (index, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' if self.is_line_empty && (self.is_begun || in_chunks) => {
                    *self = Self::default();
                    return Some(index + 1);
                }
                b'\n' => self.is_line_empty = true,
                b'\r' => {}
                _ => (self.is_begun, self.is_line_empty) = (true, false),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts that end where requests may end, if the bytes come so many at a time.
    fn parts(bytes: &str, at_a_time: usize, in_chunks: bool) -> Vec<String> {
        let (mut boundary, mut parts) = (Boundary::default(), vec![Vec::new()]);
        for mut bytes in bytes.as_bytes().chunks(at_a_time) {
            while let Some(end) = boundary.find(bytes, in_chunks) {
                parts.last_mut().into_iter().for_each(|part| part.extend(&bytes[..end]));
                parts.push(Vec::new());
                bytes = &bytes[end..];
            }
            parts.last_mut().into_iter().for_each(|part| part.extend(bytes));
        }
        parts.iter().map(|part| String::from_utf8_lossy(part).into_owned()).collect()
    }

    #[test]
    fn a_head_ends_behind_its_empty_line_however_it_comes() {
        let heads =
            ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n\nGET /\nHost: x\n\n", "a\r\n\n", "b\n"];
        for at_a_time in 1..60 {
            assert_eq!(parts(&heads.concat(), at_a_time, false), heads, "{at_a_time}");
        }
    }

    #[test]
    fn empty_lines_before_a_head_are_no_end() {
        assert_eq!(parts(&"\r\n".repeat(9), 4, false), ["\r\n".repeat(9)]);
    }

    /// The last trailer goes on behind an LF alone, until CR and LF.
    #[test]
    fn a_body_in_chunks_ends_behind_an_empty_line_however_it_comes() {
        let cases = [
            ["2\r\n{}\r\n0\r\n\r\n", "HEAD / HTTP/1.1\r\n\r\n", ""],
            ["0\r\nA: b\n\r\n", "\r\n", "HEAD / HTTP/1.1\r\n"],
            ["2;a\r\n\n", "\n", "\r\n0\r\n\r\n"],
        ];
        for parts_of in cases {
            for at_a_time in 1..60 {
                let found = parts(&parts_of.concat(), at_a_time, true);
                assert!(found.concat() == parts_of.concat());
                assert_eq!(found[..2], parts_of[..2], "{at_a_time}");
            }
        }
    }
}
