//! WebSocket frames as bytes (RFC 6455, server side, no extensions): no I/O, no buffer of its own but that of a message in
//! fragments.

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;
/// Bytes of a control frame's payload at most.
pub(super) const MAX_CONTROL: usize = 125;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A frame, or the last fragment of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decoded {
    /// A whole text.
    Text(String),
    /// A whole binary message.
    Binary(Vec<u8>),
    /// Its payload belongs into the pong.
    Ping(Vec<u8>),
    /// A pong, whatever it says.
    Pong,
    /// More than the limit; the rest of it is passed over.
    TooLarge,
    /// Goodbye, with its code if it has one.
    Close(Option<u16>),
    /// Nothing to tell: a fragment that is not the last, or something that is passed over.
    Nothing,
}

/// The peer breaks the rules; nothing it sends can be understood from here on. The close code that says how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Violation(pub(super) u16);

const PROTOCOL: Violation = Violation(1002);
const NOT_TEXT: Violation = Violation(1007);

/// A message of which some fragments are there. How far it is known to be text is kept too, so that what is not ends at
/// the first fragment that shows it.
#[derive(Debug)]
struct Gathered {
    text: bool,
    payload: Vec<u8>,
    valid: usize,
}

/// Reads frames, one at a time.
#[derive(Debug)]
pub(super) struct Decoder {
    max: usize,
    gathered: Option<Box<Gathered>>,
    /// Payload of a frame too large that is still to come.
    skip: u64,
    /// After a frame too large only control frames count.
    deaf: bool,
}

/// The head of a frame.
struct Head {
    fin: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Bytes of the head itself.
    size: usize,
    payload: u64,
}

impl Decoder {
    /// For messages of at most `max` bytes.
    pub(super) fn new(max: usize) -> Self {
        Self { max, gathered: None, skip: 0, deaf: false }
    }

    /// Reads the first frame of `input`, and how many bytes it takes; `None` while more is needed. `Decoded::Nothing` may
    /// come with less than a frame.
    pub(super) fn decode(&mut self, input: &[u8]) -> Result<Option<(usize, Decoded)>, Violation> {
        if self.skip > 0 {
            let now = usize::try_from(self.skip).unwrap_or(usize::MAX).min(input.len());
            self.skip -= now as u64;
            return Ok((now > 0).then_some((now, Decoded::Nothing)));
        }
        let Some(head) = Head::read(input)? else { return Ok(None) };
        if head.opcode >= CLOSE {
            return control(&head, input);
        }
        let continues = head.opcode == CONTINUATION;
        if !self.deaf && continues != self.gathered.is_some() {
            return Err(PROTOCOL);
        }
        let before = self.gathered.as_ref().map_or(0, |gathered| gathered.payload.len());
        let room = (self.max - before) as u64;
        if self.deaf || head.payload > room {
            let first = !std::mem::replace(&mut self.deaf, true);
            (self.gathered, self.skip) = (None, head.payload);
            return Ok(Some((head.size, if first { Decoded::TooLarge } else { Decoded::Nothing })));
        }
        let Some((size, masked)) = head.payload_of(input) else { return Ok(None) };
        let decoded =
            if continues || !head.fin { self.fragment(&head, masked)? } else { whole(&head, masked)? };
        Ok(Some((size, decoded)))
    }

    fn fragment(&mut self, head: &Head, masked: &[u8]) -> Result<Decoded, Violation> {
        let gathered = self.gathered.get_or_insert_with(|| {
            Box::new(Gathered { text: head.opcode == TEXT, payload: Vec::new(), valid: 0 })
        });
        unmask_onto(&mut gathered.payload, masked, head.mask);
        if gathered.text {
            gathered.check()?;
        }
        if !head.fin {
            return Ok(Decoded::Nothing);
        }
        let Some(whole) = self.gathered.take() else { return Ok(Decoded::Nothing) };
        if whole.text { text(whole.payload) } else { Ok(Decoded::Binary(whole.payload)) }
    }
}

impl Gathered {
    /// Looks at what is new; a character that is cut off by the end may still be completed.
    fn check(&mut self) -> Result<(), Violation> {
        match std::str::from_utf8(self.payload.get(self.valid..).unwrap_or_default()) {
            Ok(_) => self.valid = self.payload.len(),
            Err(error) if error.error_len().is_none() => self.valid += error.valid_up_to(),
            Err(_) => return Err(NOT_TEXT),
        }
        Ok(())
    }
}

