//! Smaller pictures, asked for as pages do: `imageView2/<mode>/w/<w>/h/<h>`, by Qiniu's published meaning.

use crate::{Unfit, guard::guarded, picture};
use bytes::Bytes;
use image::{DynamicImage, GenericImageView, ImageFormat, codecs::jpeg::JpegEncoder};
use jmessage_model::Format;
use std::io::Cursor;
use thiserror::Error;

/// The largest number for a side.
const MAX_PARAMETER: u32 = 9999;
/// Quality of a JPEG unless asked otherwise.
const QUALITY: u8 = 85;

/// A picture made from another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// JPEG or PNG.
    pub format: Format,
    /// The file.
    pub bytes: Bytes,
}

/// What is asked for. Nothing is ever made larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct View {
    mode: Mode,
    w: Option<u32>,
    h: Option<u32>,
    format: Option<Format>,
    quality: u8,
}

/// How `w` and `h` bound the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Mode {
    /// 0: long side at most w, short side at most h.
    WithinEdges,
    /// 1: width w and height h, the middle cut out.
    Cut,
    /// 2: width at most w, height at most h.
    Within,
    /// 3: width at least w, height at least h.
    Around,
    /// 4: long side at least w, short side at least h.
    AroundEdges,
    /// 5: long side w and short side h, the middle cut out.
    CutEdges,
}

/// Why a request for a view makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadView {
    /// The mode is not one of 0 to 5.
    #[error("the mode of imageView2 must be 0 to 5")]
    Mode,
    /// A parameter that is unknown or has no value.
    #[error("unknown parameter of imageView2: {0}")]
    Unknown(String),
    /// A value outside its range.
    #[error("{0} of imageView2 must be {1}")]
    Value(&'static str, &'static str),
}

impl View {
    /// Reads what follows the `?` of an address, from `imageView2` on.
    pub fn parse(text: &str) -> Result<Self, BadView> {
        let mut words = text.split('/').skip(1);
        let mode = match words.next() {
            Some("0") => Mode::WithinEdges,
            Some("1") => Mode::Cut,
            Some("2") => Mode::Within,
            Some("3") => Mode::Around,
            Some("4") => Mode::AroundEdges,
            Some("5") => Mode::CutEdges,
            Some(_) | None => return Err(BadView::Mode),
        };
        let mut view = Self { mode, w: None, h: None, format: None, quality: QUALITY };
        while let Some(name) = words.next() {
            let value = words.next().unwrap_or_default();
            match name {
                "w" => view.w = Some(side("w", value)?),
                "h" => view.h = Some(side("h", value)?),
                "q" => view.quality = quality(value)?,
                "format" => view.format = Some(output(value)?),
                // How the file is written, not what it shows; and the slash that ends a path.
                "interlace" | "ignore-error" | "colors" | "" => {}
                _ => return Err(BadView::Unknown(name.chars().take(32).collect())),
            }
        }
        Ok(view)
    }

    /// Makes the picture.
    pub fn of(&self, bytes: &[u8], format: Format) -> Result<Picture, Unfit> {
        guarded(Unfit::BrokenPicture, || self.make(bytes, format))
    }

    fn make(&self, bytes: &[u8], format: Format) -> Result<Picture, Unfit> {
        let codec = picture::codec(format).ok_or(Unfit::Unsupported)?;
        let opened = picture::open(bytes, codec)?;
        let (orientation, plan) = (opened.orientation, self.plan(opened.width, opened.height));
        // Turned last, when it is small.
        let plan = if picture::is_turned(orientation) { plan.turned() } else { plan };
        let mut image = opened.decode()?;
        let (width, height) = (image.width(), image.height());
        if plan.cut != (width, height) {
            let (w, h) = (plan.cut.0.min(width), plan.cut.1.min(height));
            image = image.crop_imm((width - w) / 2, (height - h) / 2, w, h);
        }
        if plan.size != (image.width(), image.height()) {
            image = image.thumbnail_exact(plan.size.0, plan.size.1);
        }
        image.apply_orientation(orientation);
        self.encode(image)
    }

