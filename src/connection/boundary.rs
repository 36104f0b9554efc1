//! Where the head of a request ends, in bytes that come in parts: behind the first empty line that
//! follows another one (RFC 9112, section 2.1).

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
    /// How many of `bytes`, which follow those seen before, belong to the head; nothing if it does not end
    /// in them. Behind its end another one begins.
    pub(super) fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        for (index, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' if self.is_line_empty && self.is_begun => {
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

    /// The parts that end where heads end, if the bytes come so many at a time.
    fn parts(bytes: &str, at_a_time: usize) -> Vec<String> {
        let (mut boundary, mut parts) = (Boundary::default(), vec![Vec::new()]);
        for mut bytes in bytes.as_bytes().chunks(at_a_time) {
            while let Some(end) = boundary.find(bytes) {
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
            assert_eq!(parts(&heads.concat(), at_a_time), heads, "{at_a_time}");
        }
    }

    #[test]
    fn empty_lines_before_a_head_are_no_end() {
        assert_eq!(parts(&"\r\n".repeat(9), 4), ["\r\n".repeat(9)]);
    }
}
