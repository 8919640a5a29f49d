//! Formats by their first bytes; names and declared types are never asked.

use jmessage_model::Format;

/// The format of `bytes`, if it is one of ours.
pub(crate) fn format(bytes: &[u8]) -> Option<Format> {
    Some(match infer::get(bytes)?.mime_type() {
        "image/jpeg" => Format::Jpg,
        "image/png" => Format::Png,
        "image/gif" => Format::Gif,
        "image/webp" => Format::Webp,
        "audio/mpeg" => Format::Mp3,
        "audio/aac" => Format::Aac,
        // What browsers record is declared as any MPEG-4; whether it has a picture is looked at later.
        "audio/m4a" | "video/mp4" => Format::M4a,
        "audio/ogg" | "audio/opus" => Format::Ogg,
        "audio/x-wav" => Format::Wav,
        "audio/amr" => Format::Amr,
        "video/webm" => Format::Webm,
        _ => return None,
    })
}
