//! What is accepted, what is refused, and what is measured.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use image::GenericImageView;
use jmessage_media::{Unfit, View, inspect, samples};
use jmessage_model::{Extent, Format};

#[test]
fn pictures_of_every_format_are_recognised_and_measured() {
    let pictures = [
        (samples::jpeg(60, 40), Format::Jpg),
        (samples::png(60, 40), Format::Png),
        (samples::gif(60, 40), Format::Gif),
        (samples::webp(60, 40), Format::Webp),
    ];
    for (bytes, format) in pictures {
        let facts = inspect(&bytes).unwrap();
        assert_eq!((facts.format, facts.extent), (format, Extent::Image { width: 60, height: 40 }));
        assert_eq!(facts.size, bytes.len() as u64);
    }
}

#[test]
fn sounds_of_every_format_are_recognised_and_measured() {
    let sounds = [
        (samples::mp3(7), Format::Mp3),
        (samples::aac(7), Format::Aac),
        (samples::m4a(7), Format::M4a),
        (samples::ogg(7), Format::Ogg),
        (samples::wav(7), Format::Wav),
        (samples::amr(7), Format::Amr),
        (samples::webm(7), Format::Webm),
    ];
    for (bytes, format) in sounds {
        let facts = inspect(&bytes).unwrap_or_else(|error| panic!("{format:?}: {error}"));
        assert_eq!((facts.format, facts.extent), (format, Extent::Voice { seconds: 7 }));
    }
    let blink = samples::amr(1)[..6 + 13].to_vec();
    assert_eq!(inspect(&blink).unwrap().extent, Extent::Voice { seconds: 1 }, "20 ms are a second");
}

#[test]
fn the_checksum_is_that_of_zlib() {
    // The published check value.
    assert_eq!(crc32fast::hash(b"123456789"), 0xCBF4_3926);
    let bytes = samples::amr(1);
    assert_eq!(inspect(&bytes).unwrap().crc32, crc32fast::hash(&bytes));
}

