//! Where a body in chunks ends (RFC 9112, section 7.1), in bytes that come in parts: behind the empty
//! line that follows the last chunk, of no bytes, and the trailer fields.

/// What ends the line of a chunk's bytes, and each other one.
const LINE_END: &[u8] = b"\r\n";
/// Bytes of two ends of a line, one behind the other: the end of the body.
const END: u8 = 4;

/// What was seen of the bytes so far.
#[derive(Debug, Default)]
pub(super) struct Chunks(Place);

/// Where the next byte stands.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// In the size of a chunk: what was read of it.
    Size(usize),
    /// Behind that, on the same line.
    Extension(usize),
    /// So many bytes before the next chunk.
    Data(usize),
    /// Behind the last chunk, and behind so many bytes of the end of the body.
    Trailer(u8),
}

impl Default for Place {
    fn default() -> Self {
        Self::Size(0)
    }
}

impl Chunks {
    /// How many of `bytes`, which follow those seen before, belong to the body; nothing if it does not
    /// end in them. Behind its end another one begins.
    ///
    /// A trailer field whose line ends with LF alone goes on for some, and is the last one for others,
    /// who see a request behind it. That LF becomes a CR, and so nobody accepts it.
    pub(super) fn find(&mut self, bytes: &mut [u8]) -> Option<usize> {
        let mut index = 0;
        while let Some(byte) = bytes.get_mut(index) {
            index += match self.0 {
                Place::Data(rest) => {
                    let count = rest.min(bytes.len() - index);
                    self.0 =
                        if count < rest { Place::Data(rest - count) } else { Place::default() };
                    count
                }
                Place::Trailer(seen) => {
                    self.0 = Place::Trailer(trailer(seen, byte));
                    1
                }
                Place::Size(size) | Place::Extension(size) if *byte == b'\n' => {
                    self.0 = behind_size(size);
                    1
                }
                Place::Size(size) => {
                    self.0 = in_size(size, *byte);
                    1
                }
                Place::Extension(_) => 1,
            };
            if matches!(self.0, Place::Trailer(END)) {
                *self = Self::default();
                return Some(index);
            }
        }
        None
    }
}

const fn behind_size(size: usize) -> Place {
    match size {
        // What a body ends with begins with the end of this line.
        0 => Place::Trailer(END / 2),
        _ => Place::Data(size.saturating_add(LINE_END.len())),
    }
}

fn in_size(size: usize, byte: u8) -> Place {
    match char::from(byte).to_digit(16) {
        Some(digit) => Place::Size(size.saturating_mul(16).saturating_add(digit as usize)),
        None => Place::Extension(size),
    }
}

/// How many bytes of the end were seen behind `byte`, if there were `seen` before it.
const fn trailer(seen: u8, byte: &mut u8) -> u8 {
    match (seen, *byte) {
        (2, b'\r') => 3,
        (_, b'\r') => 1,
        (1 | 3, b'\n') => seen + 1,
        (_, b'\n') => {
            *byte = b'\r';
            0
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bodies in `bytes`, each as it is handed over, if they come so many at a time.
    fn bodies(bytes: &str, at_a_time: usize) -> Vec<String> {
        let (mut chunks, mut bodies) = (Chunks::default(), vec![Vec::new()]);
        let mut bytes = bytes.as_bytes().to_vec();
        for mut part in bytes.chunks_mut(at_a_time) {
            while let Some(end) = chunks.find(part) {
                let (body, rest) = part.split_at_mut(end);
                bodies.last_mut().into_iter().for_each(|bytes| bytes.extend_from_slice(body));
                bodies.push(Vec::new());
                part = rest;
            }
            bodies.last_mut().into_iter().for_each(|bytes| bytes.extend_from_slice(part));
        }
        bodies.iter().map(|body| String::from_utf8_lossy(body).into_owned()).collect()
    }

    #[test]
    fn a_body_ends_behind_its_last_chunk_however_it_comes() {
        let each = [
            "0\r\n\r\n",
            "2\r\n{}\r\n0\r\n\r\n",
            "A;name=\"0\"\r\n\r\n\r\n0\r\n\r\n\n\r\n1 \r\na\r\n000\r\nName: text\r\nOther:\r\n\r\n",
            "0\r\n",
        ];
        for at_a_time in 1..60 {
            assert_eq!(bodies(&each.concat(), at_a_time), each, "{at_a_time}");
        }
    }

    #[test]
    fn a_line_behind_the_last_chunk_that_ends_with_lf_alone_is_spoiled() {
        let each = [
            ("A: b\n\nGET / ", "A: b\r\rGET / "),
            ("A: b\n\r\n", "A: b\r\r\n"),
            ("\nA: b\r\n\r\n", "\rA: b\r\n\r\n"),
            ("\n\n\r\n\r\n", "\r\r\r\n\r\n"),
        ];
        for (bytes, handed_over) in each {
            for at_a_time in 1..9 {
                let found = bodies(&format!("0\r\n{bytes}"), at_a_time).concat();
                assert_eq!(found, format!("0\r\n{handed_over}"), "{bytes:?}");
            }
        }
    }
}
