//! From events of the core to frames.

mod calls;

pub(super) use calls::{group_info, group_list, profile};

use super::wire::Refused;
use crate::socket::Frame;
use bytes::Bytes;
use jmessage_core::{Destination, Entry, Error, FileKind, Page, Receipt, Session, Shared, Token, port::Cut};
use jmessage_model::{Content, Extent, GroupEvent, GroupEventKind, Media, Millis, Platform, Username};
use jmessage_proto::{
    Code, DISSOLVED, Event, EventType, MAX_ANSWER, MediaFile, Message, MessageBody, Response, TargetType,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// The place of this gateway's encoded form in a shared entry.
const SLOT: usize = 0;

/// What stands before the name of a file in a `media_id`, as in the original.
pub(super) const IMAGE_ID: &str = "qiniu/image/";
/// See [`IMAGE_ID`].
pub(super) const VOICE_ID: &str = "qiniu/voice/";

/// A response as a text frame.
pub(super) fn frame(response: Response<String>) -> Frame {
    response.encode().into()
}

/// The answer to a login or a resumption.
pub(super) fn session(id: u64, session: &Session, token: &Token) -> Frame {
    frame(Response::Session {
        id,
        token: token.reveal(),
        username: session.user.name.to_string(),
        nickname: session.user.nickname.to_string(),
    })
}

/// Appends the answer to a command that went through the queue. A change of a group has no key: when the store failed, nobody
/// is invited to try it again.
pub(super) fn reply(out: &mut String, id: u64, result: Result<Receipt, Error>, is_change: bool) {
    let response: Response<String> = match result {
        Ok(Receipt::Sent(sent)) => Response::Sent {
            id,
            msg_id: sent.id.0,
            conversation: sent.conversation.0,
            seq: sent.seq.0,
            create_time: sent.at.seconds(),
        },
        Ok(Receipt::Ended) => Response::Done { id },
        Ok(Receipt::Group(group)) => data(id, &calls::group_summary(&group)),
        Ok(Receipt::Done) => Response::Data { id, data: None },
        Err(Error::Unavailable) if is_change => Refused::from(Code::ServerError).frame(Some(id)),
        Err(error) => Refused::from(error).frame(Some(id)),
    };
    response.encode_onto(out);
}

/// An entry on its way to several sessions: encoded by the first. The only one that still has it, if nobody encoded it
/// before, does so for itself and keeps nothing: it is appended to `out` then.
pub(super) fn shared(out: &mut String, shared: &Arc<Shared>) -> Option<Bytes> {
    if Arc::strong_count(shared) == 1 && !shared.is_encoded(SLOT) {
        push(out, &shared.entry);
        return None;
    }
    Some(shared.encoded(SLOT, |entry| pushed(entry).into()))
}

/// A page of a log for this session alone.
pub(super) fn page(page: &Page) -> impl Iterator<Item = Frame> {
    let from = match &page.cut {
        Some(cut) => Some(resync(cut)),
        None => {
            page.jump().map(|(conversation, seq)| Response::From { conversation: conversation.0, seq: seq.0 })
        }
    };
    from.map(frame).into_iter().chain(page.entries.iter().map(|entry| Frame::from(pushed(entry))))
}

/// Says what the user will not get.
fn resync(cut: &Cut) -> Response<String> {
    let (target_type, target_id) = match &cut.place {
        Destination::User(user) => (TargetType::Single, user.name.to_string()),
        Destination::Group(group) => (TargetType::Group, group.id.to_string()),
    };
    let lost = json!({
        "target_type": target_type.as_str(), "target_id": target_id, "from": cut.first.0, "to": cut.last.0,
    });
    Response::Resync { conversation: cut.conversation.0, seq: cut.last.0, lost: lost.to_string() }
}

/// Says how many entries come.
pub(super) fn backlog(count: u64) -> Frame {
    frame(Response::Backlog { count })
}

/// The answer to a call; an error if no frame can hold it.
pub(super) fn data(id: u64, data: &Value) -> Response<String> {
    let data = data.to_string();
    if data.len() + 256 > MAX_ANSWER {
        return Refused::new(Code::ServerError, "the answer is too large").frame(Some(id));
    }
    Response::Data { id, data: Some(data) }
}

/// `yyyy-MM-dd HH:mm:ss`, in the time of China as the original shows it.
fn time(at: Millis) -> String {
    const CHINA: time::UtcOffset = time::macros::offset!(+8);
    const SHAPE: &[time::format_description::BorrowedFormatItem<'_>] =
        time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let seconds = i64::try_from(at.seconds()).unwrap_or_default();
    let moment =
        time::OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    moment.to_offset(CHINA).format(SHAPE).unwrap_or_default()
}

/// An entry as a frame.
fn pushed(entry: &Entry) -> String {
    let mut out = String::with_capacity(512 + entry.content.size());
    push(&mut out, entry);
    out
}

fn push(out: &mut String, entry: &Entry) {
    match &entry.content {
        Content::Text(text) => push_message(out, entry, MessageBody::Text(text)),
        // The note is for others.
        Content::Noted(noted) => push_message(out, entry, MessageBody::Text(&noted.text)),
        Content::Media(media) => with_body(media, |body| push_message(out, entry, body)),
        Content::Group(event) => push_event(out, entry, event),
    }
}

/// What a page needs of an uploaded file to send it: the `msg_body` that everybody gets then, as JSON.
pub(super) fn described(media: &Media) -> String {
    with_body(media, |body| body.encode())
}

fn with_body<T>(media: &Media, then: impl FnOnce(MessageBody<'_>) -> T) -> T {
    let facts = &media.facts;
    let file = MediaFile {
        media_id: &media_id(media),
        crc32: facts.crc32.into(),
        format: facts.format.word(),
        fsize: facts.size,
    };
    let body = match facts.extent {
        Extent::Image { width, height } => {
            MessageBody::Image { file, width: width.into(), height: height.into() }
        }
        Extent::Voice { seconds } => MessageBody::Voice { file, duration: seconds.into() },
    };
    then(body)
}

/// What pages append to the media URL.
fn media_id(media: &Media) -> String {
    let kind = match FileKind::of(media.facts.extent) {
        FileKind::Image => IMAGE_ID,
        FileKind::Voice => VOICE_ID,
    };
    format!("{kind}{}", media.file)
}

fn push_event(out: &mut String, entry: &Entry, event: &GroupEvent) {
    let wire = Event {
        event_type: match event.kind {
            GroupEventKind::Created => EventType::CreateGroup,
            GroupEventKind::Left | GroupEventKind::Dissolved => EventType::ExitGroup,
            GroupEventKind::Added => EventType::AddMembers,
            GroupEventKind::Removed => EventType::RemoveMembers,
        },
        from_username: entry.sender.name.as_str(),
        gid: entry.conversation.0,
        description: if event.kind == GroupEventKind::Dissolved { DISSOLVED } else { "" },
        ctime: &time(entry.at),
    };
    let (conversation, seq) = (entry.conversation.0, entry.seq.0);
    let event = wire.encode(event.users.iter().map(Username::as_str));
    Response::Event { conversation, seq, event }.encode_onto(out);
}

fn push_message(out: &mut String, entry: &Entry, body: MessageBody<'_>) {
    let group_id;
    let (target_type, target_id, target_name) = match &entry.to {
        Destination::User(user) => (TargetType::Single, user.name.as_str(), user.nickname.as_str()),
        Destination::Group(group) => {
            group_id = group.id.to_string();
            (TargetType::Group, group_id.as_str(), group.name.as_str())
        }
    };
    let message = Message {
        target_type,
        target_id,
        target_name,
        from_id: entry.sender.name.as_str(),
        from_name: entry.sender.nickname.as_str(),
        from_platform: match entry.platform {
            Platform::Web | Platform::Poller => "web",
        },
        create_time: entry.at.seconds(),
        msg_id: entry.id.0,
        body,
    };
    let (conversation, seq) = (entry.conversation.0, entry.seq.0);
    Response::Push { conversation, seq, message }.encode_onto(out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use jmessage_core::UserCard;
    use jmessage_model::{
        AppId, ClientKey, ConversationId, EntryId, Millis, Nickname, Seq, UserId, Username,
    };

    #[test]
    fn an_entry_is_pushed_as_the_message_of_the_seed() {
        let card = |id, name, nickname| {
            Arc::new(UserCard {
                app: AppId(1),
                id: UserId(id),
                name: Username::new(name).unwrap(),
                nickname: Nickname::new(nickname).unwrap(),
            })
        };
        let text = pushed(&Entry {
            conversation: ConversationId(7),
            seq: Seq(3),
            id: EntryId(12),
            at: Millis(135_432_432_187),
            sender: card(1, "fang", "Fang Javen"),
            platform: Platform::Web,
            to: Destination::User(card(2, "javen", "Javen Fang")),
            key: Some(ClientKey::new("k").unwrap()),
            content: Content::Text("Hello, JPush IM!".into()),
        });
        insta::assert_snapshot!(text, @r#"{"type":"push","conversation":7,"seq":3,"message":{"version":1,"target_type":"single","target_id":"javen","target_name":"Javen Fang","from_type":"user","from_id":"fang","from_name":"Fang Javen","from_platform":"web","create_time":135432432,"msg_id":12,"msg_type":"text","msg_body":{"text":"Hello, JPush IM!"}}}"#);
    }
}
