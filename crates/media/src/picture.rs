//! Pictures: bounds before decoding, whether they are whole, and how they are to be looked at.

use crate::Unfit;
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, metadata::Orientation,
};
use jmessage_model::Format;
use std::io::Cursor;

/// The longest side.
pub(crate) const MAX_SIDE: u32 = 16_384;
/// Pixels in all.
pub(crate) const MAX_PIXELS: u64 = 40_000_000;
/// Bytes of a decoded picture, and of what a decoder needs beside it.
const MAX_DECODED: u64 = 192 << 20;

/// The codec of a format of pictures.
pub(crate) fn codec(format: Format) -> Option<ImageFormat> {
    match format {
        Format::Jpg => Some(ImageFormat::Jpeg),
        Format::Png => Some(ImageFormat::Png),
        Format::Gif => Some(ImageFormat::Gif),
        Format::Webp => Some(ImageFormat::WebP),
        Format::Mp3 | Format::Aac | Format::M4a | Format::Ogg | Format::Wav | Format::Amr | Format::Webm => {
            None
        }
    }
}

/// A picture whose header was read and found to be within bounds.
pub(crate) struct Opened<D> {
    decoder: D,
    /// What is to be done to the decoded picture before it is looked at.
    pub(crate) orientation: Orientation,
    /// As it is to be looked at.
    pub(crate) width: u32,
    /// As it is to be looked at.
    pub(crate) height: u32,
}

/// Reads the header.
pub(crate) fn open(bytes: &[u8], codec: ImageFormat) -> Result<Opened<impl ImageDecoder>, Unfit> {
    let mut limits = Limits::no_limits();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    limits.max_alloc = Some(MAX_DECODED);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), codec);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unfit)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS || decoder.total_bytes() > MAX_DECODED {
        return Err(Unfit::TooManyPixels);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let (width, height) = if is_turned(orientation) { (height, width) } else { (width, height) };
    if width == 0 || height == 0 {
        return Err(Unfit::BrokenPicture);
    }
    Ok(Opened { decoder, orientation, width, height })
}

/// Whether width and height change places.
pub(crate) fn is_turned(orientation: Orientation) -> bool {
    match orientation {
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => true,
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => false,
    }
}

impl<D: ImageDecoder> Opened<D> {
    /// Decodes it, of several frames the first, not yet turned as it is to be looked at.
    pub(crate) fn decode(self) -> Result<DynamicImage, Unfit> {
        DynamicImage::from_decoder(self.decoder).map_err(unfit)
    }
}

/// Decodes the picture to see that it is whole. Its width and height.
pub(crate) fn check(bytes: &[u8], codec: ImageFormat) -> Result<(u32, u32), Unfit> {
    let opened = open(bytes, codec)?;
    let size = (opened.width, opened.height);
    opened.decode()?;
    if codec == ImageFormat::Jpeg && !jpeg_has_end(bytes) {
        return Err(Unfit::BrokenPicture);
    }
    Ok(size)
}

/// The decoder is lenient with JPEGs that were cut short; a whole one has its end behind the start of its picture.
fn jpeg_has_end(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xFF, marker]) = bytes.get(at..at + 2) {
        match marker {
            0xDA => {
                return bytes.get(at..).is_some_and(|rest| rest.windows(2).any(|pair| pair == [0xFF, 0xD9]));
            }
            // Fill bytes.
            0xFF => at += 1,
            _ => match bytes.get(at + 2..at + 4) {
                Some(&[high, low]) => at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2),
                _ => return false,
            },
        }
    }
    false
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unfit(error: ImageError) -> Unfit {
    match error {
        ImageError::Limits(_) => Unfit::TooManyPixels,
        _ => Unfit::BrokenPicture,
    }
}
