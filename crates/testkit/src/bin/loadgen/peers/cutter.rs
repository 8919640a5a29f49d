//! Cuts the bytes of an XMPP stream into stanzas.

use anyhow::{Result, ensure};

/// What has come of one stream and is not a whole stanza yet.
#[derive(Default)]
pub(crate) struct Cutter {
    bytes: Vec<u8>,
    /// Where the next tag is looked for.
    next: usize,
    /// Open elements, the stream itself among them.
    depth: usize,
}

impl Cutter {
    /// Adds bytes that came.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next stanza, if it is there as a whole. The tag that opens the stream is left out, the one that closes it is a stanza.
    pub(crate) fn stanza(&mut self) -> Result<Option<String>> {
        while let Some((start, end)) = self.tag() {
            self.next = end;
            let tag = &self.bytes[start..end];
            let whole = if tag.starts_with(b"<?") {
                false
            } else if tag.starts_with(b"</") {
                ensure!(self.depth > 0, "a tag closes what is not open");
                self.depth -= 1;
                self.depth <= 1
            } else if tag.ends_with(b"/>") {
                self.depth <= 1
            } else {
                ensure!(!tag.starts_with(b"<!"), "XMPP has no comments, declarations and CDATA");
                self.depth += 1;
                false
            };
            let opened = self.depth == 1 && !whole;
            if whole || opened {
                let head: Vec<u8> = self.bytes.drain(..end).collect();
                self.next = 0;
                if whole {
                    return Ok(Some(String::from_utf8(head)?.trim_start().to_owned()));
                }
            }
        }
        Ok(None)
    }

    /// Where the next tag begins and ends, if it is there as a whole. An attribute may hold a `>`.
    fn tag(&self) -> Option<(usize, usize)> {
        let rest = self.bytes.get(self.next..)?;
        let start = rest.iter().position(|byte| *byte == b'<')?;
        let mut quote = None;
        for (at, byte) in rest.iter().enumerate().skip(start) {
            match (quote, byte) {
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'>') => return Some((self.next + start, self.next + at + 1)),
                (Some(open), byte) if open == byte => quote = None,
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "<?xml version='1.0'?><stream:stream from='localhost' version='1.0'>";
    const STANZAS: [&str; 4] = [
        "<stream:features><bind xmlns='b'/><m><n>PLAIN</n></m></stream:features>",
        "<presence from='a>b' to=\"it's\"/>",
        "<message id='7'><body>1 &lt; 2 \"x' > y</body></message>",
        "</stream:stream>",
    ];

    fn cut(parts: impl Iterator<Item = Vec<u8>>) -> Vec<String> {
        let (mut cutter, mut cut) = (Cutter::default(), Vec::new());
        for part in parts {
            cutter.add(&part);
            cut.extend(std::iter::from_fn(|| cutter.stanza().unwrap()));
        }
        cut
    }

    #[test]
    fn stanzas_are_the_same_however_the_bytes_come() {
        let bytes = format!("{STREAM}{}", STANZAS.join(" ")).into_bytes();
        for size in [1, 2, 7, 50, bytes.len()] {
            assert_eq!(cut(bytes.chunks(size).map(<[u8]>::to_vec)), STANZAS, "{size} bytes at a time");
        }
    }

    #[test]
    fn what_xmpp_does_not_have_is_refused() {
        for bad in ["</message>", "<stream><!-- c -->"] {
            let mut cutter = Cutter::default();
            cutter.add(bad.as_bytes());
            assert!(cutter.stanza().is_err(), "{bad}");
        }
    }
}
