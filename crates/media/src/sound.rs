//! How long a sound is.

use crate::Unfit;
use jmessage_model::Format;
use lofty::{
    config::ParseOptions,
    file::{AudioFile, FileType},
    probe::Probe,
};
use matroska_demuxer::{Frame, MatroskaFile, TrackType};
use std::{io::Cursor, time::Duration};

/// The length in seconds, rounded, at least 1.
pub(crate) fn seconds(bytes: &[u8], format: Format) -> Result<u32, Unfit> {
    let length = match format {
        Format::Amr => amr(bytes),
        Format::Webm => return webm(bytes)?.and_then(rounded).ok_or(Unfit::BrokenSound),
        Format::M4a if has_video(bytes) => return Err(Unfit::Unsupported),
        Format::Mp3 => tagged(bytes, Some(FileType::Mpeg)),
        Format::Aac => tagged(bytes, Some(FileType::Aac)),
        Format::M4a => tagged(bytes, Some(FileType::Mp4)),
        Format::Wav => tagged(bytes, Some(FileType::Wav)),
        Format::Ogg => tagged(bytes, None),
        Format::Jpg | Format::Png | Format::Gif | Format::Webp => None,
    };
    length.and_then(rounded).ok_or(Unfit::BrokenSound)
}

fn rounded(length: Duration) -> Option<u32> {
    if length.is_zero() {
        return None;
    }
    let seconds = (length + Duration::from_millis(500)).as_secs().max(1);
    u32::try_from(seconds).ok()
}

/// Read from the headers of the stream; without a type, of whatever an Ogg stream holds.
fn tagged(bytes: &[u8], kind: Option<FileType>) -> Option<Duration> {
    let options = ParseOptions::new().read_tags(false).read_cover_art(false);
    let reader = Cursor::new(bytes);
    let probe = match kind {
        Some(kind) => Probe::with_file_type(reader, kind),
        None => Probe::new(reader).guess_file_type().ok()?,
    };
    let file = probe.options(options).read().ok()?;
    Some(file.properties().duration())
}

/// Whether an MPEG-4 file has a track of pictures: the type of a handler stands 8 bytes behind its name.
fn has_video(bytes: &[u8]) -> bool {
    bytes.windows(16).any(|box_| box_.starts_with(b"hdlr") && box_.ends_with(b"vide"))
}

/// Bytes behind the head of a frame, by its mode; frames last 20 ms each (RFC 4867).
const AMR_FRAMES: [Option<usize>; 16] = [
    Some(12),
    Some(13),
    Some(15),
    Some(17),
    Some(19),
    Some(20),
    Some(26),
    Some(31),
    Some(5),
    None,
    None,
    None,
    None,
    None,
    None,
    Some(0),
];

fn amr(bytes: &[u8]) -> Option<Duration> {
    let mut rest = bytes.strip_prefix(b"#!AMR\n")?;
    let mut frames = 0;
    while let Some((head, behind)) = rest.split_first() {
        let size = AMR_FRAMES[usize::from(head >> 3 & 15)]?;
        rest = behind.get(size..)?;
        frames += 1;
    }
    Some(Duration::from_millis(20 * frames))
}

/// The time of the last frame: what browsers record says no length in its head.
fn webm(bytes: &[u8]) -> Result<Option<Duration>, Unfit> {
    let mut file = MatroskaFile::open(Cursor::new(bytes)).map_err(|_| Unfit::BrokenSound)?;
    if !file.tracks().iter().all(|track| track.track_type() == TrackType::Audio) {
        return Err(Unfit::Unsupported);
    }
    let scale = file.info().timestamp_scale().get();
    let (mut frame, mut last) = (Frame::default(), 0);
    while file.next_frame(&mut frame).map_err(|_| Unfit::BrokenSound)? {
        last = last.max(frame.timestamp.saturating_add(frame.duration.unwrap_or_default()));
    }
    let told = file.info().duration().filter(|ticks| (0.0..1e12).contains(ticks));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range above")]
    let ticks = told.map_or(0, |ticks| ticks as u64).max(last);
    Ok(Some(Duration::from_nanos(ticks.saturating_mul(scale))))
}