    fn encode(&self, image: DynamicImage) -> Result<Picture, Unfit> {
        let format = self.format.unwrap_or(if is_opaque(&image) { Format::Jpg } else { Format::Png });
        let mut out = Vec::new();
        let written = if format == Format::Jpg {
            let encoder = JpegEncoder::new_with_quality(&mut out, self.quality);
            image.into_rgb8().write_with_encoder(encoder)
        } else {
            // Eight bits a channel are enough to look at.
            let narrow = DynamicImage::from(image.into_rgba8());
            narrow.write_to(&mut Cursor::new(&mut out), ImageFormat::Png)
        };
        written.map_err(|_| Unfit::BrokenPicture)?;
        Ok(Picture { format, bytes: out.into() })
    }

    fn plan(&self, width: u32, height: u32) -> Plan {
        let (long, short) = (width.max(height), width.min(height));
        let edges = |w, h| if width >= height { (w, h) } else { (h, w) };
        let most = |side: u32, bound: Option<u32>| bound.map(|bound| Scale(bound, side));
        let whole = |scale: Scale| Plan { cut: (width, height), size: (scale.of(width), scale.of(height)) };
        let smallest =
            |scales: [Option<Scale>; 2]| scales.into_iter().flatten().fold(Scale::WHOLE, Scale::min);
        // Where a bound is a minimum, one that is missing is like the other.
        let (Some(w), Some(h)) = (self.w.or(self.h), self.h.or(self.w)) else { return whole(Scale::WHOLE) };
        let around = |across: u32, down: u32| Scale(w, across).max(Scale(h, down)).min(Scale::WHOLE);
        let cut = |(w, h): (u32, u32), scale: Scale| {
            let size = (w.min(scale.of(width)), h.min(scale.of(height)));
            Plan { cut: (scale.back(size.0).min(width), scale.back(size.1).min(height)), size }
        };
        match self.mode {
            Mode::WithinEdges => whole(smallest([most(long, self.w), most(short, self.h)])),
            Mode::Within => whole(smallest([most(width, self.w), most(height, self.h)])),
            Mode::Around => whole(around(width, height)),
            Mode::AroundEdges => whole(around(long, short)),
            Mode::Cut => cut((w, h), around(width, height)),
            Mode::CutEdges => cut(edges(w, h), around(long, short)),
        }
    }
}

/// What is cut out of the middle, and to which size it is brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    cut: (u32, u32),
    size: (u32, u32),
}

impl Plan {
    fn turned(self) -> Self {
        Self { cut: (self.cut.1, self.cut.0), size: (self.size.1, self.size.0) }
    }
}

/// A fraction.
#[derive(Clone, Copy)]
struct Scale(u32, u32);

impl Scale {
    const WHOLE: Self = Self(1, 1);

    fn is_less(self, other: Self) -> bool {
        u64::from(self.0) * u64::from(other.1) < u64::from(other.0) * u64::from(self.1)
    }

    fn min(self, other: Self) -> Self {
        if other.is_less(self) { other } else { self }
    }

    fn max(self, other: Self) -> Self {
        if self.is_less(other) { other } else { self }
    }

    /// A side under this scale, rounded, at least 1.
    fn of(self, side: u32) -> u32 {
        ratio(side, self.0, self.1)
    }

    /// The side that this scale made so long.
    fn back(self, side: u32) -> u32 {
        ratio(side, self.1, self.0)
    }
}

fn ratio(side: u32, up: u32, down: u32) -> u32 {
    let (up, down) = (u64::from(up), u64::from(down.max(1)));
    u32::try_from((u64::from(side) * up + down / 2) / down).unwrap_or(u32::MAX).max(1)
}

fn is_opaque(image: &DynamicImage) -> bool {
    !image.color().has_alpha() || image.pixels().all(|(_, _, pixel)| pixel.0[3] == u8::MAX)
}

fn side(name: &'static str, value: &str) -> Result<u32, BadView> {
    let side = value.parse().ok().filter(|side| (1..=MAX_PARAMETER).contains(side));
    side.ok_or(BadView::Value(name, "1 to 9999"))
}

