//! From the core to the objects of this wire.
//!
//! | domain | wire |
//! |---|---|
//! | Username | `id` of a user |
//! | number of a group's conversation | `id` of a room, behind [`ROOM`], so that it never is the id of a user |
//! | key of a group | the same, to pages of the site that gave it |
//! | note of a text | `style` |
//! | signals | `presences`, `statuses`, a message of type `broadcast` |
//! | a word in passing | a message whose `body` begins with [`EVENT`] |
//! | group events | `presences` of the types join, leave and invite |

use super::{
    Sights,
    inbound::{EVENT, link},
    session::{Item, Own, Page},
    wire::{
        Buddy, Edition, LogItem, LogType, MessageType, Packets, Presence, PresencePacket, PresenceType, Room,
        RoomMember, StatusPacket, Text, Told, User,
    },
};
use jmessage_core::{Destination, Entry, GroupCard, Signal, To, UserCard, port::ProfileRecord};
use jmessage_model::{
    AvatarPath, Content, ConversationId, Description, Extent, GroupEvent, GroupEventKind, Millis, Nickname,
    Show, Shown,
};
use time::{
    OffsetDateTime, UtcOffset,
    macros::{format_description, offset},
};

/// What the id of a room begins with; no username does.
pub(super) const ROOM: char = '_';
/// The time that pages of this protocol show.
const CHINA: UtcOffset = offset!(+8);

/// The id of a group.
pub(super) fn room_id(id: ConversationId) -> String {
    format!("{ROOM}{id}")
}

impl Page {
    /// The id of a group, as this page is told.
    fn room(&self, card: &GroupCard) -> String {
        match &card.key {
            Some(key) if self.of_site => key.as_str().to_owned(),
            Some(_) | None => room_id(card.id),
        }
    }

    /// The same of a group that is known by its number.
    fn room_of(&self, id: ConversationId) -> String {
        match self.poller.key_of(id).filter(|_| self.of_site) {
            Some(key) => key.as_str().to_owned(),
            None => room_id(id),
        }
    }
}

/// The group of an id, if it can be one.
pub(super) fn read_room_id(id: &str) -> Option<ConversationId> {
    let digits = id.strip_prefix(ROOM)?;
    let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| canonical).map(ConversationId)
}

/// What a user is called on the screen.
pub(super) fn nick(card: &UserCard) -> &str {
    called(&card.nickname, card.name.as_str())
}

fn called<'a>(nickname: &'a Nickname, name: &'a str) -> &'a str {
    if nickname.as_str().is_empty() { name } else { nickname.as_str() }
}

/// An address of the site, of a pattern with `{id}` and `{avatar}`; none where it asks for a picture that there is not.
fn address(pattern: Option<&str>, id: &str, avatar: Option<&AvatarPath>) -> Option<String> {
    let pattern = pattern?;
    let avatar = match avatar {
        Some(avatar) => avatar.as_str(),
        None if pattern.contains("{avatar}") => return None,
        None => "",
    };
    let address = pattern.replace("{id}", &id.replace(':', "%3A")).replace("{avatar}", avatar);
    link::safe(&address).map(str::to_owned)
}

/// A user as it, or somebody else, is told.
pub(super) fn user<'a>(
    sights: &Sights,
    edition: Edition,
    profile: &'a ProfileRecord,
    shown: Option<&Shown>,
    told: Option<Told>,
) -> User<'a> {
    let card = &profile.card;
    let (id, avatar) = (card.name.as_str(), profile.profile.avatar.as_ref());
    let signature = profile.profile.signature.as_ref();
    let status = shown.and_then(|shown| shown.status.as_ref()).or(signature).map(Description::as_str);
    User {
        id: id.into(),
        name: edition.called(called(&card.nickname, id)),
        pic_url: address(sights.picture.as_deref(), id, avatar).map(Into::into),
        default_pic_url: address(sights.default_picture.as_deref(), id, avatar).map(Into::into),
        url: address(sights.user.as_deref(), id, avatar).map(Into::into),
        show: told,
        status: status.map(|status| status.to_owned().into()),
        // Who never chose anything shows no time.
        status_time: shown.filter(|shown| shown.since > Millis(0)).map(|shown| clock(shown.since).into()),
    }
}

/// Somebody as another user is told.
pub(super) fn buddy<'a>(
    sights: &Sights,
    edition: Edition,
    profile: &'a ProfileRecord,
    shown: Option<&Shown>,
    group: Option<&'a str>,
) -> Buddy<'a> {
    let told = Told::to_others(shown.map(|shown| shown.show));
    Buddy {
        user: user(sights, edition, profile, shown, Some(told)),
        group: group.map(Into::into),
        presence: told.presence(),
        incomplete: false,
        history: None,
    }
}

/// Hours and minutes.
fn clock(at: Millis) -> String {
    in_china(at).format(format_description!("[hour]:[minute]")).unwrap_or_default()
}

