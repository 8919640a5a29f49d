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
pub(crate) const MAX_PIXELS: u64 = 24_000_000;
/// Bytes of a decoded picture. A decoder may need as much again beside it: a progressive JPEG up to six bytes a pixel.
const MAX_DECODED: u64 = 128 << 20;
/// Scans of a JPEG. Each is another pass over all of a progressive one; encoders make about ten.
pub(crate) const MAX_SCANS: usize = 20;

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
    // The decoder is lenient with JPEGs that were cut short, and patient with ones that only cost time.
    if codec == ImageFormat::Jpeg && jpeg_scans(bytes).ok_or(Unfit::BrokenPicture)? > MAX_SCANS {
        return Err(Unfit::TooManyScans);
    }
    opened.decode()?;
    Ok(size)
}

/// The scans of a JPEG; `None` where its end is missing.
fn jpeg_scans(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut scans) = (2, 0);
    loop {
        // Between segments lies what a scan shows, in which 0xFF is followed by 0 or by a restart.
        at += bytes.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
        match bytes.get(at + 1)? {
            0xD9 if scans > 0 => return Some(scans),
            // Fill bytes.
            0xFF => at += 1,
            0x00 | 0x01 | 0xD0..=0xD9 => at += 2,
            marker => {
                scans += usize::from(*marker == 0xDA);
                let length = [*bytes.get(at + 2)?, *bytes.get(at + 3)?];
                at += 2 + usize::from(u16::from_be_bytes(length)).max(2);
            }
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unfit(error: ImageError) -> Unfit {
    match error {
        ImageError::Limits(_) => Unfit::TooManyPixels,
        _ => Unfit::BrokenPicture,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scans_of_a_jpeg_are_counted_up_to_its_end() {
        let (start, table): (&[u8], &[u8]) = (&[0xFF, 0xD8], &[0xFF, 0xC4, 0, 4, 0xFF, 0xD9]);
        let scan: &[u8] = &[0xFF, 0xFF, 0xDA, 0, 3, 0, 7, 0xFF, 0, 0xFF, 0xD3, 0xDA];
        let (end, behind): (&[u8], &[u8]) = (&[0xFF, 0xD9], &[0xFF, 0xD8, 0xFF, 0xDA, 0, 2]);
        let of = |parts: &[&[u8]]| jpeg_scans(&parts.concat());
        assert_eq!(of(&[start, table, scan, end]), Some(1));
        assert_eq!(of(&[start, table, scan, table, scan, scan, end, behind]), Some(3));
        assert_eq!(of(&[start, table, scan]), None);
        assert_eq!(of(&[start, table, end]), None, "an end without a picture");
        assert_eq!(of(&[]), None);
    }
}
