//! The JMessage message object inside `push` (`seeds/002 §收到下发消息`).

use crate::field::Sink;

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetType {
    /// One user, by username.
    Single,
    /// A group, by its number.
    Group,
}

impl TargetType {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Group => "group",
        }
    }

    /// The target type of a word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "single" => Some(Self::Single),
            "group" => Some(Self::Group),
            _ => None,
        }
    }
}

/// What a message says, in the wire's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageBody<'a> {
    /// `msg_type` "text", `msg_body` `{text}`.
    Text(&'a str),
    /// `msg_type` "image", `msg_body` `{media_id, media_crc32, width, height, format, fsize}`.
    Image {
        /// The name of the file.
        file: MediaFile<'a>,
        /// In pixels.
        width: u64,
        /// In pixels.
        height: u64,
    },
    /// `msg_type` "voice", `msg_body` `{media_id, media_crc32, duration, format, fsize}`.
    Voice {
        /// The name of the file.
        file: MediaFile<'a>,
        /// In seconds.
        duration: u64,
    },
}

/// What every media message says of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaFile<'a> {
    /// What a page appends to the media URL.
    pub media_id: &'a str,
    /// CRC-32 as zlib counts it, unsigned.
    pub crc32: u64,
    /// The usual ending of such a file's name.
    pub format: &'a str,
    /// In bytes.
    pub fsize: u64,
}

/// A message as a page receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Whom it is for.
    pub target_type: TargetType,
    /// Username or group number.
    pub target_id: &'a str,
    /// Nickname or group name.
    pub target_name: &'a str,
    /// The sender's username.
    pub from_id: &'a str,
    /// The sender's nickname when the message was sent.
    pub from_name: &'a str,
    /// `a`, `i`, `w` or `web`.
    pub from_platform: &'a str,
    /// Seconds since 1970.
    pub create_time: u64,
    /// The number the server gave it.
    pub msg_id: u64,
    /// What it says.
    pub body: MessageBody<'a>,
}

impl Message<'_> {
    /// The value of `version`.
    pub const VERSION: u64 = 1;

    /// Writes all fields but `msg_body`, which is nested: see [`MessageBody::write`].
    pub fn write<S: Sink>(&self, to: &mut S) {
        to.number("version", Self::VERSION);
        to.word("target_type", self.target_type.as_str());
        to.text("target_id", self.target_id);
        to.text("target_name", self.target_name);
        to.word("from_type", "user");
        to.text("from_id", self.from_id);
        to.text("from_name", self.from_name);
        to.text("from_platform", self.from_platform);
        to.number("create_time", self.create_time);
        to.number("msg_id", self.msg_id);
        to.word("msg_type", self.body.kind());
    }
}

impl MessageBody<'_> {
    /// The word of `msg_type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Image { .. } => "image",
            Self::Voice { .. } => "voice",
        }
    }

    /// Writes the fields of `msg_body`.
    pub fn write<S: Sink>(&self, to: &mut S) {
        match self {
            Self::Text(text) => to.text("text", text),
            Self::Image { file, width, height } => {
                file.write_head(to);
                to.number("width", *width);
                to.number("height", *height);
                file.write_tail(to);
            }
            Self::Voice { file, duration } => {
                file.write_head(to);
                to.number("duration", *duration);
                file.write_tail(to);
            }
        }
    }
}

impl MediaFile<'_> {
    fn write_head<S: Sink>(&self, to: &mut S) {
        to.text("media_id", self.media_id);
        to.number("media_crc32", self.crc32);
    }

    fn write_tail<S: Sink>(&self, to: &mut S) {
        to.text("format", self.format);
        to.number("fsize", self.fsize);
    }
}