#[test]
fn what_is_no_picture_and_no_sound_is_refused_whatever_it_is_called() {
    let others: [&[u8]; 8] = [
        b"",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
        b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0",
        b"\x7fELF\x02\x01\x01",
    ];
    for bytes in others {
        assert_eq!(inspect(bytes), Err(Unfit::Unsupported), "{}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(inspect(&samples::mp4_video(7)), Err(Unfit::Unsupported));
}

#[test]
fn a_file_that_only_begins_like_a_picture_or_a_sound_is_refused() {
    for begin in [b"\xFF\xD8\xFF\xE0".as_slice(), b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8 "] {
        let bytes = [begin, b"<script>alert(1)</script>"].concat();
        // What follows may read like any size.
        let refused = matches!(inspect(&bytes), Err(Unfit::BrokenPicture | Unfit::TooManyPixels));
        assert!(refused, "{}", String::from_utf8_lossy(begin));
    }
    let page = b"<script>alert(1)</script>".repeat(20);
    for begin in [b"ID3\x04\0\0\0\0\0\0".as_slice(), b"\xFF\xF1", b"OggS", b"RIFF\0\0\0\0WAVE", b"#!AMR\n"] {
        let bytes = [begin, &page].concat();
        assert_eq!(inspect(&bytes), Err(Unfit::BrokenSound), "{}", String::from_utf8_lossy(begin));
    }
}

#[test]
fn a_file_cut_short_anywhere_is_refused_or_told_shorter_and_never_panics() {
    let pictures = [samples::jpeg(60, 40), samples::png(60, 40), samples::gif(60, 40), samples::webp(60, 40)];
    for bytes in pictures {
        for length in [bytes.len() / 4, bytes.len() / 2, bytes.len() * 3 / 4, bytes.len() - 20] {
            assert!(inspect(&bytes[..length]).is_err(), "{length} of {:?}", inspect(&bytes).unwrap().format);
        }
    }
    let sounds = [samples::m4a(3), samples::ogg(3), samples::wav(3), samples::webm(3), samples::mp3(3)];
    for bytes in sounds {
        for length in (0..bytes.len()).step_by(1 + bytes.len() / 97) {
            if let Ok(facts) = inspect(&bytes[..length]) {
                assert!(matches!(facts.extent, Extent::Voice { seconds: 1..=3 }), "{facts:?}");
            }
        }
    }
}

#[test]
fn a_bomb_is_refused_by_its_header() {
    let bomb = samples::flat_png(9_000, 9_000);
    assert!(bomb.len() < 9_000 * 9_000 / 100, "it is a hundredth of what it unpacks to");
    assert_eq!(inspect(&bomb), Err(Unfit::TooManyPixels));
    assert_eq!(inspect(&samples::flat_png(20_000, 2)), Err(Unfit::TooManyPixels));
    // Four gigapixels in a header with nothing behind it: refused before anything is allocated.
    let mut header = samples::png(10, 10);
    header[16..24].copy_from_slice(&[0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF]);
    assert!(inspect(&header).is_err());
}

#[test]
fn a_picture_of_an_upright_camera_is_measured_and_shown_upright() {
    let bytes = samples::turned_jpeg(40, 60);
    assert_eq!(inspect(&bytes).unwrap().extent, Extent::Image { width: 40, height: 60 });
    let small = View::parse("imageView2/2/w/20").unwrap().of(&bytes, Format::Jpg).unwrap();
    let image = image::load_from_memory(&small.bytes).unwrap();
    assert_eq!(image.dimensions(), (20, 30));
    assert!(is_near(&image, 10, 3, samples::LEFT), "what was left is above");
    assert!(is_near(&image, 10, 27, samples::RIGHT));
}

fn is_near(image: &image::DynamicImage, x: u32, y: u32, colour: [u8; 3]) -> bool {
    image.get_pixel(x, y).0.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 30)
}

#[test]
fn a_square_shows_the_middle() {
    let bytes = samples::png(90, 30);
    let square = View::parse("imageView2/1/w/10/h/10").unwrap().of(&bytes, Format::Png).unwrap();
    let image = image::load_from_memory(&square.bytes).unwrap();
    assert_eq!(image.dimensions(), (10, 10));
    assert!(is_near(&image, 1, 5, samples::LEFT) && is_near(&image, 8, 5, samples::RIGHT));
}

#[test]
fn a_view_is_a_jpeg_unless_one_can_see_through_it() {
    let of = |bytes: &[u8], format, view: &str| View::parse(view).unwrap().of(bytes, format).unwrap();
    let opaque = of(&samples::png(60, 40), Format::Png, "imageView2/2/w/20");
    assert_eq!((opaque.format, inspect(&opaque.bytes).unwrap().format), (Format::Jpg, Format::Jpg));
    let clear = of(&samples::clear_png(60, 40), Format::Png, "imageView2/2/w/20");
    assert_eq!((clear.format, inspect(&clear.bytes).unwrap().format), (Format::Png, Format::Png));
    let asked = of(&samples::jpeg(60, 40), Format::Jpg, "imageView2/2/w/20/format/png");
    assert_eq!(inspect(&asked.bytes).unwrap().format, Format::Png);
    let gif = of(&samples::gif(60, 40), Format::Gif, "imageView2/0/w/30/h/30");
    assert_eq!(inspect(&gif.bytes).unwrap().extent, Extent::Image { width: 30, height: 20 });
}

#[test]
fn a_lower_quality_takes_fewer_bytes() {
    let bytes = samples::large_png(30_000);
    let of =
        |quality| View::parse(&format!("imageView2/0/q/{quality}")).unwrap().of(&bytes, Format::Png).unwrap();
    assert!(of(20).bytes.len() < of(95).bytes.len() / 2);
}
