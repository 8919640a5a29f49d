//! Small files of every format, made for tests. Pictures are two colours, left and right; sounds are silence.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "only tests use it")]

use image::{
    DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, Rgb, RgbImage, codecs::jpeg::JpegEncoder,
};
use std::io::Cursor;

/// The colour of the left half of a picture.
pub const LEFT: [u8; 3] = [220, 30, 30];
/// The colour of the right half of a picture.
pub const RIGHT: [u8; 3] = [30, 30, 220];

fn halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| Rgb(if x < width / 2 { LEFT } else { RIGHT }))
}

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    DynamicImage::from(halves(width, height)).write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// A PNG.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    picture(width, height, ImageFormat::Png)
}

/// A PNG one can see through.
pub fn clear_png(width: u32, height: u32) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let clear = image::RgbaImage::from_pixel(width, height, image::Rgba([0, 200, 0, 100]));
    clear.write_to(&mut out, ImageFormat::Png).unwrap();
    out.into_inner()
}

/// A PNG that does not compress, of at least so many bytes and few more.
pub fn large_png(bytes: u32) -> Vec<u8> {
    let side = (bytes / 3).isqrt() + 1;
    let mut state = 1_u32;
    let noise = RgbImage::from_fn(side, side, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [a, b, c, _] = (state ^ state >> 15).to_le_bytes();
        Rgb([a, b, c])
    });
    let mut out = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut out);
    encoder.write_image(&noise, side, side, ExtendedColorType::Rgb8).unwrap();
    out
}

/// A PNG of one colour and any size, of few bytes.
pub fn flat_png(width: u32, height: u32) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    image::GrayImage::new(width, height).write_to(&mut out, ImageFormat::Png).unwrap();
    out.into_inner()
}

/// A GIF.
pub fn gif(width: u32, height: u32) -> Vec<u8> {
    picture(width, height, ImageFormat::Gif)
}

/// A WebP.
pub fn webp(width: u32, height: u32) -> Vec<u8> {
    picture(width, height, ImageFormat::WebP)
}

/// A JPEG.
pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    picture(width, height, ImageFormat::Jpeg)
}

/// A JPEG of a camera that was held upright: stored lying, to be turned clockwise, so that it is `width` wide and the left
/// colour is above.
pub fn turned_jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    exif.truncate(26);
    let mut out = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut out, 90);
    encoder.set_exif_metadata(exif).unwrap();
    encoder.encode_image(&halves(height, width)).unwrap();
    out
}

/// An MP3 of so many seconds: frames of 26 ms, 128 kbit/s.
pub fn mp3(seconds: u32) -> Vec<u8> {
    let mut frame = vec![0; 417];
    frame[..4].copy_from_slice(&[0xFF, 0xFB, 0x90, 0x00]);
    frame.repeat((seconds * 1000 / 26) as usize)
}

/// An ADTS stream of so many seconds.
pub fn aac(seconds: u32) -> Vec<u8> {
    let mut frame = vec![0; 371];
    // MPEG-4 LC, 44.1 kHz, stereo, 371 bytes a frame of 1024 samples: about 128 kbit/s.
    frame[..7].copy_from_slice(&[0xFF, 0xF1, 0x50, 0x80, 0x2E, 0x7F, 0xFC]);
    frame.repeat((seconds * 44_100 / 1024) as usize)
}

/// A WAV of so many seconds: 8 kHz, 8 bits.
pub fn wav(seconds: u32) -> Vec<u8> {
    let data = seconds * 8000;
    let mut out = b"RIFF".to_vec();
    out.extend((36 + data).to_le_bytes());
    out.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data");
    out.extend(data.to_le_bytes());
    out.resize(out.len() + data as usize, 128);
    out
}

/// An AMR of so many seconds: frames of 20 ms.
pub fn amr(seconds: u32) -> Vec<u8> {
    let mut frame = [0; 13];
    frame[0] = 0x04;
    [b"#!AMR\n".to_vec(), frame.repeat(seconds as usize * 50)].concat()
}

/// An Ogg stream of Opus, of so many seconds.
pub fn ogg(seconds: u32) -> Vec<u8> {
    let head = b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0";
    let tags = b"OpusTags\x04\0\0\0test\0\0\0\0";
    let end = u64::from(seconds) * 48_000;
    [ogg_page(2, 0, 0, head), ogg_page(0, 0, 1, tags), ogg_page(4, end, 2, &[0xFC; 100])].concat()
}

