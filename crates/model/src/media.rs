//! Pictures and sounds: what is known of a stored file.

use std::fmt;

/// The name of a stored file: 128 random bits, so that nobody guesses one. Written as 32 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub [u8; 16]);

impl FileId {
    /// Reads 32 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        u128::from_str_radix(text, 16).ok().filter(|_| digits).map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

macro_rules! formats {
    ($($name:ident $word:literal)*) => {
        /// What the bytes of a file are.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each is named after its format")]
        pub enum Format {
            $($name,)*
        }

        impl Format {
            /// Every format.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its usual ending of file names, which is also how it is stored.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

formats! {
    Jpg "jpg"
    Png "png"
    Gif "gif"
    Webp "webp"
    Mp3 "mp3"
    Aac "aac"
    M4a "m4a"
    Ogg "ogg"
    Wav "wav"
    Amr "amr"
    Webm "webm"
}

impl Format {
    /// The format of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.word() == word)
    }
}

/// How large a picture is, or how long a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// A picture, in pixels as it is to be looked at.
    Image {
        /// From left to right.
        width: u32,
        /// From top to bottom.
        height: u32,
    },
    /// A sound.
    Voice {
        /// Rounded, at least 1.
        seconds: u32,
    },
}

/// What is known of a file from its bytes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What the bytes are.
    pub format: Format,
    /// How large or how long.
    pub extent: Extent,
    /// CRC-32 of the bytes, as zlib counts it.
    pub crc32: u32,
    /// How many bytes.
    pub size: u64,
}

/// A picture or a sound in a message: a stored file and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Media {
    /// The file.
    pub file: FileId,
    /// What is known of it.
    pub facts: Facts,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_reads_back() {
        let id = FileId([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(FileId::parse(&id.to_string()), Some(id));
        for wrong in ["", "ff", "+00102030405060708090a0b0c0d0eff", "000102030405060708090A0B0C0D0EFF"] {
            assert_eq!(FileId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_word_of_a_format_reads_back() {
        for format in Format::ALL {
            assert_eq!(Format::parse(format.word()), Some(*format));
        }
        assert_eq!(Format::parse("svg"), None);
    }
}