fn quality(value: &str) -> Result<u8, BadView> {
    let quality = value.trim_end_matches('!').parse().ok().filter(|quality| (1..=100).contains(quality));
    quality.ok_or(BadView::Value("q", "1 to 100"))
}

fn output(value: &str) -> Result<Format, BadView> {
    match value {
        "jpg" | "jpeg" => Ok(Format::Jpg),
        "png" => Ok(Format::Png),
        _ => Err(BadView::Value("format", "jpg or png")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(view: &str, width: u32, height: u32) -> (u32, u32) {
        View::parse(view).unwrap().plan(width, height).size
    }

    #[test]
    fn every_mode_bounds_the_picture_as_published() {
        let table = [
            ("imageView2/0/w/200/h/200", (1000, 500), (200, 100)),
            ("imageView2/0/w/200/h/50", (1000, 500), (100, 50)),
            ("imageView2/0/w/200/h/50", (500, 1000), (50, 100)),
            ("imageView2/0/w/200", (500, 1000), (100, 200)),
            ("imageView2/0/h/50", (500, 1000), (50, 100)),
            ("imageView2/1/w/500/h/400", (1000, 500), (500, 400)),
            ("imageView2/1/w/38/h/38", (640, 480), (38, 38)),
            ("imageView2/1/w/38", (640, 480), (38, 38)),
            ("imageView2/2/w/500/h/400", (1000, 500), (500, 250)),
            ("imageView2/2/w/200", (500, 1000), (200, 400)),
            ("imageView2/2/h/200", (500, 1000), (100, 200)),
            ("imageView2/3/w/500/h/400", (1000, 500), (800, 400)),
            ("imageView2/3/w/100", (1000, 500), (200, 100)),
            ("imageView2/4/w/500/h/400", (500, 1000), (400, 800)),
            ("imageView2/4/h/100", (500, 1000), (100, 200)),
            ("imageView2/5/w/500/h/400", (500, 1000), (400, 500)),
            ("imageView2/5/w/100", (500, 1000), (100, 100)),
        ];
        for (view, (width, height), expected) in table {
            assert_eq!(size(view, width, height), expected, "{view} of {width}×{height}");
        }
    }

    #[test]
    fn nothing_is_made_larger_and_nothing_vanishes() {
        for mode in 0..=5 {
            assert_eq!(size(&format!("imageView2/{mode}/w/2000/h/2000"), 640, 480), (640, 480), "{mode}");
        }
        assert_eq!(size("imageView2/2/w/10/h/10", 10_000, 2), (10, 1));
        assert_eq!(size("imageView2/1/w/300/h/600", 640, 480), (300, 480));
        assert_eq!(size("imageView2/0", 640, 480), (640, 480));
    }

    #[test]
    fn a_request_that_makes_no_sense_says_why() {
        let why = |text| View::parse(text).unwrap_err().to_string();
        assert_eq!(why("imageView2"), "the mode of imageView2 must be 0 to 5");
        assert_eq!(why("imageView2/6/w/1"), "the mode of imageView2 must be 0 to 5");
        assert_eq!(why("imageView2/0/w/0"), "w of imageView2 must be 1 to 9999");
        assert_eq!(why("imageView2/0/w"), "w of imageView2 must be 1 to 9999");
        assert_eq!(why("imageView2/0/h/10000"), "h of imageView2 must be 1 to 9999");
        assert_eq!(why("imageView2/0/q/101"), "q of imageView2 must be 1 to 100");
        assert_eq!(why("imageView2/0/format/svg"), "format of imageView2 must be jpg or png");
        assert_eq!(why("imageView2/0/blur/9"), "unknown parameter of imageView2: blur");
    }

    #[test]
    fn what_does_not_change_the_picture_is_passed_over() {
        let plain = View::parse("imageView2/2/w/10");
        assert_eq!(View::parse("imageView2/2/w/10/interlace/1/ignore-error/1"), plain);
        assert_eq!(View::parse("imageView2/2/w/10/"), plain);
    }
}