fn ogg_page(flags: u8, position: u64, number: u32, packet: &[u8]) -> Vec<u8> {
    let mut page = b"OggS\0".to_vec();
    page.push(flags);
    page.extend(position.to_le_bytes());
    page.extend(7_u32.to_le_bytes());
    page.extend(number.to_le_bytes());
    page.extend([0, 0, 0, 0, 1, u8::try_from(packet.len()).unwrap()]);
    page.extend(packet);
    page
}

/// A WebM of so many seconds as a browser records it: clusters of one second, no length in the head.
pub fn webm(seconds: u32) -> Vec<u8> {
    let track = [
        element(&[0xD7], &[1]),
        element(&[0x73, 0xC5], &[1]),
        element(&[0x83], &[2]),
        element(&[0x86], b"A_OPUS"),
        element(&[0xE1], &[element(&[0xB5], &48_000_f64.to_be_bytes()), element(&[0x9F], &[1])].concat()),
        // Browsers write more here.
        element(&[0xEC], &[0; 200]),
    ];
    let info = [
        element(&[0x2A, 0xD7, 0xB1], &[0x0F, 0x42, 0x40]),
        element(&[0x4D, 0x80], b"test"),
        element(&[0x57, 0x41], b"test"),
    ];
    let mut segment = element(&[0x15, 0x49, 0xA9, 0x66], &info.concat());
    segment.extend(element(&[0x16, 0x54, 0xAE, 0x6B], &element(&[0xAE], &track.concat())));
    for second in 0..=seconds {
        let block = element(&[0xA3], &[0x81, 0, 0, 0x80, 0xFC]);
        let time = element(&[0xE7], &(second * 1000).to_be_bytes());
        segment.extend(element(&[0x1F, 0x43, 0xB6, 0x75], &[time, block].concat()));
    }
    let head = [
        element(&[0x42, 0x86], &[1]),
        element(&[0x42, 0xF7], &[1]),
        element(&[0x42, 0xF2], &[4]),
        element(&[0x42, 0xF3], &[8]),
        element(&[0x42, 0x82], b"webm"),
        element(&[0x42, 0x87], &[4]),
        element(&[0x42, 0x85], &[2]),
    ];
    [element(&[0x1A, 0x45, 0xDF, 0xA3], &head.concat()), element(&[0x18, 0x53, 0x80, 0x67], &segment)]
        .concat()
}

/// An element of EBML, its size in four bytes unless it is below 127.
fn element(id: &[u8], payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len()).unwrap();
    let size = if size < 127 {
        vec![0x80 | size.to_le_bytes()[0]]
    } else {
        (0x1000_0000 | size).to_be_bytes().to_vec()
    };
    [id, &size, payload].concat()
}

/// An MPEG-4 file with a track of sound of so many seconds.
pub fn m4a(seconds: u32) -> Vec<u8> {
    mpeg4(seconds, *b"M4A ", *b"soun")
}

/// The same, said to be a video.
pub fn mp4_video(seconds: u32) -> Vec<u8> {
    mpeg4(seconds, *b"isom", *b"vide")
}

fn mpeg4(seconds: u32, brand: [u8; 4], handler: [u8; 4]) -> Vec<u8> {
    let times = |tail: usize| {
        let mut box_ = vec![0; 12];
        box_.extend(1000_u32.to_be_bytes());
        box_.extend((seconds * 1000).to_be_bytes());
        box_.resize(box_.len() + tail, 0);
        box_
    };
    let mut hdlr = vec![0; 8];
    hdlr.extend(handler);
    hdlr.resize(25, 0);
    let mut mp4a = vec![0; 28];
    (mp4a[7], mp4a[17], mp4a[19], mp4a[24]) = (1, 2, 16, 0xAC);
    let stsd = [vec![0, 0, 0, 0, 0, 0, 0, 1], atom(b"mp4a", &mp4a)].concat();
    let stbl = atom(b"stbl", &atom(b"stsd", &stsd));
    let mdia = [atom(b"mdhd", &times(4)), atom(b"hdlr", &hdlr), atom(b"minf", &stbl)].concat();
    let moov = [atom(b"mvhd", &times(80)), atom(b"trak", &atom(b"mdia", &mdia))].concat();
    [atom(b"ftyp", &[brand, [0; 4], brand].concat()), atom(b"moov", &moov), atom(b"mdat", &[0; 2000])]
        .concat()
}

fn atom(name: &[u8], payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len() + 8).unwrap();
    [&size.to_be_bytes(), name, payload].concat()
}
