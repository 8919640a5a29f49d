//! How contents stand in the `kind` and `body` of an entry.

use jmessage_model::{Content, GroupEvent, GroupEventKind, Username};
use std::borrow::Cow;

const TEXT: u8 = 1;
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
        Content::Group(event) => {
            let (kind, body) = stored_event(event);
            (kind, Cow::Owned(body))
        }
    }
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
    if kind == TEXT {
        return Some(Content::Text(body));
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
        for content in [Content::Text("你好 100".into())].into_iter().chain(events) {
            let (kind, body) = stored(&content);
            assert_eq!(read(kind, body.clone().into_owned()), Some(content));
        }
        assert_eq!(read(99, String::new()), None);
        assert_eq!(read(105, "alice".into()), None);
    }
}
