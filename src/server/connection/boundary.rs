//! Finds where a head or a chunked body may end, in bytes that arrive in parts: after an empty line. A
//! head ends with the first empty line after another line (RFC 9112, section 2.1). A chunked body ends
//! with an empty line, too (section 7.1). An empty line inside a chunk counts, too. Nothing ends there: the
//! reader only pauses once and reads on.

/// The state after the bytes seen so far.
#[derive(Debug)]
pub(super) struct Boundary {
    /// Whether a line was not empty.
    is_begun: bool,
    is_line_empty: bool,
}

impl Default for Boundary {
    fn default() -> Self {
        Self { is_begun: false, is_line_empty: true }
    }
}

impl Boundary {
    /// The number of `bytes` up to and with the next boundary, or `None`. They must follow those seen
    /// before. In a chunked body every empty line is a boundary.
    pub(super) fn find(&mut self, bytes: &[u8], in_chunks: bool) -> Option<usize> {
        let mut end = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            end += line.len();
            if line.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
                (self.is_begun, self.is_line_empty) = (true, false);
            }
            if line.ends_with(b"\n") {
                if self.is_line_empty && (self.is_begun || in_chunks) {
                    *self = Self::default();
                    return Some(end);
                }
                self.is_line_empty = true;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Splits `bytes` at each boundary, when they arrive `at_a_time`.
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

    /// A bare LF does not end the last trailer for every parser; CR LF does.
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
