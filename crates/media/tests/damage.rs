//! Files with damaged bytes: whatever they are taken for, nothing panics, hangs or takes much memory.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jmessage_media::{View, inspect, samples};

/// Damaged copies of each file; `JMESSAGE_DAMAGE` asks for more.
fn copies() -> u32 {
    std::env::var("JMESSAGE_DAMAGE").ok().and_then(|count| count.parse().ok()).unwrap_or(400)
}

/// Numbers that look random and are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % bound.max(1)
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        // Heads decide most: half of the hits go there.
        let reach = if self.below(2) == 0 { 128.min(bytes.len()) } else { bytes.len() };
        let at = self.below(reach);
        match self.below(6) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << self.below(8),
            2 => bytes[at] = [0, 0x7F, 0x80, 0xFF][self.below(4)],
            3 => bytes[at] = self.below(256).to_le_bytes()[0],
            4 => {
                let end = (at + 1 + self.below(16)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            _ => {
                let end = (at + 4).min(bytes.len());
                bytes[at..end].fill([0, 0xFF][self.below(2)]);
            }
        }
    }
}

#[test]
fn damaged_files_are_refused_or_measured_and_never_more() {
    let files = [
        samples::jpeg(40, 30),
        samples::turned_jpeg(40, 30),
        samples::png(40, 30),
        samples::clear_png(40, 30),
        samples::gif(40, 30),
        samples::webp(40, 30),
        samples::mp3(1),
        samples::aac(1),
        samples::m4a(2),
        samples::ogg(2),
        samples::wav(1),
        samples::amr(1),
        samples::webm(2),
    ];
    let view = View::parse("imageView2/1/w/10/h/8").unwrap();
    for (number, file) in files.iter().enumerate() {
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15 + number as u64);
        for _ in 0..copies() {
            let mut bytes = file.clone();
            for _ in 0..=dice.below(4) {
                if !bytes.is_empty() {
                    dice.damage(&mut bytes);
                }
            }
            if let Ok(facts) = inspect(&bytes) {
                let _ = view.of(&bytes, facts.format);
            }
        }
    }
}
