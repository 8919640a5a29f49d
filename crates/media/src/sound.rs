//! How long a sound is. Read from heads and lengths, nothing is decoded; every walk goes forward only, so that it ends
//! whatever the bytes say.

use crate::Unfit;
use jmessage_model::Format;

const NANOS: u128 = 1_000_000_000;

/// The length in seconds, rounded, at least 1.
pub(crate) fn seconds(bytes: &[u8], format: Format) -> Result<u32, Unfit> {
    let nanos = match format {
        Format::Mp3 => frames(after_id3(bytes), mp3_frame),
        Format::Aac => frames(after_id3(bytes), adts_frame),
        Format::M4a if has_video(bytes) => return Err(Unfit::Unsupported),
        Format::M4a => m4a(bytes),
        Format::Ogg => ogg(bytes),
        Format::Wav => wav(bytes),
        Format::Amr => amr(bytes),
        Format::Webm => webm(bytes)?,
        Format::Jpg | Format::Png | Format::Gif | Format::Webp => None,
    };
    let nanos = nanos.filter(|nanos| *nanos > 0).ok_or(Unfit::BrokenSound)?;
    let seconds = nanos.saturating_add(NANOS / 2) / NANOS;
    u32::try_from(seconds.max(1)).map_err(|_| Unfit::BrokenSound)
}

/// What stands at a place: so many bytes, lasting so many nanoseconds.
type Step = fn(&[u8]) -> Option<(usize, u128)>;

/// The time of all frames. They make up most of the bytes, or it is no such stream.
fn frames(bytes: &[u8], frame: Step) -> Option<u128> {
    let (mut at, mut covered, mut nanos) = (0, 0, 0);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        match frame(rest).filter(|(length, _)| *length <= rest.len()) {
            Some((length, time)) => {
                (at, covered, nanos) = (at + length.max(1), covered + length, nanos + time);
            }
            None => at += 1,
        }
    }
    (covered >= bytes.len() / 2).then_some(nanos)
}

/// Behind a tag, whose size has seven bits a byte.
fn after_id3(bytes: &[u8]) -> &[u8] {
    let Some(&[b'I', b'D', b'3', _, _, _, a, b, c, d]) = bytes.first_chunk() else { return bytes };
    let size = [a, b, c, d].iter().fold(0, |size, byte| size << 7 | usize::from(byte & 0x7F));
    bytes.get(10 + size..).unwrap_or_default()
}

