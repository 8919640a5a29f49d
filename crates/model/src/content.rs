//! What a message says.

use crate::{GroupEvent, Limits, Media};

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Plain text, shown as it is and never interpreted as markup.
    Text(String),
    /// The same with a note.
    Noted(Box<Noted>),
    /// A picture or a sound. Made by the domain of what it stored, never by a sender.
    Media(Media),
    /// What happened to a group. Made by the domain, never by a sender.
    Group(GroupEvent),
}

/// A text with a note for those who understand it, such as how it is to look; to all others it is the text alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// What it says.
    pub text: String,
    /// The note: up to [`Limits::MAX_NOTE`] bytes without control characters.
    pub note: String,
}

/// Why a content is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentError {
    /// A message must say something.
    Empty,
    /// More than [`Limits::message`] bytes; the length found and the limit.
    TooLong(usize, usize),
    /// The note of a text is too long, or has control characters.
    Note,
}

impl Content {
    /// Checks the content against `limits`; what the domain made is within them.
    pub fn check(&self, limits: &Limits) -> Result<(), ContentError> {
        let Some(text) = self.text() else { return Ok(()) };
        if let Self::Noted(noted) = self
            && (noted.note.len() > Limits::MAX_NOTE || noted.note.chars().any(char::is_control))
        {
            return Err(ContentError::Note);
        }
        match text.len() {
            0 => Err(ContentError::Empty),
            size if size > limits.message => Err(ContentError::TooLong(size, limits.message)),
            _ => Ok(()),
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Noted(noted) => Some(&noted.text),
            Self::Media(_) | Self::Group(_) => None,
        }
    }

    /// The size in bytes that queues and pages count.
    pub fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Noted(noted) => noted.text.len() + noted.note.len(),
            Self::Media(_) => size_of::<Media>(),
            Self::Group(event) => 16 + event.users.iter().map(|user| user.as_str().len() + 1).sum::<usize>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_holds_up_to_the_limit_in_bytes_of_utf8() {
        let limits = Limits { message: 6, ..Limits::default() };
        assert_eq!(Content::Text("你好".into()).check(&limits), Ok(()));
        assert_eq!(Content::Text("你好!".into()).check(&limits), Err(ContentError::TooLong(7, 6)));
        assert_eq!(Content::Text(String::new()).check(&limits), Err(ContentError::Empty));
    }
}
