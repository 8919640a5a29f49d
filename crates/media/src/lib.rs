//! What uploaded bytes are: pictures and sounds recognised by their content, measured, and pictures made smaller.
//!
//! Owns the list of formats that are accepted and the bounds on what is decoded. Every function works on bytes in memory
//! and takes its time: call it where blocking is allowed, and few at a time.
//! Must never know files, users, HTTP, or where the bytes come from.

mod guard;
mod picture;
#[cfg(feature = "samples")]
pub mod samples;
mod sniff;
mod sound;
mod view;

pub use guard::is_guarded;
pub use view::{BadView, Picture, View};

use jmessage_model::{Extent, Facts};
use thiserror::Error;

/// Why bytes are not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unfit {
    /// The bytes are of no format that is accepted.
    #[error("not a JPEG, PNG, GIF or WebP picture, nor an MP3, AAC, M4A, Ogg, WAV, AMR or WebM sound")]
    Unsupported,
    /// They begin like a picture and cannot be decoded to the end.
    #[error("the picture is broken or cut short")]
    BrokenPicture,
    /// They begin like a sound and no time can be told from them.
    #[error("the sound is broken or empty")]
    BrokenSound,
    /// The picture would take too much memory.
    #[error(
        "the picture has more than {} pixels a side or {} in all",
        picture::MAX_SIDE,
        picture::MAX_PIXELS
    )]
    TooManyPixels,
    /// The picture would take too much time.
    #[error("the picture is a JPEG of more than {} scans", picture::MAX_SCANS)]
    TooManyScans,
}

/// Recognises, checks and measures an uploaded file.
pub fn inspect(bytes: &[u8]) -> Result<Facts, Unfit> {
    let format = sniff::format(bytes).ok_or(Unfit::Unsupported)?;
    let extent = if let Some(codec) = picture::codec(format) {
        let (width, height) = guard::guarded(Unfit::BrokenPicture, || picture::check(bytes, codec))?;
        Extent::Image { width, height }
    } else {
        Extent::Voice { seconds: guard::guarded(Unfit::BrokenSound, || sound::seconds(bytes, format))? }
    };
    Ok(Facts { format, extent, crc32: crc32fast::hash(bytes), size: bytes.len() as u64 })
}