/// kbit/s of layer III of MPEG 1, and of MPEG 2 and 2.5.
const BITRATES: [[u32; 14]; 2] = [
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

fn mp3_frame(bytes: &[u8]) -> Option<(usize, u128)> {
    let &[0xFF, b, c, _] = bytes.first_chunk()? else { return None };
    // A sync and layer III.
    if b & 0xE6 != 0xE2 {
        return None;
    }
    let (table, halved, samples) = match b >> 3 & 3 {
        3 => (0, 0, 1152),
        2 => (1, 1, 576),
        0 => (1, 2, 576),
        _ => return None,
    };
    let kbits = *BITRATES.get(table)?.get(usize::from(c >> 4).checked_sub(1)?)?;
    let rate = *[44_100_u32, 48_000, 32_000].get(usize::from(c >> 2 & 3))? >> halved;
    let length = samples / 8 * kbits * 1000 / rate + u32::from(c >> 1 & 1);
    Some((length as usize, lasting(samples.into(), rate)))
}

/// Samples a second, by their index in a head.
const AAC_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

fn adts_frame(bytes: &[u8]) -> Option<(usize, u128)> {
    let head: &[u8; 7] = bytes.first_chunk()?;
    if head[0] != 0xFF || head[1] & 0xF6 != 0xF0 {
        return None;
    }
    let rate = *AAC_RATES.get(usize::from(head[2] >> 2 & 15))?;
    let length = usize::from(head[3] & 3) << 11 | usize::from(head[4]) << 3 | usize::from(head[5] >> 5);
    Some((length, lasting(1024 * (u128::from(head[6] & 3) + 1), rate))).filter(|_| length >= 7)
}

fn lasting(samples: u128, rate: u32) -> u128 {
    samples * NANOS / u128::from(rate.max(1))
}

/// Bytes behind the head of a frame of 20 ms, by its mode (RFC 4867).
const AMR_FRAMES: [usize; 9] = [12, 13, 15, 17, 19, 20, 26, 31, 5];

fn amr(bytes: &[u8]) -> Option<u128> {
    let mut rest = bytes.strip_prefix(b"#!AMR\n")?;
    let mut nanos = 0;
    while let Some((head, behind)) = rest.split_first() {
        // Bits of every head that are always clear; 15 says that nothing was sent.
        let mode = Some(usize::from(head >> 3)).filter(|_| head & 0x83 == 0)?;
        let length = if mode == 15 { 0 } else { *AMR_FRAMES.get(mode)? };
        rest = behind.get(length..)?;
        nanos += NANOS / 50;
    }
    Some(nanos)
}

fn little(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn big(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn wav(bytes: &[u8]) -> Option<u128> {
    let (mut rest, mut bytes_a_second) = (bytes.get(12..)?, None);
    while let Some(size) = little(rest, 4) {
        let size = size as usize;
        let body = rest.get(8..)?;
        match rest.get(..4)? {
            b"fmt " => bytes_a_second = little(body, 8),
            // The size of what was cut short, or is still being recorded, is not to be believed.
            b"data" => {
                return Some(lasting(size.min(body.len()) as u128, bytes_a_second.filter(|n| *n > 0)?));
            }
            _ => {}
        }
        rest = body.get(size.saturating_add(size & 1)..)?;
    }
    None
}

/// The last position of the stream, in samples, over how many there are in a second.
fn ogg(bytes: &[u8]) -> Option<u128> {
    let (mut rest, mut first, mut last) = (bytes, None, 0);
    while rest.starts_with(b"OggS") {
        let position = u64::from_le_bytes(rest.get(6..14)?.try_into().ok()?);
        let lacing = rest.get(27..27 + usize::from(*rest.get(26)?))?;
        let head = 27 + lacing.len();
        let end = head + lacing.iter().map(|size| usize::from(*size)).sum::<usize>();
        let Some(body) = rest.get(head..end) else { break };
        first.get_or_insert(body);
        // All ones: no packet ends here.
        if position != u64::MAX {
            last = position.max(last);
        }
        rest = &rest[end..];
    }
    let head = first?;
    let (rate, before) = if head.starts_with(b"OpusHead") {
        (48_000, u16::from_le_bytes(head.get(10..12)?.try_into().ok()?))
    } else if head.starts_with(b"\x01vorbis") {
        (little(head, 12)?, 0)
    } else if head.starts_with(b"Speex   ") {
        (little(head, 36)?, 0)
    } else {
        return None;
    };
    Some(lasting(last.saturating_sub(before.into()).into(), Some(rate).filter(|rate| *rate > 0)?))
}

/// The body of the first box of this name.
fn find_box(mut bytes: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    loop {
        let (head, size) = match big(bytes, 0)? {
            0 => (8, bytes.len()),
            1 => (16, usize::try_from(u64::from(big(bytes, 8)?) << 32 | u64::from(big(bytes, 12)?)).ok()?),
            size => (8, size as usize),
        };
        if bytes.get(4..8)? == name {
            return bytes.get(head..size.min(bytes.len()));
        }
        bytes = bytes.get(size.max(head)..)?;
    }
}

fn m4a(bytes: &[u8]) -> Option<u128> {
    let head = find_box(find_box(bytes, *b"moov")?, *b"mvhd")?;
    let (scale, duration) = match head.first()? {
        0 => (big(head, 12)?, u64::from(big(head, 16)?)),
        _ => (big(head, 20)?, u64::from(big(head, 24)?) << 32 | u64::from(big(head, 28)?)),
    };
    Some(lasting(duration.into(), Some(scale).filter(|scale| *scale > 0)?))
}

/// Whether an MPEG-4 file has a track of pictures: the type of a handler stands 8 bytes behind its name.
fn has_video(bytes: &[u8]) -> bool {
    bytes.windows(16).any(|part| part.starts_with(b"hdlr") && part.ends_with(b"vide"))
}

/// An id or a size of EBML: as many bytes as the first has leading zeros and one. Its length, the number with that first
/// one, and without it.
fn vint(bytes: &[u8]) -> Option<(usize, u64, u64)> {
    let first = *bytes.first()?;
    let length = first.leading_zeros() as usize + 1;
    let whole = bytes.get(..length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    (length <= 8).then(|| (length, whole, whole ^ 1 << (7 * length)))
}

fn unsigned(body: &[u8]) -> u64 {
    body.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The time of the last block: what browsers record says no length in its head. Elements that hold others are stepped
/// into, all others passed by.
fn webm(bytes: &[u8]) -> Result<Option<u128>, Unfit> {
    let (mut rest, mut scale, mut cluster, mut last) = (bytes, 1_000_000, 0, 0);
    while let Some((id_length, id, _)) = vint(rest)
        && let Some((size_length, _, size)) = vint(&rest[id_length..])
    {
        let body = &rest[id_length + size_length..];
        // Segment, Info, Tracks, TrackEntry, Cluster, BlockGroup.
        if matches!(id, 0x1853_8067 | 0x1549_A966 | 0x1654_AE6B | 0xAE | 0x1F43_B675 | 0xA0) {
            rest = body;
            continue;
        }
        let Some((body, behind)) = usize::try_from(size).ok().and_then(|size| body.split_at_checked(size))
        else {
            break;
        };
        match id {
            0x83 if unsigned(body) != 2 => return Err(Unfit::Unsupported),
            0x2A_D7B1 => scale = unsigned(body),
            0xE7 => cluster = unsigned(body),
            // A block begins with its track and its time after that of the cluster.
            0xA3 | 0xA1 => {
                let time = vint(body).and_then(|(track, ..)| body.get(track..track + 2));
                let time = time.map_or(0, |time| i16::from_be_bytes([time[0], time[1]]));
                last = cluster.saturating_add_signed(time.into()).max(last);
            }
            _ => {}
        }
        rest = behind;
    }
    Ok(Some(u128::from(last) * u128::from(scale)))
}