/// Year, month and day, then hours, minutes and seconds.
pub(super) fn day_and_time(at: Millis) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    in_china(at).format(format).unwrap_or_default()
}

fn in_china(at: Millis) -> OffsetDateTime {
    let seconds = i64::try_from(at.seconds()).unwrap_or_default();
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH).to_offset(CHINA)
}

/// A room as a member is told.
pub(super) fn room<'a>(
    sights: &Sights,
    edition: Edition,
    (id, name): (ConversationId, &'a str),
    (all_count, count): (usize, usize),
    blocked: bool,
) -> Room<'a> {
    let id = room_id(id);
    Room {
        name: edition.called(name),
        pic_url: address(sights.room_picture.as_deref(), &id, None).map(Into::into),
        default_pic_url: address(sights.default_picture.as_deref(), &id, None).map(Into::into),
        url: address(sights.room.as_deref(), &id, None).map(Into::into),
        id: id.into(),
        all_count,
        count,
        blocked,
        members: None,
        history: None,
    }
}

pub(super) fn member(edition: Edition, card: &UserCard, present: bool) -> RoomMember<'_> {
    RoomMember {
        id: card.name.as_str().into(),
        name: edition.called(nick(card)),
        presence: if present { Presence::Online } else { Presence::Offline },
    }
}

/// What a message says here, and how it is to look; none for what is no message.
fn said(content: &Content) -> Option<(&str, Option<&str>)> {
    match content {
        Content::Text(text) => Some((text, None)),
        Content::Noted(noted) => Some((&noted.text, Some(&noted.note))),
        Content::Media(media) => Some((
            match media.facts.extent {
                Extent::Image { .. } => "[图片]",
                Extent::Voice { .. } => "[语音]",
            },
            None,
        )),
        Content::Group(_) => None,
    }
}

/// For whom it is: the type of such messages, and an id. `page` is told of it now; without, it is an old one.
fn destination<'a>(to: &'a Destination, page: Option<&Page>) -> (MessageType, Text<'a>) {
    match to {
        Destination::User(user) => (MessageType::Chat, user.name.as_str().into()),
        Destination::Group(group) => {
            let id = page.map_or_else(|| room_id(group.id), |page| page.room(group));
            (MessageType::GroupChat, id.into())
        }
    }
}

/// A message of a log; none for what is no message. `page` is told of a new one; without, it has the type of the edition's logs.
fn log_item<'a>(edition: Edition, entry: &'a Entry, page: Option<&Page>) -> Option<LogItem<'a>> {
    let (body, style) = said(&entry.content)?;
    let (kind, to) = destination(&entry.to, page);
    Some(LogItem {
        kind: log_type(edition, kind, page.is_none()),
        to,
        from: entry.sender.name.as_str().into(),
        nick: Some(nick(&entry.sender).into()),
        style: style.map(Into::into),
        body: body.into(),
        timestamp: edition.stamp(entry.at),
    })
}

/// The messages of a log.
pub(super) fn log(edition: Edition, entries: &[Entry]) -> Vec<LogItem<'_>> {
    messages(edition, entries).map(|(_, item)| item).collect()
}

/// The messages of a log, each with its entry.
pub(super) fn messages(edition: Edition, entries: &[Entry]) -> impl Iterator<Item = (&Entry, LogItem<'_>)> {
    entries.iter().filter_map(move |entry| Some((entry, log_item(edition, entry, None)?)))
}

fn log_type(edition: Edition, kind: MessageType, in_history: bool) -> LogType {
    match edition {
        Edition::Old if in_history => LogType::Msg,
        Edition::Old | Edition::Current => LogType::Of(kind, edition),
    }
}

/// What a page is told.
pub(super) fn packets<'a>(page: &'a Page, items: &'a [Item]) -> Packets<'a> {
    let mut packets = Packets::default();
    for item in items {
        match item {
            Item::Entry(shared) => match &shared.entry.content {
                Content::Group(event) => group_event(&mut packets, page, &shared.entry, event),
                Content::Text(_) | Content::Noted(_) | Content::Media(_) => {
                    packets.messages.extend(log_item(page.edition, &shared.entry, Some(page)));
                }
            },
            Item::Own(own) => packets.messages.extend(own_item(page, own)),
            Item::Signal(signal) => tell(&mut packets, page, signal),
        }
    }
    packets
}

fn own_item<'a>(page: &'a Page, own: &'a Own) -> Option<LogItem<'a>> {
    let (edition, me) = (page.edition, &page.poller.session.user);
    let (body, style) = said(&own.content)?;
    let (kind, to) = match &own.to {
        To::User(name) => (MessageType::Chat, name.as_str().into()),
        To::Group(id) => (MessageType::GroupChat, page.room_of(*id).into()),
    };
    Some(LogItem {
        kind: log_type(edition, kind, false),
        to,
        from: me.name.as_str().into(),
        nick: Some(nick(me).into()),
        style: style.map(Into::into),
        body: body.into(),
        timestamp: edition.stamp(own.stored.at),
    })
}