impl Head {
    fn read(input: &[u8]) -> Result<Option<Self>, Violation> {
        let &[first, second, ref rest @ ..] = input else { return Ok(None) };
        let (opcode, short) = (first & 0x0f, second & 0x7f);
        if first & RESERVED != 0 || second & MASKED == 0 || !matches!(opcode, 0..=2 | 8..=10) {
            return Err(PROTOCOL);
        }
        let fin = first & FIN != 0;
        if opcode >= CLOSE && (!fin || usize::from(short) > MAX_CONTROL) {
            return Err(PROTOCOL);
        }
        let (extended, payload, shortest) = match short {
            126 => match rest.first_chunk() {
                Some(length) => (2, u64::from(u16::from_be_bytes(*length)), 126),
                None => return Ok(None),
            },
            127 => match rest.first_chunk() {
                Some(length) => (8, u64::from_be_bytes(*length), 1 << 16),
                None => return Ok(None),
            },
            short => (0, u64::from(short), 0),
        };
        if payload < shortest || payload > i64::MAX as u64 {
            return Err(PROTOCOL);
        }
        let Some(&mask) = rest[extended..].first_chunk() else { return Ok(None) };
        Ok(Some(Self { fin, opcode, mask, size: 2 + extended + mask.len(), payload }))
    }

    /// The payload as it came, and the size of the whole frame, once all of it is there.
    fn payload_of<'a>(&self, input: &'a [u8]) -> Option<(usize, &'a [u8])> {
        let end = self.size.checked_add(usize::try_from(self.payload).ok()?)?;
        Some((end, input.get(self.size..end)?))
    }
}

fn control(head: &Head, input: &[u8]) -> Result<Option<(usize, Decoded)>, Violation> {
    let Some((size, masked)) = head.payload_of(input) else { return Ok(None) };
    let payload = unmasked(masked, head.mask);
    let decoded = match head.opcode {
        CLOSE => Decoded::Close(close_code(&payload)?),
        PING => Decoded::Ping(payload),
        _ => Decoded::Pong,
    };
    Ok(Some((size, decoded)))
}

/// The code of a goodbye that keeps to the rules.
fn close_code(payload: &[u8]) -> Result<Option<u16>, Violation> {
    let &[high, low, ref reason @ ..] = payload else {
        return if payload.is_empty() { Ok(None) } else { Err(PROTOCOL) };
    };
    let code = u16::from_be_bytes([high, low]);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(PROTOCOL);
    }
    std::str::from_utf8(reason).map_err(|_| NOT_TEXT)?;
    Ok(Some(code))
}

fn whole(head: &Head, masked: &[u8]) -> Result<Decoded, Violation> {
    let payload = unmasked(masked, head.mask);
    if head.opcode == TEXT { text(payload) } else { Ok(Decoded::Binary(payload)) }
}

fn text(payload: Vec<u8>) -> Result<Decoded, Violation> {
    String::from_utf8(payload).map(Decoded::Text).map_err(|_| NOT_TEXT)
}

fn unmasked(masked: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut payload = Vec::new();
    unmask_onto(&mut payload, masked, mask);
    payload
}

/// Appends the payload in clear; eight bytes at a time, since that is what compilers make fast.
fn unmask_onto(payload: &mut Vec<u8>, masked: &[u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let start = payload.len();
    payload.extend_from_slice(masked);
    let (words, rest) = payload[start..].as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// Appends a text frame.
pub(super) fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    put(out, TEXT, text);
}

/// Appends a binary frame.
pub(super) fn put_binary(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, BINARY, bytes);
}

/// Appends a ping.
pub(super) fn put_ping(out: &mut Vec<u8>) {
    put(out, PING, &[]);
}

/// Appends a pong with the payload of its ping.
pub(super) fn put_pong(out: &mut Vec<u8>, payload: &[u8]) {
    put(out, PONG, payload);
}

/// Appends a goodbye; the reason is cut where it would not fit.
pub(super) fn put_close(out: &mut Vec<u8>, code: Option<u16>, reason: &str) {
    let mut payload = Vec::new();
    if let Some(code) = code {
        payload.extend(code.to_be_bytes());
        payload.extend(&reason.as_bytes()[..reason.floor_char_boundary(MAX_CONTROL - 2)]);
    }
    put(out, CLOSE, &payload);
}

#[expect(clippy::cast_possible_truncation, reason = "each arm has looked at the length")]
fn put(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    out.reserve(10 + payload.len());
    out.push(FIN | opcode);
    match payload.len() {
        length @ 0..=125 => out.push(length as u8),
        length @ 126..=0xffff => {
            out.push(126);
            out.extend((length as u16).to_be_bytes());
        }
        length => {
            out.push(127);
            out.extend((length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests;
