//! What a user is told by its site beside all conversations.

use crate::{Limits, NameError};

/// A notice: a text, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    text: String,
    link: String,
}

impl Notice {
    /// A notice of 1–1000 bytes; the link, up to 2000 bytes, is `http:`, `https:`, a path of the site itself, or empty.
    /// Neither has control characters.
    pub fn new(text: &str, link: &str) -> Result<Self, NameError> {
        for (value, min, max) in [(text, 1, Limits::MAX_NOTICE), (link, 0, Limits::MAX_LINK)] {
            if !(min..=max).contains(&value.len()) {
                return Err(NameError::Length { min, max });
            }
            if value.chars().any(char::is_control) {
                return Err(NameError::Character);
            }
        }
        let leads_away = link.starts_with("http://") || link.starts_with("https://");
        let stays = link.starts_with('/') && !link.starts_with("//") && !link.contains('\\');
        if !(link.is_empty() || leads_away || stays) {
            return Err(NameError::Start);
        }
        Ok(Self { text: text.to_owned(), link: link.to_owned() })
    }

    /// What it says.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it leads; possibly nowhere.
    pub fn link(&self) -> &str {
        &self.link
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_a_site_or_stays_on_its_own() {
        for good in ["", "/s?id=5", "http://test.com/s?id=5", "https://test.com"] {
            assert!(Notice::new("Susan wants to be friends with you.", good).is_ok(), "{good}");
        }
        for bad in
            ["javascript:alert(1)", "//evil.example", "/\\evil.example", "s.html", "\thttp://x", "data:x"]
        {
            assert!(Notice::new("text", bad).is_err(), "{bad:?}");
        }
        assert_eq!(Notice::new("", ""), Err(NameError::Length { min: 1, max: 1000 }));
    }
}
