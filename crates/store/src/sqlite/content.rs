//! How contents stand in the `kind` and `body` of an entry.

use jmessage_model::{
    Content, Extent, Facts, FileId, Format, GroupEvent, GroupEventKind, Media, Noted, Username,
};
use std::borrow::Cow;

const TEXT: u8 = 1;
const IMAGE: u8 = 2;
const VOICE: u8 = 3;
/// The note stands in the first line.
const NOTED: u8 = 4;
/// Events count from here on, in the order of [`EVENTS`].
const FIRST_EVENT: u8 = 100;
const EVENTS: [GroupEventKind; 5] = [
    GroupEventKind::Created,
    GroupEventKind::Left,
    GroupEventKind::Dissolved,
    GroupEventKind::Added,
    GroupEventKind::Removed,
];

/// The number of its kind, and its body.
pub(super) fn stored(content: &Content) -> (u8, Cow<'_, str>) {
    match content {
        Content::Text(text) => (TEXT, Cow::Borrowed(text)),
        Content::Noted(noted) => (NOTED, Cow::Owned(format!("{}\n{}", noted.note, noted.text))),
        Content::Media(media) => {
            let (kind, body) = stored_media(media);
            (kind, Cow::Owned(body))
        }
        Content::Group(event) => {
            let (kind, body) = stored_event(event);
            (kind, Cow::Owned(body))
        }
    }
}

/// The number of its kind; file, format, size, CRC-32, and width and height or seconds.
fn stored_media(Media { file, facts }: &Media) -> (u8, String) {
    let head = format!("{file} {} {} {}", facts.format.word(), facts.size, facts.crc32);
    match facts.extent {
        Extent::Image { width, height } => (IMAGE, format!("{head} {width} {height}")),
        Extent::Voice { seconds } => (VOICE, format!("{head} {seconds}")),
    }
}

fn read_media(kind: u8, body: &str) -> Option<Media> {
    let mut words = body.split(' ');
    let file = FileId::parse(words.next()?)?;
    let format = Format::parse(words.next()?)?;
    let size = words.next()?.parse().ok()?;
    let crc32 = words.next()?.parse().ok()?;
    let mut number = || words.next()?.parse().ok();
    let extent = match kind {
        IMAGE => Extent::Image { width: number()?, height: number()? },
        _ => Extent::Voice { seconds: number()? },
    };
    Some(Media { file, facts: Facts { format, extent, crc32, size } })
}

/// The number of an event's kind, and its users: usernames have no spaces.
pub(super) fn stored_event(event: &GroupEvent) -> (u8, String) {
    let kind = match event.kind {
        GroupEventKind::Created => FIRST_EVENT,
        GroupEventKind::Left => FIRST_EVENT + 1,
        GroupEventKind::Dissolved => FIRST_EVENT + 2,
        GroupEventKind::Added => FIRST_EVENT + 3,
        GroupEventKind::Removed => FIRST_EVENT + 4,
    };
    let names: Vec<_> = event.users.iter().map(Username::as_str).collect();
    (kind, names.join(" "))
}

/// Reads what [`stored`] made.
pub(super) fn read(kind: u8, body: String) -> Option<Content> {
    match kind {
        TEXT => return Some(Content::Text(body)),
        NOTED => {
            let (note, text) = body.split_once('\n')?;
            return Some(Content::Noted(Box::new(Noted { text: text.to_owned(), note: note.to_owned() })));
        }
        IMAGE | VOICE => return read_media(kind, &body).map(Content::Media),
        _ => {}
    }
    let kind = *EVENTS.get(usize::from(kind.checked_sub(FIRST_EVENT)?))?;
    let users = body.split(' ').map(Username::new).collect::<Result<_, _>>().ok()?;
    Some(Content::Group(GroupEvent { kind, users }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_content_reads_back() {
        let users = vec![Username::new("alice").unwrap(), Username::new("b.o-b@b_y").unwrap()];
        let events = EVENTS.map(|kind| Content::Group(GroupEvent { kind, users: users.clone() }));
        let media = [Extent::Image { width: 640, height: 480 }, Extent::Voice { seconds: 7 }].map(|extent| {
            let facts = Facts { format: Format::Webp, extent, crc32: u32::MAX, size: 1 << 33 };
            Content::Media(Media { file: FileId([0xa1; 16]), facts })
        });
        let noted = Noted { text: "two\nlines".into(), note: "color:red".into() };
        for content in [Content::Text("你好 100".into()), Content::Noted(Box::new(noted))]
            .into_iter()
            .chain(media)
            .chain(events)
        {
            let (kind, body) = stored(&content);
            assert_eq!(read(kind, body.clone().into_owned()), Some(content));
        }
        assert_eq!(read(99, String::new()), None);
        assert_eq!(read(105, "alice".into()), None);
    }
}