/// Who came into a room or left it; whoever is taken in by somebody else is invited.
fn group_event<'a>(packets: &mut Packets<'a>, page: &Page, entry: &'a Entry, event: &'a GroupEvent) {
    let me = &page.poller.session.user;
    let room = match &entry.to {
        Destination::Group(group) => page.room(group),
        Destination::User(_) => return,
    };
    let by = entry.sender.name.as_str();
    for name in &event.users {
        let kind = match event.kind {
            GroupEventKind::Added if *name == me.name && by != name.as_str() => PresenceType::Invite,
            GroupEventKind::Created | GroupEventKind::Added => PresenceType::Join,
            GroupEventKind::Left | GroupEventKind::Dissolved | GroupEventKind::Removed => PresenceType::Leave,
        };
        let (from, nick) = match kind {
            PresenceType::Invite => (by, nick(&entry.sender)),
            _ if name.as_str() == by => (by, nick(&entry.sender)),
            _ => (name.as_str(), name.as_str()),
        };
        let show = match kind {
            PresenceType::Leave => Told::Unavailable,
            _ => Told::As(Show::Available),
        };
        packets.presences.push(PresencePacket {
            kind,
            from: from.into(),
            to: room.clone().into(),
            nick: nick.into(),
            show,
            status: None,
        });
    }
}

fn tell<'a>(packets: &mut Packets<'a>, page: &'a Page, signal: &'a Signal) {
    let me = page.poller.session.user.name.as_str();
    match signal {
        Signal::Presence { user, shown, was_seen } => {
            let kind = match (shown, was_seen) {
                (None, _) => PresenceType::Offline,
                (Some(_), true) => PresenceType::Show,
                (Some(_), false) => PresenceType::Online,
            };
            let status = shown.as_ref().and_then(|shown| shown.status.as_ref());
            packets.presences.push(PresencePacket {
                kind,
                from: user.name.as_str().into(),
                to: me.into(),
                nick: nick(user).into(),
                show: Told::to_others(shown.as_ref().map(|shown| shown.show)),
                status: status.map(|status| status.as_str().into()),
            });
        }
        Signal::Attendance { group, user, present } => packets.presences.push(PresencePacket {
            kind: if *present { PresenceType::RoomOnline } else { PresenceType::RoomOffline },
            from: user.name.as_str().into(),
            to: page.room(group).into(),
            nick: nick(user).into(),
            show: if *present { Told::As(Show::Available) } else { Told::Unavailable },
            status: None,
        }),
        Signal::Typing { from, typing } => packets.statuses.push(StatusPacket {
            from: from.name.as_str().into(),
            nick: nick(from).into(),
            to: me.into(),
            show: if *typing { "typing" } else { "clear" }.into(),
        }),
        Signal::Broadcast { from, content, at } => {
            let Some((body, style)) = said(content) else { return };
            packets.messages.push(LogItem {
                kind: log_type(page.edition, MessageType::Broadcast, false),
                to: me.into(),
                from: from.name.as_str().into(),
                nick: Some(nick(from).into()),
                style: style.map(Into::into),
                body: body.into(),
                timestamp: page.edition.stamp(*at),
            });
        }
        Signal::Aside { from, to, content, at } => {
            let Some((text, _)) = said(content) else { return };
            let (kind, to) = destination(to, Some(page));
            packets.messages.push(LogItem {
                kind: log_type(page.edition, kind, false),
                to,
                from: from.name.as_str().into(),
                nick: Some(nick(from).into()),
                style: None,
                body: format!("{EVENT}{text}").into(),
                timestamp: page.edition.stamp(*at),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_room_reads_back_and_is_no_username() {
        assert_eq!(read_room_id(&room_id(ConversationId(12))), Some(ConversationId(12)));
        assert!(jmessage_model::Username::new(&room_id(ConversationId(1_234_567))).is_err());
        for id in ["", "_", "12", "_0", "_012", "_+1", "_1a", "_99999999999999999999999"] {
            assert_eq!(read_room_id(id), None, "{id}");
        }
    }

    #[test]
    fn addresses_are_made_of_patterns() {
        let avatar = AvatarPath::new("a/b.png").unwrap();
        let of = |pattern, avatar| address(Some(pattern), "susan", avatar);
        assert_eq!(of("/space?u={id}", None).as_deref(), Some("/space?u=susan"));
        assert_eq!(
            of("https://x.example/{avatar}", Some(&avatar)).as_deref(),
            Some("https://x.example/a/b.png")
        );
        assert_eq!(of("https://x.example/{avatar}", None), None, "there is no picture");
        assert_eq!(of("javascript:alert('{id}')", None), None);
        assert_eq!(address(Some("/space/{id}"), "vid:5f3a", None).as_deref(), Some("/space/vid%3A5f3a"));
        assert_eq!(address(None, "susan", None), None);
    }
}
